package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// GroupCredits is how a group stands.
type GroupCredits struct {
	Group   Ref   `json:"group"`
	Balance int64 `json:"balance"` // what can still be spent
	Held    int64 `json:"held"`    // reserved for verifications that have not ended
}

// OrganizationCredits is how an organization and its groups stand.
type OrganizationCredits struct {
	Organization Ref            `json:"organization"`
	Balance      int64          `json:"balance"`
	Held         int64          `json:"held"`
	Groups       []GroupCredits `json:"groups"`
}

// LedgerEntry is one move of credits.
type LedgerEntry struct {
	ID             string    `json:"id"`
	GroupID        string    `json:"group_id"`
	Kind           string    `json:"kind"` // TOP_UP, RESERVE, SETTLE, RELEASE, TRANSFER_IN, TRANSFER_OUT
	Credits        int64     `json:"credits"`
	BalanceChange  int64     `json:"balance_change"`
	VerificationID *string   `json:"verification_id"`
	Attempt        int       `json:"attempt"`
	Note           string    `json:"note"`
	CreatedBy      string    `json:"created_by"`
	CreatedAt      time.Time `json:"created_at"`
}

// EntryQuery limits a list of entries; empty values do not. Days are like
// 2026-11-23 and part of it.
type EntryQuery struct{ Kind, From, To string }

// UsageQuery says how usage is summed up; empty values are the server's own:
// this month, by month, told apart by nothing.
type UsageQuery struct {
	From, To       string   // days like 2026-11-23, part of it
	Interval       string   // day or month
	By             []string // service, user, group
	GroupID        string
	OrganizationID string
}

// UsageRow is what was used in a period.
type UsageRow struct {
	Period   string `json:"period"`
	Service  *Ref   `json:"service"`
	User     *Ref   `json:"user"`
	Group    *Ref   `json:"group"`
	Attempts int64  `json:"attempts"`
	Reserved int64  `json:"reserved"`
	Used     int64  `json:"used"`
	Released int64  `json:"released"`
}

// Quota is what a user may use in a month.
type Quota struct {
	User           Ref    `json:"user"`
	MonthlyCredits *int64 `json:"monthly_credits"` // nil: any number
	UsedCredits    int64  `json:"used_credits"`
}

// GroupCredits tells how a group stands.
func (c *Client) GroupCredits(ctx context.Context, groupID string) (GroupCredits, error) {
	var g GroupCredits
	err := c.get(ctx, "/groups/"+url.PathEscape(groupID)+"/credits", nil, &g)
	return g, err
}

// OrganizationCredits tells how an organization stands.
func (c *Client) OrganizationCredits(ctx context.Context, organizationID string) (OrganizationCredits, error) {
	var o OrganizationCredits
	err := c.get(ctx, "/organizations/"+url.PathEscape(organizationID)+"/credits", nil, &o)
	return o, err
}

// LedgerEntries lists a group's ledger, newest first.
func (c *Client) LedgerEntries(ctx context.Context, groupID string, q EntryQuery, p Page) (List[LedgerEntry], error) {
	values := p.query()
	setAll(values, map[string]string{"kind": q.Kind, "from": q.From, "to": q.To})
	var l List[LedgerEntry]
	err := c.get(ctx, "/groups/"+url.PathEscape(groupID)+"/credits/entries", values, &l)
	return l, err
}

// Usage sums up what was used, oldest period first.
func (c *Client) Usage(ctx context.Context, q UsageQuery, p Page) (List[UsageRow], error) {
	values := p.query()
	setAll(values, map[string]string{"from": q.From, "to": q.To, "interval": q.Interval, "by": strings.Join(q.By, ","),
		"group_id": q.GroupID, "organization_id": q.OrganizationID})
	var l List[UsageRow]
	err := c.get(ctx, "/credits/usage", values, &l)
	return l, err
}

func setAll(q url.Values, values map[string]string) {
	for name, v := range values {
		if v != "" {
			q.Set(name, v)
		}
	}
}

// TopUp gives credits to a group.
func (c *Client) TopUp(ctx context.Context, groupID string, credits int64, note string) (LedgerEntry, error) {
	var e LedgerEntry
	err := c.call(ctx, http.MethodPost, "/groups/"+url.PathEscape(groupID)+"/credits/top-ups", nil, map[string]any{"credits": credits, "note": note}, &e)
	return e, err
}

// TransferCredits moves credits from a group to another of its organization.
func (c *Client) TransferCredits(ctx context.Context, fromGroupID, toGroupID string, credits int64, note string) (LedgerEntry, error) {
	var e LedgerEntry
	err := c.call(ctx, http.MethodPost, "/groups/"+url.PathEscape(fromGroupID)+"/credits/transfers", nil,
		map[string]any{"to_group_id": toGroupID, "credits": credits, "note": note}, &e)
	return e, err
}

// Quota tells what a user may use this month.
func (c *Client) Quota(ctx context.Context, userID string) (Quota, error) {
	var q Quota
	err := c.get(ctx, "/users/"+url.PathEscape(userID)+"/quota", nil, &q)
	return q, err
}

// SetQuota limits what a user may use in a month; nil lifts the limit.
func (c *Client) SetQuota(ctx context.Context, userID string, monthlyCredits *int64) (Quota, error) {
	var q Quota
	err := c.call(ctx, http.MethodPut, "/users/"+url.PathEscape(userID)+"/quota", nil, map[string]any{"monthly_credits": monthlyCredits}, &q)
	return q, err
}

type rateLimit struct {
	PerMinute *int64 `json:"per_minute"`
}

// GroupRateLimit tells the calls a minute that a group was given; nil when the
// configured number holds.
func (c *Client) GroupRateLimit(ctx context.Context, groupID string) (*int64, error) {
	var r rateLimit
	err := c.get(ctx, "/groups/"+url.PathEscape(groupID)+"/rate-limit", nil, &r)
	return r.PerMinute, err
}

// SetGroupRateLimit sets the calls a minute of a group, 0 for any number; nil
// returns to the configured number.
func (c *Client) SetGroupRateLimit(ctx context.Context, groupID string, perMinute *int64) error {
	return c.call(ctx, http.MethodPut, "/groups/"+url.PathEscape(groupID)+"/rate-limit", nil, rateLimit{perMinute}, nil)
}

// KeyRateLimit is GroupRateLimit for an API key.
func (c *Client) KeyRateLimit(ctx context.Context, keyID string) (*int64, error) {
	var r rateLimit
	err := c.get(ctx, "/api-keys/"+url.PathEscape(keyID)+"/rate-limit", nil, &r)
	return r.PerMinute, err
}

// SetKeyRateLimit is SetGroupRateLimit for an API key.
func (c *Client) SetKeyRateLimit(ctx context.Context, keyID string, perMinute *int64) error {
	return c.call(ctx, http.MethodPut, "/api-keys/"+url.PathEscape(keyID)+"/rate-limit", nil, rateLimit{perMinute}, nil)
}
