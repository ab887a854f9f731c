package verification_test

import (
	"encoding/json"
	"strings"
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// toldEvent is what a test looks at in a body.
type toldEvent struct {
	ID             string
	Sequence       int
	VerificationID string `json:"verification_id"`
	Status         verification.Status
	Output         json.RawMessage
	CreditUsed     int64 `json:"credit_used"`
}

func (b *bench) feed(t *testing.T) (told []toldEvent, bodies []string) {
	t.Helper()
	var after int64
	for more := true; more; {
		items, another, err := b.cases.Feed(t.Context(), b.actor, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			var e toldEvent
			if err := json.Unmarshal(i.Body, &e); err != nil {
				t.Fatal(err)
			}
			told, bodies, after = append(told, e), append(bodies, string(i.Body)), i.Place
		}
		more = another
	}
	return told, bodies
}

// Who has a webhook reads what it said; who has none reads what is known now,
// and nothing of an attempt that is over.
func TestFeed(t *testing.T) {
	b := newBench(t)
	b.credit(t, 100)
	heard, silent := b.create(t, "https://example.com/hook"), b.create(t, "")
	for _, v := range []verification.Verification{heard, silent} {
		if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
			t.Fatal(err)
		}
	}
	check := func(v verification.Verification, want ...string) {
		t.Helper()
		var got []string
		told, bodies := b.feed(t)
		for i, e := range told {
			if e.VerificationID != v.ID.String() {
				continue
			}
			line := string(e.Status)
			if string(e.Output) != "null" {
				line += " with output"
			}
			if got = append(got, line); e.Sequence != len(got) {
				t.Errorf("sequence %d, want %d", e.Sequence, len(got))
			}
			if strings.Contains(bodies[i], `"s"`) {
				t.Errorf("the secret is in %s", bodies[i])
			}
			for _, task := range *b.queue {
				if task.ID.String() != e.ID || task.Kind != verification.DeliverTask {
					continue
				}
				d, err := b.db.Delivery(t.Context(), tenant.Everything(), task.ID)
				if err != nil || string(d.Body) != bodies[i] {
					t.Errorf("%s, want the webhook's %s (%v)", bodies[i], d.Body, err)
				}
			}
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	check(heard, "IN_QUEUE", "IN_PROGRESS", "COMPLETED with output")
	check(silent, "IN_QUEUE", "IN_PROGRESS", "COMPLETED with output")
	for _, v := range []verification.Verification{heard, silent} {
		if _, err := b.cases.Retry(t.Context(), b.actor, v.ID, true); err != nil {
			t.Fatal(err)
		}
	}
	check(heard, "IN_QUEUE", "IN_PROGRESS", "COMPLETED with output", "IN_QUEUE")
	check(silent, "IN_QUEUE", "IN_PROGRESS", "COMPLETED", "IN_QUEUE")

	_, _, err := b.cases.Feed(t.Context(), b.actor, 1<<40, 1)
	if e := fault.From(err); err == nil || e.Code != fault.CodeInvalidValue || e.Fields[0].Field != "after" {
		t.Errorf("a cursor from nowhere: %v", err)
	}
	if _, _, err := b.cases.Feed(t.Context(), tenant.Actor{Key: &tenant.APIKey{}}, 0, 1); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a key without scope: %v", err)
	}
}
