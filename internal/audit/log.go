package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// Store keeps the chains. Records are appended and read, never changed.
type Store interface {
	// AppendAudit writes the entry at the end of its chain, in the
	// organization that its object is found in, else in the actor's own. When
	// it returns, the record survives a crash.
	AppendAudit(ctx context.Context, e *Entry) error
	// AuditRecords lists records in scope, newest first, and how many there are.
	AuditRecords(ctx context.Context, scope tenant.Scope, f Filter, offset, size int) ([]Record, int, error)
	// AuditTrail gives a chain's records after a sequence, oldest first.
	AuditTrail(ctx context.Context, scope tenant.Scope, organization string, after int64, limit int) ([]Record, error)
	// AuditOf gives a chain's records about any of the objects, oldest first.
	AuditOf(ctx context.Context, scope tenant.Scope, organization string, objectIDs []string, limit int) ([]Record, error)
	// AuditHeads gives where each chain that has begun ends by what is kept
	// beside it; a chain that has records and no head is at 0.
	AuditHeads(ctx context.Context, scope tenant.Scope) ([]Head, error)
	// LostAuditHeads names the chains without a head: each got one when its
	// organization was made.
	LostAuditHeads(ctx context.Context, scope tenant.Scope) ([]string, error)
	// InsertCheckpoint keeps a checkpoint; one of the same record stays.
	InsertCheckpoint(ctx context.Context, scope tenant.Scope, c Checkpoint) error
	// Checkpoints lists a chain's checkpoints, oldest first.
	Checkpoints(ctx context.Context, scope tenant.Scope, organization string) ([]Checkpoint, error)
	// LastCheckpoint is a chain's newest, or the zero Checkpoint.
	LastCheckpoint(ctx context.Context, scope tenant.Scope, organization string) (Checkpoint, error)
}

// Filter picks records; what is empty does not count.
type Filter struct {
	From, Until          *time.Time // Until is not included
	ActorID              string
	Action               Action
	ObjectType, ObjectID string
}

const (
	// A chain gets a checkpoint after this many records, or when the newest
	// unproven one is this old.
	checkpointRecords = 1000
	checkpointAge     = 24 * time.Hour

	trailPage = 1000
	// maxProof bounds the records of one proof.
	maxProof = 10_000
)

// Log writes, signs and checks the chains.
type Log struct {
	store  Store
	signer Signer
	now    func() time.Time
}

// NewLog makes the log.
func NewLog(store Store, signer Signer, now func() time.Time) *Log {
	return &Log{store, signer, now}
}

// Append writes an entry; one that is written, or that needs no record, is left.
func (l *Log) Append(ctx context.Context, e *Entry) error {
	if !e.Due() {
		return nil
	}
	if e.At.IsZero() {
		e.Stamp("", "", l.now())
	}
	// What was done stays done when the caller hangs up.
	if err := l.store.AppendAudit(context.WithoutCancel(ctx), e); err != nil {
		return err
	}
	e.Kept()
	return nil
}

// Records lists the records that the actor sees.
func (l *Log) Records(ctx context.Context, a tenant.Actor, f Filter, offset, size int) ([]Record, int, error) {
	if err := a.Require(tenant.ReadAudit); err != nil {
		return nil, 0, err
	}
	return l.store.AuditRecords(ctx, a.Scope(), f, offset, size)
}

// Find lists records of all chains for the operator.
func (l *Log) Find(ctx context.Context, f Filter, offset, size int) ([]Record, int, error) {
	return l.store.AuditRecords(ctx, tenant.Everything(), f, offset, size)
}

// PublicKey proves the log's signatures.
func (l *Log) PublicKey() PublicKey { return l.signer.PublicKey() }

// Sign signs for a purpose.
func (l *Log) Sign(purpose string, message []byte) []byte { return l.signer.Sign(purpose, message) }

// Checkpoint signs where a chain is now; the zero Checkpoint when it is empty.
func (l *Log) Checkpoint(ctx context.Context, organization string) (Checkpoint, error) {
	scope := tenant.Everything()
	heads, err := l.store.AuditHeads(ctx, scope)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, h := range heads {
		if h.Organization == organization {
			return l.checkpoint(ctx, h)
		}
	}
	return Checkpoint{}, nil
}

func (l *Log) checkpoint(ctx context.Context, h Head) (Checkpoint, error) {
	last, err := l.store.LastCheckpoint(ctx, tenant.Everything(), h.Organization)
	if err != nil || h.Sequence <= last.Sequence {
		return last, err
	}
	c := l.signer.Checkpoint(h.Organization, h.Sequence, h.Hash, l.now())
	return c, l.store.InsertCheckpoint(ctx, tenant.Everything(), c)
}

// CheckpointAll signs where every chain is that has grown. With onlyDue it
// waits until there is enough to sign, or what there is has waited long.
func (l *Log) CheckpointAll(ctx context.Context, onlyDue bool) ([]Checkpoint, error) {
	heads, err := l.store.AuditHeads(ctx, tenant.Everything())
	if err != nil {
		return nil, err
	}
	var made []Checkpoint
	var errs []error
	for _, h := range heads {
		last, err := l.store.LastCheckpoint(ctx, tenant.Everything(), h.Organization)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fresh := h.Sequence - last.Sequence
		if fresh <= 0 || onlyDue && fresh < checkpointRecords && l.now().Sub(last.At) < checkpointAge {
			continue
		}
		c, err := l.checkpoint(ctx, h)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		made = append(made, c)
	}
	return made, errors.Join(errs...)
}

// LastCheckpoints are the newest of every chain, to be kept elsewhere.
func (l *Log) LastCheckpoints(ctx context.Context) ([]Checkpoint, error) {
	heads, err := l.store.AuditHeads(ctx, tenant.Everything())
	if err != nil {
		return nil, err
	}
	last := []Checkpoint{}
	for _, h := range heads {
		c, err := l.store.LastCheckpoint(ctx, tenant.Everything(), h.Organization)
		if err != nil {
			return nil, err
		}
		if c.Sequence > 0 {
			last = append(last, c)
		}
	}
	return last, nil
}

// Verified is what a check of the chains has found.
type Verified struct {
	Chains   []VerifiedChain `json:"chains"`
	Findings []Finding       `json:"findings"`
}

// VerifiedChain is one chain's share.
type VerifiedChain struct {
	Organization string `json:"organization_id"`
	Records      int64  `json:"records"`
	Checkpoints  int    `json:"checkpoints"`
	// Proven is the last record that a good checkpoint covers: what comes after
	// could be cut off without a trace.
	Proven int64 `json:"proven"`
}

// Verify walks the chains, or one of them. keys are trusted beside the log's
// own; saved are checkpoints that were kept outside of the database.
func (l *Log) Verify(ctx context.Context, organization string, keys Keys, saved []Checkpoint) (Verified, error) {
	scope := tenant.Everything()
	keys = append(Keys{l.PublicKey()}, keys...)
	// Checkpoints first: a chain that grows meanwhile must not seem cut off.
	kept, err := l.store.Checkpoints(ctx, scope, organization)
	if err != nil {
		return Verified{}, err
	}
	heads, err := l.store.AuditHeads(ctx, scope)
	if err != nil {
		return Verified{}, err
	}
	lost, err := l.store.LostAuditHeads(ctx, scope)
	if err != nil {
		return Verified{}, err
	}
	byChain := map[string][]Checkpoint{}
	for _, c := range append(kept, saved...) {
		if organization != "" && c.Organization != organization {
			continue
		}
		byChain[c.Organization] = append(byChain[c.Organization], c)
		lost = append(lost, c.Organization)
	}
	for _, chain := range lost {
		if !slices.ContainsFunc(heads, func(h Head) bool { return h.Organization == chain }) {
			heads = append(heads, Head{Organization: chain}) // the whole chain is gone
		}
	}
	out := Verified{Chains: []VerifiedChain{}, Findings: []Finding{}}
	for _, h := range heads {
		if organization != "" && h.Organization != organization {
			continue
		}
		v := newVerifier(h.Organization, keys, byChain[h.Organization])
		if err := l.walk(ctx, h.Organization, v.newest(h), v); err != nil {
			return Verified{}, err
		}
		v.end(h)
		out.Chains = append(out.Chains, VerifiedChain{h.Organization, v.records, len(byChain[h.Organization]), v.proven})
		out.Findings = append(out.Findings, v.findings...)
	}
	if organization != "" && len(out.Chains) == 0 {
		return Verified{}, fault.New(fault.NotFound, "There is no chain of this organization.")
	}
	return out, nil
}

// walk gives v the records up to the one that is known to be the newest: what
// was appended since is not looked at. Without one it walks to the end.
func (l *Log) walk(ctx context.Context, organization string, newest int64, v *verifier) error {
	var after int64
	for {
		page, err := l.store.AuditTrail(ctx, tenant.Everything(), organization, after, trailPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if after = r.Sequence; newest > 0 && after > newest {
				return nil
			}
			v.add(r)
		}
		if len(page) < trailPage {
			return nil
		}
	}
}

// Prove gives the records about any of the objects, with the proof that they
// are in the organization's chain, up to a checkpoint made now.
func (l *Log) Prove(ctx context.Context, organization uuid.UUID, objectIDs []string) (Proof, error) {
	scope, chain := tenant.WithinOrganization(organization), organization.String()
	p := Proof{Records: []Record{}, Segments: []Segment{}}
	if _, err := l.Checkpoint(ctx, chain); err != nil {
		return p, err
	}
	records, err := l.store.AuditOf(ctx, scope, chain, objectIDs, maxProof+1)
	if err != nil || len(records) == 0 {
		return p, err
	}
	if len(records) > maxProof {
		return p, fault.New(fault.TooLarge, "The result has more than %d audit records.", maxProof)
	}
	checkpoints, err := l.store.Checkpoints(ctx, scope, chain)
	if err != nil {
		return p, err
	}
	p.Records = records
	next := 0
	for i := 0; i < len(checkpoints) && next < len(records); i++ {
		s := Segment{To: checkpoints[i], Contents: []Hash{}}
		if i > 0 {
			s.From = &checkpoints[i-1]
		}
		if records[next].Sequence > s.To.Sequence {
			continue
		}
		for next < len(records) && records[next].Sequence <= s.To.Sequence {
			next++
		}
		from, _ := s.start()
		for after := from; after < s.To.Sequence; {
			page, err := l.store.AuditTrail(ctx, scope, chain, after, int(min(trailPage, s.To.Sequence-after)))
			if err != nil {
				return p, err
			}
			if len(page) == 0 {
				return p, fault.New(fault.Internal, "The audit log has a gap: run anycheck audit verify.")
			}
			for _, r := range page {
				after = r.Sequence
				s.Contents = append(s.Contents, r.Content())
			}
		}
		p.Segments = append(p.Segments, s)
	}
	p.Records = records[:next] // what was written since is not proven yet
	return p, nil
}
