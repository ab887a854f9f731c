package verification

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// CreditReports stores what is known of credits besides the ledger itself.
type CreditReports interface {
	// GroupCredits is how a group stands.
	GroupCredits(ctx context.Context, scope tenant.Scope, group uuid.UUID) (GroupCredits, error)
	// OrganizationCredits is how each group of an organization stands that the
	// scope sees, by name. An unknown organization is NotFound.
	OrganizationCredits(ctx context.Context, scope tenant.Scope, organization uuid.UUID) (name string, groups []GroupCredits, err error)
	// Entries lists a group's ledger, newest first, and how many entries match.
	Entries(ctx context.Context, scope tenant.Scope, group uuid.UUID, f EntryFilter, p Page) ([]ledger.Entry, int, error)
	// CreditUsage sums up what was used, by period and the parts asked for, and
	// tells how many rows there are.
	CreditUsage(ctx context.Context, scope tenant.Scope, q UsageQuery, p Page) ([]UsageRow, int, error)
	// Quota tells a user's limit and what is used of it in the month of at.
	Quota(ctx context.Context, scope tenant.Scope, user uuid.UUID, at time.Time) (Quota, error)
	// SetQuota sets or, with nil, lifts the limit.
	SetQuota(ctx context.Context, scope tenant.Scope, user uuid.UUID, monthly *int64, at time.Time, by string) error
}

// GroupCredits is how a group stands.
type GroupCredits struct {
	GroupID        uuid.UUID
	GroupName      string
	OrganizationID uuid.UUID
	Balance        int64 // what may still be spent
	Held           int64 // reserved for verifications that have not ended
}

// OrganizationCredits is how an organization stands.
type OrganizationCredits struct {
	ID     uuid.UUID
	Name   string
	Groups []GroupCredits
}

// EntryFilter limits a list of entries; zero values do not.
type EntryFilter struct {
	Kind     ledger.Kind
	From, To time.Time // To is not part of it
}

// UsageQuery says how usage is summed up. From and To are days like 2026-11-23
// and both part of it.
type UsageQuery struct {
	From, To       string
	Interval       Interval
	By             []UsagePart
	OrganizationID *uuid.UUID
	GroupID        *uuid.UUID
}

// Interval is the length of usage's periods.
type Interval string

// The intervals.
const (
	Daily   Interval = "day"
	Monthly Interval = "month"
)

// UsagePart is what usage can be told apart by.
type UsagePart string

// The parts.
const (
	ByService UsagePart = "service"
	ByUser    UsagePart = "user"
	ByGroup   UsagePart = "group"
)

// Part is the service, user or group of a row of usage.
type Part struct {
	ID   uuid.UUID
	Name string
}

// UsageRow is the usage of one period; its parts are nil when they were not
// asked for. An attempt counts in the period in which it was accepted.
type UsageRow struct {
	Period               string // 2026-11-23 or 2026-11
	Service, User, Group *Part
	Attempts             int64 // verifications accepted, retries too
	Reserved             int64
	Settled              int64 // spent
	Released             int64 // given back
}

// Quota is a user's limit of a month.
type Quota struct {
	UserID   uuid.UUID
	UserName string
	Monthly  *int64 // nil: no limit
	Used     int64  // reserved in the month, less what came back of it
}

const maxNote = 200

// GroupCredits tells how a group stands.
func (u *UseCases) GroupCredits(ctx context.Context, a tenant.Actor, group uuid.UUID) (GroupCredits, error) {
	if err := a.Require(tenant.ReadCredits); err != nil {
		return GroupCredits{}, err
	}
	return u.store.GroupCredits(ctx, a.Scope(), group)
}

// OrganizationCredits tells how an organization stands, to who sees all of it.
func (u *UseCases) OrganizationCredits(ctx context.Context, a tenant.Actor, org uuid.UUID) (OrganizationCredits, error) {
	if err := a.Require(tenant.ReadCredits); err != nil {
		return OrganizationCredits{}, err
	}
	name, groups, err := u.store.OrganizationCredits(ctx, a.Scope(), org)
	if err != nil {
		return OrganizationCredits{}, err
	}
	if a.Scope().Group() != tenant.Any {
		return OrganizationCredits{}, fault.New(fault.Forbidden, "You see your own group only; ask for its credits.")
	}
	return OrganizationCredits{ID: org, Name: name, Groups: groups}, nil
}

// Entries lists a group's ledger, newest first.
func (u *UseCases) Entries(ctx context.Context, a tenant.Actor, group uuid.UUID, f EntryFilter, p Page) ([]ledger.Entry, int, error) {
	if err := a.Require(tenant.ReadCredits); err != nil {
		return nil, 0, err
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return nil, 0, fault.Field("to", "must lie after from")
	}
	return u.store.Entries(ctx, a.Scope(), group, f, p)
}

const (
	maxUsageDays   = 366
	maxUsageMonths = 120
)

// Usage sums up what was used. Without days it is the current month's.
func (u *UseCases) Usage(ctx context.Context, a tenant.Actor, q UsageQuery, p Page) ([]UsageRow, int, error) {
	if err := a.Require(tenant.ReadCredits); err != nil {
		return nil, 0, err
	}
	if err := q.complete(u.now()); err != nil {
		return nil, 0, err
	}
	if q.GroupID != nil {
		if _, err := u.store.GroupCredits(ctx, a.Scope(), *q.GroupID); err != nil {
			return nil, 0, fieldOf(err, "group_id", "there is no such group")
		}
	}
	if q.OrganizationID != nil {
		if _, _, err := u.store.OrganizationCredits(ctx, a.Scope(), *q.OrganizationID); err != nil {
			return nil, 0, fieldOf(err, "organization_id", "there is no such organization")
		}
	}
	rows, total, err := u.store.CreditUsage(ctx, a.Scope(), q, p)
	for _, r := range rows {
		for _, s := range Catalogue() {
			if r.Service != nil && s.ID == r.Service.ID {
				r.Service.Name = s.Name
			}
		}
	}
	return rows, total, err
}

func (q *UsageQuery) complete(now time.Time) error {
	wrong := fault.New(fault.Invalid, "Usage cannot be asked for like this.")
	day := func(field, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		t, err := time.Parse(time.DateOnly, text)
		if err != nil || t.Year() < 1 {
			wrong.WithField(field, "must be a day like 2026-11-23")
		}
		return t
	}
	to := day("to", q.To, now.UTC().Truncate(24*time.Hour))
	from := day("from", q.From, time.Date(to.Year(), to.Month(), 1, 0, 0, 0, 0, time.UTC))
	if len(wrong.Fields) > 0 {
		return wrong
	}
	switch {
	case from.After(to):
		return fault.Field("to", "must not lie before from")
	case q.Interval == Daily && to.Sub(from) >= maxUsageDays*24*time.Hour:
		return fault.Field("to", "must lie at most %d days after from", maxUsageDays)
	case to.After(from.AddDate(0, maxUsageMonths, 0)):
		return fault.Field("to", "must lie at most %d months after from", maxUsageMonths)
	}
	q.From, q.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
	return nil
}

// checkMove checks what credits are moved by hand.
func checkMove(credits int64, note string) (string, error) {
	note = strings.TrimSpace(note)
	wrong := fault.New(fault.Invalid, "The credits cannot be moved like this.")
	if credits < 1 || credits > ledger.Most {
		wrong.WithField("credits", "must be a whole number from 1 to %d", ledger.Most)
	}
	if utf8.RuneCountInString(note) > maxNote || hasControl(note) {
		wrong.WithField("note", "must have at most %d characters and no control characters", maxNote)
	}
	if len(wrong.Fields) > 0 {
		return "", wrong
	}
	return note, nil
}

// TopUp gives credits to a group.
func (u *UseCases) TopUp(ctx context.Context, a tenant.Actor, group uuid.UUID, credits int64, note string) (ledger.Entry, error) {
	if err := a.Require(tenant.ManageCredits); err != nil {
		return ledger.Entry{}, err
	}
	note, err := checkMove(credits, note)
	if err != nil {
		return ledger.Entry{}, err
	}
	e := ledger.Entry{ID: newID(), GroupID: group, Kind: ledger.TopUp, Credits: credits, CreatedAt: u.now(), Note: note, Actor: a.Name()}
	err = u.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		if err := tx.AppendEntry(ctx, a.Scope(), e); err != nil {
			return err
		}
		return answered(ctx, tx, e)
	})
	return e, err
}

// Transfer moves credits from one group to another of the same organization,
// and gives the entry of the first.
func (u *UseCases) Transfer(ctx context.Context, a tenant.Actor, from, to uuid.UUID, credits int64, note string) (ledger.Entry, error) {
	if err := a.Require(tenant.DistributeCredits); err != nil {
		return ledger.Entry{}, err
	}
	note, err := checkMove(credits, note)
	if err != nil {
		return ledger.Entry{}, err
	}
	source, err := u.store.GroupCredits(ctx, a.Scope(), from)
	if err != nil {
		return ledger.Entry{}, err
	}
	target, err := u.store.GroupCredits(ctx, a.Scope(), to)
	if err == nil && target.OrganizationID != source.OrganizationID {
		err = fault.New(fault.NotFound, "There is no such group in this organization.")
	}
	if err != nil {
		return ledger.Entry{}, fieldOf(err, "to_group_id", "there is no such group in this organization")
	}
	if from == to {
		return ledger.Entry{}, fault.Field("to_group_id", "must be another group")
	}
	now := u.now()
	out := ledger.Entry{ID: newID(), GroupID: from, Kind: ledger.TransferOut, Credits: credits, CreatedAt: now, Note: note, Actor: a.Name()}
	in := ledger.Entry{ID: newID(), GroupID: to, Kind: ledger.TransferIn, Credits: credits, CreatedAt: now, Note: note, Actor: a.Name()}
	moves := []ledger.Entry{out, in}
	// Two that move credits crosswise lock the groups in the same order.
	slices.SortFunc(moves, func(a, b ledger.Entry) int { return slices.Compare(a.GroupID[:], b.GroupID[:]) })
	err = u.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		for _, e := range moves {
			if err := tx.AppendEntry(ctx, a.Scope(), e); err != nil {
				return err
			}
		}
		return answered(ctx, tx, out)
	})
	return out, err
}

// Quota tells a user's limit of this month, to the user and who manages it.
func (u *UseCases) Quota(ctx context.Context, a tenant.Actor, user uuid.UUID) (Quota, error) {
	if err := a.Require(tenant.ReadCredits); err != nil {
		return Quota{}, err
	}
	q, err := u.store.Quota(ctx, a.Scope(), user, u.now())
	if err == nil && user != a.User.ID {
		err = a.Require(tenant.DistributeCredits)
	}
	return q, err
}

// SetQuota sets the credits that a user may use in a month; nil lifts the limit.
func (u *UseCases) SetQuota(ctx context.Context, a tenant.Actor, user uuid.UUID, monthly *int64) (Quota, error) {
	if err := a.Require(tenant.DistributeCredits); err != nil {
		return Quota{}, err
	}
	if monthly != nil && (*monthly < 0 || *monthly > ledger.Most) {
		return Quota{}, fault.Field("monthly_credits", "must be null or a whole number from 0 to %d", ledger.Most)
	}
	if err := u.store.SetQuota(ctx, a.Scope(), user, monthly, u.now(), a.Name()); err != nil {
		return Quota{}, err
	}
	return u.store.Quota(ctx, a.Scope(), user, u.now())
}
