package store

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// CreditUsage implements verification.Store.
func (s *store) CreditUsage(ctx context.Context, scope tenant.Scope, q verification.UsageQuery, p verification.Page) ([]verification.UsageRow, int, error) {
	// Each part is its column or nothing: the texts are this function's own.
	period, columns := `day`, [3]string{`''`, `''`, `''`}
	if q.Interval == verification.Monthly {
		period = `substr(day, 1, 7)`
	}
	for i, c := range []struct {
		part   verification.UsagePart
		column string
	}{{verification.ByService, "service_id"}, {verification.ByUser, "user_id"}, {verification.ByGroup, "group_id"}} {
		if slices.Contains(q.By, c.part) {
			columns[i] = c.column
		}
	}
	sums := `SELECT ` + period + ` AS period, ` + columns[0] + ` AS service, ` + columns[1] + ` AS member, ` + columns[2] + ` AS team,
			CAST(SUM(attempts) AS BIGINT) AS attempts, CAST(SUM(reserved) AS BIGINT) AS reserved, CAST(SUM(settled) AS BIGINT) AS settled, CAST(SUM(released) AS BIGINT) AS released
		FROM credit_usage WHERE ` + inScope + ` AND day >= $3 AND day <= $4 AND ($5 = '' OR organization_id = $5) AND ($6 = '' OR group_id = $6)
		GROUP BY 1, 2, 3, 4`
	args := scoped(scope, q.From, q.To, textOf(q.OrganizationID), textOf(q.GroupID))
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM (`+sums+`) counted`, args...)
	if err != nil {
		return nil, 0, err
	}
	rows, err := all(ctx, s, scanUsage, `SELECT period, service, member, COALESCE((SELECT users.name FROM users WHERE users.id = member), ''),
			team, COALESCE((SELECT groups.name FROM groups WHERE groups.id = team), ''), attempts, reserved, settled, released
		FROM (`+sums+`) summed ORDER BY period, service, member, team LIMIT $7 OFFSET $8`, append(args, p.Size, p.Offset)...)
	return rows, total, err
}

func scanUsage(r row) (u verification.UsageRow, err error) {
	var service, user, userName, group, groupName string
	if err := r.Scan(&u.Period, &service, &user, &userName, &group, &groupName, &u.Attempts, &u.Reserved, &u.Settled, &u.Released); err != nil {
		return u, err
	}
	for _, p := range []struct {
		into     **verification.Part
		id, name string
	}{{&u.Service, service, ""}, {&u.User, user, userName}, {&u.Group, group, groupName}} {
		if p.id == "" {
			continue
		}
		id, err := uuid.Parse(p.id)
		if err != nil {
			return u, err
		}
		*p.into = &verification.Part{ID: id, Name: p.name}
	}
	return u, nil
}

func textOf(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// Quota implements verification.Store.
func (s *store) Quota(ctx context.Context, scope tenant.Scope, user uuid.UUID, when time.Time) (verification.Quota, error) {
	first := time.Date(when.UTC().Year(), when.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	return one(ctx, s, func(r row) (q verification.Quota, err error) {
		err = r.Scan(&q.UserID, &q.UserName, &q.Monthly, &q.Used)
		return q, err
	}, noUser, `SELECT id, name, (SELECT monthly_credits FROM user_quotas WHERE user_id = users.id),
			CAST(COALESCE((SELECT SUM(reserved - released) FROM credit_usage WHERE user_id = users.id AND day >= $4 AND day < $5), 0) AS BIGINT)
		FROM users WHERE `+inScope+` AND id = $3`,
		scoped(scope, user, first.Format(time.DateOnly), first.AddDate(0, 1, 0).Format(time.DateOnly))...)
}

// SetQuota implements verification.Store.
func (s *store) SetQuota(ctx context.Context, scope tenant.Scope, user uuid.UUID, monthly *int64, now time.Time, by string) error {
	if monthly == nil {
		return s.atomically(ctx, func(tx *store) error {
			if _, err := tx.Quota(ctx, scope, user, now); err != nil {
				return err
			}
			_, err := tx.exec(ctx, `DELETE FROM user_quotas WHERE `+inScope+` AND user_id = $3`, scoped(scope, user)...)
			return err
		})
	}
	return s.change(ctx, noUser, `INSERT INTO user_quotas (user_id, organization_id, group_id, monthly_credits, updated_at, updated_by)
		SELECT id, organization_id, group_id, $4, $5, $6 FROM users WHERE `+inScope+` AND id = $3
		ON CONFLICT (user_id) DO UPDATE SET monthly_credits = excluded.monthly_credits, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		scoped(scope, user, *monthly, micros(now), by)...)
}
