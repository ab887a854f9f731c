package verification

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// MaxRuns is how often a worker may take one attempt before it FAILS. Each
// crash of the process costs one, so a file that kills its worker cannot do so
// for ever.
const MaxRuns = 20

const systemActor = "system"

// Processor runs accepted verifications to a final state. It may die at any
// point: the next Process goes on after the last step whose evidence is kept.
type Processor struct {
	store    Store
	blobs    Blobs
	pipeline *Pipeline
	exporter Exporter
	watch    Watch
	nikKey   []byte
	sandbox  Sandbox
	lifecycle
}

// Watch is told as a step begins and as its evidence is about to be kept, for
// metrics and tests. It may block; it must not fail.
type Watch func(ctx context.Context, verification uuid.UUID, step StepName, moment Moment)

// Moment is a point in a step's life.
type Moment string

// The moments.
const (
	StepBegins Moment = "begins"
	StepWorked Moment = "worked" // its evidence is not kept yet
)

// NewProcessor connects a processor to its ports. nikKey hashes the NIKs of
// known faces. watch may be nil.
func NewProcessor(store Store, blobs Blobs, pipeline *Pipeline, exporter Exporter, nikKey []byte, now func() time.Time, watch Watch) *Processor {
	if watch == nil {
		watch = func(context.Context, uuid.UUID, StepName, Moment) {}
	}
	return &Processor{store: store, blobs: blobs, pipeline: pipeline, exporter: exporter, watch: watch, nikKey: nikKey, lifecycle: lifecycle{now: Storable(now)}}
}

// Process takes a verification as far as it goes. It returns nil when there is
// nothing left to do, and an error when the queue should come back; the kind
// says how. lastTry asks to give up (FAILED) instead of returning a
// retryable error.
func (p *Processor) Process(ctx context.Context, id uuid.UUID, lastTry bool) (err error) {
	scope := tenant.Everything()
	v, err := p.take(ctx, scope, id)
	if err != nil || v == nil {
		return err
	}
	if err := p.delayed(*v); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			// The value may hold what the card says: only its type is kept.
			err = fmt.Errorf("panic with a %T\n%s", r, debug.Stack())
		}
		if err == nil || ctx.Err() != nil {
			return // done, or stopped from outside: the queue comes back
		}
		if fault.Is(err, fault.Conflict) {
			err = nil // cancelled or finished by somebody else meanwhile
			return
		}
		if lastTry || fault.MeaningOf(fault.From(err).Kind).Job == fault.Cancel {
			switch failErr := p.fail(ctx, scope, *v, err); {
			case fault.Is(failErr, fault.NotFound):
				err = nil // erased meanwhile
				return
			case failErr != nil:
				err = failErr
				return
			}
			// The job is over: one that waited to be tried again would hold up
			// a retry that the caller asks for.
			err = fault.Wrap(err, fault.Conflict, "The verification has FAILED")
		}
	}()
	return p.run(ctx, scope, v)
}

// take counts the run and moves a queued verification on. It answers nil when
// there is nothing to do.
func (p *Processor) take(ctx context.Context, scope tenant.Scope, id uuid.UUID) (*Verification, error) {
	var v Verification
	var tooOften bool
	err := p.store.InTx(ctx, func(ctx context.Context, tx Store) (err error) {
		if v, err = tx.Verification(ctx, scope, id); err != nil {
			return err
		}
		tooOften = false
		switch {
		case v.Status != InQueue && v.Status != InProgress:
			return nil
		case v.Runs >= MaxRuns:
			tooOften = true
			return nil
		}
		if err := p.delayed(v); err != nil {
			return err
		}
		v.Runs++
		if v.Status == InProgress {
			v.UpdatedAt = p.now()
			return tx.UpdateVerification(ctx, scope, Mark{InProgress, v.Attempt}, v, nil)
		}
		start := p.now()
		v.StartDate = &start
		if err := p.transition(ctx, tx, scope, &v, Start, systemActor); err != nil {
			return err
		}
		return p.startJobs(ctx, tx, scope, v)
	})
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Conflict):
		return nil, nil // erased, or taken by another worker
	case err != nil:
		return nil, err
	case tooOften:
		return nil, p.fail(ctx, scope, v, fmt.Errorf("taken %d times without an end", v.Runs))
	case v.Status != InProgress:
		return nil, nil
	}
	return &v, nil
}

func (p *Processor) startJobs(ctx context.Context, tx Store, scope tenant.Scope, v Verification) error {
	jobs, err := tx.JobsOf(ctx, scope, v.ID, v.Attempt)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		j.Status, j.UpdatedAt = InProgress, p.now()
		if err := tx.UpdateJob(ctx, scope, j); err != nil {
			return err
		}
	}
	return nil
}

func (p *Processor) run(ctx context.Context, scope tenant.Scope, v *Verification) error {
	run, err := p.keptRun(ctx, scope, *v)
	if err != nil {
		return err
	}
	run.reuse = func(ctx context.Context, t face.Thresholds) (Reuse, error) { return p.searchKnown(ctx, scope, *v, t) }
	run.dismissed = func(ctx context.Context, found Screening) (map[string]Dismissed, error) {
		return p.dismissed(ctx, p.store, scope, p.subject(*v, run.Evidence), found)
	}
	if v.Test() {
		script, err := p.scenario(*v)
		if err != nil {
			return err
		}
		if ended, err := p.interrupt(ctx, scope, v, script); ended || err != nil {
			return err
		}
		run.stage(script)
	}
	engines, err := p.engines(*v)
	if err != nil {
		return err
	}
	for _, step := range engines.Steps(v.Config) {
		if run.Evidence.has(step) {
			continue
		}
		if err := stillWanted(ctx, p.store.Verification, scope, *v); err != nil {
			return err
		}
		if err := p.step(ctx, scope, *v, engines, step, run); err != nil {
			return err
		}
	}
	return p.finish(ctx, scope, v, run)
}

// stillWanted refuses to go on with a verification that was cancelled.
func stillWanted(ctx context.Context, read func(context.Context, tenant.Scope, uuid.UUID) (Verification, error), scope tenant.Scope, v Verification) error {
	now, err := read(ctx, scope, v.ID)
	if err == nil && (now.Status != InProgress || now.Attempt != v.Attempt) {
		err = fault.New(fault.Conflict, "The verification is %s.", now.Status)
	}
	return err
}

// step runs one step and keeps its evidence and its line in the job record.
func (p *Processor) step(ctx context.Context, scope tenant.Scope, v Verification, engines *Pipeline, step StepName, run *Run) error {
	started := p.now()
	p.watch(ctx, v.ID, step, StepBegins)
	if err := engines.Do(ctx, step, run); err != nil {
		return fmt.Errorf("step %s: %w", step, err)
	}
	data, err := run.Evidence.dump(step)
	if err != nil {
		return err
	}
	p.watch(ctx, v.ID, step, StepWorked)
	ended := p.now()
	return p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		// Locked: who cancels or erases comes before or after all of this.
		if err := stillWanted(ctx, tx.LockVerification, scope, v); err != nil {
			return err
		}
		if err := tx.SaveEvidence(ctx, scope, v.ID, v.Attempt, step, data, ended); err != nil {
			return err
		}
		if step == StepMatch {
			if err := tx.SaveKnownFace(ctx, scope, p.knownFace(v, run.Evidence, ended)); err != nil {
				return err
			}
		}
		if step == StepRead || step == StepScreen {
			if subject := p.subject(v, run.Evidence); subject != nil {
				if err := tx.SaveSubject(ctx, scope, v.ID, subject); err != nil {
					return err
				}
			}
		}
		if step == StepScreen {
			if w, ok := p.watched(v, run.Evidence); ok {
				if err := tx.SaveWatched(ctx, scope, w); err != nil {
					return err
				}
			}
		}
		jobs, err := tx.JobsOf(ctx, scope, v.ID, v.Attempt)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if (j.Kind == FraudJob) != (step == StepInspect) {
				continue
			}
			j.Steps = append(j.Steps, StepRecord{Name: step, StartedAt: started, EndedAt: ended})
			j.UpdatedAt = ended
			if err := tx.UpdateJob(ctx, scope, j); err != nil {
				return err
			}
		}
		return nil
	})
}

// finish decides, writes the two documents and closes the verification.
func (p *Processor) finish(ctx context.Context, scope tenant.Scope, v *Verification, run *Run) error {
	p.watch(ctx, v.ID, StepDecide, StepBegins)
	end := p.now()
	done := *v
	done.EndDate = &end
	settings, err := p.store.ReviewSettings(ctx, scope, v.GroupID)
	if err != nil {
		return err
	}
	d, err := Decide(v.Config, run.Evidence)
	if err != nil {
		return err
	}
	script, err := p.scenario(*v)
	if err != nil {
		return err
	}
	// What a person must look at keeps its reservation until they have.
	trigger, status := Hold, NeedReview
	if !script.Review && !settings.policy(*v).needsReview(d.Checks) {
		trigger, status = Complete, Completed
		done.CreditUsed += done.CreditCost
	}
	if err := p.conclude(ctx, &done, run, d, status, ""); err != nil {
		return err
	}
	p.watch(ctx, v.ID, StepDecide, StepWorked)
	return p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		*v = done
		if err := p.transition(ctx, tx, scope, v, trigger, systemActor); err != nil {
			return err
		}
		if err := p.endJobs(ctx, tx, scope, v, Completed); err != nil {
			return err
		}
		if trigger == Hold {
			return nil
		}
		return p.book(ctx, tx, scope, v, ledger.Settle, end)
	})
}

// conclude gives v its decision and writes its two documents, which show it in
// the status that it is about to have, under names with the suffix.
func (p *Processor) conclude(ctx context.Context, v *Verification, run *Run, d Decision, status Status, suffix string) error {
	v.Output, v.OutputStatus, v.Checks = d.Output, d.Status, d.Checks
	v.OutputPath, v.ExportPath = v.artefactPath("output"+suffix+".json"), v.artefactPath("report"+suffix+".xlsx")
	jobs, err := p.store.JobsOf(ctx, tenant.Everything(), v.ID, v.Attempt)
	if err != nil {
		return err
	}
	var steps []StepRecord
	for _, j := range jobs {
		steps = append(steps, j.Steps...)
	}
	shown := *v
	shown.Status = status
	report, err := run.Report(ctx, shown, d, steps)
	if err != nil {
		return err
	}
	for file, write := range map[string]func(Report) ([]byte, error){v.OutputPath: p.exporter.JSON, v.ExportPath: p.exporter.Workbook} {
		data, err := write(report)
		if err != nil {
			return err
		}
		if err := p.blobs.Put(ctx, file, bytes.NewReader(data)); err != nil {
			return err
		}
	}
	return nil
}

// fail closes a verification for a fault of ours: nothing is charged.
func (p *Processor) fail(ctx context.Context, scope tenant.Scope, v Verification, cause error) error {
	e := fault.From(cause)
	return p.failAs(ctx, scope, v, Failure{ErrorCode: e.Code, Message: e.Message, Retryable: true})
}

func (p *Processor) failAs(ctx context.Context, scope tenant.Scope, v Verification, f Failure) error {
	return p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		v, err := tx.Verification(ctx, scope, v.ID)
		if err != nil {
			return err
		}
		if v.Status != InQueue && v.Status != InProgress {
			return nil
		}
		end := p.now()
		if v.StartDate == nil {
			v.StartDate = &end
		}
		v.EndDate = &end
		v.Failure = &f
		if err := p.transition(ctx, tx, scope, &v, Fail, systemActor); err != nil {
			return err
		}
		if err := p.endJobs(ctx, tx, scope, &v, Failed); err != nil {
			return err
		}
		return p.book(ctx, tx, scope, &v, ledger.Release, end)
	})
}

// Sweep puts verifications that nobody has touched for a while back into the
// queue: the last defence when a job was lost.
func (p *Processor) Sweep(ctx context.Context, idle time.Duration) error {
	ids, err := p.store.Unfinished(ctx, tenant.Everything(), p.now().Add(-idle), 1000)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.store.Enqueue(ctx, Task{Kind: ProcessTask, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

// artefactPath is where a file made for the current attempt lives.
func (v Verification) artefactPath(name string) string {
	return path.Join("files", v.OrganizationID.String(), v.GroupID.String(), "results", v.ResultID.String(), v.ID.String(), fmt.Sprint(v.Attempt), name)
}

// files opens a verification's input files by form field.
func (p *Processor) files(v Verification) OpenInput {
	return func(ctx context.Context, field string) ([]byte, error) {
		paths := v.Config.Files[field]
		if len(paths) == 0 {
			return nil, nil
		}
		return p.readBlob(ctx, paths[0])
	}
}

func (p *Processor) readBlob(ctx context.Context, path string) ([]byte, error) {
	r, err := p.blobs.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (p *Processor) artefacts(v Verification) Artefacts { return blobArtefacts{p, v} }

type blobArtefacts struct {
	p *Processor
	v Verification
}

func (b blobArtefacts) Put(ctx context.Context, name string, data []byte) error {
	return b.p.blobs.Put(ctx, b.v.artefactPath(name), bytes.NewReader(data))
}

func (b blobArtefacts) Get(ctx context.Context, name string) ([]byte, error) {
	return b.p.readBlob(ctx, b.v.artefactPath(name))
}
