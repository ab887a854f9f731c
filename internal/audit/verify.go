package audit

import (
	"fmt"
	"slices"
)

// Finding is a place where a chain is not what it was.
type Finding struct {
	Organization string      `json:"organization_id"`
	Sequence     int64       `json:"sequence"` // the record, or the checkpoint's record
	Kind         FindingKind `json:"kind"`
	Text         string      `json:"text"`
}

// FindingKind is what somebody has done to a chain.
type FindingKind string

// The kinds.
const (
	Changed       FindingKind = "changed"
	Removed       FindingKind = "removed"
	Reordered     FindingKind = "reordered"
	Replaced      FindingKind = "replaced"   // with a hash of its own that fits
	Truncated     FindingKind = "truncated"  // the newest records are gone
	BadSignature  FindingKind = "signature"  // of a checkpoint
	BadCheckpoint FindingKind = "checkpoint" // its hash is not the chain's
	BadHead       FindingKind = "head"       // the kept head is not the last record
)

// maxFindings bounds what is told of one chain: the rest says nothing new.
const maxFindings = 1000

// Head is where a chain ends.
type Head struct {
	Organization string
	Sequence     int64
	Hash         Hash
}

// verifier walks one chain, record by record.
type verifier struct {
	organization string
	last         Record // zero before the first
	broken       bool   // last is
	checkpoints  map[int64][]Checkpoint
	bad          []Record // whose hash does not fit what they say
	findings     []Finding
	records      int64
	proven       int64 // the last record that a good checkpoint covers
}

func newVerifier(organization string, keys Keys, checkpoints []Checkpoint) *verifier {
	v := &verifier{organization: organization, checkpoints: map[int64][]Checkpoint{}}
	for _, c := range checkpoints {
		if wrong := keys.check(c); wrong != "" {
			v.find(c.Sequence, BadSignature, "%s", wrong)
			continue
		}
		v.checkpoints[c.Sequence] = append(v.checkpoints[c.Sequence], c)
	}
	return v
}

func (v *verifier) find(sequence int64, kind FindingKind, format string, args ...any) {
	if len(v.findings) < maxFindings {
		v.findings = append(v.findings, Finding{v.organization, sequence, kind, fmt.Sprintf(format, args...)})
	}
}

// add takes the next record by sequence.
func (v *verifier) add(r Record) {
	v.records++
	broken := Link(r.Previous, r.Content()) != r.Hash
	if broken {
		v.bad = append(v.bad, r)
	}
	switch {
	case r.Sequence > v.last.Sequence+1:
		v.missing(v.last.Sequence+1, r.Sequence-1, Removed)
	case r.Previous != v.last.Hash && !broken && !v.broken: // else it is told already
		v.find(r.Sequence, Replaced, "record %d does not follow record %d: one of them was replaced, or a row was put in", r.Sequence, v.last.Sequence)
	}
	for _, c := range v.checkpoints[r.Sequence] {
		if c.Hash != r.Hash {
			v.find(r.Sequence, BadCheckpoint, "the checkpoint of %s does not fit: a record after %d up to %d was rewritten", c.At.UTC().Format("2006-01-02T15:04:05Z"), v.proven, r.Sequence)
			continue
		}
		v.proven = r.Sequence
	}
	v.last, v.broken = r, broken
}

func (v *verifier) missing(from, to int64, kind FindingKind) {
	if from == to {
		v.find(from, kind, "record %d is gone", from)
		return
	}
	v.find(from, kind, "records %d to %d are gone", from, to)
}

// end compares with where the chain was said to be.
func (v *verifier) end(head Head) {
	v.explainBad()
	switch newest := v.newest(head); {
	case newest == 0 && v.records == 0: // a chain that has not begun is not looked at
		v.find(1, Truncated, "the whole chain is gone")
	case newest > v.last.Sequence:
		v.missing(v.last.Sequence+1, newest, Truncated)
	case head.Sequence < v.last.Sequence:
		v.find(head.Sequence, BadHead, "the chain's head is at %d, its last record is %d", head.Sequence, v.last.Sequence)
	case head.Hash != v.last.Hash:
		v.find(head.Sequence, BadHead, "the chain's head is not the hash of record %d", v.last.Sequence)
	}
	slices.SortStableFunc(v.findings, func(a, b Finding) int { return int(min(1, max(-1, a.Sequence-b.Sequence))) })
}

// newest is the last record that is known to have been there.
func (v *verifier) newest(head Head) int64 {
	n := head.Sequence
	for c := range v.checkpoints {
		n = max(n, c)
	}
	return n
}

// explainBad tells records that were changed from ones that were moved: a
// moved one is whole under the number that another bad one has now.
func (v *verifier) explainBad() {
	numbers := make([]int64, 0, len(v.bad))
	for _, r := range v.bad {
		numbers = append(numbers, r.Sequence)
	}
	if len(numbers) > maxFindings {
		numbers = nil // no longer a swap, and each costs a look at all others
	}
	for _, r := range v.bad {
		was := int64(0)
		for _, n := range numbers {
			moved := r
			if moved.Sequence = n; Link(r.Previous, moved.Content()) == r.Hash {
				was = n
			}
		}
		if was == 0 {
			v.find(r.Sequence, Changed, "record %d is not what was written", r.Sequence)
		} else {
			v.find(r.Sequence, Reordered, "record %d was written as record %d", r.Sequence, was)
		}
	}
}

// Proof shows that records are in a chain without the rest of it.
type Proof struct {
	Records  []Record  `json:"records"`
	Segments []Segment `json:"segments"`
}

// Segment is a piece of a chain between two checkpoints, records as the hashes
// of their contents.
type Segment struct {
	From     *Checkpoint `json:"from"` // nil: the beginning of the chain
	To       Checkpoint  `json:"to"`
	Contents []Hash      `json:"contents"`
}

func (s Segment) start() (sequence int64, hash Hash) {
	if s.From == nil {
		return 0, Hash{}
	}
	return s.From.Sequence, s.From.Hash
}

// Verify says what is wrong with a proof; nothing: every record is in the
// chain at its place, and the checkpoints are signed with a trusted key.
func (p Proof) Verify(keys Keys) []Finding {
	v := &verifier{}
	covered := map[int64]Hash{}
	for _, s := range p.Segments {
		if v.organization == "" {
			v.organization = s.To.Organization
		}
		if s.To.Organization != v.organization {
			v.find(s.To.Sequence, BadCheckpoint, "the pieces are of two chains")
		}
		from, hash := s.start()
		if s.From != nil {
			if wrong := keys.check(*s.From); wrong != "" || s.From.Organization != s.To.Organization {
				v.find(from, BadSignature, "%s", orElse(wrong, "the checkpoints are of two chains"))
			}
		}
		if wrong := keys.check(s.To); wrong != "" {
			v.find(s.To.Sequence, BadSignature, "%s", wrong)
		}
		if int64(len(s.Contents)) != s.To.Sequence-from {
			v.find(s.To.Sequence, Removed, "the piece from %d to %d has %d records", from, s.To.Sequence, len(s.Contents))
			continue
		}
		for i, c := range s.Contents {
			hash = Link(hash, c)
			covered[from+int64(i)+1] = c
		}
		if hash != s.To.Hash {
			v.find(s.To.Sequence, BadCheckpoint, "the records from %d do not lead to the checkpoint at %d", from, s.To.Sequence)
		}
	}
	for _, r := range p.Records {
		switch content, ok := covered[r.Sequence]; {
		case r.Organization != v.organization:
			v.find(r.Sequence, Changed, "record %d is of another chain", r.Sequence)
		case !ok:
			v.find(r.Sequence, Removed, "record %d is covered by no checkpoint", r.Sequence)
		case r.Content() != content, Link(r.Previous, content) != r.Hash:
			v.find(r.Sequence, Changed, "record %d is not what was written", r.Sequence)
		}
	}
	return v.findings
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
