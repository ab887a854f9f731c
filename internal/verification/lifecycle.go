package verification

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// lifecycle writes transitions: the row, its event and its webhook together.
type lifecycle struct {
	now func() time.Time
}

// Storable is a clock whose times survive the store unchanged: UTC, whole
// microseconds.
func Storable(now func() time.Time) func() time.Time {
	return func() time.Time { return now().UTC().Truncate(time.Microsecond) }
}

// transition moves v by the trigger inside a transaction. Fields of v that
// the caller has changed are written with it, and jobs that begin.
func (l lifecycle) transition(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, t Trigger, actor string, jobs ...Job) error {
	was := Mark{v.Status, v.Attempt}
	return l.move(ctx, tx, scope, v, t, actor, func(e *Event) error { return tx.UpdateVerification(ctx, scope, was, *v, e, jobs...) })
}

// begin is transition for a v that is not kept yet.
func (l lifecycle) begin(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, t Trigger, actor string, jobs ...Job) error {
	return l.move(ctx, tx, scope, v, t, actor, func(e *Event) error { return tx.InsertVerification(ctx, scope, *v, e, jobs...) })
}

func (l lifecycle) move(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, t Trigger, actor string, write func(*Event) error) error {
	to, err := Next(v.Status, t)
	if err != nil {
		return err
	}
	audit.Of(ctx).About(v.OrganizationID, v.GroupID, "verification", v.ID)
	e := Event{ID: newID(), VerificationID: v.ID, Kind: StatusChanged, From: v.Status, To: to, Attempt: v.Attempt, Actor: actor, At: l.now()}
	v.Status, v.UpdatedAt = to, e.At
	if err := write(&e); err != nil || v.WebhookURL == "" || !Announced(to) {
		return err
	}
	body, err := announcement(e.ID, *v, e)
	if err != nil {
		return err
	}
	return l.send(ctx, tx, scope, v, e, body)
}

// send puts the webhook of an event on its way, under the event's id.
func (l lifecycle) send(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, e Event, body []byte) error {
	d := Delivery{ID: e.ID, Tenancy: v.Tenancy, VerificationID: v.ID, Sequence: e.Sequence, URL: v.WebhookURL, Body: body,
		Secret: v.WebhookSecret, State: Pending, RoundAt: e.At, NextAt: &e.At, CreatedAt: e.At, UpdatedAt: e.At}
	if err := tx.InsertDelivery(ctx, scope, d); err != nil {
		return err
	}
	return tx.Enqueue(ctx, Task{Kind: DeliverTask, ID: e.ID})
}

// cancel stops what has not ended; what is still reserved for it goes back.
func (l lifecycle) cancel(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, actor string) error {
	reserved, err := tx.Reserved(ctx, scope, v.ID, v.Attempt)
	if err != nil {
		return err
	}
	end := l.now()
	if v.EndDate == nil {
		v.EndDate = &end
	}
	if err := l.transition(ctx, tx, scope, v, Cancel, actor); err != nil {
		return err
	}
	if err := l.endJobs(ctx, tx, scope, v, Cancelled); err != nil || !reserved {
		return err
	}
	return l.book(ctx, tx, scope, v, ledger.Release, end)
}

// endJobs closes the job records of v's attempt that have not ended.
func (l lifecycle) endJobs(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, s Status) error {
	jobs, err := tx.JobsOf(ctx, scope, v.ID, v.Attempt)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Status != InQueue && j.Status != InProgress {
			continue
		}
		j.Status, j.UpdatedAt = s, l.now()
		if err := tx.UpdateJob(ctx, scope, j); err != nil {
			return err
		}
	}
	return nil
}

// announcement is the body of the webhook for one transition.
func announcement(id uuid.UUID, v Verification, e Event) ([]byte, error) {
	type service struct {
		ID   uuid.UUID `json:"id"`
		Name string    `json:"name"`
	}
	var seconds *float64
	if d, ok := v.ExecutionTime(); ok {
		s := d.Seconds()
		seconds = &s
	}
	var verdict *OutputStatus
	if v.OutputStatus != "" {
		verdict = &v.OutputStatus
	}
	return json.Marshal(struct {
		Event           EventKind       `json:"event"`
		Timestamp       time.Time       `json:"timestamp"`
		ID              uuid.UUID       `json:"id"`
		Sequence        int             `json:"sequence"`
		VerificationID  uuid.UUID       `json:"verification_id"`
		ResultID        uuid.UUID       `json:"result_id"`
		FolderID        uuid.UUID       `json:"folder_id"`
		PreviousStatus  Status          `json:"previous_status"`
		Status          Status          `json:"status"`
		OutputStatus    *OutputStatus   `json:"output_status"`
		Service         service         `json:"service"`
		Output          json.RawMessage `json:"output"`
		Error           *Failure        `json:"error"`
		WebhookMetadata json.RawMessage `json:"webhook_metadata"`
		ExecutionTime   *float64        `json:"execution_time"`
		CreditUsed      int64           `json:"credit_used"`
		Test            bool            `json:"test"`
	}{e.Kind, e.At.UTC(), id, e.Sequence, v.ID, v.ResultID, v.FolderID, e.From, e.To, verdict,
		service{v.ServiceID, v.ServiceName}, v.Output, v.Failure, v.Metadata(), seconds, v.CreditUsed, v.Test()})
}

// Metadata is the caller's webhook metadata without the secret; an empty
// object when none was sent.
func (v Verification) Metadata() json.RawMessage {
	if v.WebhookMetadata == nil {
		return json.RawMessage("{}")
	}
	return v.WebhookMetadata
}
