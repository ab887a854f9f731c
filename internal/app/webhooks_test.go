package app_test

import (
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/config"
)

// TestWebhookLife: a receiver that still has the old secret gets everything
// during a rotation; the log shows it, a replay repeats it under the same ids,
// and the feed tells the same to who did not listen.
func TestWebhookLife(t *testing.T) {
	onBoth(t, func(t *testing.T, change func(*config.Config)) {
		s := start(t, change, nil)
		c, ctx := s.admin(t), t.Context()
		profile, err := c.Profile(ctx)
		if err != nil {
			t.Fatal(err)
		}
		group := profile.Group.ID
		old, err := c.RotateWebhookSecret(ctx, group, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.RotateWebhookSecret(ctx, group, time.Hour); err != nil {
			t.Fatal(err)
		}
		hooks := newReceiver(t, old.WebhookSecret)
		if tested, err := c.TestWebhook(ctx, client.WebhookTest{URL: hooks.url, Status: client.Failed}); err != nil || tested.Attempt.HTTPStatus == nil || *tested.Attempt.HTTPStatus != 200 {
			t.Fatalf("test %+v, %v", tested, err)
		}
		v, err := s.key(t).Screen(ctx, client.NewScreening{Name: "Ratna Kertanegara", WebhookURL: hooks.url})
		if err != nil {
			t.Fatal(err)
		}
		got := hooks.wait(t, 3)
		if !got[0].Test || got[1].Test || got[1].Status != client.InProgress || got[2].Status != client.Completed {
			t.Fatalf("webhooks %+v", got)
		}
		delivered := func(attempts int) client.List[client.Delivery] {
			t.Helper()
			for end := time.Now().Add(time.Minute); ; {
				l, err := c.Deliveries(ctx, client.DeliveryFilter{VerificationID: v.ID, State: client.DeliveryDelivered}, client.Page{})
				if err != nil || time.Now().After(end) {
					t.Fatalf("log %+v, %v", l, err)
				}
				if l.Total == 2 && l.Items[0].AttemptCount == attempts && l.Items[1].AttemptCount == attempts {
					return l
				}
			}
		}
		l := delivered(1)
		if l.Items[0].ID != got[2].ID || l.Items[1].ID != got[1].ID {
			t.Errorf("log %+v", l.Items)
		}

		r, err := c.ReplayDeliveries(ctx, v.CreatedAt.Add(-time.Minute), time.Now().Add(time.Minute), client.DeliveryDelivered)
		if err != nil || r.Replayed != 2 {
			t.Fatalf("replay %+v, %v", r, err)
		}
		delivered(2)
		again := hooks.wait(t, 5)[3:]
		if again[0].ID != got[1].ID || again[1].ID != got[2].ID {
			t.Errorf("replayed %+v", again)
		}
		d, err := c.Delivery(ctx, got[1].ID)
		if err != nil || len(d.Attempts) != 2 || *d.Attempts[1].HTTPStatus != 200 || d.ReplayCount != 1 {
			t.Errorf("delivery %+v, %v", d, err)
		}

		var events []client.WebhookEvent
		for after, more := "", true; more; {
			page, err := c.Feed(ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			events, after, more = append(events, page.Items...), page.Next, page.HasMore
		}
		if len(events) != 3 || events[0].Status != client.InQueue || events[1].ID != got[1].ID || events[2].ID != got[2].ID || string(events[2].Output) != string(got[2].Output) {
			t.Errorf("feed %+v", events)
		}
	})
}
