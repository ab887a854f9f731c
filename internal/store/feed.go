package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// placedAtOnce bounds how long one transaction of PlaceEvents lets other
// writers of SQLite wait: about 5 ms.
const placedAtOnce = 64

// orderedAtOnce is among how many events those are chosen; more wait only when
// many are written at once.
const orderedAtOnce = 1024

// PlaceEvents implements verification.Store. Places are given after the
// commit, by one at a time: an event that becomes visible late comes late, and
// nobody who writes one waits for another.
func (s *store) PlaceEvents(ctx context.Context) error {
	for {
		if some, err := s.exists(ctx, `SELECT 1 FROM events WHERE place IS NULL`); err != nil || !some {
			return err
		}
		if n, err := s.placeSome(ctx); err != nil || n < placedAtOnce {
			return err
		}
	}
}

func (s *store) placeSome(ctx context.Context) (n int64, err error) {
	err = s.atomically(ctx, func(tx *store) error {
		// Whoever comes second waits here, and then sees what the first one did.
		if _, err := tx.exec(ctx, `UPDATE event_places SET last = last WHERE name = 'events'`); err != nil {
			return err
		}
		// By time, except that no event comes before an earlier one of its
		// verification: clocks of nodes differ.
		n, err = tx.exec(ctx, `UPDATE events SET place = p.last + n.nth
			FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY reached, verification_id, sequence) AS nth FROM (
				SELECT id, verification_id, sequence, MAX(at) OVER (PARTITION BY verification_id ORDER BY sequence) AS reached
					FROM (SELECT id, verification_id, sequence, at FROM events WHERE place IS NULL ORDER BY verification_id, sequence LIMIT $2) AS u) AS e) AS n,
				event_places AS p
			WHERE n.nth <= $1 AND n.id = events.id AND p.name = 'events'`, placedAtOnce, orderedAtOnce)
		if err != nil || n == 0 {
			return err
		}
		// Never backwards: erased events do not give their places back.
		_, err = tx.exec(ctx, `UPDATE event_places SET last = (SELECT MAX(place) FROM events WHERE place IS NOT NULL)
			WHERE name = 'events' AND last < (SELECT MAX(place) FROM events WHERE place IS NOT NULL)`)
		return err
	})
	return n, err
}

// EventsAfter implements verification.Store.
func (s *store) EventsAfter(ctx context.Context, scope tenant.Scope, after int64, limit int) ([]verification.PlacedEvent, error) {
	last, err := one(ctx, s, value[int64], "", `SELECT last FROM event_places WHERE name = 'events'`)
	if err != nil {
		return nil, err
	}
	if after > last {
		return nil, fault.New(fault.NotFound, "There is no event at this place.")
	}
	list, err := all(ctx, s, func(r row) (e verification.PlacedEvent, err error) {
		err = r.Scan(&e.Place, &e.ID, &e.VerificationID, &e.Sequence, &e.Kind, &e.From, &e.To, &e.Attempt, &e.Actor, at{&e.At})
		return e, err
	}, `SELECT place, id, verification_id, sequence, kind, from_status, to_status, attempt, actor, at FROM events
		WHERE `+inScope+narrow(scope)+` AND place > $3 ORDER BY place LIMIT $4`, scoped(scope, after, limit)...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var ids []any
	for _, e := range list {
		if !slices.Contains(ids, any(e.VerificationID)) {
			ids = append(ids, e.VerificationID)
		}
	}
	verifications, err := all(ctx, s, s.scanVerification, selectEvenErased+` AND id IN (`+placeholders(3, len(ids))+`)`, scoped(scope, ids...)...)
	if err != nil {
		return nil, err
	}
	deliveries, err := all(ctx, s, s.scanDelivery, selectDelivery+` AND verification_id IN (`+placeholders(3, len(ids))+`)`, scoped(scope, ids...)...)
	if err != nil {
		return nil, err
	}
	type key struct {
		verification uuid.UUID
		sequence     int
	}
	known, bodies := map[uuid.UUID]verification.Verification{}, map[key][]byte{}
	for _, v := range verifications {
		known[v.ID] = v
	}
	for _, d := range deliveries {
		bodies[key{d.VerificationID, d.Sequence}] = d.Body
	}
	for i := range list {
		e := &list[i]
		e.Verification, e.Body = known[e.VerificationID], bodies[key{e.VerificationID, e.Sequence}]
	}
	return list, nil
}

// narrow says again what inScope says, in words that an index serves.
func narrow(scope tenant.Scope) string {
	switch {
	case scope.Group() != tenant.Any:
		return ` AND group_id = $2`
	case scope.OneOrganization():
		return ` AND organization_id = $1`
	}
	return ""
}

// placeholders lists n of them from $first.
func placeholders(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("$", first+i)
	}
	return strings.Join(list, ", ")
}
