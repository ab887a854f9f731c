package store

import (
	"context"
	"sync"
	"time"
)

// turns lets transactions of this process that are about to lock the same row
// go one after another: PostgreSQL hands a row from one waiter to the next far
// slower than a channel does. A turn protects nothing, the row's lock does:
// who has waited too long goes on without, so that the database sees each
// deadlock there may be.
type turns struct{ byRow sync.Map } // row → chan struct{} with one place

const longestTurn = 200 * time.Millisecond

// takeTurn waits for the turn at a row; the transaction keeps it to its end.
func (s *store) takeTurn(ctx context.Context, row string) {
	if _, mine := s.held[row]; mine || s.tx == nil {
		return
	}
	at, ok := s.db.turns.byRow.Load(row)
	if !ok {
		at, _ = s.db.turns.byRow.LoadOrStore(row, make(chan struct{}, 1))
	}
	turn := at.(chan struct{})
	timer := time.NewTimer(longestTurn)
	defer timer.Stop()
	select {
	case turn <- struct{}{}:
		if s.held == nil {
			s.held = map[string]chan struct{}{}
		}
		s.held[row] = turn
	case <-timer.C:
	case <-ctx.Done():
	}
}

// endTurns lets the next ones go.
func (s *store) endTurns() {
	for _, turn := range s.held {
		<-turn
	}
	s.held = nil
}
