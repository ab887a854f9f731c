// Package ledger keeps the rules of credits: what is reserved when a
// verification is accepted, spent when it completes, and given back when it
// fails or is cancelled. The ledger is append-only; a balance is the sum of
// its entries.
//
// It is pure: the store applies an entry and moves the balance in one
// transaction.
package ledger

import (
	"time"

	"github.com/google/uuid"
)

// Kind says why credits moved.
type Kind string

// The kinds of entries.
const (
	TopUp   Kind = "TOP_UP"  // credits given to a group
	Reserve Kind = "RESERVE" // taken from the balance when a verification is accepted
	Settle  Kind = "SETTLE"  // the reservation is spent; the balance does not move
	Release Kind = "RELEASE" // the reservation goes back to the balance

	TransferIn  Kind = "TRANSFER_IN"  // from another group of the organization
	TransferOut Kind = "TRANSFER_OUT" // to another group of the organization
)

// Most is the most that moves at once, in credits.
const Most int64 = 1_000_000_000_000

// Entry is one line of a group's ledger.
type Entry struct {
	ID             uuid.UUID
	GroupID        uuid.UUID
	VerificationID *uuid.UUID // nil for a top-up
	// Attempt is the verification's attempt; a kind occurs once per attempt.
	Attempt int
	Kind    Kind
	// Credits is the size of the move, never negative.
	Credits   int64
	CreatedAt time.Time
	Note      string
	Actor     string // who moved them by hand; empty for a verification's
}

// Delta is what the entry does to the group's balance.
func (e Entry) Delta() int64 {
	switch e.Kind {
	case TopUp, Release, TransferIn:
		return e.Credits
	case Reserve, TransferOut:
		return -e.Credits
	}
	return 0
}
