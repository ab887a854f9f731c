package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// DeliveryState is how a webhook stands.
type DeliveryState string

// The states.
const (
	DeliveryPending   DeliveryState = "PENDING"
	DeliveryDelivered DeliveryState = "DELIVERED"
	DeliveryDead      DeliveryState = "DEAD"     // given up
	DeliveryDisabled  DeliveryState = "DISABLED" // not sent: the address had answered 410
)

// Delivery is a webhook that was sent or is on its way.
type Delivery struct {
	ID             string        `json:"id"` // the webhook-id
	VerificationID string        `json:"verification_id"`
	Sequence       int           `json:"sequence"`
	Event          string        `json:"event"`
	Status         Status        `json:"status"` // empty for an alert
	URL            string        `json:"url"`
	State          DeliveryState `json:"state"`
	AttemptCount   int           `json:"attempt_count"`
	ReplayCount    int           `json:"replay_count"`
	NextAttemptAt  *time.Time    `json:"next_attempt_at"`
	CreatedAt      time.Time     `json:"created_at"`
	UpdatedAt      time.Time     `json:"updated_at"`
	// Attempts are of one delivery only, not of a list.
	Attempts []WebhookAttempt `json:"attempts"`
}

// WebhookAttempt is one try to deliver a webhook.
type WebhookAttempt struct {
	Number     int       `json:"number"`
	At         time.Time `json:"at"`
	HTTPStatus *int      `json:"http_status"` // nil when no answer came
	DurationMS float64   `json:"duration_ms"`
	Error      string    `json:"error"`
	// Answer is the beginning of what the receiver answered. Do not trust it.
	Answer string `json:"answer"`
}

// DeliveryFilter chooses deliveries; zero values choose all.
type DeliveryFilter struct {
	VerificationID string
	State          DeliveryState
	From, To       time.Time // of creation: From <= t < To
}

// Deliveries lists webhooks, newest first.
func (c *Client) Deliveries(ctx context.Context, f DeliveryFilter, p Page) (List[Delivery], error) {
	q := p.query()
	for name, value := range map[string]string{"verification_id": f.VerificationID, "state": string(f.State), "from": stamp(f.From), "to": stamp(f.To)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	var l List[Delivery]
	err := c.get(ctx, "/webhooks/deliveries", q, &l)
	return l, err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Delivery gives a webhook with its attempts.
func (c *Client) Delivery(ctx context.Context, id string) (Delivery, error) {
	var d Delivery
	err := c.get(ctx, "/webhooks/deliveries/"+url.PathEscape(id), nil, &d)
	return d, err
}

// ReplayDelivery sends a webhook again.
func (c *Client) ReplayDelivery(ctx context.Context, id string) (Delivery, error) {
	var d Delivery
	err := c.call(ctx, http.MethodPost, "/webhooks/deliveries/"+url.PathEscape(id)+"/replay", nil, nil, &d)
	return d, err
}

// Replayed tells how many webhooks are on their way again.
type Replayed struct {
	Replayed int `json:"replayed"`
	Skipped  int `json:"skipped"` // their address is disabled
}

// ReplayDeliveries sends the webhooks created in from <= t < to again, oldest
// first; an empty state means all.
func (c *Client) ReplayDeliveries(ctx context.Context, from, to time.Time, state DeliveryState) (Replayed, error) {
	var r Replayed
	err := c.call(ctx, http.MethodPost, "/webhooks/replay", nil, struct {
		From  time.Time     `json:"from"`
		To    time.Time     `json:"to"`
		State DeliveryState `json:"state,omitempty"`
	}{from, to, state}, &r)
	return r, err
}

// WebhookTest asks for a sample; only URL is needed.
type WebhookTest struct {
	URL    string `json:"url"`
	Event  string `json:"event,omitempty"`
	Status Status `json:"status,omitempty"`
	Secret string `json:"webhook_secret,omitempty"` // empty: the group's
}

// TestedWebhook is a sample and how its receiver took it.
type TestedWebhook struct {
	ID      string          `json:"id"`
	Body    json.RawMessage `json:"body"`
	Attempt WebhookAttempt  `json:"attempt"`
}

// TestWebhook has the server send a signed sample.
func (c *Client) TestWebhook(ctx context.Context, t WebhookTest) (TestedWebhook, error) {
	var out TestedWebhook
	err := c.call(ctx, http.MethodPost, "/webhooks/test", nil, t, &out)
	return out, err
}

// DisabledWebhook is an address that is sent nothing any more.
type DisabledWebhook struct {
	ID         string    `json:"id"`
	GroupID    string    `json:"group_id"`
	URL        string    `json:"url"`
	DeliveryID string    `json:"delivery_id"`
	DisabledAt time.Time `json:"disabled_at"`
}

// DisabledWebhooks lists them, newest first.
func (c *Client) DisabledWebhooks(ctx context.Context, p Page) (List[DisabledWebhook], error) {
	var l List[DisabledWebhook]
	err := c.get(ctx, "/webhooks/disabled", p.query(), &l)
	return l, err
}

// EnableWebhook has a disabled address sent to again.
func (c *Client) EnableWebhook(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/webhooks/disabled/"+url.PathEscape(id), nil, nil, nil)
}

// RotatedSecret is a group's new webhook secret.
type RotatedSecret struct {
	WebhookSecret      string    `json:"webhook_secret"`
	PreviousValidUntil time.Time `json:"previous_valid_until"`
}

// RotateWebhookSecret gives a group a new secret; the one before signs along
// for the overlap, to the second.
func (c *Client) RotateWebhookSecret(ctx context.Context, groupID string, overlap time.Duration) (RotatedSecret, error) {
	var r RotatedSecret
	err := c.call(ctx, http.MethodPost, "/groups/"+url.PathEscape(groupID)+"/webhook-secret/rotate", nil, map[string]int{"overlap_seconds": int(overlap / time.Second)}, &r)
	return r, err
}

// EventPage is a part of the feed.
type EventPage struct {
	Items   []WebhookEvent `json:"items"`
	Next    string         `json:"next"` // ask for what comes after it
	HasMore bool           `json:"has_more"`
}

// Feed gives what has happened after a cursor, in order and without gaps: an
// empty one is the beginning, then it is Next of the last page. A limit of 0
// is the server's own.
func (c *Client) Feed(ctx context.Context, after string, limit int) (EventPage, error) {
	q := url.Values{}
	if after != "" {
		q.Set("after", after)
	}
	if limit != 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var p EventPage
	err := c.get(ctx, "/events", q, &p)
	return p, err
}
