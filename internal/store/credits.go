package store

import (
	"context"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// AppendEntry implements verification.Store.
func (s *store) AppendEntry(ctx context.Context, scope tenant.Scope, e ledger.Entry) error {
	if e.Credits < 0 {
		return fault.New(fault.Invalid, "An entry of the ledger cannot be negative.")
	}
	return s.atomically(ctx, func(tx *store) error {
		if e.VerificationID != nil {
			if ok, err := tx.exists(ctx, `SELECT 1 FROM verifications WHERE `+inScope+` AND id = $3 AND group_id = $4`, scoped(scope, *e.VerificationID, e.GroupID)...); err != nil || !ok {
				return errorOr(err, fault.New(fault.NotFound, noVerification))
			}
		}
		// One statement checks and moves the balance; it locks the group's row,
		// so that entries of one group are written one after another.
		n, err := tx.exec(ctx, `UPDATE groups SET balance = balance + $4 WHERE `+groupInScope+` AND id = $3 AND balance + $4 >= 0
			AND NOT EXISTS (SELECT 1 FROM ledger_entries WHERE verification_id = $5 AND attempt = $6 AND kind = $7)`,
			scoped(scope, e.GroupID, e.Delta(), e.VerificationID, e.Attempt, e.Kind)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return tx.refuseEntry(ctx, scope, e)
		}
		err = tx.change(ctx, noGroup, `INSERT INTO ledger_entries (id, organization_id, group_id, verification_id, attempt, kind, credits, note, created_at)
			SELECT $4, organization_id, id, $5, $6, $7, $8, $9, $10 FROM groups WHERE `+groupInScope+` AND id = $3`,
			scoped(scope, e.GroupID, e.ID, e.VerificationID, e.Attempt, e.Kind, e.Credits, e.Note, micros(e.CreatedAt))...)
		return taken(err, "This entry is in the ledger already.")
	})
}

// refuseEntry says why an entry did not move the balance.
func (s *store) refuseEntry(ctx context.Context, scope tenant.Scope, e ledger.Entry) error {
	g, err := s.Group(ctx, scope, e.GroupID)
	if err != nil {
		return err
	}
	if g.Balance+e.Delta() < 0 {
		return fault.New(fault.Exhausted, "The group has %d credits left; %d are needed.", g.Balance, e.Credits).WithCode(fault.CodeInsufficientBalance)
	}
	return fault.New(fault.Conflict, "This entry is in the ledger already.").WithCode(fault.CodeAlreadyExists)
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
