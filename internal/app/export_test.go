package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// Suspect moves a verification that is IN_PROGRESS to FRAUD_DETECTED, as a
// service with fraud detection before extraction will do: there is none yet.
func (s *Server) Suspect(ctx context.Context, id uuid.UUID) error {
	all := tenant.Everything()
	return s.db.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
		v, err := tx.Verification(ctx, all, id)
		if err != nil {
			return err
		}
		was := verification.Mark{Status: v.Status, Attempt: v.Attempt}
		if v.Status, err = verification.Next(v.Status, verification.Suspect); err != nil {
			return err
		}
		v.UpdatedAt = time.Now().UTC().Truncate(time.Microsecond)
		return tx.UpdateVerification(ctx, all, was, v, &verification.Event{ID: uuid.Must(uuid.NewV7()), VerificationID: id, Kind: verification.StatusChanged,
			From: was.Status, To: v.Status, Attempt: v.Attempt, Actor: "system", At: v.UpdatedAt})
	})
}
