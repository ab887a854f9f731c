package verification_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/face"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// faceOf is a face whose only value is the given one of four.
func faceOf(i int) *face.Template {
	t := &face.Template{Model: face.ModelRef{Name: "fake", Version: "1"}, Values: make([]byte, 4)}
	t.Values[i] = 127
	return t
}

func (b *bench) verify(t *testing.T, nik string, f *face.Template) verification.Verification {
	t.Helper()
	b.nik, b.face = nik, f
	v := b.create(t, "")
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	return b.get(t, v.ID)
}

// reuse is how the check came out.
func reuse(t *testing.T, v verification.Verification) verification.Check {
	t.Helper()
	for _, c := range v.Checks {
		if c.Name == "identity_reuse" {
			return c
		}
	}
	t.Fatalf("no check in %+v", v.Checks)
	return verification.Check{}
}

const budi, ani, siti = "3174080107870501", "3174084107870502", "3174084107870503"

func TestIdentityReuse(t *testing.T) {
	type step struct {
		nik  string
		face *face.Template
		want verification.Outcome
		code string
	}
	const pass, unsure, skipped = verification.Pass, verification.Inconclusive, verification.Skipped
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"one person, again and again", []step{{budi, faceOf(0), pass, ""}, {budi, faceOf(0), pass, ""}, {budi, faceOf(0), pass, ""}}},
		{"two persons", []step{{budi, faceOf(0), pass, ""}, {ani, faceOf(1), pass, ""}}},
		{"one face, many NIKs", []step{{budi, faceOf(0), pass, ""}, {ani, faceOf(0), unsure, "FACE_UNDER_OTHER_NIK"}, {siti, faceOf(0), unsure, "FACE_UNDER_OTHER_NIK"}}},
		{"one NIK, another face", []step{{budi, faceOf(0), pass, ""}, {budi, faceOf(1), unsure, "NIK_WITH_OTHER_FACE"}}},
		{"no face to look for", []step{{budi, faceOf(0), pass, ""}, {ani, nil, skipped, "NOT_SEARCHED"}}},
		{"a NIK that cannot be", []step{{budi, faceOf(0), pass, ""}, {"3174080113870501", faceOf(0), skipped, "NOT_SEARCHED"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			for i, s := range tt.steps {
				v := b.verify(t, s.nik, s.face)
				if got := reuse(t, v); got.Outcome != s.want || got.Code != s.code || got.Blocking || got.Message == "" || strings.Contains(got.Message, "%!") {
					t.Errorf("verification %d: %+v, want %s %s", i+1, got, s.want, s.code)
				}
				if s.want == unsure && v.OutputStatus != verification.PartiallyNotVerified {
					t.Errorf("verification %d is %s", i+1, v.OutputStatus)
				}
			}
		})
	}
}

func TestIdentityReuseCounts(t *testing.T) {
	b := newBench(t)
	for _, nik := range []string{budi, ani, ani} {
		b.verify(t, nik, faceOf(0))
	}
	v := b.verify(t, siti, faceOf(0))
	if got := reuse(t, v); !strings.Contains(got.Message, "under 2 other NIK (similarity up to 1.00)") {
		t.Errorf("message %q", got.Message)
	}
	kept, err := b.db.Evidence(t.Context(), tenant.Everything(), v.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	var found verification.Reuse
	if err := json.Unmarshal(kept[verification.StepReuse], &found); err != nil || !found.Searched || found.Compared != 3 || found.OtherOwners != 2 || found.SameFace < 0.4 || found.OtherFace != 0.3 {
		t.Errorf("evidence %s, %v", kept[verification.StepReuse], err)
	}
	// Neither the NIK nor the face is where it does not belong.
	f, err := b.db.KnownFace(t.Context(), tenant.Everything(), v.ID)
	if err != nil || bytes.Contains(f.Owner, []byte(siti)) || len(f.Owner) != 32 || !strings.HasPrefix(f.Space, "fake 1 ") {
		t.Errorf("known face %+v, %v", f, err)
	}
	if strings.Contains(string(kept[verification.StepMatch]), "Values") {
		t.Errorf("the evidence tells the face: %s", kept[verification.StepMatch])
	}

	// A second attempt does not find the first one.
	alone := newBench(t)
	v = alone.verify(t, budi, faceOf(0))
	alone.nik = ani
	if v, err = alone.cases.Retry(t.Context(), alone.actor, v.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := alone.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := reuse(t, alone.get(t, v.ID)); got.Outcome != verification.Pass {
		t.Errorf("a retry: %+v", got)
	}
}

// A worker that dies behind the match step has kept the face: the next one
// searches without looking at the pictures again.
func TestIdentityReuseResumes(t *testing.T) {
	b := newBench(t)
	b.verify(t, budi, faceOf(0))
	b.nik, b.face = ani, faceOf(0)
	v := b.create(t, "")
	ctx, die := context.WithCancel(t.Context())
	b.watch = func(_ context.Context, _ uuid.UUID, s verification.StepName, m verification.Moment) {
		if s == verification.StepReuse && m == verification.StepBegins {
			die()
		}
	}
	if err := b.processor().Process(ctx, v.ID, false); err == nil {
		t.Fatal("the worker did not notice that it was stopped")
	}
	b.watch, b.face = nil, nil
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Fatal(err)
	}
	if got := reuse(t, b.get(t, v.ID)); got.Code != "FACE_UNDER_OTHER_NIK" {
		t.Errorf("resumed: %+v", got)
	}
}

// Of verifications under way at the same time, one at least finds the other.
func TestIdentityReuseAtTheSameTime(t *testing.T) {
	b := newBench(t)
	b.nik, b.face = budi, faceOf(0)
	first := b.create(t, "")
	var second verification.Verification
	b.watch = func(_ context.Context, id uuid.UUID, s verification.StepName, m verification.Moment) {
		if id == first.ID && s == verification.StepReuse && m == verification.StepBegins {
			b.watch = nil
			second = b.verify(t, ani, faceOf(0))
		}
	}
	if err := b.processor().Process(t.Context(), first.ID, false); err != nil {
		t.Fatal(err)
	}
	if one, two := reuse(t, b.get(t, first.ID)), reuse(t, second); one.Code != "FACE_UNDER_OTHER_NIK" || two.Code != "FACE_UNDER_OTHER_NIK" {
		t.Errorf("first %+v, second %+v", one, two)
	}
}
