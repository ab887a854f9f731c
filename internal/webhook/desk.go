package webhook

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// Desk is what callers can do about their webhooks: look at what was sent,
// send it again, send a test.
type Desk struct {
	store    verification.Store
	deliver  *Deliverer
	outbound verification.Outbound
	now      func() time.Time
}

// NewDesk connects a desk to its ports.
func NewDesk(store verification.Store, deliver *Deliverer, outbound verification.Outbound, now func() time.Time) *Desk {
	return &Desk{store: store, deliver: deliver, outbound: outbound, now: verification.Storable(now)}
}

// Deliveries lists webhooks, newest first, and how many there are.
func (k *Desk) Deliveries(ctx context.Context, a tenant.Actor, f verification.DeliveryFilter, p verification.Page) ([]verification.Delivery, int, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return nil, 0, err
	}
	if err := ordered(f); err != nil {
		return nil, 0, err
	}
	return k.store.Deliveries(ctx, a.Scope(), f, p)
}

func ordered(f verification.DeliveryFilter) error {
	if f.From != nil && f.To != nil && !f.From.Before(*f.To) {
		return fault.Field("to", "must be after from").WithCode(fault.CodeInvalidValue)
	}
	return nil
}

// Delivery gives a webhook and every attempt to send it, oldest first.
func (k *Desk) Delivery(ctx context.Context, a tenant.Actor, id uuid.UUID) (verification.Delivery, []verification.DeliveryAttempt, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return verification.Delivery{}, nil, err
	}
	d, err := k.store.Delivery(ctx, a.Scope(), id)
	if err != nil {
		return verification.Delivery{}, nil, err
	}
	attempts, err := k.store.DeliveryAttempts(ctx, a.Scope(), id)
	for i := range attempts {
		attempts[i] = attempts[i].For(a)
	}
	return d, attempts, err
}

// Replay sends a webhook again, whatever became of it, under the same
// webhook-id and with a schedule that begins anew. One that still waits is
// tried now. One whose address is disabled is a Conflict.
func (k *Desk) Replay(ctx context.Context, a tenant.Actor, id uuid.UUID) (d verification.Delivery, err error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return d, err
	}
	err = k.store.InTx(ctx, func(ctx context.Context, tx verification.Store) (err error) {
		d, err = k.begin(ctx, tx, a.Scope(), id)
		return err
	})
	return d, err
}

func (k *Desk) begin(ctx context.Context, tx verification.Store, scope tenant.Scope, id uuid.UUID) (verification.Delivery, error) {
	d, err := tx.BeginRound(ctx, scope, id, k.now())
	if err != nil {
		return d, err
	}
	return d, tx.Enqueue(ctx, verification.Task{Kind: verification.DeliverTask, ID: id, Round: d.Round})
}

const (
	// maxReplay is how many webhooks one call may send again.
	maxReplay = 5000
	// replayBatch is how many of them are one transaction.
	replayBatch = 100
)

// ReplayAll sends the webhooks again that the filter takes, oldest first. It
// tells how many, and how many it skipped because their address is disabled.
// More than 5000 are refused.
func (k *Desk) ReplayAll(ctx context.Context, a tenant.Actor, f verification.DeliveryFilter) (sent, skipped int, err error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return 0, 0, err
	}
	if err := ordered(f); err != nil {
		return 0, 0, err
	}
	ids, err := k.store.DeliveryIDs(ctx, a.Scope(), f, maxReplay+1)
	if err != nil {
		return 0, 0, err
	}
	if len(ids) > maxReplay {
		return 0, 0, fault.Field("to", "the range has more than %d webhooks; choose a shorter one", maxReplay).WithCode(fault.CodeInvalidValue)
	}
	for batch := range slices.Chunk(ids, replayBatch) {
		var done, passed int
		err := k.store.InTx(ctx, func(ctx context.Context, tx verification.Store) error {
			done, passed = 0, 0
			for _, id := range batch {
				switch _, err := k.begin(ctx, tx, a.Scope(), id); {
				case fault.Is(err, fault.Conflict) && fault.From(err).Code == fault.CodeInvalidState, fault.Is(err, fault.NotFound):
					passed++
				case err != nil:
					return err
				default:
					done++
				}
			}
			return nil
		})
		if err != nil {
			return sent, skipped, err
		}
		sent, skipped = sent+done, skipped+passed
	}
	return sent, skipped, nil
}

// Disabled lists the addresses that answered 410, newest first.
func (k *Desk) Disabled(ctx context.Context, a tenant.Actor, p verification.Page) ([]verification.DisabledAddress, int, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return nil, 0, err
	}
	return k.store.DisabledAddresses(ctx, a.Scope(), p)
}

// Enable lets webhooks go to a disabled address again. Those that it missed
// are sent by a replay only.
func (k *Desk) Enable(ctx context.Context, a tenant.Actor, id uuid.UUID) error {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return err
	}
	return k.store.EnableAddress(ctx, a.Scope(), id)
}

// Test is a request to send a webhook of nobody.
type Test struct {
	URL    string
	Event  verification.EventKind
	Status verification.Status // of StatusChanged; empty: Completed
	Secret string              // signs instead of the group's; may be empty
}

// Tested is a test webhook and how it went.
type Tested struct {
	ID      uuid.UUID
	Body    []byte
	Attempt verification.DeliveryAttempt
}

// SendTest sends a signed sample, once, and waits for the answer. It is not
// kept.
func (k *Desk) SendTest(ctx context.Context, a tenant.Actor, t Test) (Tested, error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return Tested{}, err
	}
	if err := k.outbound.CheckURL(t.URL); err != nil {
		return Tested{}, fault.Field("url", "%s", fault.From(err).Message)
	}
	if encoded, ok := strings.CutPrefix(t.Secret, secretPrefix); ok {
		if key, err := base64.StdEncoding.DecodeString(encoded); err != nil || len(key) == 0 {
			return Tested{}, fault.Field("webhook_secret", "must have base64 after whsec_")
		}
	}
	_, group := a.Home()
	secrets, err := k.deliver.secrets(ctx, group, t.Secret)
	if err != nil {
		return Tested{}, err
	}
	return k.deliver.Sample(ctx, t, secrets...)
}

// Sample sends a test signed with these secrets.
func (d *Deliverer) Sample(ctx context.Context, t Test, secrets ...string) (Tested, error) {
	if t.Event == "" {
		t.Event = verification.StatusChanged
	}
	if t.Status == "" {
		t.Status = verification.Completed
	}
	if t.Event != verification.StatusChanged && t.Event != verification.ScreeningAlert {
		return Tested{}, fault.Field("event", "must be one of verification.status_changed, screening.alert").WithCode(fault.CodeInvalidValue)
	}
	if !verification.Announced(t.Status) {
		return Tested{}, fault.Field("status", "must be a status that webhooks tell of").WithCode(fault.CodeInvalidValue)
	}
	id, body, err := verification.SampleWebhook(t.Event, t.Status, d.now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return Tested{}, err
	}
	attempt, _, err := d.post(ctx, t.URL, id, body, secrets)
	if err != nil && ctx.Err() != nil {
		return Tested{}, ctx.Err()
	}
	attempt.Number = 1
	return Tested{ID: id, Body: body, Attempt: attempt}, nil
}
