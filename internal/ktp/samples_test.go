package ktp_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/onnx/onnxtest"
)

// samples is the folder of development pictures beside the repository.
func samples(tb testing.TB, name string) string {
	tb.Helper()
	dir := filepath.Join(filepath.Dir(onnxtest.Root(tb)), "shared", "samples", name)
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("needs shared/samples/%s: not on this machine", name)
	}
	return dir
}

func decode(tb testing.TB, file string) *imaging.Picture {
	tb.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	p, _, err := imaging.Decode(data, imaging.DefaultLimits)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// TestSampleCards reads every development card and holds the accuracy by
// level. Readings run side by side, which a Reader must allow.
func TestSampleCards(t *testing.T) {
	dir := samples(t, "ktp")
	reader := ktp.NewReader(onnxtest.Model(t, onnxtest.Open(t), "ktp_ctc_v2"))
	f, err := os.Open(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cards, err := ktp.ParseTruth(f)
	if err != nil {
		t.Fatal(err)
	}
	if ktp.RaceDetector {
		cards = cards[:2]
	}
	readings := make([]ktp.Reading, len(cards))
	var group sync.WaitGroup
	limit := make(chan struct{}, 2)
	for i, c := range cards {
		group.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			r, err := reader.Read(context.Background(), decode(t, filepath.Join(dir, c.File)))
			if err != nil {
				t.Errorf("%s: %v", c.File, err)
			}
			readings[i] = r
		})
	}
	group.Wait()
	var bench ktp.Bench
	for i, c := range cards {
		r := &readings[i]
		bench.Add(c, r)
		if !r.Found {
			t.Errorf("%s: no card found", c.File)
			continue
		}
		for k, corner := range r.Corners {
			off := math.Hypot(corner.X-c.Corners[k][0], corner.Y-c.Corners[k][1]) / r.Quality.PixelsPerMM
			if off > 1 {
				t.Errorf("%s: corner %d is %.2f mm off", c.File, k, off)
			}
		}
		if c.Level <= 1 && len(r.Codes) > 0 {
			t.Errorf("%s: a good picture has codes %v", c.File, r.Codes)
		}
	}
	report := bench.Report()
	var table strings.Builder
	if err := report.WriteText(&table); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table.String())
	for _, l := range report.Levels {
		floor := 0.97
		if l.Level == 3 { // dim, blurred, a reflection over the text
			floor = 0.75
		}
		if l.Scored.Share() < floor {
			t.Errorf("level %d: %.3f of the fields, the floor is %.2f", l.Level, l.Scored.Share(), floor)
		}
		if l.NIK.Exact < l.NIK.Of {
			t.Errorf("level %d: %d of %d NIKs", l.Level, l.NIK.Exact, l.NIK.Of)
		}
	}
	if t.Failed() {
		for _, w := range report.Wrong {
			got := "nothing"
			if w.Got != nil {
				got = *w.Got
			}
			t.Logf("%s %s: %q, want %q (confidence %.2f)", w.File, w.Field, got, w.Expected, w.Confidence)
		}
	}
}

// TestPortraitsAreNotCards: a face is no card, whatever is behind it.
func TestPortraitsAreNotCards(t *testing.T) {
	dir := samples(t, "faces")
	reader := ktp.NewReader(onnxtest.Model(t, onnxtest.Open(t), "ktp_ctc_v2"))
	files, err := filepath.Glob(filepath.Join(dir, "s*.jpg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pictures in %s: %v", dir, err)
	}
	every := 12
	if ktp.RaceDetector {
		every = 60
	}
	for i, file := range files {
		if i%every != 0 {
			continue
		}
		r, err := reader.Read(context.Background(), decode(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if r.Found {
			t.Errorf("%s: a card with layout score %.2f", filepath.Base(file), r.Quality.Layout)
		}
	}
}

func TestReadStopsWhenCancelled(t *testing.T) {
	reader := ktp.NewReader(onnxtest.Model(t, onnxtest.Open(t), "ktp_ctc_v2"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := reader.Read(ctx, imaging.New(800, 600)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
}

func BenchmarkRead(b *testing.B) {
	dir := samples(b, "ktp")
	reader := ktp.NewReader(onnxtest.Model(b, onnxtest.Open(b), "ktp_ctc_v2"))
	photo := decode(b, filepath.Join(dir, "dev-l1-00.jpg"))
	for b.Loop() {
		if _, err := reader.Read(context.Background(), photo); err != nil {
			b.Fatal(err)
		}
	}
}
