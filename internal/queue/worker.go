package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// ref is the argument of a task's job.
type ref struct {
	ID uuid.UUID `json:"id"`
	// Round is the task's.
	Round int `json:"round,omitempty"`
	// After is the job that was running when this one was added; 0 for none.
	After int64 `json:"after,omitempty"`
}

type processArgs struct{ ref }

// Kind implements river.JobArgs.
func (processArgs) Kind() string { return string(verification.ProcessTask) }

type deliverArgs struct{ ref }

// Kind implements river.JobArgs.
func (deliverArgs) Kind() string { return string(verification.DeliverTask) }

type eraseArgs struct{ ref }

// Kind implements river.JobArgs.
func (eraseArgs) Kind() string { return string(verification.EraseTask) }

type periodicArgs struct {
	Name string `json:"name"`
}

// Kind implements river.JobArgs.
func (periodicArgs) Kind() string { return "periodic" }

func (j *Jobs) workers() *river.Workers {
	w := river.NewWorkers()
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[processArgs]) error {
		return j.work(ctx, job.JobRow, verification.ProcessTask, job.Args.ref)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[deliverArgs]) error {
		return j.work(ctx, job.JobRow, verification.DeliverTask, job.Args.ref)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[eraseArgs]) error {
		return j.work(ctx, job.JobRow, verification.EraseTask, job.Args.ref)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[periodicArgs]) error {
		fn, ok := j.periodic[job.Args.Name]
		if !ok {
			return river.JobCancel(errNoHandler) // left by another version of the program
		}
		return j.outcome(ctx, guarded(func() error { return fn(ctx) }), slog.String("job", job.Args.Name))
	}))
	return w
}

func (j *Jobs) work(ctx context.Context, row *rivertype.JobRow, kind verification.TaskKind, of ref) error {
	err := errNoHandler
	if h := j.handlers[kind]; h != nil {
		err = guarded(func() error { return h(ctx, of.ID, Attempt{Number: row.Attempt, Round: of.Round}) })
	}
	return j.outcome(ctx, err, slog.String("job", string(kind)), slog.String("id", of.ID.String()), slog.Int("attempt", row.Attempt))
}

// guarded turns a panic into an error. Its value may hold data of a person:
// only what the runtime says is kept.
func guarded(fn func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case runtime.Error:
			err = fmt.Errorf("panic: %w\n%s", r, debug.Stack())
		default:
			err = fmt.Errorf("panic with a %T\n%s", r, debug.Stack())
		}
	}()
	return fn()
}

// usualWait is the wait for what is unavailable when the error names none.
const usualWait = 15 * time.Second

// outcome logs a handler's error and tells River what to do. What River keeps
// is the safe message only.
func (j *Jobs) outcome(ctx context.Context, err error, attrs ...slog.Attr) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled // stopped from outside; River puts the job back
	}
	f := fault.From(err)
	meaning := fault.MeaningOf(f.Kind)
	level, what := meaning.Level, "job failed"
	if f.Kind == fault.Exhausted { // it waits for its turn
		level, what = slog.LevelDebug, "job waits"
	}
	j.log.LogAttrs(ctx, level, what, append(attrs, slog.String("code", string(f.Code)), slog.Any("error", err))...)
	safe := fmt.Errorf("%s: %s", f.Code, f.Message)
	switch {
	case meaning.Job == fault.Cancel:
		return river.JobCancel(safe)
	case f.RetryAfter > 0:
		return river.JobSnooze(f.RetryAfter)
	case meaning.Job == fault.Snooze:
		return river.JobSnooze(usualWait)
	}
	return safe
}

// Waits between tries after errors: 2 s, 4 s, 8 s … 5 min, ± 10 %.
const (
	firstRetry = 2 * time.Second
	lastRetry  = 5 * time.Minute
)

type backoff struct{ first time.Duration }

// NextRetry implements river.ClientRetryPolicy.
func (b backoff) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(b.wait(len(job.Errors)))
}

// wait is the wait after a job failed for the first time with failed = 0.
func (b backoff) wait(failed int) time.Duration {
	d := lastRetry
	if failed < 20 { // else the shift overflows
		d = min(b.first<<failed, lastRetry)
	}
	return d - d/10 + rand.N(d/5+1)
}

// louder passes on records from a level up.
type louder struct {
	slog.Handler
	level slog.Level
}

func (l louder) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= l.level && l.Handler.Enabled(ctx, level)
}

// Handle drops what River says of contexts that a stop has ended.
func (l louder) Handle(ctx context.Context, r slog.Record) error {
	stopped := false
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		stopped = stopped || ok && errors.Is(err, context.Canceled)
		return !stopped
	})
	if stopped {
		return nil
	}
	return l.Handler.Handle(ctx, r)
}

func (l louder) WithAttrs(attrs []slog.Attr) slog.Handler {
	return louder{l.Handler.WithAttrs(attrs), l.level}
}

func (l louder) WithGroup(name string) slog.Handler {
	return louder{l.Handler.WithGroup(name), l.level}
}
