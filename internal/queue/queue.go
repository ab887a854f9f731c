// Package queue runs background jobs with River, on SQLite or PostgreSQL. A job
// is put into the queue by the transaction that makes it necessary, and its
// arguments are a kind and an id, never personal data: they are readable in
// the database.
//
// It must not know what the jobs do, nor the tables of the store.
package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"

	"anycheck/internal/verification"
)

// Options tune the workers; the zero value is the usual one.
type Options struct {
	// Processors is how many verifications run at once in this process; 0 is
	// one for each CPU that Go uses, below 0 none.
	Processors int
	// Logger hears of jobs that fail, and of River's own warnings; nil discards.
	Logger *slog.Logger

	firstRetry time.Duration // 0 is the constant; tests are impatient
}

// Handler does one job. The error's kind says what becomes of the job
// (fault.MeaningOf): it is cancelled, tried again with growing waits, or tried
// again after the fault's RetryAfter without counting an attempt. A context
// that ends is a stop or a time-out; the job comes back.
type Handler func(ctx context.Context, id uuid.UUID, attempt Attempt) error

// Handlers are the workers by kind of task.
type Handlers map[verification.TaskKind]Handler

// Attempt tells a handler how the job stands.
type Attempt struct {
	// Number is 1 for the first try. Errors and crashes count, waits that the
	// handler asked for and stops of the program do not.
	Number int
	// Round is the task's.
	Round int
}

// Limits of a job.
const (
	// JobTimeout ends the context of a job that takes longer.
	JobTimeout = 2 * time.Minute
	// rescueAfter is when another process may take a job whose process died.
	rescueAfter = JobTimeout + 30*time.Second
	// maxAttempts is out of reach: the core decides when to give up.
	maxAttempts = 1000
)

const (
	processQueue     = "process"
	webhookQueue     = "webhook"
	maintenanceQueue = "maintenance"
)

// Jobs is the queue: it takes tasks and, once started, works them.
type Jobs struct {
	client interface {
		Start(ctx context.Context) error
		Stop(ctx context.Context) error
		StopAndCancel(ctx context.Context) error
		PeriodicJobs() *river.PeriodicJobBundle
		Subscribe(kinds ...river.EventKind) (<-chan *river.Event, func())
	}
	insert   func(ctx context.Context, conn *sql.Conn, tx *sql.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
	remove   func(ctx context.Context, conn *sql.Conn, tx *sql.Tx, id int64) error
	sqlite   *sql.DB // nil on PostgreSQL
	log      *slog.Logger
	handlers Handlers
	periodic map[string]func(context.Context) error
}

// NewSQLite makes the queue on River's own connections to the SQLite file.
func NewSQLite(db *sql.DB, o Options) (*Jobs, error) {
	j := newJobs(o)
	j.sqlite = db
	client, err := river.NewClient(riversqlite.New(db), j.config(o))
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	j.client = client
	j.insert = func(ctx context.Context, _ *sql.Conn, tx *sql.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
		return client.InsertTx(ctx, tx, args, opts)
	}
	j.remove = func(ctx context.Context, _ *sql.Conn, tx *sql.Tx, id int64) error {
		_, err := client.JobDeleteTx(ctx, tx, id)
		return err
	}
	return j, nil
}

// NewPostgres makes the queue on the connections to PostgreSQL.
func NewPostgres(pool *pgxpool.Pool, o Options) (*Jobs, error) {
	j := newJobs(o)
	client, err := river.NewClient(riverpgxv5.New(pool), j.config(o))
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	j.client = client
	j.insert = func(ctx context.Context, conn *sql.Conn, _ *sql.Tx, args river.JobArgs, opts *river.InsertOpts) (res *rivertype.JobInsertResult, err error) {
		err = onPgx(conn, func(tx pgx.Tx) error {
			res, err = client.InsertTx(ctx, tx, args, opts)
			return err
		})
		return res, err
	}
	j.remove = func(ctx context.Context, conn *sql.Conn, _ *sql.Tx, id int64) error {
		return onPgx(conn, func(tx pgx.Tx) error {
			_, err := client.JobDeleteTx(ctx, tx, id)
			return err
		})
	}
	return j, nil
}

func newJobs(o Options) *Jobs {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Jobs{log: o.Logger, periodic: map[string]func(context.Context) error{}}
}

func (j *Jobs) config(o Options) *river.Config {
	processors := o.Processors
	if processors == 0 {
		processors = runtime.GOMAXPROCS(0)
	}
	first := o.firstRetry
	if first == 0 {
		first = firstRetry
	}
	queues := map[string]river.QueueConfig{webhookQueue: {MaxWorkers: 50}, maintenanceQueue: {MaxWorkers: 2}}
	if processors > 0 {
		queues[processQueue] = river.QueueConfig{MaxWorkers: processors}
	}
	return &river.Config{
		Logger:               slog.New(louder{j.log.Handler(), slog.LevelWarn}),
		FetchCooldown:        10 * time.Millisecond, // River also limits its wake-ups to this
		FetchPollInterval:    500 * time.Millisecond,
		JobTimeout:           JobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		MaxAttempts:          maxAttempts,
		RetryPolicy:          backoff{first},
		Workers:              j.workers(),
		Queues:               queues,
	}
}

// unfinished are the states in which a job will still run.
var unfinished = []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateScheduled, rivertype.JobStateRetryable}

// EnqueueTx puts a task into the queue as part of tx, which runs on conn. A
// task that is about to run already is not added again.
func (j *Jobs) EnqueueTx(ctx context.Context, conn *sql.Conn, tx *sql.Tx, task verification.Task) error {
	unique := river.UniqueOpts{ByArgs: true, ByState: unfinished}
	done, err := j.insertTask(ctx, conn, tx, task, 0, unique)
	if err != nil || !done.UniqueSkippedAsDuplicate {
		return err
	}
	switch done.Job.State {
	case rivertype.JobStateRunning:
		// The running job may be past the point where it would see what this
		// transaction writes: one more runs after it was told.
		_, err = j.insertTask(ctx, conn, tx, task, done.Job.ID, unique)
	case rivertype.JobStateScheduled, rivertype.JobStateRetryable:
		// What it waits for, and its tries, may be of what is no more.
		var after int64
		err = j.remove(ctx, conn, tx, done.Job.ID)
		if errors.Is(err, rivertype.ErrJobRunning) { // since a moment
			after, err = done.Job.ID, nil
		}
		if err == nil || errors.Is(err, rivertype.ErrNotFound) {
			_, err = j.insertTask(ctx, conn, tx, task, after, unique)
		}
	}
	return err
}

func (j *Jobs) insertTask(ctx context.Context, conn *sql.Conn, tx *sql.Tx, task verification.Task, after int64, unique river.UniqueOpts) (*rivertype.JobInsertResult, error) {
	t := ref{ID: task.ID, Round: task.Round, After: after}
	switch task.Kind {
	case verification.ProcessTask:
		return j.insert(ctx, conn, tx, processArgs{t}, &river.InsertOpts{Queue: processQueue, UniqueOpts: unique})
	case verification.EraseTask:
		return j.insert(ctx, conn, tx, eraseArgs{t}, &river.InsertOpts{Queue: maintenanceQueue, UniqueOpts: unique})
	case verification.DeliverTask:
		return j.insert(ctx, conn, tx, deliverArgs{t}, &river.InsertOpts{Queue: webhookQueue, UniqueOpts: unique})
	}
	return nil, fmt.Errorf("queue: no such kind of task: %q", task.Kind)
}

// Every has fn run each d, and once soon after Start, by one process of those
// that share the database. It must be called before Start; name is the job's.
func (j *Jobs) Every(name string, d time.Duration, fn func(ctx context.Context) error) {
	j.periodic[name] = fn
	j.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
		// One try: the next period is the retry.
		return periodicArgs{name}, &river.InsertOpts{Queue: maintenanceQueue, MaxAttempts: 1,
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
	}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Start begins to work jobs, until Stop. The context bounds the start only.
func (j *Jobs) Start(ctx context.Context, handlers Handlers) error {
	j.handlers = handlers
	if err := j.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue: start: %w", err)
	}
	return nil
}

// stopGrace is how long handlers have to return once they were told to.
const stopGrace = 5 * time.Second

// Stop takes no more jobs and waits for those at work. When ctx ends first, it
// ends their contexts; they are in the queue again when it returns.
func (j *Jobs) Stop(ctx context.Context) error {
	err := j.client.Stop(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	if err := j.client.StopAndCancel(grace); err != nil {
		return fmt.Errorf("queue: jobs did not stop: %w", err)
	}
	return nil
}

// ReclaimRunning makes jobs that a crash left running available at once, and
// tells how many. It must be called before Start. On SQLite the caller must
// hold the data folder's lock: then nobody else is at work. On PostgreSQL it
// does nothing: River frees such jobs when their time is over.
func (j *Jobs) ReclaimRunning(ctx context.Context) (int64, error) {
	if j.sqlite == nil {
		return 0, nil
	}
	// River has no call for this. Without it jobs would wait for rescueAfter,
	// and the dead process would stay leader for 15 s.
	_, err := j.sqlite.ExecContext(ctx, `DELETE FROM river_leader`)
	if err != nil {
		return 0, fmt.Errorf("queue: reclaim jobs: %w", err)
	}
	r, err := j.sqlite.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
	if err != nil {
		return 0, fmt.Errorf("queue: reclaim jobs: %w", err)
	}
	return r.RowsAffected()
}

var errNoHandler = errors.New("queue: no handler for this kind of task")
