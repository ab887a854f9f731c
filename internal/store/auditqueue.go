package store

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"anycheck/internal/audit"
)

// auditQueue writes the records of requests that come at the same time in one
// transaction: on SQLite, and on slow disks, a commit for each look at a
// verification would let them wait for one another. Who comes first writes for
// all that came meanwhile; nobody waits for company.
type auditQueue struct {
	mu      sync.Mutex
	busy    bool
	waiting []*waitingRecord
}

type waitingRecord struct {
	e    *audit.Entry
	done chan error    // written, or not
	lead chan struct{} // its turn to write
}

// maxAuditBatch bounds a transaction.
const maxAuditBatch = 256

func (q *auditQueue) append(ctx context.Context, s *store, e *audit.Entry) error {
	w := &waitingRecord{e, make(chan error, 1), make(chan struct{}, 1)}
	q.mu.Lock()
	q.waiting = append(q.waiting, w)
	leads := !q.busy
	q.busy = true
	q.mu.Unlock()
	if !leads {
		select {
		case err := <-w.done:
			return err
		case <-w.lead:
		}
	}
	q.mu.Lock()
	n := min(len(q.waiting), maxAuditBatch)
	batch := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	q.mu.Unlock()
	defer q.handOver()
	// The records of others do not end with this request.
	q.write(context.WithoutCancel(ctx), s, batch)
	return <-w.done
}

// handOver lets the next one write, if there is one.
func (q *auditQueue) handOver() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy = len(q.waiting) > 0; q.busy {
		q.waiting[0].lead <- struct{}{}
	}
}

func (q *auditQueue) write(ctx context.Context, s *store, batch []*waitingRecord) {
	var err error
	if len(batch) > 1 {
		err = s.atomically(ctx, func(tx *store) error { return tx.appendAudits(ctx, batch) })
	}
	for _, w := range batch {
		if len(batch) == 1 || err != nil {
			// Alone: one that cannot be written must not hold up the others.
			w.done <- s.atomically(ctx, func(tx *store) error { return tx.appendAudit(ctx, w.e) })
			continue
		}
		w.done <- nil
	}
}

// appendAudits writes chain by chain, in the same order in every process.
func (s *store) appendAudits(ctx context.Context, batch []*waitingRecord) error {
	for _, w := range batch {
		if !w.e.Located() {
			if err := s.locate(ctx, w.e); err != nil {
				return err
			}
		}
	}
	ordered := slices.SortedStableFunc(slices.Values(batch), func(a, b *waitingRecord) int { return cmp.Compare(a.e.Organization, b.e.Organization) })
	for _, w := range ordered {
		if err := s.appendAudit(ctx, w.e); err != nil {
			return err
		}
	}
	return nil
}
