package verification_test

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/sandbox"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// rehearse is a bench whose actor has a test key, and whose engines fail: no
// test may reach them.
func rehearse(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	accounts := auth.New(b.db, []byte(strings.Repeat("k", 32)), time.Now)
	k, _, err := accounts.CreateKey(t.Context(), b.actor.User, auth.NewKey{Name: "test", Test: true})
	if err != nil {
		t.Fatal(err)
	}
	b.actor.Key = &k
	b.engines.panic = "an engine was asked"
	b.cases = verification.NewUseCases(verification.Ports{Store: b.db, Blobs: b.blobs, Documents: b, Capabilities: nothing{}, Outbound: b, Limits: verification.DefaultLimits, Now: time.Now, Sandbox: sandbox.New(time.Now)})
	if b.folder, err = b.cases.CreateFolder(t.Context(), b.actor, "Cases"); err != nil {
		t.Fatal(err)
	}
	return b
}

// nothing is an installation without models.
type nothing struct{}

func (nothing) Missing(verification.Type) []string { return []string{"everything"} }

// named creates a verification of a card with this file name.
func (b *bench) named(t *testing.T, name string) verification.Verification {
	t.Helper()
	up, err := b.cases.Upload(t.Context(), b.actor, verification.InputFile, []verification.IncomingFile{{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("x")), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	b.path = up.Files[0].Path
	return b.create(t, "")
}

// clocked is a processor whose clock is ahead.
func (b *bench) clocked(d time.Duration) *verification.Processor {
	p := b.later(d)
	p.UseSandbox(sandbox.New(time.Now))
	return p
}

// Slow scenarios stay where they are by the clock, and no worker waits.
func TestSlowScenarios(t *testing.T) {
	for name, stays := range map[string]verification.Status{"queued.jpg": verification.InQueue, "slow.jpg": verification.InProgress} {
		b := rehearse(t)
		v := b.named(t, name)
		for _, at := range []time.Duration{0, sandbox.Slow / 2, sandbox.Slow - time.Second} {
			// Giving up is not for who only waits, and waiting uses up no run.
			err := b.clocked(at).Process(t.Context(), v.ID, true)
			if e := fault.From(err); e.Kind != fault.Exhausted || e.RetryAfter <= 0 || e.RetryAfter > sandbox.Slow-at {
				t.Errorf("%s after %s: %v, again in %s", name, at, err, e.RetryAfter)
			}
			if got := b.get(t, v.ID); got.Status != stays || got.Runs > 1 {
				t.Errorf("%s after %s: %s, %d runs", name, at, got.Status, got.Runs)
			}
		}
		if err := b.clocked(2*sandbox.Slow).Process(t.Context(), v.ID, false); err != nil {
			t.Fatal(err)
		}
		if got := b.get(t, v.ID); got.Status != verification.Completed || got.OutputStatus != verification.Verified {
			t.Errorf("%s comes to %s %s", name, got.Status, got.OutputStatus)
		}
	}
}

// What has no delay never waits, though the clock of the node that wrote it
// last is ahead.
func TestNoDelayByTheClocks(t *testing.T) {
	for name, create := range map[string]func(*testing.T) (*bench, verification.Verification){
		"a live one": func(t *testing.T) (*bench, verification.Verification) {
			b := newBench(t)
			return b, b.create(t, "")
		},
		"a test one": func(t *testing.T) (*bench, verification.Verification) {
			b := rehearse(t)
			return b, b.named(t, "verified.jpg")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, v := create(t)
			if err := b.clocked(-time.Hour).Process(t.Context(), v.ID, false); err != nil {
				t.Errorf("in the queue: %v", err)
			}
			b, v = create(t)
			if err := b.clocked(0).Hold(t.Context(), v.ID); err != nil {
				t.Fatal(err)
			}
			if err := b.clocked(-time.Hour).Process(t.Context(), v.ID, false); err != nil {
				t.Errorf("at work: %v", err)
			}
			if got := b.get(t, v.ID); got.Status != verification.Completed {
				t.Errorf("it is %s", got.Status)
			}
		})
	}
}

// Nothing of a test verification is booked or watched, whichever way it goes,
// and each way writes the documents of a live one.
func TestTestDataLeaveNoTrace(t *testing.T) {
	b := rehearse(t)
	before := b.balance(t)
	for _, row := range sandbox.Rows() {
		if row.Refused != "" || row.Status == verification.Completed && !slices.Contains([]string{"verified", "pep", "faces-differ", "card-not-found"}, row.Name) {
			continue
		}
		v := b.named(t, row.Name+".jpg")
		err := b.clocked(2*sandbox.Slow).Process(t.Context(), v.ID, false)
		if fault.Is(err, fault.Exhausted) {
			err = b.clocked(4*sandbox.Slow).Process(t.Context(), v.ID, false)
		}
		if err != nil {
			t.Errorf("%s: %v", row.Name, err)
		}
		v = b.get(t, v.ID)
		if row.Verdict != "" && v.OutputStatus != row.Verdict || v.CreditCost != 0 || v.CreditUsed != 0 {
			t.Errorf("%s comes to %s %s for %d of %d", row.Name, v.Status, v.OutputStatus, v.CreditUsed, v.CreditCost)
		}
		if _, err := b.db.Watched(t.Context(), tenant.Everything(), v.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s is watched: %v", row.Name, err)
		}
		if _, err := b.db.KnownFace(t.Context(), tenant.Everything(), v.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s has left a face: %v", row.Name, err)
		}
	}
	org, group := b.actor.Home()
	if _, n, err := b.db.Entries(t.Context(), tenant.WithinGroup(org, group), group, verification.EntryFilter{}, verification.Page{Size: 1}); err != nil || n != 0 {
		t.Errorf("%d entries, %v", n, err)
	}
	if b.balance(t) != before {
		t.Errorf("the live balance went from %d to %d", before, b.balance(t))
	}
}

// A person's correction is screened by the script too.
func TestCorrectionInTheSandbox(t *testing.T) {
	b := rehearse(t)
	v := b.named(t, "need-review.jpg")
	p := b.clocked(0)
	if err := p.Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	name := "SITI RAHAYU"
	v, err := verification.NewReviews(b.cases, p).Review(t.Context(), b.actor, v.ID, verification.NewReview{Decision: verification.DecideCorrect, Reason: "misread", Fields: map[string]*string{"name": &name}})
	if err != nil || v.Status != verification.NeedReview {
		t.Fatalf("%s, %v", v.Status, err)
	}
	var out struct {
		PEP struct{ Matches []struct{ Name string } }
	}
	if err := json.Unmarshal(v.Output, &out); err != nil || len(out.PEP.Matches) != 1 || out.PEP.Matches[0].Name != name {
		t.Errorf("%s, %v", v.Output, err)
	}
}

// A program without scenarios does not guess.
func TestNoSandbox(t *testing.T) {
	b := rehearse(t)
	b.cases = verification.NewUseCases(verification.Ports{Store: b.db, Blobs: b.blobs, Documents: b, Capabilities: b, Outbound: b, Limits: verification.DefaultLimits, Now: time.Now})
	_, err := b.cases.Create(t.Context(), b.actor, verification.NewVerification{ServiceID: verification.Catalogue()[1].ID, FolderID: b.folder.ID, Configuration: json.RawMessage(`{"name":"pep"}`)})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("created: %v", err)
	}
	if _, n, err := b.db.FindResults(t.Context(), tenant.Everything(), verification.ResultFilter{Folder: b.folder.ID}, verification.Page{Size: 1}); err != nil || n != 0 {
		t.Errorf("%d results, %v", n, err)
	}
	if err := b.processor().Process(t.Context(), uuid.New(), false); err != nil {
		t.Errorf("an unknown one: %v", err)
	}
}
