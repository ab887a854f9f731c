package webhook

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// queued is the workers of the queue: each takes the job that has waited
// longest and is due.
type queued struct {
	d    *Deliverer
	jobs []job
}

type job struct {
	id  uuid.UUID
	due time.Time
}

// run works jobs with a number of workers until the condition holds; those
// under way then end with ctx.
func (q *queued) run(ctx context.Context, workers int, until func() bool) {
	again := make(chan job)
	done := make(chan struct{})
	busy := 0
	for !until() {
		i := slices.IndexFunc(q.jobs, func(j job) bool { return !time.Now().Before(j.due) })
		if i >= 0 && busy < workers {
			j := q.jobs[i]
			q.jobs = slices.Delete(q.jobs, i, i+1)
			busy++
			go func() {
				if err := q.d.Deliver(ctx, j.id, 0); err != nil {
					j.due = time.Now().Add(fault.From(err).RetryAfter)
					again <- j
					return
				}
				done <- struct{}{}
			}()
			synctest.Wait() // who does not hang on a receiver waits to tell
		}
		select {
		case j := <-again:
			busy--
			q.jobs = append(q.jobs, j)
		case <-done:
			busy--
		default:
			if i < 0 || busy == workers {
				time.Sleep(100 * time.Millisecond) // of the bubble's clock
			}
		}
	}
	go func() {
		for range busy {
			select {
			case <-again:
			case <-done:
			}
		}
	}()
}

// Ten tenants with 100 webhooks each whose receivers never answer are before a
// tenant with a receiver that does: its webhooks are there within two seconds.
func TestSlowReceiversDelayNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		start := time.Now()
		var arrived []time.Duration
		held := map[string]int{}
		client := answer(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "fine.example" {
				arrived = append(arrived, time.Since(start)) // the loop starts one after the other
				return status(200)(r)
			}
			held[r.URL.Host]++
			select {
			case <-time.After(10 * time.Second):
			case <-r.Context().Done():
			}
			return nil, fault.New(fault.Unavailable, "No answer came in time.")
		})
		s := &lockedStore{store: store{secret: "s"}}
		q := &queued{d: NewDeliverer(s, client, "test")}
		add := func(url string, n int) {
			tenancy := verification.Tenancy{OrganizationID: uuid.New(), GroupID: uuid.New()}
			for range n {
				q.jobs = append(q.jobs, job{s.add(verification.Delivery{Tenancy: tenancy, VerificationID: uuid.New(), URL: url, RoundAt: start}), start})
			}
		}
		for i := range 10 {
			add(fmt.Sprintf("https://dead%d.example/", i), 100)
		}
		add("https://fine.example/", 20)
		q.run(ctx, Workers, func() bool { return len(arrived) == 20 || time.Since(start) > time.Minute })
		if len(arrived) != 20 || arrived[19] > 2*time.Second {
			t.Fatalf("%d arrived: %v", len(arrived), arrived)
		}

		// A receiver that did not answer is tried by one worker from then on.
		add("https://fine.example/", 20)
		before := len(q.jobs)
		q.run(ctx, Workers, func() bool { return time.Since(start) > 30*time.Second })
		for host, n := range held {
			if n > few+3 {
				t.Errorf("%s had %d calls in half a minute, %d jobs of %d left", host, n, len(q.jobs), before)
			}
		}
		stop()
		synctest.Wait()
	})
}

func TestGate(t *testing.T) {
	tenant := func() verification.Delivery {
		return verification.Delivery{Tenancy: verification.Tenancy{OrganizationID: uuid.New(), GroupID: uuid.New()}, URL: "https://a.example/x"}
	}
	g := &gate{}
	fill := func(d verification.Delivery) (leave []func(manner)) {
		for {
			l := g.enter(d)
			if l == nil {
				return leave
			}
			leave = append(leave, l)
		}
	}
	got := func(what string, leave []func(manner), want int) []func(manner) {
		t.Helper()
		if len(leave) != want {
			t.Errorf("%s got %d, want %d", what, len(leave), want)
		}
		return leave
	}
	end := func(leave []func(manner), is manner) {
		for _, l := range leave {
			l(is)
		}
	}
	known := func(is manner) verification.Delivery {
		d := tenant()
		g.enter(d)(is)
		return d
	}

	a := tenant()
	end(got("a receiver nobody knows", fill(a), few), quick)
	first := got("a quick one", fill(a), half)
	sibling := a
	sibling.GroupID = uuid.New()
	got("a second group of the organization", fill(sibling), 0)
	second := got("a second tenant while half are at work", fill(known(quick)), crowded)
	end(append(first, second...), dead)
	one := got("one that did not answer", fill(a), 1)
	other := a
	other.URL = "https://b.example/"
	end(got("another receiver of that group", fill(other), few), quick)
	end(one, unsure)
	end(got("one that was slow", fill(a), few), unsure)

	var held []func(manner)
	fine := known(quick)
	for range Workers {
		held = append(held, fill(known(dead))...)
	}
	got("all that do not answer", held, silent)
	for range Workers {
		held = append(held, fill(tenant())...)
	}
	got("all that are not known to be quick", held, doubtful)
	end(got("a quick one beside them", fill(fine), crowded), quick)
	end(held, unsure)
}

func TestGateForgets(t *testing.T) {
	g := &gate{}
	for range maxKnown + 10 {
		g.enter(verification.Delivery{URL: "https://" + uuid.NewString() + ".example/"})(dead)
	}
	if len(g.known) > maxKnown || len(g.busy) != 0 || g.at != [3]int{} {
		t.Errorf("%d known, %d busy, %v at work", len(g.known), len(g.busy), g.at)
	}
}

// A tenant that has as many under way as it can waits without an attempt.
func TestOverTheGate(t *testing.T) {
	s := &store{secret: "s"}
	id := s.add(verification.Delivery{URL: "https://example.com/", RoundAt: time.Now()})
	d := deliverer(s, status(200))
	leave := d.gate.enter(s.deliveries[id])
	leave(dead)
	leave = d.gate.enter(s.deliveries[id])
	err := d.Deliver(t.Context(), id, 0)
	if e := fault.From(err); err == nil || e.Kind != fault.Exhausted || e.RetryAfter < time.Second || len(s.attempts) != 0 {
		t.Errorf("%v after %v, %d attempts", err, fault.From(err).RetryAfter, len(s.attempts))
	}
	leave(quick)
	if err := d.Deliver(context.Background(), id, 0); err != nil || s.deliveries[id].State != verification.Delivered {
		t.Errorf("%v, %s", err, s.deliveries[id].State)
	}
}
