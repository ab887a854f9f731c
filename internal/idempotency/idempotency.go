// Package idempotency keeps the answer to a call that carries an
// Idempotency-Key, so that the same call sent again gets it instead of being
// carried out twice. docs/api.md says what callers see.
//
// It is pure: whoever makes something writes the Record in the transaction of
// what it makes; whoever answers asks for it first.
package idempotency

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
)

const (
	// Header carries the caller's key, Replayed marks an answer given again.
	Header   = "Idempotency-Key"
	Replayed = "Idempotency-Replayed"
	// KeptFor is how long an answer is given again.
	KeptFor = 24 * time.Hour
	// MaxKey and MaxAnswer bound what is taken and kept, in bytes.
	MaxKey    = 255
	MaxAnswer = 1 << 20
)

// ErrTaken is what keeping an answer gives when another process has kept one
// for the same call meanwhile: this one must come to nothing.
var ErrTaken = fault.New(fault.Conflict, "Another call with this %s was quicker. Please try again.", Header).WithCode(fault.CodeIdempotencyConflict)

// ParseKey reads the header's values: "" when there are none.
func ParseKey(values []string) (string, error) {
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", fault.Field(Header, "is given %d times", len(values))
	}
	key := values[0]
	if key == "" || len(key) > MaxKey {
		return "", fault.Field(Header, "must have 1 to %d characters", MaxKey)
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return "", fault.Field(Header, "must have visible ASCII characters only")
		}
	}
	return key, nil
}

// Answer is what was answered.
type Answer struct {
	Status int
	Body   []byte // empty for none
}

// Record is a kept answer. Nobody can read it without the key, which is not
// kept.
type Record struct {
	ID             []byte // which call: a hash of group, route and key
	OrganizationID uuid.UUID
	GroupID        uuid.UUID
	// Holder is the one run of the call that made the record; only it may
	// write the record again.
	Holder    uuid.UUID
	Request   []byte // hash of what was asked
	Sealed    []byte // the answer, encrypted
	CreatedAt time.Time
}

// Where is whose call it is, and to which route.
type Where struct {
	OrganizationID uuid.UUID
	GroupID        uuid.UUID
	Route          string
}

// Call is one run of a call with a key. It is used by one goroutine.
type Call struct {
	where   Where
	id      [sha256.Size]byte
	request [sha256.Size]byte
	holder  uuid.UUID
	aead    cipher.AEAD
	now     time.Time
	render  func(made any) (Answer, bool)
	kept    *Answer
}

// NewCall makes the run of a call. secret is the installation's, request is
// what was asked, in bytes that are equal when it is asked again. render shows
// what a use case has made as the route's answer; false when the answer is not
// of that alone, and so cannot be kept before the call has ended.
func NewCall(secret []byte, where Where, key string, request []byte, now time.Time, render func(made any) (Answer, bool)) (*Call, error) {
	c := &Call{where: where, request: sha256.Sum256(request), holder: uuid.New(), now: now, render: render}
	h := sha256.New()
	for _, part := range [][]byte{where.OrganizationID[:], where.GroupID[:], []byte(where.Route), []byte(key)} {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write(part)
	}
	sealing, err := hkdf.Key(sha256.New, append(bytes.Clone(secret), key...), h.Sum(nil), "anycheck idempotent answer", 32)
	if err != nil {
		return nil, err
	}
	// The id is made of the secret too: from the id alone, keys cannot be tried.
	id, err := hkdf.Key(sha256.New, append(bytes.Clone(secret), key...), h.Sum(nil), "anycheck idempotent call", len(c.id))
	if err != nil {
		return nil, err
	}
	copy(c.id[:], id)
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	c.aead, err = cipher.NewGCM(block)
	return c, err
}

// ID names the call: the same for the same group, route and key.
func (c *Call) ID() [sha256.Size]byte { return c.id }

// Home is the group that the call's record belongs to.
func (c *Call) Home() (organization, group uuid.UUID) {
	return c.where.OrganizationID, c.where.GroupID
}

// Since is when an answer must have been kept to be given again.
func (c *Call) Since() time.Time { return c.now.Add(-KeptFor) }

// Of what a use case has made, Made gives the record to keep with it. ok is
// false when the answer can only be kept at the end.
func (c *Call) Made(made any) (r Record, ok bool, err error) {
	a, ok := c.render(made)
	if !ok {
		return Record{}, false, nil
	}
	r, ok, err = c.record(a)
	if ok {
		c.kept = &a
	}
	return r, ok, err
}

// Answered gives the record to keep of the call's answer; ok is false when it
// is kept already, or too large to keep.
func (c *Call) Answered(a Answer) (r Record, ok bool, err error) {
	if c.kept != nil && c.kept.Status == a.Status && bytes.Equal(c.kept.Body, a.Body) {
		return Record{}, false, nil
	}
	return c.record(a)
}

func (c *Call) record(a Answer) (Record, bool, error) {
	if len(a.Body) > MaxAnswer {
		return Record{}, false, nil
	}
	nonce := make([]byte, c.aead.NonceSize())
	rand.Read(nonce)
	plain := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(a.Body)), uint16(a.Status))
	plain = append(plain, a.Body...)
	return Record{ID: c.id[:], OrganizationID: c.where.OrganizationID, GroupID: c.where.GroupID, Holder: c.holder, Request: c.request[:],
		Sealed: c.aead.Seal(nonce, nonce, plain, c.id[:]), CreatedAt: c.now}, true, nil
}

// Open gives the answer that was kept. Something else was asked then, or the
// installation's secret has changed since: IDEMPOTENCY_CONFLICT.
func (c *Call) Open(r Record) (Answer, error) {
	if !bytes.Equal(r.Request, c.request[:]) {
		return Answer{}, fault.New(fault.Conflict, "This %s was used for another request, or by another caller. Take a new one.", Header).WithCode(fault.CodeIdempotencyConflict)
	}
	unreadable := fault.New(fault.Conflict, "The call with this %s was carried out, but its answer cannot be read any more. Look for what it made.", Header).WithCode(fault.CodeIdempotencyConflict)
	n := c.aead.NonceSize()
	if len(r.Sealed) < n {
		return Answer{}, unreadable
	}
	plain, err := c.aead.Open(nil, r.Sealed[:n], r.Sealed[n:], c.id[:])
	if err != nil || len(plain) < 2 {
		return Answer{}, unreadable
	}
	return Answer{Status: int(binary.BigEndian.Uint16(plain)), Body: plain[2:]}, nil
}

type callKey struct{}

// With puts the call into the context of the use case.
func With(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// Of is the context's call, nil when it carries no key.
func Of(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}
