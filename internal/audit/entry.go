package audit

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// Entry is the record of the operation in hand. It travels in the context, is
// filled in by those who learn more, and is written once: by the transaction
// of the change, or by who began it before the answer leaves. All methods of a
// nil Entry do nothing, so that the core need not know whether there is one.
// It is for one goroutine.
type Entry struct {
	Record
	// Scope is what the actor sees; Home is where a record belongs whose object
	// is not found there.
	Scope tenant.Scope
	Home  struct{ Organization, Group uuid.UUID }

	located bool
	state   state
}

type state int

const (
	due state = iota
	kept
	dropped
)

// Begin starts the record of an action.
func Begin(action Action, objectType string) *Entry {
	return &Entry{Record: Record{Action: action, Object: Object{Type: objectType}, Actor: Actor{Kind: Unknown}, Outcome: OK}}
}

type entryKey struct{}

// With carries e in the context.
func With(ctx context.Context, e *Entry) context.Context {
	return context.WithValue(ctx, entryKey{}, e)
}

// Of is the entry that the context carries, or nil.
func Of(ctx context.Context) *Entry {
	e, _ := ctx.Value(entryKey{}).(*Entry)
	return e
}

// By says who acts: proven, or claimed by a sign-in that fails.
func (e *Entry) By(a tenant.Actor) {
	if e == nil {
		return
	}
	e.Actor, e.Scope = ActorOf(a), a.Scope()
	e.Home.Organization, e.Home.Group = a.Home()
}

// ActorOf is how a proven caller stands in a record.
func ActorOf(a tenant.Actor) Actor {
	if a.Key != nil {
		return Actor{Key, a.Key.Prefix}
	}
	return Actor{User, a.User.ID.String()}
}

// As says that no tenant acts, but the platform or its operator.
func (e *Entry) As(kind ActorKind) *Entry {
	e.Actor, e.Scope = Actor{Kind: kind}, tenant.Everything()
	return e
}

// About says whom the object belongs to and which one it is. A second object
// begins a second record once the first is written.
func (e *Entry) About(organization, group uuid.UUID, objectType string, objectID uuid.UUID) {
	if e == nil {
		return
	}
	o := Object{objectType, objectID.String()}
	if e.state == kept && e.Object != o {
		e.state = due
	}
	e.Object = o
	e.Owned(organization, group)
}

// Owned says whom the object belongs to.
func (e *Entry) Owned(organization, group uuid.UUID) {
	if e == nil {
		return
	}
	e.located = true
	e.Organization, e.Group = nameOf(organization), groupOf(group)
}

// Named says which object it is; whose is looked up.
func (e *Entry) Named(objectID string) {
	if e != nil {
		e.Object.ID = objectID
	}
}

// Did says more precisely what was done.
func (e *Entry) Did(action Action) {
	if e != nil {
		e.Action = action
	}
}

// Detail adds one of the keys that records may have.
func (e *Entry) Detail(key, value string) {
	if e == nil {
		return
	}
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	e.Details[key] = value
}

// Drop says that nothing happened that needs a record.
func (e *Entry) Drop() {
	if e != nil && e.state == due {
		e.state = dropped
	}
}

// Due tells whether the record is still to be written.
func (e *Entry) Due() bool { return e != nil && e.state == due }

// Kept says that it is.
func (e *Entry) Kept() {
	if e != nil {
		e.state = kept
	}
}

// Ended takes the outcome over. It leaves no record of requests that were
// refused for their form or for the state of things: they show and change
// nothing, and anybody can send millions.
func (e *Entry) Ended(err error) {
	if e == nil || err == nil {
		return
	}
	f := fault.From(err)
	switch f.Kind {
	case fault.Invalid, fault.Conflict, fault.Exhausted, fault.TooLarge, fault.Unsupported:
		e.Drop()
	}
	e.Outcome = string(f.Code)
	if e.Action == Login {
		e.Action = LoginFail
	}
	if f.Kind == fault.Unauthenticated && e.Actor.Kind == User {
		// It claimed to be this user.
		e.Object, e.Actor = Object{"user", e.Actor.ID}, Actor{Kind: Unknown}
	}
}

// Located tells whether it is known whose chain the record belongs to.
func (e *Entry) Located() bool { return e.located }

// Settle gives the record the place that is left when its object is not
// found: the actor's home, or the platform.
func (e *Entry) Settle() {
	e.Organization, e.Group = nameOf(e.Home.Organization), groupOf(e.Home.Group)
}

// Stamp is what is known of the request, and when the record is made.
func (e *Entry) Stamp(requestID, address string, now time.Time) {
	if !longNumber.MatchString(requestID) { // callers choose it; a NIK has 16 digits
		e.RequestID = requestID
	}
	e.Address, e.At = TruncateAddress(address), now.UTC().Truncate(time.Microsecond)
}

func nameOf(organization uuid.UUID) string {
	if organization == uuid.Nil {
		return Platform
	}
	return organization.String()
}

func groupOf(group uuid.UUID) string {
	if group == uuid.Nil {
		return ""
	}
	return group.String()
}

// TruncateAddress keeps of a caller's address what tells networks apart: the
// first three bytes of IPv4, the first 48 bits of IPv6. The whole address
// would be personal data in a record that is never erased. a may have a port.
func TruncateAddress(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			return ""
		}
		a = p.Addr()
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
