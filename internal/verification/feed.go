package verification

import (
	"context"
	"encoding/json"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// EventFeed gives all events one order.
type EventFeed interface {
	// PlaceEvents gives each committed event that has no place yet the next
	// ones: after all that have one, those of a verification in their order. A
	// place is never given twice, and who sees one sees all before it.
	PlaceEvents(ctx context.Context) error
	// EventsAfter lists events by place after a given one. A place that nobody
	// was given yet is NotFound.
	EventsAfter(ctx context.Context, scope tenant.Scope, after int64, limit int) ([]PlacedEvent, error)
}

// PlacedEvent is an event in the order of all, with what its webhook said.
type PlacedEvent struct {
	Event
	Place        int64
	Verification Verification
	Body         []byte // of its webhook; nil when none was sent
}

// FeedItem is one event for those who read instead of listening.
type FeedItem struct {
	Place int64
	Body  json.RawMessage // as the webhook had it
}

// Feed gives what has happened within the caller's scope after a place, in
// order and without gaps, and whether there is more.
func (u *UseCases) Feed(ctx context.Context, a tenant.Actor, after int64, limit int) (items []FeedItem, more bool, err error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return nil, false, err
	}
	if err := u.store.PlaceEvents(ctx); err != nil {
		return nil, false, err
	}
	events, err := u.store.EventsAfter(ctx, a.Scope(), after, limit+1)
	if fault.Is(err, fault.NotFound) {
		return nil, false, fault.Field("after", "is no cursor of this installation").WithCode(fault.CodeInvalidValue)
	}
	if err != nil {
		return nil, false, err
	}
	for _, e := range events[:min(limit, len(events))] {
		body, err := e.body()
		if err != nil {
			return nil, false, err
		}
		if !a.Can(tenant.SeePersonalData) {
			if body, err = maskedEvent(body); err != nil {
				return nil, false, err
			}
		}
		items = append(items, FeedItem{e.Place, body})
	}
	return items, len(events) > limit, nil
}

// body is what the event's webhook said, or would have said.
func (e PlacedEvent) body() ([]byte, error) {
	v := e.Verification
	switch {
	case e.Body != nil:
		return e.Body, nil
	case e.Kind == ScreeningAlert:
		return alert(v, e.Event, []pepMatch{}, []pepList{}) // GET /verifications/{id}/screening has the hits
	}
	// What was known then is not kept beside the webhook. The end of the
	// present attempt tells what is known now, anything before it nothing.
	if e.Attempt != v.Attempt || e.To == InQueue || e.To == InProgress || e.To == Draft {
		v.Output, v.OutputStatus, v.Failure, v.EndDate, v.CreditUsed = nil, "", nil, nil, 0
	}
	return announcement(e.ID, v, e.Event)
}
