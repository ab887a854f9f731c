package verification_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// TestEraseWhileRunning: what has not ended is cancelled, costs nothing, and
// the worker that was at it leaves nothing behind.
func TestEraseWhileRunning(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "https://example.com/hook")
	privacy := verification.NewPrivacy(b.processor())
	b.watch = func(_ context.Context, id uuid.UUID, step verification.StepName, m verification.Moment) {
		if step == verification.StepMatch && m == verification.StepBegins {
			if _, err := privacy.Erase(t.Context(), b.actor, v.ResultID, verification.Mistake); err != nil {
				t.Error(err)
			}
		}
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Errorf("the worker: %v", err)
	}
	if b.balance(t) != 100 {
		t.Errorf("balance %d, want 100", b.balance(t))
	}
	if _, err := b.cases.Get(t.Context(), b.actor, v.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the verification: %v", err)
	}
	tomb, err := privacy.Tombstone(t.Context(), b.actor, v.ResultID)
	if err != nil || tomb.Reason != verification.Mistake || tomb.Files != nil || len(tomb.Commitments.NIKs) != 1 {
		t.Errorf("tombstone %+v, %v", tomb, err)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); !fault.Is(err, fault.NotFound) {
		t.Errorf("the upload: %v", err)
	}
	if err := privacy.DeleteFiles(t.Context(), v.ResultID); err != nil {
		t.Errorf("deleting again: %v", err)
	}
	stranger := tenant.Actor{User: tenant.User{OrganizationID: uuid.New(), Role: tenant.OrganizationOwner, Email: "x"}}
	if _, err := privacy.Erase(t.Context(), stranger, v.ResultID, verification.Mistake); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	user := b.actor
	user.User.Role = tenant.GroupUser
	if _, err := privacy.Erase(t.Context(), user, v.ResultID, verification.Mistake); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a group user: %v", err)
	}
}

func TestRetentionSweep(t *testing.T) {
	b := newBench(t)
	old := b.create(t, "")
	if err := b.processor().Process(t.Context(), old.ID, false); err != nil {
		t.Fatal(err)
	}
	waiting := b.create(t, "")
	privacy := verification.NewPrivacy(b.later(40 * 24 * time.Hour))
	if _, err := privacy.SetRetention(t.Context(), b.actor, b.actor.User.GroupID, map[verification.DataClass]int{verification.FileData: 10, verification.ResultData: 50}); err != nil {
		t.Fatal(err)
	}
	sweep := func(p *verification.Privacy, dry bool) (told []verification.DataClass) {
		t.Helper()
		if err := p.Sweep(t.Context(), dry, func(c verification.DataClass, e verification.Expiry) {
			if e.ResultID != old.ResultID {
				t.Errorf("swept %+v", e)
			}
			told = append(told, c)
		}); err != nil {
			t.Fatal(err)
		}
		return told
	}
	if told := sweep(privacy, true); len(told) != 1 || told[0] != verification.FileData {
		t.Errorf("a dry run tells %v", told)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); err != nil {
		t.Errorf("a dry run deleted: %v", err)
	}
	if told := sweep(privacy, false); len(told) != 1 || told[0] != verification.FileData {
		t.Errorf("the sweep tells %v", told)
	}
	if got := b.get(t, old.ID); got.Output == nil || got.Status != verification.Completed {
		t.Errorf("what was read: %+v", got)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); err != nil {
		t.Errorf("the upload that another result uses: %v", err)
	}
	if told := sweep(privacy, false); len(told) != 0 {
		t.Errorf("the next sweep tells %v", told)
	}
	if told := sweep(verification.NewPrivacy(b.later(60*24*time.Hour)), false); len(told) != 1 || told[0] != verification.ResultData {
		t.Errorf("the sweep after 60 days tells %v", told)
	}
	if _, err := b.cases.Get(t.Context(), b.actor, old.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its time: %v", err)
	}
	if got := b.get(t, waiting.ID); got.Status != verification.InQueue {
		t.Errorf("what waits is %s", got.Status)
	}
	user := b.actor
	user.User.Role = tenant.GroupUser
	if _, err := privacy.SetRetention(t.Context(), user, b.actor.User.GroupID, nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a group user sets it: %v", err)
	}
}
