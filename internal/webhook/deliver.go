package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// Doer sends a request. The message of a fault it returns is shown to the one
// who gave the address.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Deliverer makes attempts to deliver webhooks.
type Deliverer struct {
	store     verification.Webhooks
	client    Doer
	userAgent string
	now       func() time.Time
	random    func() float64 // in [0, 1)
	gate      gate
}

// NewDeliverer connects a deliverer to its store and client; version is this
// program's, for the User-Agent.
func NewDeliverer(store verification.Webhooks, client Doer, version string) *Deliverer {
	return &Deliverer{store: store, client: client, userAgent: "AnyCheck/" + version, now: time.Now, random: rand.Float64}
}

const (
	maxAnswer = 64 << 10 // bytes of an answer that are kept; the rest is not read
	// maxRetryAfter bounds how long a receiver may ask us to wait: the longest
	// step of the schedule.
	maxRetryAfter = 24 * time.Hour
)

// Deliver makes one attempt of a round. It returns nil when nothing is left to
// do: the webhook was delivered, given up or disabled, or a later round has
// begun. When there is more to do it returns a fault whose RetryAfter says
// when: Exhausted while an earlier webhook of the same verification is on its
// way or the tenant has enough under way, Unavailable after an attempt that
// failed. A crash in between repeats the attempt with the same webhook-id.
func (d *Deliverer) Deliver(ctx context.Context, id uuid.UUID, round int) error {
	scope := tenant.Everything()
	w, err := d.store.Delivery(ctx, scope, id)
	if err != nil || w.State != verification.Pending || w.Round != round {
		return err
	}
	if held, err := d.store.HoldDisabled(ctx, scope, w, d.now()); err != nil || held {
		return err
	}
	earlier, err := d.store.EarlierPending(ctx, scope, w)
	if err != nil {
		return err
	}
	if earlier {
		return d.wait(w, "An earlier webhook of the verification is still being tried.")
	}
	leave := d.gate.enter(w)
	if leave == nil {
		return d.wait(w, "The tenant has as many webhooks under way as it can.")
	}
	receiver := unsure
	defer func() { leave(receiver) }()
	secrets, err := d.secrets(ctx, w.GroupID, w.Secret)
	if err != nil {
		return err
	}

	attempt, wish, callErr := d.post(ctx, w.URL, w.ID, w.Body, secrets)
	if callErr != nil && ctx.Err() != nil {
		return ctx.Err() // we are stopping: the receiver had no chance
	}
	switch {
	case callErr != nil:
		receiver = dead
	case attempt.Duration < slow:
		receiver = quick
	}
	end := attempt.At.Add(attempt.Duration)
	w.Attempts, w.UpdatedAt, w.NextAt = w.Attempts+1, end, nil
	attempt.Number = w.Attempts
	wait, more := Next(w.Attempts-w.RoundAttempts, d.random())
	wait = max(wait, min(wish, maxRetryAfter))
	switch {
	case callErr == nil && attempt.HTTPStatus/100 == 2:
		w.State = verification.Delivered
	case attempt.HTTPStatus == http.StatusGone:
		// Before the attempt is kept: after a crash in between, it is made again.
		if err := d.store.DisableAddress(context.WithoutCancel(ctx), scope, w, end); err != nil {
			return err
		}
		w.State = verification.Dead
	case !more:
		w.State = verification.Dead
	default:
		next := end.Add(wait)
		w.NextAt = &next
	}
	// The receiver has answered: that is kept even when we are stopping.
	if err := d.store.RecordAttempt(context.WithoutCancel(ctx), scope, w, attempt); err != nil {
		return err
	}
	if w.State != verification.Pending {
		return nil
	}
	e := fault.Wrap(callErr, fault.Unavailable, "Attempt %d to deliver the webhook failed. %s", w.Attempts, attempt.Error)
	e.RetryAfter = wait
	return e
}

// secrets are what signs: the caller's own, else those of the group that are
// alive. A sandbox signs with those of its group: a receiver needs no others.
func (d *Deliverer) secrets(ctx context.Context, group uuid.UUID, own string) ([]string, error) {
	if own != "" {
		return []string{own}, nil
	}
	secrets, err := d.store.GroupSecrets(ctx, tenant.Everything(), tenant.LiveOf(group), d.now())
	if err == nil && len(secrets) == 0 {
		err = fmt.Errorf("group %s has no webhook secret", group)
	}
	return secrets, err
}

func (d *Deliverer) wait(w verification.Delivery, why string) error {
	e := fault.New(fault.Exhausted, "%s", why)
	e.RetryAfter = d.turn(w)
	return e
}

// turn is how long to wait before asking again whether the earlier ones are
// through: a tenth of the time waited so far, so that a receiver that is down
// for days costs little and a quick one is hardly held up.
func (d *Deliverer) turn(w verification.Delivery) time.Duration {
	return min(max(d.now().Sub(w.RoundAt)/10, time.Second), 5*time.Minute)
}

// post sends a webhook and tells how it went; wish is the answer's
// Retry-After, 0 for none.
func (d *Deliverer) post(ctx context.Context, address string, id uuid.UUID, body []byte, secrets []string) (a verification.DeliveryAttempt, wish time.Duration, err error) {
	began := d.now()
	a = verification.DeliveryAttempt{At: began.UTC().Truncate(time.Microsecond)}
	defer func() {
		a.Duration = d.now().Sub(began)
		if err != nil {
			a.Error = fault.From(err).Message
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return a, 0, fault.New(fault.Unavailable, "The address cannot be called.") // the cause would tell the address
	}
	r.Header = Headers(id.String(), a.At, body, secrets...)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", d.userAgent)
	res, err := d.client.Do(r)
	if err != nil {
		return a, 0, err
	}
	defer res.Body.Close()
	// Some receivers take a caller who does not read the answer for one who
	// went away. Whether it can be read to the end does not matter.
	a.Answer, _ = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	a.HTTPStatus = res.StatusCode
	switch {
	case res.StatusCode/100 == 2:
	case res.StatusCode/100 == 3:
		a.Error = fmt.Sprintf("The receiver answered %d; redirects are not followed.", res.StatusCode)
	case res.StatusCode == http.StatusGone:
		a.Error = "The receiver answered 410: it wants no more webhooks."
	default:
		a.Error = fmt.Sprintf("The receiver answered %d.", res.StatusCode)
	}
	return a, retryAfter(res.Header.Get("Retry-After"), a.At), nil
}

// retryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3); 0 when it is
// neither or in the past.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
