package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/verification"
)

type groupCredits struct {
	Group   named `json:"group" doc:"The group."`
	Balance int64 `json:"balance" doc:"Credits that can still be spent."`
	Held    int64 `json:"held" doc:"Credits reserved for verifications that have not ended; no longer part of the balance."`
}

func viewGroupCredits(c verification.GroupCredits) groupCredits {
	return groupCredits{Group: named{c.GroupID, c.GroupName}, Balance: c.Balance, Held: c.Held}
}

type organizationCredits struct {
	Organization named          `json:"organization" doc:"The organization."`
	Balance      int64          `json:"balance" doc:"Sum over its groups."`
	Held         int64          `json:"held" doc:"Sum over its groups."`
	Groups       []groupCredits `json:"groups" doc:"Its groups, by name."`
}

func viewOrganizationCredits(o verification.OrganizationCredits) organizationCredits {
	v := organizationCredits{Organization: named{o.ID, o.Name}, Groups: []groupCredits{}}
	for _, g := range o.Groups {
		v.Balance, v.Held = v.Balance+g.Balance, v.Held+g.Held
		v.Groups = append(v.Groups, viewGroupCredits(g))
	}
	return v
}

type ledgerEntry struct {
	ID             uuid.UUID   `json:"id" format:"uuid" doc:"Id of the entry."`
	GroupID        uuid.UUID   `json:"group_id" format:"uuid" doc:"The group whose credits moved."`
	Kind           ledger.Kind `json:"kind" enum:"TOP_UP,RESERVE,SETTLE,RELEASE,TRANSFER_IN,TRANSFER_OUT" doc:"Why credits moved. SETTLE spends what RESERVE took from the balance; RELEASE gives it back."`
	Credits        int64       `json:"credits" doc:"Size of the move, never negative."`
	BalanceChange  int64       `json:"balance_change" doc:"What it did to the balance; 0 for SETTLE."`
	VerificationID *uuid.UUID  `json:"verification_id" format:"uuid" nullable:"true" doc:"The verification, null for what was moved by hand."`
	Attempt        int         `json:"attempt" doc:"The verification's attempt, 0 for none."`
	Note           string      `json:"note" doc:"Why, in the words of who moved them; may be empty."`
	CreatedBy      string      `json:"created_by" doc:"Who moved them by hand; empty for a verification's."`
	CreatedAt      time.Time   `json:"created_at" doc:"When they moved."`
}

func viewEntry(e ledger.Entry) ledgerEntry {
	return ledgerEntry{ID: e.ID, GroupID: e.GroupID, Kind: e.Kind, Credits: e.Credits, BalanceChange: e.Delta(), VerificationID: e.VerificationID,
		Attempt: e.Attempt, Note: e.Note, CreatedBy: e.Actor, CreatedAt: e.CreatedAt.UTC()}
}

type usageRow struct {
	Period   string `json:"period" example:"2026-11" doc:"The month, or the day, in UTC."`
	Service  *named `json:"service" doc:"The service; null unless by asks for it."`
	User     *named `json:"user" doc:"Who created the verifications; null unless by asks for it."`
	Group    *named `json:"group" doc:"The group that paid; null unless by asks for it."`
	Attempts int64  `json:"attempts" doc:"Verifications accepted, each retry as one more."`
	Reserved int64  `json:"reserved" doc:"Credits taken when they were accepted."`
	Used     int64  `json:"used" doc:"Credits spent of these."`
	Released int64  `json:"released" doc:"Credits given back of these. What is left of reserved is still held."`
}

func viewUsage(r verification.UsageRow) usageRow {
	part := func(p *verification.Part) *named {
		if p == nil {
			return nil
		}
		return &named{p.ID, p.Name}
	}
	return usageRow{r.Period, part(r.Service), part(r.User), part(r.Group), r.Attempts, r.Reserved, r.Settled, r.Released}
}

type quota struct {
	User           named  `json:"user" doc:"The user."`
	MonthlyCredits *int64 `json:"monthly_credits" doc:"Credits that the user, and the API keys it made, may use in a calendar month (UTC); null for any number."`
	UsedCredits    int64  `json:"used_credits" doc:"Credits reserved this month, less those given back."`
}

func viewQuota(q verification.Quota, err error) (*output[quota], error) {
	return &output[quota]{Body: quota{named{q.UserID, q.UserName}, q.Monthly, q.Used}}, err
}

type rateLimit struct {
	PerMinute *int64 `json:"per_minute" doc:"Calls a minute that were set here, 0 for any number; null when the configured number holds."`
}

// GroupID is the id of a group in a path.
type GroupID struct {
	GroupID id `path:"group_id" doc:"Id of the group."`
}

type organizationRequest struct {
	OrganizationID id `path:"organization_id" doc:"Id of the organization."`
}

type listEntriesRequest struct {
	GroupID
	Kind string `query:"kind" enum:"TOP_UP,RESERVE,SETTLE,RELEASE,TRANSFER_IN,TRANSFER_OUT" doc:"Only entries of this kind."`
	From string `query:"from" example:"2026-11-01" doc:"Only entries of this day (UTC) or later."`
	To   string `query:"to" example:"2026-11-30" doc:"Only entries of this day (UTC) or earlier."`
	Page
}

type usageRequest struct {
	From           string                   `query:"from" example:"2026-11-01" doc:"First day (UTC); default: the first of to's month."`
	To             string                   `query:"to" example:"2026-11-30" doc:"Last day; default: today. At most 366 days after from, with months at most 120 months."`
	Interval       verification.Interval    `query:"interval" enum:"day,month" default:"month" doc:"Length of a period."`
	By             []verification.UsagePart `query:"by" enum:"service,user,group" doc:"What rows tell apart, comma-separated."`
	GroupID        id                       `query:"group_id" doc:"Only this group."`
	OrganizationID id                       `query:"organization_id" doc:"Only this organization."`
	Page
}

type topUpRequest struct {
	GroupID
	Body struct {
		Credits whole  `json:"credits" minimum:"1" example:"10000" doc:"Credits to add."`
		Note    string `json:"note,omitempty" nullable:"true" example:"Invoice 2026-117" doc:"Why, at most 200 characters."`
	}
}

type transferRequest struct {
	GroupID
	Body struct {
		ToGroupID id     `json:"to_group_id" doc:"The group of the same organization that gets them."`
		Credits   whole  `json:"credits" minimum:"1" example:"500" doc:"Credits to move."`
		Note      string `json:"note,omitempty" nullable:"true" doc:"Why, at most 200 characters."`
	}
}

type quotaRequest struct {
	ItemID
	Body struct {
		MonthlyCredits *whole `json:"monthly_credits" required:"true" nullable:"true" minimum:"0" doc:"Credits of a calendar month (UTC), null for any number."`
	}
}

type rateLimitRequestBody struct {
	PerMinute *whole `json:"per_minute" required:"true" nullable:"true" minimum:"0" doc:"Calls a minute, 0 for any number, null for the configured number."`
}

type groupRateRequest struct {
	GroupID
	Body rateLimitRequestBody
}

type keyRateRequest struct {
	ItemID
	Body rateLimitRequestBody
}

// dayOf reads a day of a request, plus some days; empty is no time.
func dayOf(field, text string, plus int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fault.Field(field, "must be a day like 2026-11-23")
	}
	return t.AddDate(0, 0, plus), nil
}

func (s *server) creditRoutes() {
	tags := []string{"Credits"}
	handle(s, callers, huma.Operation{OperationID: "getGroupCredits", Method: http.MethodGet, Path: "/groups/{group_id}/credits", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The credits of a group"},
		func(ctx context.Context, in *GroupID) (*output[groupCredits], error) {
			c, err := s.UseCases.GroupCredits(ctx, actorOf(ctx), in.GroupID.uuid())
			return &output[groupCredits]{Body: viewGroupCredits(c)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "getOrganizationCredits", Method: http.MethodGet, Path: "/organizations/{organization_id}/credits", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The credits of an organization and its groups"},
		func(ctx context.Context, in *organizationRequest) (*output[organizationCredits], error) {
			o, err := s.UseCases.OrganizationCredits(ctx, actorOf(ctx), in.OrganizationID.uuid())
			return &output[organizationCredits]{Body: viewOrganizationCredits(o)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "listLedgerEntries", Method: http.MethodGet, Path: "/groups/{group_id}/credits/entries", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The ledger of a group, newest first"},
		func(ctx context.Context, in *listEntriesRequest) (*output[list[ledgerEntry]], error) {
			from, err := dayOf("from", in.From, 0)
			if err != nil {
				return nil, err
			}
			to, err := dayOf("to", in.To, 1)
			if err != nil {
				return nil, err
			}
			f := verification.EntryFilter{Kind: ledger.Kind(in.Kind), From: from, To: to}
			items, total, err := s.UseCases.Entries(ctx, actorOf(ctx), in.GroupID.GroupID.uuid(), f, in.page())
			return listOf(items, total, viewEntry), err
		})
	handle(s, callers, huma.Operation{OperationID: "getUsage", Method: http.MethodGet, Path: "/credits/usage", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary:     "What was used, by month or day, service, user and group",
		Description: "Over all that the caller sees, oldest period first. A verification counts in the period in which it was accepted, whenever it ends."},
		func(ctx context.Context, in *usageRequest) (*output[list[usageRow]], error) {
			q := verification.UsageQuery{From: in.From, To: in.To, Interval: in.Interval, By: in.By}
			for _, f := range []struct {
				into **uuid.UUID
				from id
			}{{&q.GroupID, in.GroupID}, {&q.OrganizationID, in.OrganizationID}} {
				if f.from != "" {
					*f.into = optionalID(&f.from)
				}
			}
			items, total, err := s.UseCases.Usage(ctx, actorOf(ctx), q, in.page())
			return listOf(items, total, viewUsage), err
		})
	handle(s, callers, huma.Operation{OperationID: "topUp", Method: http.MethodPost, Path: "/groups/{group_id}/credits/top-ups", Metadata: recorded(audit.CreditsAdded, "group", "group_id"), Tags: tags,
		Summary: "Give credits to a group", Description: "Only a super admin may.", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *topUpRequest) (*output[ledgerEntry], error) {
			e, err := s.UseCases.TopUp(ctx, actorOf(ctx), in.GroupID.GroupID.uuid(), int64(in.Body.Credits), in.Body.Note)
			return &output[ledgerEntry]{Body: viewEntry(e)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "transferCredits", Method: http.MethodPost, Path: "/groups/{group_id}/credits/transfers", Metadata: recorded(audit.CreditsMoved, "group", "group_id"), Tags: tags,
		Summary: "Move credits from this group to another of the organization", Description: "The organization's owner or a super admin may.", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *transferRequest) (*output[ledgerEntry], error) {
			e, err := s.UseCases.Transfer(ctx, actorOf(ctx), in.GroupID.GroupID.uuid(), in.Body.ToGroupID.uuid(), int64(in.Body.Credits), in.Body.Note)
			return &output[ledgerEntry]{Body: viewEntry(e)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "getQuota", Method: http.MethodGet, Path: "/users/{id}/quota", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "A user's credits of this month"},
		func(ctx context.Context, in *ItemID) (*output[quota], error) {
			return viewQuota(s.UseCases.Quota(ctx, actorOf(ctx), in.ID.uuid()))
		})
	handle(s, callers, huma.Operation{OperationID: "setQuota", Method: http.MethodPut, Path: "/users/{id}/quota", Metadata: recorded(audit.SettingsChanged, "user"), Tags: tags,
		Summary: "Limit the credits that a user may use in a month", Description: "The organization's owner or a super admin may. It holds from now on; what was used this month counts."},
		func(ctx context.Context, in *quotaRequest) (*output[quota], error) {
			return viewQuota(s.UseCases.SetQuota(ctx, actorOf(ctx), in.ID.uuid(), (*int64)(in.Body.MonthlyCredits)))
		})
	s.rateLimitRoutes(tags)
}

func (s *server) rateLimitRoutes(tags []string) {
	get := func(ctx context.Context, subject verification.RateSubject) (*output[rateLimit], error) {
		n, err := s.UseCases.RateLimit(ctx, actorOf(ctx), subject)
		return &output[rateLimit]{Body: rateLimit{n}}, err
	}
	set := func(ctx context.Context, subject verification.RateSubject, n *int64) (*output[rateLimit], error) {
		err := s.UseCases.SetRateLimit(ctx, actorOf(ctx), subject, n)
		s.limits.changed()
		return &output[rateLimit]{Body: rateLimit{n}}, err
	}
	handle(s, callers, huma.Operation{OperationID: "getGroupRateLimit", Method: http.MethodGet, Path: "/groups/{group_id}/rate-limit", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The calls a minute that a group was given"},
		func(ctx context.Context, in *GroupID) (*output[rateLimit], error) {
			return get(ctx, verification.RateSubject{ID: in.GroupID.uuid()})
		})
	handle(s, callers, huma.Operation{OperationID: "setGroupRateLimit", Method: http.MethodPut, Path: "/groups/{group_id}/rate-limit", Metadata: recorded(audit.SettingsChanged, "group", "group_id"), Tags: tags,
		Summary: "Limit the calls a minute of a group", Description: "Only a super admin may. Each node counts for itself and takes the number up within ten seconds."},
		func(ctx context.Context, in *groupRateRequest) (*output[rateLimit], error) {
			return set(ctx, verification.RateSubject{ID: in.GroupID.GroupID.uuid()}, (*int64)(in.Body.PerMinute))
		})
	handle(s, callers, huma.Operation{OperationID: "getKeyRateLimit", Method: http.MethodGet, Path: "/api-keys/{id}/rate-limit", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The calls a minute that an API key was given"},
		func(ctx context.Context, in *ItemID) (*output[rateLimit], error) {
			return get(ctx, verification.RateSubject{Key: true, ID: in.ID.uuid()})
		})
	handle(s, callers, huma.Operation{OperationID: "setKeyRateLimit", Method: http.MethodPut, Path: "/api-keys/{id}/rate-limit", Metadata: recorded(audit.SettingsChanged, "key"), Tags: tags,
		Summary: "Limit the calls a minute of an API key", Description: "The organization's owner or a super admin may."},
		func(ctx context.Context, in *keyRateRequest) (*output[rateLimit], error) {
			return set(ctx, verification.RateSubject{Key: true, ID: in.ID.uuid()}, (*int64)(in.Body.PerMinute))
		})
}
