package queue

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"

	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/store/storetest"
	"anycheck/internal/verification"
)

// rig is a queue on a real store.
type rig struct {
	db     *store.DB
	jobs   *Jobs
	tables *sql.DB
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// engines runs a test on both; jobs that fail are tried again at once, or
// after wait.
func engines(t *testing.T, test func(t *testing.T, r *rig), wait ...time.Duration) {
	t.Parallel()
	first := append(wait, time.Millisecond)[0]
	for name, open := range map[string]func(*testing.T) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			r := &rig{db: open(t), log: &lockedBuffer{}}
			o := Options{Processors: 2, firstRetry: first, Logger: slog.New(slog.NewTextHandler(r.log, nil))}
			var err error
			if pool := r.db.Pool(); pool != nil {
				r.tables = stdlib.OpenDBFromPool(pool)
				t.Cleanup(func() { _ = r.tables.Close() })
				r.jobs, err = NewPostgres(pool, o)
			} else {
				r.tables = r.db.RiverSQLite()
				r.jobs, err = NewSQLite(r.tables, o)
			}
			if err != nil {
				t.Fatal(err)
			}
			r.db.SetEnqueuer(r.jobs)
			test(t, r)
		})
	}
}

func (r *rig) start(t *testing.T, h Handlers) {
	t.Helper()
	if err := r.jobs.Start(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := r.jobs.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

func (r *rig) enqueue(t *testing.T, kind verification.TaskKind) uuid.UUID {
	t.Helper()
	id := uuid.New()
	r.enqueueID(t, kind, id)
	return id
}

func (r *rig) enqueueID(t *testing.T, kind verification.TaskKind, id uuid.UUID) {
	t.Helper()
	if err := r.db.Enqueue(t.Context(), verification.Task{Kind: kind, ID: id}); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) count(t *testing.T, where string) (n int) {
	t.Helper()
	if err := r.tables.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM river_job WHERE "+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// seen is one call of a handler.
type seen struct {
	id      uuid.UUID
	attempt int
}

// recorder is a handler that answers with the next of its errors, then nil.
type recorder struct {
	calls  chan seen
	mu     sync.Mutex
	answer []error
}

func newRecorder(answers ...error) *recorder {
	return &recorder{calls: make(chan seen, 100), answer: answers}
}

func (r *recorder) handle(_ context.Context, id uuid.UUID, a Attempt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls <- seen{id, a.Number}
	if len(r.answer) == 0 {
		return nil
	}
	err := r.answer[0]
	r.answer = r.answer[1:]
	return err
}

// next waits for what a channel gives; the limit only ends a test that fails.
func next[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited in vain for %s", what)
	}
	return v
}

var errRollback = errors.New("rollback")

func TestEnqueueIsPartOfTheTransaction(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		enqueue := func(id uuid.UUID, end error) error {
			return r.db.InTx(t.Context(), func(ctx context.Context, tx verification.Store) error {
				if err := tx.Enqueue(ctx, verification.Task{Kind: verification.ProcessTask, ID: id}); err != nil {
					return err
				}
				return end
			})
		}
		if err := enqueue(uuid.New(), errRollback); !errors.Is(err, errRollback) {
			t.Fatalf("InTx = %v", err)
		}
		if n := r.count(t, "TRUE"); n != 0 {
			t.Errorf("%d jobs after the rollback", n)
		}
		id := uuid.New()
		if err := enqueue(id, nil); err != nil {
			t.Fatal(err)
		}
		process, deliver := newRecorder(), newRecorder()
		r.start(t, Handlers{verification.ProcessTask: process.handle, verification.DeliverTask: deliver.handle})
		if got := next(t, "the job", process.calls); got != (seen{id, 1}) {
			t.Errorf("got %v, want %v", got, id)
		}
		hook := r.enqueue(t, verification.DeliverTask)
		if got := next(t, "the webhook", deliver.calls); got != (seen{hook, 1}) {
			t.Errorf("got %v, want %v", got, hook)
		}
	})
}

func TestAnUnknownKindIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		if err := r.db.Enqueue(t.Context(), verification.Task{Kind: "none", ID: uuid.New()}); err == nil {
			t.Error("an unknown kind was taken")
		}
	})
}

func TestErrorsAreTriedAgain(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		h := newRecorder(errors.New("first"), fault.New(fault.Internal, "second"))
		completed, cancel := r.jobs.client.Subscribe(river.EventKindJobCompleted)
		defer cancel()
		r.start(t, Handlers{verification.ProcessTask: h.handle})
		id := r.enqueue(t, verification.ProcessTask)
		for attempt := 1; attempt <= 3; attempt++ {
			if got := next(t, "a try", h.calls); got != (seen{id, attempt}) {
				t.Errorf("got %v, want attempt %d of %v", got, attempt, id)
			}
		}
		next(t, "the end", completed)
	})
}

func TestSnoozesDoNotCount(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		wait := fault.New(fault.Unavailable, "The model is loading.")
		wait.RetryAfter = time.Millisecond
		chosen := fault.New(fault.Internal, "The receiver answered 500.") // any retryable kind may choose its wait
		chosen.RetryAfter = time.Millisecond
		h := newRecorder(wait, chosen)
		r.start(t, Handlers{verification.ProcessTask: h.handle})
		id := r.enqueue(t, verification.ProcessTask)
		for range 3 {
			if got := next(t, "a try", h.calls); got != (seen{id, 1}) {
				t.Errorf("got %v, want attempt 1 of %v", got, id)
			}
		}
	})
}

func TestCancelledJobsEndAndKeepOnlyTheSafeMessage(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		h := newRecorder(fault.Wrap(errors.New("private cause"), fault.Invalid, "The file cannot be read."))
		cancelled, cancel := r.jobs.client.Subscribe(river.EventKindJobCancelled)
		defer cancel()
		r.start(t, Handlers{verification.ProcessTask: h.handle})
		r.enqueue(t, verification.ProcessTask)
		e := next(t, "the end", cancelled)
		if len(h.calls) != 1 || len(e.Job.Errors) != 1 {
			t.Fatalf("%d calls, errors %v; want one of each", len(h.calls), e.Job.Errors)
		}
		if got := e.Job.Errors[0].Error; !strings.Contains(got, "The file cannot be read.") || strings.Contains(got, "private") {
			t.Errorf("the job keeps %q", got)
		}
	})
}

func TestPanicsAreErrors(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		failed, cancel := r.jobs.client.Subscribe(river.EventKindJobFailed)
		defer cancel()
		calls := make(chan int, 10)
		r.start(t, Handlers{verification.ProcessTask: func(_ context.Context, _ uuid.UUID, a Attempt) error {
			calls <- a.Number
			switch a.Number {
			case 1:
				panic("private value")
			case 2:
				var none []int
				_ = none[a.Number]
			}
			return nil
		}})
		r.enqueue(t, verification.ProcessTask)
		for attempt := 1; attempt <= 3; attempt++ {
			if got := next(t, "a try", calls); got != attempt {
				t.Errorf("attempt %d, want %d", got, attempt)
			}
		}
		for range 2 {
			if got := next(t, "the failure", failed).Job.Errors[0].Error; !strings.HasPrefix(got, string(fault.CodeInternal)) {
				t.Errorf("the job keeps %q", got)
			}
		}
		if log := r.log.String(); strings.Contains(log, "private") || !strings.Contains(log, "panic with a string") || !strings.Contains(log, "index out of range") {
			t.Errorf("the log is\n%s", log)
		}
	})
}

func TestATaskWaitsOnlyOnce(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		id := uuid.New()
		for range 3 {
			r.enqueueID(t, verification.ProcessTask, id)
		}
		r.enqueueID(t, verification.DeliverTask, id) // another kind is another task
		if n := r.count(t, "kind = 'verification.process'"); n != 1 {
			t.Fatalf("%d jobs, want 1", n)
		}

		// While it runs, one more may wait: the running one may not see what the
		// caller has just written.
		running, release := make(chan struct{}), make(chan struct{})
		completed, cancel := r.jobs.client.Subscribe(river.EventKindJobCompleted)
		defer cancel()
		r.start(t, Handlers{
			verification.ProcessTask: func(context.Context, uuid.UUID, Attempt) error {
				running <- struct{}{}
				<-release
				return nil
			},
			verification.DeliverTask: newRecorder().handle,
		})
		next(t, "the webhook", completed)
		next(t, "the first run", running)
		r.enqueueID(t, verification.ProcessTask, id)
		next(t, "the second run", running)
		r.enqueueID(t, verification.ProcessTask, id)
		if n := r.count(t, "kind = 'verification.process'"); n != 2 {
			t.Errorf("%d jobs, want 2", n)
		}
		close(release)
		next(t, "an end", completed)
		next(t, "an end", completed)
		r.enqueueID(t, verification.ProcessTask, id)
		next(t, "a run after the end", running)
		next(t, "its end", completed)
	})
}

// A task that is asked for again does not wait for what its job waits for: the
// verification may have been cancelled and begun anew since.
func TestAskedForAgainRunsAtOnce(t *testing.T) {
	later := fault.New(fault.Exhausted, "Later.")
	later.RetryAfter = 24 * time.Hour
	for name, tt := range map[string]struct {
		first error
		ends  river.EventKind
	}{
		"one that waits":             {later, river.EventKindJobSnoozed},
		"one that waits for a retry": {errors.New("failed"), river.EventKindJobFailed},
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, r *rig) {
				h := newRecorder(tt.first)
				ended, cancel := r.jobs.client.Subscribe(tt.ends)
				defer cancel()
				r.start(t, Handlers{verification.ProcessTask: h.handle})
				id := r.enqueue(t, verification.ProcessTask)
				next(t, "the first run", h.calls)
				next(t, "its end", ended)
				r.enqueueID(t, verification.ProcessTask, id)
				if got := next(t, "the second run", h.calls); got != (seen{id, 1}) {
					t.Errorf("got %v, want a first try of %v", got, id)
				}
			}, time.Hour)
		})
	}
}

// A task of a new round does not wait for one of the round before, which may
// be days away.
func TestRounds(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		wait := fault.New(fault.Exhausted, "Later.")
		wait.RetryAfter = 24 * time.Hour
		rounds := make(chan int, 10)
		snoozed, cancel := r.jobs.client.Subscribe(river.EventKindJobSnoozed)
		defer cancel()
		r.start(t, Handlers{verification.DeliverTask: func(_ context.Context, _ uuid.UUID, a Attempt) error {
			rounds <- a.Round
			if a.Round == 0 {
				return wait
			}
			return nil
		}})
		id := r.enqueue(t, verification.DeliverTask)
		if got := next(t, "the first round", rounds); got != 0 {
			t.Errorf("round %d, want 0", got)
		}
		next(t, "its wait", snoozed)
		if err := r.db.Enqueue(t.Context(), verification.Task{Kind: verification.DeliverTask, ID: id, Round: 1}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, "the second round", rounds); got != 1 {
			t.Errorf("round %d, want 1", got)
		}
	})
}

// A process that dies leaves its jobs running and itself the leader.
func TestReclaimAfterACrash(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		id := r.enqueue(t, verification.ProcessTask)
		for _, q := range []string{
			`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP`,
			`INSERT INTO river_leader (name, leader_id, elected_at, expires_at) VALUES ('default', 'dead', CURRENT_TIMESTAMP, '2999-01-01 00:00:00')`,
		} {
			if _, err := r.tables.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		n, err := r.jobs.ReclaimRunning(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.db.Engine() == "postgres" {
			// Another process may be at work on it.
			if still := r.count(t, "state = 'running'"); n != 0 || still != 1 {
				t.Errorf("reclaimed %d, %d running; want 0 and 1", n, still)
			}
			return
		}
		if n != 1 {
			t.Errorf("reclaimed %d, want 1", n)
		}
		h, swept := newRecorder(), make(chan struct{}, 10)
		r.jobs.Every("sweep", time.Hour, func(context.Context) error { swept <- struct{}{}; return nil })
		r.start(t, Handlers{verification.ProcessTask: h.handle})
		if got := next(t, "the job", h.calls); got != (seen{id, 2}) {
			t.Errorf("got %v, want attempt 2 of %v", got, id)
		}
		next(t, "the sweep of the new leader", swept)
	})
}

func TestStopWaitsForJobsAtWork(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		running, release, stopped := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		r.start(t, Handlers{verification.ProcessTask: func(ctx context.Context, _ uuid.UUID, _ Attempt) error {
			close(running)
			<-release
			return ctx.Err()
		}})
		r.enqueue(t, verification.ProcessTask)
		next(t, "the job", running)
		go func() { stopped <- r.jobs.Stop(t.Context()) }()
		close(release)
		if err := next(t, "the stop", stopped); err != nil {
			t.Error(err)
		}
		if n := r.count(t, "state = 'completed'"); n != 1 {
			t.Errorf("%d completed, want 1", n)
		}
	})
}

func TestStopInterruptsJobsThatTakeTooLong(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		running := make(chan struct{})
		r.start(t, Handlers{verification.ProcessTask: func(ctx context.Context, _ uuid.UUID, _ Attempt) error {
			close(running)
			<-ctx.Done()
			return fault.New(fault.Invalid, "A step that was cut off.") // must not be believed
		}})
		r.enqueue(t, verification.ProcessTask)
		next(t, "the job", running)
		now, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.jobs.Stop(now); err != nil {
			t.Error(err)
		}
		if n := r.count(t, "state = 'available' AND attempt = 0"); n != 1 {
			t.Errorf("%d jobs are in the queue again, want 1", n)
		}
	})
}

func TestEveryRunsSoonAfterTheStart(t *testing.T) {
	engines(t, func(t *testing.T, r *rig) {
		swept, failed := make(chan struct{}, 10), make(chan struct{}, 10)
		r.jobs.Every("sweep", time.Hour, func(context.Context) error { swept <- struct{}{}; return nil })
		r.jobs.Every("broken", time.Hour, func(context.Context) error { failed <- struct{}{}; return errors.New("broken") })
		r.start(t, nil)
		next(t, "the sweep", swept)
		next(t, "the other", failed)
	})
}

func TestOutcome(t *testing.T) {
	j := newJobs(Options{})
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	withWait := func(k fault.Kind, d time.Duration) error {
		e := fault.New(k, "m")
		e.RetryAfter = d
		return e
	}
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		err    error
		cancel bool
		snooze time.Duration
	}{
		{"no error", t.Context(), nil, false, 0},
		{"invalid", t.Context(), fault.New(fault.Invalid, "m"), true, 0},
		{"a wait does not save what is invalid", t.Context(), withWait(fault.Invalid, time.Hour), true, 0},
		{"unavailable", t.Context(), fault.New(fault.Unavailable, "m"), false, usualWait},
		{"unavailable for a while", t.Context(), withWait(fault.Unavailable, time.Hour), false, time.Hour},
		{"internal with a wait", t.Context(), withWait(fault.Internal, time.Minute), false, time.Minute},
		{"internal", t.Context(), errors.New("x"), false, 0},
	} {
		got := j.outcome(tt.ctx, tt.err)
		var c *river.JobCancelError
		var s *river.JobSnoozeError
		if errors.As(got, &c) != tt.cancel {
			t.Errorf("%s: %v, want cancel %v", tt.name, got, tt.cancel)
		}
		if errors.As(got, &s) != (tt.snooze > 0) || s != nil && s.Duration != tt.snooze {
			t.Errorf("%s: %v, want snooze %v", tt.name, got, tt.snooze)
		}
		if (got == nil) != (tt.err == nil) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if got := j.outcome(stopped, fault.New(fault.Invalid, "m")); !errors.Is(got, context.Canceled) {
		t.Errorf("stopped: %v, want Canceled", got)
	}
}

func TestBackoff(t *testing.T) {
	for failed, want := range map[int]time.Duration{0: 2 * time.Second, 1: 4 * time.Second, 7: 256 * time.Second, 8: lastRetry, 19: lastRetry, 500: lastRetry} {
		for range 100 {
			if got := (backoff{firstRetry}).wait(failed); got < want*9/10 || got > want*11/10 {
				t.Fatalf("wait after %d = %v, want %v ± 10 %%", failed, got, want)
			}
		}
	}
}
