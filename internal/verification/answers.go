package verification

import (
	"context"
	"time"

	"anycheck/internal/idempotency"
	"anycheck/internal/tenant"
)

// Answers stores the answers to calls with an Idempotency-Key.
type Answers interface {
	// SaveAnswer keeps an answer. One of the same call that was kept after
	// since by another holder stays: idempotency.ErrTaken.
	SaveAnswer(ctx context.Context, scope tenant.Scope, r idempotency.Record, since time.Time) error
	// Answer finds what was kept of a call after since.
	Answer(ctx context.Context, scope tenant.Scope, id []byte, since time.Time) (idempotency.Record, error)
	// ForgetAnswers removes what was kept before, and tells how many.
	ForgetAnswers(ctx context.Context, scope tenant.Scope, before time.Time) (int64, error)
}

// answered keeps the answer to the call in hand in the transaction of what it
// has made, so that both are there or neither. Without an Idempotency-Key, or
// when the answer tells of more than made, it does nothing.
func answered(ctx context.Context, tx Store, made any) error {
	call := idempotency.Of(ctx)
	if call == nil {
		return nil
	}
	r, ok, err := call.Made(made)
	if err != nil || !ok {
		return err
	}
	return tx.SaveAnswer(ctx, tenant.WithinGroup(call.Home()), r, call.Since())
}

// KeptAnswer finds the answer that the same call got before; NotFound when
// there is none.
func (u *UseCases) KeptAnswer(ctx context.Context, call *idempotency.Call) (idempotency.Answer, error) {
	id := call.ID()
	r, err := u.store.Answer(ctx, tenant.WithinGroup(call.Home()), id[:], call.Since())
	if err != nil {
		return idempotency.Answer{}, err
	}
	return call.Open(r)
}

// KeepAnswer keeps what a call was answered, unless it was kept with what the
// call has made.
func (u *UseCases) KeepAnswer(ctx context.Context, call *idempotency.Call, a idempotency.Answer) error {
	r, ok, err := call.Answered(a)
	if err != nil || !ok {
		return err
	}
	return u.store.SaveAnswer(ctx, tenant.WithinGroup(call.Home()), r, call.Since())
}

// ForgetAnswers removes kept answers that are past their time.
func (u *UseCases) ForgetAnswers(ctx context.Context) error {
	_, err := u.store.ForgetAnswers(ctx, tenant.Everything(), u.now().Add(-idempotency.KeptFor))
	return err
}
