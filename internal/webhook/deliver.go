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
}

// NewDeliverer connects a deliverer to its store and client; version is this
// program's, for the User-Agent.
func NewDeliverer(store verification.Webhooks, client Doer, version string) *Deliverer {
	return &Deliverer{store: store, client: client, userAgent: "AnyCheck/" + version, now: time.Now, random: rand.Float64}
}

const (
	maxAnswer = 64 << 10 // bytes of an answer that are read, and dropped
	// maxRetryAfter bounds how long a receiver may ask us to wait: the longest
	// step of the schedule.
	maxRetryAfter = 24 * time.Hour
)

// Deliver makes one attempt. It returns nil when nothing is left to do: the
// webhook was delivered, given up or cancelled. When there is more to do it
// returns a fault whose RetryAfter says when: Exhausted while an earlier
// webhook of the same verification is on its way, Unavailable after an
// attempt that failed. A crash in between repeats the attempt with the same
// webhook-id.
func (d *Deliverer) Deliver(ctx context.Context, id uuid.UUID) error {
	scope := tenant.Everything()
	w, err := d.store.Delivery(ctx, scope, id)
	if err != nil || w.State != verification.Pending {
		return err
	}
	earlier, err := d.store.EarlierPending(ctx, scope, w)
	if err != nil {
		return err
	}
	if earlier {
		e := fault.New(fault.Exhausted, "An earlier webhook of the verification is still being tried.")
		e.RetryAfter = d.turn(w)
		return e
	}
	secret := w.Secret
	if secret == "" {
		if secret, err = d.store.GroupSecret(ctx, scope, w.GroupID); err != nil {
			return err
		}
		if secret == "" {
			return fmt.Errorf("group %s has no webhook secret", w.GroupID)
		}
	}

	start := d.now()
	status, wish, callErr := d.post(ctx, w, secret, start)
	if callErr != nil && ctx.Err() != nil {
		return ctx.Err() // we are stopping: the receiver had no chance
	}
	w.Attempts, w.UpdatedAt = w.Attempts+1, d.now()
	attempt := verification.DeliveryAttempt{Number: w.Attempts, At: start, HTTPStatus: status, Duration: w.UpdatedAt.Sub(start)}
	wait, more := Next(w.Attempts, d.random())
	switch {
	case callErr != nil:
		attempt.Error = fault.From(callErr).Message
	case status/100 == 2:
		w.State = verification.Delivered
	case status/100 == 3:
		attempt.Error = fmt.Sprintf("The receiver answered %d; redirects are not followed.", status)
	case status == http.StatusGone:
		attempt.Error, more = "The receiver answered 410: it wants no more webhooks.", false
	default:
		attempt.Error = fmt.Sprintf("The receiver answered %d.", status)
	}
	if w.State == verification.Pending && !more {
		w.State = verification.Dead
	}
	// The receiver has answered: that is kept even when we are stopping.
	if err := d.store.RecordAttempt(context.WithoutCancel(ctx), scope, w, attempt); err != nil {
		return err
	}
	if w.State != verification.Pending {
		return nil
	}
	e := fault.Wrap(callErr, fault.Unavailable, "Attempt %d to deliver the webhook failed. %s", w.Attempts, attempt.Error)
	e.RetryAfter = max(wait, min(wish, maxRetryAfter))
	return e
}

// turn is how long to wait before asking again whether the earlier ones are
// through: a tenth of the time waited so far, so that a receiver that is down
// for days costs little and a quick one is hardly held up.
func (d *Deliverer) turn(w verification.Delivery) time.Duration {
	return min(max(d.now().Sub(w.CreatedAt)/10, time.Second), 5*time.Minute)
}

// post sends the webhook; wish is the answer's Retry-After, 0 for none.
func (d *Deliverer) post(ctx context.Context, w verification.Delivery, secret string, at time.Time) (status int, wish time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return 0, 0, fault.New(fault.Unavailable, "The address cannot be called.") // the cause would tell the address
	}
	r.Header = Headers(w.ID.String(), at, w.Body, secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", d.userAgent)
	res, err := d.client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	// Some receivers take a caller who does not read the answer for one who
	// went away. Whether it can be read to the end does not matter.
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable {
		wish = retryAfter(res.Header.Get("Retry-After"), at)
	}
	return res.StatusCode, wish, nil
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
