package verification_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/blob"
	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/ledger"
	"anycheck/internal/screening"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// engines are small working stand-ins: a file's content says what is on it.
type engines struct {
	fail   error // what reading a card answers
	panic  any
	nik    string         // on the card; a default when empty
	name   string         // likewise
	unread bool           // the card is found, but nothing on it can be read
	face   *face.Template // on the selfie
	lists  []screening.List
	during func() // a search of the lists
}

func (e *engines) Inspect(_ context.Context, data []byte, _ string) (verification.Document, error) {
	return verification.Document{MediaType: "image/png", Pages: 1}, nil
}

func (e *engines) Page(_ context.Context, data []byte, _ int) (*imaging.Picture, imaging.Info, error) {
	if len(data) == 0 {
		return nil, imaging.Info{}, fault.New(fault.Invalid, "empty")
	}
	return imaging.New(40, 30), imaging.Info{Format: "png", Width: 40, Height: 30, Orientation: 1}, nil
}

func (e *engines) Read(context.Context, *imaging.Picture) (ktp.Reading, error) {
	if e.panic != nil {
		panic(e.panic)
	}
	if e.fail != nil {
		return ktp.Reading{}, e.fail
	}
	r := ktp.Reading{Found: true, Rectified: imaging.New(171, 108), Codes: []ktp.Code{}, Model: "fake", ModelVersion: "1", Quality: ktp.Quality{PixelsPerMM: 10}, Portrait: ktp.Rect{X0: 120, Y0: 20, X1: 160, Y1: 70}}
	for f, text := range map[ktp.Field]string{ktp.NIK: cmp.Or(e.nik, "3174080107870501"), ktp.Name: cmp.Or(e.name, "BUDI"), ktp.BirthDate: "1987-07-01", ktp.Gender: "LAKI-LAKI"} {
		v := ktp.Value{Field: f, Value: &text, Confidence: 0.99}
		if e.unread {
			v.Value, v.Confidence = nil, 0
		}
		r.Values = append(r.Values, v)
	}
	return r, nil
}

func (e *engines) Compare(context.Context, *imaging.Picture, *imaging.Picture) (face.Comparison, error) {
	similarity, score := 0.7, 98.0
	return face.Comparison{Card: face.Side{Found: true}, Selfie: face.Side{Found: true}, Similarity: &similarity, Score: &score, Level: face.High, Outcome: face.Match,
		SelfieFace: e.face, Thresholds: face.Thresholds{Match: 0.4, Review: 0.3, Calibration: face.Calibration{Midpoint: 0.263, Slope: 28.1}}}, nil
}

func (e *engines) Screen(ctx context.Context, q screening.Query) (verification.Screening, error) {
	if do := e.during; do != nil {
		e.during = nil
		do()
	}
	x := screening.Build(e.lists)
	return verification.Screening{Hits: x.Search(ctx, q, 10), Lists: x.Lists(), At: time.Now()}, nil
}

func (e *engines) ScreenAsOf(context.Context, screening.Query, time.Time) (verification.Screening, error) {
	return verification.Screening{Lists: []screening.List{{Name: "test", Version: "0"}}, At: time.Now()}, nil
}

func (e *engines) Lists(context.Context) ([]screening.List, error) {
	return screening.Build(e.lists).Lists(), nil
}

func (e *engines) Missing(verification.Type) []string       { return nil }
func (e *engines) CheckURL(string) error                    { return nil }
func (e *engines) JSON(verification.Report) ([]byte, error) { return []byte(`{}`), nil }
func (e *engines) Workbook(verification.Report) ([]byte, error) {
	return []byte("workbook"), nil
}

// enqueued collects tasks instead of a queue.
type enqueued []verification.Task

func (q *enqueued) EnqueueTx(_ context.Context, _ *sql.Conn, _ *sql.Tx, t verification.Task) error {
	*q = append(*q, t)
	return nil
}

// bench is a platform on a fresh SQLite database.
type bench struct {
	*engines
	db     *store.DB
	blobs  *blob.Local
	queue  *enqueued
	cases  *verification.UseCases
	actor  tenant.Actor
	folder verification.Folder
	path   string
	watch  verification.Watch
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{engines: &engines{lists: []screening.List{{Name: "test", Version: "1"}}}, queue: &enqueued{}}
	var err error
	if b.db, err = store.Open(t.Context(), "", t.TempDir(), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.db.Close() })
	b.db.SetEnqueuer(b.queue)
	b.db.SetVault(newVault(t))
	if b.blobs, err = blob.OpenLocal(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.blobs.Close() })
	accounts := auth.New(b.db, []byte(strings.Repeat("k", 32)), time.Now)
	u, _, _, err := accounts.Bootstrap(t.Context(), "admin@example.com", "", func(tenant.Group) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	b.actor = tenant.Actor{User: u}
	b.credit(t, 100)
	b.cases = verification.NewUseCases(verification.Ports{Store: b.db, Blobs: b.blobs, Documents: b, Capabilities: b, Outbound: b, Limits: verification.DefaultLimits, Now: time.Now})
	if b.folder, err = b.cases.CreateFolder(t.Context(), b.actor, "Cases"); err != nil {
		t.Fatal(err)
	}
	up, err := b.cases.Upload(t.Context(), b.actor, verification.InputFile, []verification.IncomingFile{{Name: "ktp.png", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("card")), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	b.path = up.Files[0].Path
	return b
}

// newVault makes keys of the test's own.
func newVault(t *testing.T) *vault.Master {
	t.Helper()
	keys, err := vault.NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	m, err := vault.Open(func() ([]byte, error) { return keys, nil })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (b *bench) credit(t *testing.T, n int64) {
	t.Helper()
	if err := b.db.AppendEntry(t.Context(), tenant.Everything(), ledger.Entry{ID: uuid.New(), GroupID: b.actor.User.GroupID, Kind: ledger.TopUp, Credits: n, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) balance(t *testing.T) int64 {
	t.Helper()
	g, err := b.db.Group(t.Context(), tenant.Everything(), b.actor.User.GroupID)
	if err != nil {
		t.Fatal(err)
	}
	return g.Balance
}

func (b *bench) create(t *testing.T, webhook string) verification.Verification {
	t.Helper()
	cfg, _ := json.Marshal(map[string]any{"verification_type": "KTP_SELFIE_PEP", "fraud_detection": true,
		"files": map[string]any{"ktp_file": []string{b.path}, "selfie_file": []string{b.path}}})
	v, err := b.cases.Create(t.Context(), b.actor, verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: b.folder.ID,
		Configuration: cfg, WebhookURL: webhook, WebhookMetadata: json.RawMessage(`{"webhook_secret":"s","case":7}`)})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (b *bench) processor() *verification.Processor {
	return verification.NewProcessor(b.db, b.blobs, verification.NewPipeline(b, b, b, b, time.Now), b, []byte("the key of NIKs"), time.Now, b.watch)
}

// later is a processor whose clock is ahead.
func (b *bench) later(d time.Duration) *verification.Processor {
	return verification.NewProcessor(b.db, b.blobs, verification.NewPipeline(b, b, b, b, time.Now), b, []byte("the key of NIKs"), func() time.Time { return time.Now().Add(d) }, nil)
}

func (b *bench) get(t *testing.T, id uuid.UUID) verification.Verification {
	t.Helper()
	v, err := b.cases.Get(t.Context(), b.actor, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestProcess(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "https://example.com/hook")
	if v.Status != verification.InQueue || len(v.OCRJobIDs) != 1 || len(v.FraudJobIDs) != 1 || v.TotalFiles != 2 || v.TotalPages != 2 {
		t.Fatalf("created %+v", v)
	}
	if b.balance(t) != 90 {
		t.Errorf("balance %d after the reservation, want 90", b.balance(t))
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	got := b.get(t, v.ID)
	if got.Status != verification.Completed || got.OutputStatus != verification.Verified || got.CreditUsed != 10 || got.OutputPath == "" || got.ExportPath == "" {
		t.Errorf("finished as %+v", got)
	}
	if b.balance(t) != 90 {
		t.Errorf("balance %d after settling, want 90", b.balance(t))
	}
	if string(got.WebhookMetadata) != `{"case":7}` || got.WebhookSecret != "s" {
		t.Errorf("metadata %s, secret %q", got.WebhookMetadata, got.WebhookSecret)
	}
	for _, path := range []string{got.OutputPath, got.ExportPath} {
		if r, err := b.blobs.Open(t.Context(), path); err != nil {
			t.Errorf("%s: %v", path, err)
		} else {
			r.Close()
		}
	}
	kept, err := b.db.Evidence(t.Context(), tenant.Everything(), v.ID, 1)
	if err != nil || len(kept) != 6 {
		t.Errorf("evidence of %d steps, %v", len(kept), err)
	}
	ocr, err := b.cases.Job(t.Context(), b.actor, v.OCRJobIDs[0])
	if err != nil || ocr.Status != verification.Completed || len(ocr.Steps) != 5 {
		t.Errorf("OCR job %+v, %v", ocr, err)
	}
	fraud, err := b.cases.Job(t.Context(), b.actor, v.FraudJobIDs[0])
	if err != nil || fraud.Status != verification.Completed || len(fraud.Steps) != 1 || fraud.Steps[0].Name != verification.StepInspect {
		t.Errorf("fraud job %+v, %v", fraud, err)
	}
	events, err := b.cases.Events(t.Context(), b.actor, v.ID)
	var path []verification.Status
	for i, e := range events {
		if e.Sequence != i+1 {
			t.Errorf("event %d has sequence %d", i, e.Sequence)
		}
		path = append(path, e.To)
	}
	if err != nil || !slices.Equal(path, []verification.Status{verification.InQueue, verification.InProgress, verification.Completed}) {
		t.Errorf("events %v, %v", path, err)
	}
	// One task to process, one webhook for each announced transition.
	var kinds []verification.TaskKind
	for _, task := range *b.queue {
		kinds = append(kinds, task.Kind)
	}
	if !slices.Equal(kinds, []verification.TaskKind{verification.ProcessTask, verification.DeliverTask, verification.DeliverTask}) {
		t.Errorf("tasks %v", kinds)
	}
	// Once more: there is nothing left to do.
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil || b.balance(t) != 90 {
		t.Errorf("a second run: %v, balance %d", err, b.balance(t))
	}
}

// A worker that dies at any moment loses nothing and charges nothing twice.
func TestProcessResumes(t *testing.T) {
	for _, step := range []verification.StepName{verification.StepIntake, verification.StepRead, verification.StepMatch, verification.StepReuse, verification.StepScreen, verification.StepInspect, verification.StepDecide} {
		for _, moment := range []verification.Moment{verification.StepBegins, verification.StepWorked} {
			t.Run(string(step)+" "+string(moment), func(t *testing.T) {
				b := newBench(t)
				v := b.create(t, "")
				ctx, die := context.WithCancel(t.Context())
				b.watch = func(_ context.Context, _ uuid.UUID, s verification.StepName, m verification.Moment) {
					if s == step && m == moment {
						die()
					}
				}
				if err := b.processor().Process(ctx, v.ID, true); err == nil {
					t.Fatal("the worker did not notice that it was stopped")
				}
				before, err := b.db.Evidence(t.Context(), tenant.Everything(), v.ID, 1)
				if err != nil {
					t.Fatal(err)
				}
				var again []verification.StepName
				b.watch = func(_ context.Context, _ uuid.UUID, s verification.StepName, m verification.Moment) {
					if m == verification.StepBegins {
						again = append(again, s)
					}
				}
				if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
					t.Fatal(err)
				}
				got := b.get(t, v.ID)
				if got.Status != verification.Completed || got.CreditUsed != 10 || b.balance(t) != 90 || got.Runs != 2 {
					t.Errorf("after the crash: %s, credits %d, balance %d, runs %d", got.Status, got.CreditUsed, b.balance(t), got.Runs)
				}
				for kept := range before {
					if slices.Contains(again, kept) {
						t.Errorf("step %s ran again though its evidence was kept", kept)
					}
				}
				after, err := b.db.Evidence(t.Context(), tenant.Everything(), v.ID, 1)
				if err != nil || len(after) != 6 {
					t.Errorf("evidence of %d steps, %v", len(after), err)
				}
				for s, data := range before {
					if string(after[s]) != string(data) {
						t.Errorf("evidence of %s changed", s)
					}
				}
			})
		}
	}
}

func TestProcessFails(t *testing.T) {
	broken := errors.New("a broken disk")
	tests := []struct {
		name    string
		spoil   func(*engines)
		lastTry bool
		want    verification.Status
		err     bool // the queue is asked to come back
	}{
		{"a fault of ours comes back", func(e *engines) { e.fail = broken }, false, verification.InProgress, true},
		{"a fault of ours ends at the last try", func(e *engines) { e.fail = broken }, true, verification.Failed, true},
		{"a missing part waits", func(e *engines) { e.fail = fault.New(fault.Unavailable, "no model") }, false, verification.InProgress, true},
		{"what no retry helps ends at once", func(e *engines) { e.fail = fault.New(fault.Invalid, "nonsense") }, false, verification.Failed, true},
		{"a panic is a fault of ours", func(e *engines) { e.panic = "NIK 3174080107870501" }, true, verification.Failed, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			tt.spoil(b.engines)
			v := b.create(t, "")
			err := b.processor().Process(t.Context(), v.ID, tt.lastTry)
			if (err != nil) != tt.err {
				t.Fatalf("Process: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "3174080107870501") {
				t.Errorf("the error tells personal data: %v", err)
			}
			got := b.get(t, v.ID)
			if got.Status != tt.want {
				t.Fatalf("status %s, want %s", got.Status, tt.want)
			}
			if tt.want != verification.Failed {
				return
			}
			if b.balance(t) != 100 || got.CreditUsed != 0 || got.Failure == nil || !got.Failure.Retryable {
				t.Errorf("failed: balance %d, used %d, failure %+v", b.balance(t), got.CreditUsed, got.Failure)
			}
			// Repaired and tried again, it completes.
			b.fail, b.panic = nil, nil
			if v, err = b.cases.Retry(t.Context(), b.actor, v.ID, false); err != nil || v.Attempt != 2 || v.Status != verification.InQueue {
				t.Fatalf("retry: %+v, %v", v, err)
			}
			if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
				t.Fatal(err)
			}
			if got := b.get(t, v.ID); got.Status != verification.Completed || got.CreditUsed != 10 || b.balance(t) != 90 || got.Failure != nil {
				t.Errorf("after the retry: %+v, balance %d", got, b.balance(t))
			}
		})
	}
}

func TestProcessGivesUpOnAKiller(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "")
	// Each of these runs is a process that died in the middle.
	for range verification.MaxRuns {
		ctx, die := context.WithCancel(t.Context())
		b.watch = func(context.Context, uuid.UUID, verification.StepName, verification.Moment) { die() }
		if err := b.processor().Process(ctx, v.ID, false); err == nil {
			t.Fatal("the worker did not notice that it was stopped")
		}
	}
	b.watch = nil
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := b.get(t, v.ID); got.Status != verification.Failed || b.balance(t) != 100 {
		t.Errorf("status %s, balance %d", got.Status, b.balance(t))
	}
}

func TestCancel(t *testing.T) {
	b := newBench(t)
	waiting := b.create(t, "")
	got, err := b.cases.Cancel(t.Context(), b.actor, waiting.ID)
	if err != nil || got.Status != verification.Cancelled || b.balance(t) != 100 {
		t.Fatalf("cancel while waiting: %+v, %v, balance %d", got, err, b.balance(t))
	}
	if err := b.processor().Process(t.Context(), waiting.ID, false); err != nil {
		t.Errorf("processing a cancelled one: %v", err)
	}
	if _, err := b.cases.Cancel(t.Context(), b.actor, waiting.ID); fault.From(err).Code != fault.CodeInvalidState {
		t.Errorf("cancel twice: %v", err)
	}

	running := b.create(t, "")
	b.face = faceOf(0)
	var begun []verification.StepName
	b.watch = func(ctx context.Context, id uuid.UUID, s verification.StepName, m verification.Moment) {
		if m == verification.StepBegins {
			begun = append(begun, s)
		}
		if s == verification.StepMatch && m == verification.StepWorked {
			if _, err := b.cases.Cancel(ctx, b.actor, id); err != nil {
				t.Errorf("cancel while running: %v", err)
			}
		}
	}
	if err := b.processor().Process(t.Context(), running.ID, false); err != nil {
		t.Fatalf("a run that was cancelled is an error: %v", err)
	}
	got = b.get(t, running.ID)
	if got.Status != verification.Cancelled || got.CreditUsed != 0 || b.balance(t) != 100 || got.Output != nil {
		t.Errorf("cancelled while running: %+v, balance %d", got, b.balance(t))
	}
	// The step that ran is the last one, and nothing of it is kept.
	kept, err := b.db.Evidence(t.Context(), tenant.Everything(), running.ID, 1)
	if err != nil || len(kept) != 2 || kept[verification.StepMatch] != nil || begun[len(begun)-1] != verification.StepMatch {
		t.Errorf("kept %d steps, %v; begun %v", len(kept), err, begun)
	}
	if _, err := b.db.KnownFace(t.Context(), tenant.Everything(), running.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the face of a cancelled step: %v", err)
	}
	job, err := b.cases.Job(t.Context(), b.actor, running.OCRJobIDs[0])
	if err != nil || job.Status != verification.Cancelled {
		t.Errorf("job %+v, %v", job, err)
	}
	if _, err := b.cases.Retry(t.Context(), b.actor, running.ID, false); fault.From(err).Code != fault.CodeInvalidState {
		t.Errorf("retry of a cancelled one without force: %v", err)
	}
	b.watch = nil
	if _, err := b.cases.Retry(t.Context(), b.actor, running.ID, true); err != nil {
		t.Fatalf("forced retry: %v", err)
	}
	if err := b.processor().Process(t.Context(), running.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := b.get(t, running.ID); got.Status != verification.Completed || got.Attempt != 2 || b.balance(t) != 90 {
		t.Errorf("after the forced retry: %+v, balance %d", got, b.balance(t))
	}
}

func TestCreateRefuses(t *testing.T) {
	b := newBench(t)
	cfg := json.RawMessage(`{"verification_type":"KTP","files":{"ktp_file":["` + b.path + `"]}}`)
	good := verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: b.folder.ID, Configuration: cfg}
	other := uuid.New()
	tests := []struct {
		name  string
		spoil func(*verification.NewVerification)
		code  fault.Code
		field string
	}{
		{"unknown service", func(n *verification.NewVerification) { n.ServiceID = other }, fault.CodeNotFound, "service_id"},
		{"unknown folder", func(n *verification.NewVerification) { n.FolderID = other }, fault.CodeNotFound, "folder_id"},
		{"unknown result", func(n *verification.NewVerification) { n.ResultID = &other }, fault.CodeNotFound, "result_id"},
		{"unknown file", func(n *verification.NewVerification) {
			n.Configuration = json.RawMessage(`{"verification_type":"KTP","files":{"ktp_file":["files/x/y/uploads/z"]}}`)
		}, fault.CodeInvalidRequest, "configuration.files.ktp_file[0]"},
		{"metadata that is no object", func(n *verification.NewVerification) { n.WebhookMetadata = json.RawMessage(`[1]`) }, fault.CodeInvalidRequest, "webhook_metadata"},
		{"a secret that is no text", func(n *verification.NewVerification) { n.WebhookMetadata = json.RawMessage(`{"webhook_secret":7}`) }, fault.CodeInvalidRequest, "webhook_metadata.webhook_secret"},
		{"metadata too large", func(n *verification.NewVerification) {
			n.WebhookMetadata = json.RawMessage(`{"x":"` + strings.Repeat("x", 9000) + `"}`)
		}, fault.CodeInvalidRequest, "webhook_metadata"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := good
			tt.spoil(&n)
			_, err := b.cases.Create(t.Context(), b.actor, n)
			e := fault.From(err)
			if err == nil || e.Code != tt.code || len(e.Fields) != 1 || e.Fields[0].Field != tt.field {
				t.Errorf("%v: code %s, fields %v", err, e.Code, e.Fields)
			}
		})
	}
	if err := b.db.SetServiceEnabled(t.Context(), verification.KTPService, false, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.cases.Create(t.Context(), b.actor, good); fault.From(err).Code != fault.CodeInvalidValue || fault.From(err).Fields[0].Field != "service_id" {
		t.Errorf("a disabled service: %v", err)
	}
	if err := b.db.SetServiceEnabled(t.Context(), verification.KTPService, true, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	for b.balance(t) >= 10 {
		if _, err := b.cases.Create(t.Context(), b.actor, good); err != nil {
			t.Fatal(err)
		}
	}
	kept := func() int {
		_, n, err := b.db.Results(t.Context(), tenant.Everything(), b.folder.ID, verification.Page{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := kept()
	if _, err := b.cases.Create(t.Context(), b.actor, good); fault.From(err).Code != fault.CodeInsufficientBalance {
		t.Errorf("no credits left: %v", err)
	}
	if kept() != before {
		t.Error("a refused creation left something in the database")
	}
}

func TestSweep(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "")
	*b.queue = nil
	if err := b.processor().Sweep(t.Context(), time.Hour); err != nil || len(*b.queue) != 0 {
		t.Errorf("a fresh one was swept: %v, %v", *b.queue, err)
	}
	if err := b.processor().Sweep(t.Context(), -time.Hour); err != nil || len(*b.queue) != 1 || (*b.queue)[0].ID != v.ID {
		t.Errorf("a forgotten one was not swept: %v, %v", *b.queue, err)
	}
}
