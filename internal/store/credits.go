package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// What an entry changes, with common parameters. The first checks and moves the
// balance in one step; it locks the group's row, so that entries of one group
// are written one after another.
const (
	moveBalance = `UPDATE groups SET balance = balance + $4 WHERE ` + groupInScope + ` AND id = $3 AND balance + $4 >= 0
		AND NOT EXISTS (SELECT 1 FROM ledger_entries WHERE verification_id = $5 AND attempt = $6 AND kind = $7)`
	insertEntry = `INSERT INTO ledger_entries (id, organization_id, group_id, verification_id, attempt, kind, credits, note, actor, created_at)
		SELECT $8, organization_id, id, $5, $6, $7, $9, $10, $11, $12 FROM `
	countUsage = `INSERT INTO credit_usage (organization_id, group_id, user_id, service_id, day, attempts, reserved, settled, released)
		SELECT organization_id, id, $13, $14, $15, $16, $17, $18, $19 FROM `
	addUsage = ` ON CONFLICT (group_id, user_id, service_id, day) DO UPDATE SET attempts = credit_usage.attempts + excluded.attempts,
		reserved = credit_usage.reserved + excluded.reserved, settled = credit_usage.settled + excluded.settled, released = credit_usage.released + excluded.released`

	movedGroup = `groups WHERE ` + groupInScope + ` AND id = $3`
)

// AppendEntry implements verification.Store.
func (s *store) AppendEntry(ctx context.Context, scope tenant.Scope, e ledger.Entry) error {
	if e.Credits < 0 {
		return fault.New(fault.Invalid, "An entry of the ledger cannot be negative.")
	}
	return s.atomically(ctx, func(tx *store) error {
		args := scoped(scope, e.GroupID, e.Delta(), e.VerificationID, e.Attempt, e.Kind, e.ID, e.Credits, e.Note, e.Actor, micros(e.CreatedAt))
		if e.VerificationID != nil {
			u, err := tx.usedBy(ctx, scope, e)
			if err != nil {
				return err
			}
			if e.Kind == ledger.Reserve && u.limited {
				if err := tx.checkQuota(ctx, u, e); err != nil {
					return err
				}
			}
			args = append(args, u.user, u.service, u.day.Format(time.DateOnly))
			var attempts, reserved, settled, released int64
			switch e.Kind {
			case ledger.Reserve:
				attempts, reserved = 1, e.Credits
			case ledger.Settle:
				settled = e.Credits
			case ledger.Release:
				released = e.Credits
			}
			args = append(args, attempts, reserved, settled, released)
		}
		tx.takeTurn(ctx, e.GroupID.String())
		n, err := tx.move(ctx, e.VerificationID != nil, args)
		if err == nil && n == 0 {
			return tx.refuseEntry(ctx, scope, e)
		}
		return taken(err, "This entry is in the ledger already.")
	})
}

// move changes nothing and gives 0 where the balance cannot move. PostgreSQL
// does all in one statement: while its answer is on the way, others wait for
// the group.
func (s *store) move(ctx context.Context, counted bool, args []any) (int64, error) {
	if s.db.dialect.writingCTE {
		query := `WITH moved AS (` + moveBalance + ` RETURNING organization_id, id)`
		if counted {
			return s.exec(ctx, query+`, entry AS (`+insertEntry+`moved) `+countUsage+`moved`+addUsage, args...)
		}
		return s.exec(ctx, query+` `+insertEntry+`moved`, args...)
	}
	n, err := s.exec(ctx, moveBalance, args...)
	if err != nil || n == 0 {
		return 0, err
	}
	if n, err = s.exec(ctx, insertEntry+movedGroup, args...); err != nil || !counted {
		return n, err
	}
	return s.exec(ctx, countUsage+movedGroup+addUsage, args...)
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

// usedBy is what a verification's entry counts for.
type usedBy struct {
	user, service uuid.UUID
	day           time.Time // when the attempt was accepted
	limited       bool      // whether the user has a quota
}

func (s *store) usedBy(ctx context.Context, scope tenant.Scope, e ledger.Entry) (usedBy, error) {
	return one(ctx, s, func(r row) (u usedBy, err error) {
		err = r.Scan(&u.user, &u.service, at{&u.day}, &u.limited)
		return u, err
	}, noVerification, `SELECT user_id, service_id, COALESCE((SELECT l.created_at FROM ledger_entries l
			WHERE l.verification_id = verifications.id AND l.attempt = $5 AND l.kind = 'RESERVE'), $6),
			EXISTS (SELECT 1 FROM user_quotas q WHERE q.user_id = verifications.user_id)
		FROM verifications WHERE `+inScope+` AND id = $3 AND group_id = $4`,
		scoped(scope, *e.VerificationID, e.GroupID, e.Attempt, micros(e.CreatedAt))...)
}

// checkQuota refuses a reservation beyond the user's quota of its month.
func (s *store) checkQuota(ctx context.Context, u usedBy, e ledger.Entry) error {
	// Locks the quota: reservations of one user, in whatever group, are
	// checked one after another.
	n, err := s.exec(ctx, `UPDATE user_quotas SET monthly_credits = monthly_credits WHERE user_id = $1`, u.user)
	if err != nil || n == 0 {
		return err
	}
	q, err := s.Quota(ctx, tenant.Everything(), u.user, u.day)
	if err != nil {
		return err
	}
	if q.Used+e.Credits > *q.Monthly {
		return fault.New(fault.Exhausted, "The user may use %d credits in a month and has %d left; %d are needed.",
			*q.Monthly, max(*q.Monthly-q.Used, 0), e.Credits).WithCode(fault.CodeQuotaExceeded)
	}
	return nil
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

const selectGroupCredits = `SELECT id, name, organization_id, balance,
	CAST(COALESCE((SELECT SUM(u.reserved - u.settled - u.released) FROM credit_usage u WHERE u.group_id = groups.id), 0) AS BIGINT)
	FROM groups WHERE ` + groupInScope

func scanGroupCredits(r row) (c verification.GroupCredits, err error) {
	err = r.Scan(&c.GroupID, &c.GroupName, &c.OrganizationID, &c.Balance, &c.Held)
	return c, err
}

// GroupCredits implements verification.Store.
func (s *store) GroupCredits(ctx context.Context, scope tenant.Scope, group uuid.UUID) (verification.GroupCredits, error) {
	return one(ctx, s, scanGroupCredits, noGroup, selectGroupCredits+` AND id = $3`, scoped(scope, group)...)
}

// OrganizationCredits implements verification.Store.
func (s *store) OrganizationCredits(ctx context.Context, scope tenant.Scope, org uuid.UUID) (string, []verification.GroupCredits, error) {
	o, err := s.Organization(ctx, scope, org)
	if err != nil {
		return "", nil, err
	}
	groups, err := all(ctx, s, scanGroupCredits, selectGroupCredits+` AND organization_id = $3 ORDER BY name, id`, scoped(scope, org)...)
	return o.Name, groups, err
}

// Entries implements verification.Store.
func (s *store) Entries(ctx context.Context, scope tenant.Scope, group uuid.UUID, f verification.EntryFilter, p verification.Page) ([]ledger.Entry, int, error) {
	if _, err := s.Group(ctx, scope, group); err != nil {
		return nil, 0, err
	}
	from, to := int64(0), int64(1<<62)
	if !f.From.IsZero() {
		from = micros(f.From)
	}
	if !f.To.IsZero() {
		to = micros(f.To)
	}
	const where = inScope + ` AND group_id = $3 AND created_at >= $4 AND created_at < $5 AND ($6 = '' OR kind = $6)`
	args := scoped(scope, group, from, to, string(f.Kind))
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM ledger_entries WHERE `+where, args...)
	if err != nil {
		return nil, 0, err
	}
	list, err := all(ctx, s, func(r row) (e ledger.Entry, err error) {
		err = r.Scan(&e.ID, &e.GroupID, &e.VerificationID, &e.Attempt, &e.Kind, &e.Credits, &e.Note, &e.Actor, at{&e.CreatedAt})
		return e, err
	}, `SELECT id, group_id, verification_id, attempt, kind, credits, note, actor, created_at FROM ledger_entries WHERE `+where+`
		ORDER BY created_at DESC, id DESC LIMIT $7 OFFSET $8`, append(args, p.Size, p.Offset)...)
	return list, total, err
}
