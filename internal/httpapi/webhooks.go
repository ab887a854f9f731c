package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/verification"
	"anycheck/internal/webhook"
)

type listDeliveriesRequest struct {
	VerificationID id                         `query:"verification_id" doc:"Only those of this verification."`
	State          verification.DeliveryState `query:"state" enum:"PENDING,DELIVERED,DEAD,DISABLED" doc:"Only those in this state; DEAD are the dead letters."`
	From           time.Time                  `query:"from" doc:"Only those created at this time or later (RFC 3339)."`
	To             time.Time                  `query:"to" doc:"Only those created before this time (RFC 3339)."`
	Page
}

func (r listDeliveriesRequest) filter() verification.DeliveryFilter {
	f := verification.DeliveryFilter{State: r.State, From: given(r.From), To: given(r.To)}
	if r.VerificationID != "" {
		f.VerificationID = r.VerificationID.uuid()
	}
	return f
}

// given is nil for a time that the request did not have.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type replayRequest struct {
	Body struct {
		From  time.Time `json:"from" doc:"Those created at this time or later."`
		To    time.Time `json:"to" doc:"Those created before this time."`
		State string    `json:"state,omitempty" nullable:"true" enum:"PENDING,DELIVERED,DEAD,DISABLED" doc:"Only those in this state; absent: all."`
	}
}

type replayed struct {
	Replayed int `json:"replayed" doc:"How many are on their way again."`
	Skipped  int `json:"skipped" doc:"How many are not, because their address is disabled."`
}

type testWebhookRequest struct {
	Body struct {
		URL    string `json:"url" maxLength:"2048" example:"https://hooks.example.com/anycheck" doc:"Where to send it."`
		Event  string `json:"event,omitempty" nullable:"true" enum:"verification.status_changed,screening.alert" doc:"What it tells of; absent: verification.status_changed."`
		Status string `json:"status,omitempty" nullable:"true" enum:"IN_PROGRESS,COMPLETED,FAILED,CANCELLED,NEED_REVIEW,FRAUD_DETECTED,PARTIALLY_COMPLETED,PARTIALLY_FAILED" doc:"The status that verification.status_changed tells of; absent: COMPLETED."`
		Secret string `json:"webhook_secret,omitempty" nullable:"true" maxLength:"1024" doc:"Signs it; absent: the secrets of the caller's group."`
	}
}

type testedWebhook struct {
	ID      uuid.UUID      `json:"id" format:"uuid" doc:"The webhook-id it was sent with."`
	Body    object         `json:"body" doc:"What was sent."`
	Attempt webhookAttempt `json:"attempt" doc:"How it went."`
}

type rotateSecretRequest struct {
	GroupID id `path:"group_id" doc:"The group."`
	Body    *struct {
		OverlapSeconds *whole `json:"overlap_seconds,omitempty" nullable:"true" minimum:"0" maximum:"604800" doc:"How long the secret before signs along; 0 ends it at once. Absent: 86400, a day."`
	}
}

type rotatedSecret struct {
	WebhookSecret      string    `json:"webhook_secret" doc:"The new secret. It is shown this once."`
	PreviousValidUntil time.Time `json:"previous_valid_until" doc:"Until when webhooks carry a signature with the secret before as well."`
}

// DeliveryView is a webhook without its body, which is the event's:
// GET /events has it. It is exported for the same reason as Page.
type DeliveryView struct {
	ID             uuid.UUID                  `json:"id" format:"uuid" doc:"The webhook-id, the same for every attempt."`
	VerificationID uuid.UUID                  `json:"verification_id" format:"uuid" doc:"The verification."`
	Sequence       int                        `json:"sequence" doc:"Of the event, per verification."`
	Event          string                     `json:"event" doc:"What it tells of."`
	Status         string                     `json:"status" doc:"The status it tells of; empty for an alert."`
	URL            string                     `json:"url" doc:"Where it goes."`
	State          verification.DeliveryState `json:"state" enum:"PENDING,DELIVERED,DEAD,DISABLED" doc:"PENDING is still being tried; DEAD was given up; DISABLED was not sent because the address had answered 410."`
	AttemptCount   int                        `json:"attempt_count" doc:"How many attempts were made."`
	ReplayCount    int                        `json:"replay_count" doc:"How often it was sent again by a call."`
	NextAttemptAt  *time.Time                 `json:"next_attempt_at" doc:"When it is tried next, null when it is not. An earlier webhook of the verification goes first."`
	CreatedAt      time.Time                  `json:"created_at" doc:"When the event happened."`
	UpdatedAt      time.Time                  `json:"updated_at" doc:"When anything last changed."`
}

func viewDelivery(d verification.Delivery) DeliveryView {
	var told struct{ Event, Status string }
	_ = json.Unmarshal(d.Body, &told) // a body is made by this program
	v := DeliveryView{ID: d.ID, VerificationID: d.VerificationID, Sequence: d.Sequence, Event: told.Event, Status: told.Status, URL: d.URL, State: d.State,
		AttemptCount: d.Attempts, ReplayCount: d.Round, CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC()}
	if d.NextAt != nil && d.State == verification.Pending {
		next := d.NextAt.UTC()
		v.NextAttemptAt = &next
	}
	return v
}

type deliveryDetail struct {
	DeliveryView
	Attempts []webhookAttempt `json:"attempts" doc:"Every attempt, oldest first."`
}

type webhookAttempt struct {
	Number     int       `json:"number" doc:"1 for the first."`
	At         time.Time `json:"at" doc:"When it began; the webhook-timestamp."`
	HTTPStatus *int      `json:"http_status" doc:"What the receiver answered, null when no answer came."`
	DurationMS float64   `json:"duration_ms" doc:"How long it took, in milliseconds."`
	Error      string    `json:"error" doc:"Why it counts as failed; empty when it does not."`
	Answer     string    `json:"answer" doc:"The first 64 KiB of the answer's body, as text. It is the receiver's: do not trust it."`
}

func viewAttempt(a verification.DeliveryAttempt) webhookAttempt {
	v := webhookAttempt{Number: a.Number, At: a.At.UTC(), DurationMS: float64(a.Duration.Microseconds()) / 1000, Error: a.Error,
		Answer: strings.ToValidUTF8(string(a.Answer), "\uFFFD")}
	if a.HTTPStatus != 0 {
		v.HTTPStatus = &a.HTTPStatus
	}
	return v
}

type disabledWebhook struct {
	ID         uuid.UUID `json:"id" format:"uuid" doc:"Id of the entry."`
	GroupID    uuid.UUID `json:"group_id" format:"uuid" doc:"The group whose webhooks go there no more."`
	URL        string    `json:"url" doc:"The address."`
	DeliveryID uuid.UUID `json:"delivery_id" format:"uuid" doc:"The webhook that was answered 410."`
	DisabledAt time.Time `json:"disabled_at" doc:"When."`
}

func viewDisabled(a verification.DisabledAddress) disabledWebhook {
	return disabledWebhook{a.ID, a.GroupID, a.URL, a.DeliveryID, a.DisabledAt.UTC()}
}

func (s *server) webhookRoutes() {
	tags := []string{"Webhooks"}
	handle(s, callers, huma.Operation{OperationID: "listDeliveries", Method: http.MethodGet, Path: "/webhooks/deliveries", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The webhooks that were sent or are on their way, newest first"},
		func(ctx context.Context, in *listDeliveriesRequest) (*output[list[DeliveryView]], error) {
			items, total, err := s.Webhooks.Deliveries(ctx, actorOf(ctx), in.filter(), in.page())
			return listOf(items, total, viewDelivery), err
		})
	handle(s, callers, huma.Operation{OperationID: "getDelivery", Method: http.MethodGet, Path: "/webhooks/deliveries/{id}", Metadata: recorded(audit.DataViewed, "delivery"), Tags: tags,
		Summary: "One webhook with every attempt to send it"},
		func(ctx context.Context, in *ItemID) (*output[deliveryDetail], error) {
			d, attempts, err := s.Webhooks.Delivery(ctx, actorOf(ctx), in.ID.uuid())
			v := deliveryDetail{DeliveryView: viewDelivery(d), Attempts: []webhookAttempt{}}
			for _, a := range attempts {
				v.Attempts = append(v.Attempts, viewAttempt(a))
			}
			return &output[deliveryDetail]{Body: v}, err
		})
	handle(s, callers, huma.Operation{OperationID: "replayDelivery", Method: http.MethodPost, Path: "/webhooks/deliveries/{id}/replay", Metadata: recorded(audit.WebhookReplayed, "delivery"), Tags: tags,
		Summary:     "Send a webhook again, whatever became of it",
		Description: "It keeps its webhook-id and goes through the whole schedule of attempts again; one that still waits for its next attempt is tried now. 409 when its address is disabled."},
		func(ctx context.Context, in *ItemID) (*output[DeliveryView], error) {
			d, err := s.Webhooks.Replay(ctx, actorOf(ctx), in.ID.uuid())
			return &output[DeliveryView]{Body: viewDelivery(d)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "replayDeliveries", Method: http.MethodPost, Path: "/webhooks/replay", Metadata: recorded(audit.WebhookReplayed, "delivery"), Tags: tags,
		Summary: "Send the webhooks of a time range again, oldest first; at most 5000 in one call"},
		func(ctx context.Context, in *replayRequest) (*output[replayed], error) {
			b := in.Body
			sent, skipped, err := s.Webhooks.ReplayAll(ctx, actorOf(ctx), verification.DeliveryFilter{State: verification.DeliveryState(b.State), From: &b.From, To: &b.To})
			return &output[replayed]{Body: replayed{sent, skipped}}, err
		})
	handle(s, callers, huma.Operation{OperationID: "testWebhook", Method: http.MethodPost, Path: "/webhooks/test", Metadata: recorded(audit.WebhookTested, ""), Tags: tags,
		Summary:     "Send a signed sample to an address and see what it answers",
		Description: "The sample is of nobody and has \"test\": true. It is sent once, within 10 seconds, and not kept."},
		func(ctx context.Context, in *testWebhookRequest) (*output[testedWebhook], error) {
			b := in.Body
			t, err := s.Webhooks.SendTest(ctx, actorOf(ctx), webhook.Test{URL: b.URL, Event: verification.EventKind(b.Event), Status: verification.Status(b.Status), Secret: b.Secret})
			return &output[testedWebhook]{Body: testedWebhook{t.ID, object(t.Body), viewAttempt(t.Attempt)}}, err
		})
	handle(s, callers, huma.Operation{OperationID: "listDisabledWebhooks", Method: http.MethodGet, Path: "/webhooks/disabled", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary:     "The addresses that are sent nothing any more",
		Description: "An address that answers 410 is disabled for the group: what is pending for it, and what comes later, becomes DISABLED at once."},
		func(ctx context.Context, in *Page) (*output[list[disabledWebhook]], error) {
			items, total, err := s.Webhooks.Disabled(ctx, actorOf(ctx), in.page())
			return listOf(items, total, viewDisabled), err
		})
	handle(s, callers, huma.Operation{OperationID: "enableWebhook", Method: http.MethodDelete, Path: "/webhooks/disabled/{id}", Metadata: recorded(audit.WebhookEnabled, "webhook"), Tags: tags,
		Summary:     "Send to a disabled address again",
		Description: "What it has missed is sent by POST /webhooks/replay with the state DISABLED.", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *ItemID) (*noContent, error) {
			return nil, s.Webhooks.Enable(ctx, actorOf(ctx), in.ID.uuid())
		})
	handle(s, callers, huma.Operation{OperationID: "rotateWebhookSecret", Method: http.MethodPost, Path: "/groups/{group_id}/webhook-secret/rotate", Metadata: recorded(audit.SecretRotated, "group", "group_id"), Tags: tags,
		Summary:     "Give a group a new webhook secret",
		Description: "For a signed-in owner of the organization. Webhooks carry a signature with each secret that is alive; two are at most, so a second rotation ends the older one."},
		func(ctx context.Context, in *rotateSecretRequest) (*output[rotatedSecret], error) {
			overlap := auth.SecretOverlap
			if in.Body != nil && in.Body.OverlapSeconds != nil {
				overlap = time.Duration(*in.Body.OverlapSeconds) * time.Second
			}
			r, err := s.Auth.RotateWebhookSecret(ctx, actorOf(ctx), in.GroupID.uuid(), overlap)
			return &output[rotatedSecret]{Body: rotatedSecret{r.Secret, r.PreviousUntil}}, err
		})
}
