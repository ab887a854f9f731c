// Package audit is the record of who did what: the shape of a record, the hash
// chain that holds an organization's records together, signed checkpoints of
// it, and the check that nobody has changed, removed or reordered a record
// since.
//
// A record names people and things by id only. It must not know SQL, HTTP or
// what the actions mean to the rest of the program.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
)

// Platform is the chain of what belongs to no organization, such as a sign-in
// with an unknown address.
const Platform = "platform"

// Record is one thing that somebody did.
type Record struct {
	// Organization is the id of the organization in whose chain the record
	// is, or Platform.
	Organization string            `json:"organization_id"`
	Sequence     int64             `json:"sequence"` // 1, 2, 3 … in the chain
	At           time.Time         `json:"at"`
	Actor        Actor             `json:"actor"`
	Group        string            `json:"group_id"` // empty: no group
	Action       Action            `json:"action"`
	Object       Object            `json:"object"`
	RequestID    string            `json:"request_id"`
	Address      string            `json:"address"` // network of the caller, see TruncateAddress
	Outcome      string            `json:"outcome"` // OK, or the stable code of the error
	Details      map[string]string `json:"details"`
	Previous     Hash              `json:"previous"` // Hash of the record before
	Hash         Hash              `json:"hash"`
}

// OK is the outcome of what was done.
const OK = "ok"

// Actor is who did it.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id"` // user id or key prefix; empty for the others
}

// ActorKind is what an actor is.
type ActorKind string

// The kinds.
const (
	User        ActorKind = "user"
	Key         ActorKind = "key"
	System      ActorKind = "system"       // the platform's own workers
	CommandLine ActorKind = "command_line" // whoever has a shell on the machine
	Unknown     ActorKind = "unknown"      // not proven
)

// Object is what it was done to; empty when there is nothing to name.
type Object struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads hexadecimal.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fault.New(fault.Invalid, "A hash must have %d hexadecimal digits.", hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

const (
	recordFormat     = "anycheck audit record 1"
	linkFormat       = "anycheck audit link 1"
	checkpointFormat = "anycheck audit checkpoint 1"
)

// encode writes fields as netstrings (length, colon, bytes, comma): no two
// lists of fields have the same bytes, and any language reads it.
func encode(fields ...string) []byte {
	var b []byte
	for _, f := range fields {
		b = strconv.AppendInt(b, int64(len(f)), 10)
		b = append(b, ':')
		b = append(b, f...)
		b = append(b, ',')
	}
	return b
}

// Content is the hash of what a record says, its place in the chain included.
func (r Record) Content() Hash {
	fields := []string{recordFormat, r.Organization, strconv.FormatInt(r.Sequence, 10), strconv.FormatInt(r.At.UnixMicro(), 10),
		string(r.Actor.Kind), r.Actor.ID, r.Group, string(r.Action), r.Object.Type, r.Object.ID, r.RequestID, r.Address, r.Outcome,
		strconv.Itoa(len(r.Details))}
	for _, k := range slices.Sorted(maps.Keys(r.Details)) {
		fields = append(fields, k, r.Details[k])
	}
	return sha256.Sum256(encode(fields...))
}

// Link is the hash of a record by the hash before it and its content. The
// content goes in as a hash, so that a proof can leave out what others did.
func Link(previous, content Hash) Hash {
	return sha256.Sum256(encode(linkFormat, string(previous[:]), string(content[:])))
}

// Follow puts r behind the record with sequence n and hash previous.
func (r *Record) Follow(n int64, previous Hash) {
	r.Sequence, r.Previous = n+1, previous
	r.Hash = Link(previous, r.Content())
}

// What a value may look like.
var (
	number    = regexp.MustCompile(`^[0-9]{1,12}$`)
	id        = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	moment    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,18}Z$`)
	word      = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
	words     = regexp.MustCompile(`^[A-Za-z0-9_.:,-]{0,256}$`)
	sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// details are the keys that a record may have beside its columns. None of them
// may ever hold a name, a number or a text of a person: ids, counts, moments
// and words of the program only.
var details = map[string]*regexp.Regexp{
	"attempt": number, "count": number, "credits": number, "from": number, "offset": number, "to": number, "version": number,
	"folder_id": id, "key_id": id, "result_id": id, "reveal_id": id, "user_id": id, "verification_id": id,
	"expires_at": moment, "since": moment, "until": moment,
	"checksum": sha256Hex,
	"decision": word, "field": word, "file": word, "force": word, "format": word, "list": word, "mode": word, "prefix": word,
	"reason_code": word, "role": word, "service": word, "status": word, "via": word,
	"fields": words, "scopes": words,
}

var (
	actionShape  = regexp.MustCompile(`^[a-z_]{1,32}\.[a-z_]{1,32}$`)
	objectShape  = regexp.MustCompile(`^[A-Za-z0-9_.:-]{0,128}$`)
	typeShape    = regexp.MustCompile(`^[a-z_]{0,32}$`)
	codeShape    = regexp.MustCompile(`^[A-Za-z_]{1,64}$`)
	requestShape = regexp.MustCompile(`^[A-Za-z0-9_.:-]{0,64}$`)
	addressShape = regexp.MustCompile(`^[0-9a-f.:/]{0,50}$`)
	actorShape   = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)
	// A NIK has 16 digits.
	longNumber = regexp.MustCompile(`[0-9]{16}`)
)

func plain(shape *regexp.Regexp, s string) bool {
	return shape.MatchString(s) && (shape == sha256Hex || !longNumber.MatchString(s))
}

// Fits tells whether a record may have a value as the detail key.
func Fits(key, value string) bool {
	shape, ok := details[key]
	return ok && plain(shape, value)
}

// Check refuses a record that might hold personal data, or has no time. What it
// refuses is a mistake of ours.
func (r Record) Check() error {
	wrong := func(what string) error {
		return fault.New(fault.Internal, "The audit record cannot be written: its %s is not one of those allowed.", what)
	}
	_, parsed := uuid.Parse(r.Organization)
	switch {
	case r.At.IsZero():
		return wrong("time")
	case r.Organization != Platform && parsed != nil:
		return wrong("organization")
	case r.Group != "" && !id.MatchString(r.Group):
		return wrong("group")
	case !slices.Contains([]ActorKind{User, Key, System, CommandLine, Unknown}, r.Actor.Kind), !plain(actorShape, r.Actor.ID):
		return wrong("actor")
	case !actionShape.MatchString(string(r.Action)):
		return wrong("action")
	case !typeShape.MatchString(r.Object.Type), !plain(objectShape, r.Object.ID):
		return wrong("object")
	case !plain(requestShape, r.RequestID):
		return wrong("request id")
	case !addressShape.MatchString(r.Address):
		return wrong("address")
	case !codeShape.MatchString(r.Outcome):
		return wrong("outcome")
	}
	for key, value := range r.Details {
		if !Fits(key, value) {
			return wrong("detail " + strings.ToValidUTF8(key, "?"))
		}
	}
	return nil
}
