package onnx_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/nn"
	"anycheck/internal/onnx"
	"anycheck/internal/onnx/onnxtest"
)

// input is a tensor with a repeatable pattern, so that answers can be compared.
func input(shape ...int64) nn.Tensor {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(i%29)/14 - 1
	}
	return nn.Tensor{Shape: shape, Data: data}
}

func TestCardReaderIsAlwaysThere(t *testing.T) {
	r, err := onnx.Open(onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lib, err := r.Library()
	if err != nil {
		t.Fatalf("no ONNX Runtime to test with; run: make deps (%v)", err)
	}
	if lib.Path == "" || lib.Version == "" || lib.Origin == "" {
		t.Errorf("library = %+v, want path, version and origin", lib)
	}
	name := r.Role(onnx.RoleCardReader)[0]
	if err := r.Available(name); err != nil {
		t.Errorf("Available = %v", err)
	}
	m, err := r.Model(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Spec().Classes; len(got) != 80 || got[0] != "0" || got[len(got)-1] != m.Spec().Hidden {
		t.Errorf("%d dictionary entries, first %q; want 80 from \"0\" on, the last for hidden print", len(got), got[0])
	}
	// Free width and batch: T is a quarter of the width.
	for _, shape := range [][]int64{{1, 3, 32, 320}, {3, 3, 32, 64}} {
		out, err := m.Run(t.Context(), nn.Tensor{Shape: shape, Data: make([]float32, shape[0]*3*32*shape[3])})
		if err != nil {
			t.Fatal(err)
		}
		got := out[m.Spec().Output]
		if len(got.Shape) != 3 || got.Shape[0] != shape[0] || got.Shape[1] != shape[3]/4 || got.Shape[2] != 81 {
			t.Fatalf("output shape %v for input %v", got.Shape, shape)
		}
		for step := 0; step < len(got.Data); step += 81 {
			sum := 0.0
			for _, p := range got.Data[step : step+81] {
				sum += float64(p)
			}
			if math.Abs(sum-1) > 1e-4 {
				t.Fatalf("probabilities of a step sum to %v", sum)
			}
		}
	}
}

func TestYuNetOutputs(t *testing.T) {
	r := onnxtest.Open(t)
	m := onnxtest.Model(t, r, r.Role(onnx.RoleFaceDetector)[0])
	out, err := m.Run(t.Context(), nn.Tensor{Shape: []int64{1, 3, 640, 640}, Data: make([]float32, 3*640*640)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 12 {
		t.Errorf("%d outputs, want 12", len(out))
	}
	for stride, cells := range map[string]int64{"8": 6400, "16": 1600, "32": 400} {
		for kind, width := range map[string]int64{"cls_": 1, "obj_": 1, "bbox_": 4, "kps_": 10} {
			got := out[kind+stride]
			if len(got.Shape) != 3 || got.Shape[1] != cells || got.Shape[2] != width || int64(len(got.Data)) != cells*width {
				t.Errorf("%s%s has shape %v and %d values", kind, stride, got.Shape, len(got.Data))
			}
		}
	}
	for i, p := range out["cls_8"].Data {
		if score := p * out["obj_8"].Data[i]; score < 0 || score > 0.3 {
			t.Fatalf("a black picture has a face with score %v", score)
		}
	}
}

// Every model that can be had must fit its manifest entry.
func TestModelsFitTheManifest(t *testing.T) {
	r := onnxtest.Open(t)
	for _, s := range r.List() {
		t.Run(s.Spec.Name, func(t *testing.T) {
			m := onnxtest.Model(t, r, s.Spec.Name)
			in := m.Spec().Input
			h, w := int64(in.Height), int64(in.Width)
			if h == 0 {
				h = 64
			}
			if w == 0 {
				w = 64
			}
			out, err := m.Run(t.Context(), input(1, 3, h, w))
			if err != nil {
				t.Fatal(err)
			}
			for name, o := range out {
				for _, v := range o.Data {
					if math.IsNaN(float64(v)) {
						t.Fatalf("output %s holds NaN", name)
					}
				}
			}
		})
	}
}

func TestConcurrentRunsAgree(t *testing.T) {
	r := onnxtest.Open(t)
	want := map[int64][]float32{}
	m := onnxtest.Model(t, r, "ktp_ctc_v2")
	for _, w := range []int64{64, 96, 128} {
		out, err := m.Run(t.Context(), input(1, 3, 32, w))
		if err != nil {
			t.Fatal(err)
		}
		want[w] = out["softmax"].Data
	}
	fresh := onnxtest.Open(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			m, err := fresh.Model("ktp_ctc_v2") // loaded once, by whoever comes first
			if err != nil {
				t.Error(err)
				return
			}
			for n := range 6 {
				w := int64(64 + 32*((i+n)%3))
				out, err := m.Run(context.Background(), input(1, 3, 32, w))
				if err != nil {
					t.Error(err)
					return
				}
				for j, v := range out["softmax"].Data {
					if v != want[w][j] {
						t.Errorf("width %d: value %d is %v, alone it was %v", w, j, v, want[w][j])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestMissingModelIsNamed(t *testing.T) {
	r, err := onnx.Open(onnx.Options{ModelsDir: t.TempDir(), StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"yunet_n_640", "no_such_model"} {
		_, err := r.Model(name)
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.From(err).Message, name) {
			t.Errorf("Model(%s) = %v, want Unavailable with the name", name, err)
		}
		if avail := r.Available(name); avail == nil || avail.Error() != err.Error() {
			t.Errorf("Available(%s) = %v, want %v", name, avail, err)
		}
	}
}

func TestCorruptModelIsNeverLoaded(t *testing.T) {
	r := onnxtest.Open(t)
	spec, _ := r.Spec("yunet_n_640")
	dir := t.TempDir()
	damaged := make([]byte, spec.Bytes)
	if err := os.WriteFile(filepath.Join(dir, spec.File), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	bad, err := onnx.Open(onnx.Options{ModelsDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	_, err = bad.Model(spec.Name)
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "yunet_n_640 is damaged") {
		t.Errorf("Model = %v, want Unavailable that says damaged", err)
	}
	if got := stateOf(t, bad.Models, spec.Name); got.State != onnx.StateCorrupt || got.Path != filepath.Join(dir, spec.File) {
		t.Errorf("state = %s at %s, want corrupt", got.State, got.Path)
	}

	// Replacing the file heals it without a restart.
	if good := onnxtest.ModelsDir(t); good != "" {
		data, err := os.ReadFile(filepath.Join(good, spec.File))
		if err != nil {
			t.Fatal(err)
		}
		replacement := filepath.Join(dir, "new")
		if err := os.WriteFile(replacement, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(replacement, filepath.Join(dir, spec.File)); err != nil {
			t.Fatal(err)
		}
		if _, err := bad.Model(spec.Name); err != nil {
			t.Errorf("after the file was replaced: %v", err)
		}
	}
}

func stateOf(t *testing.T, m *onnx.Models, name string) onnx.ModelState {
	t.Helper()
	for _, s := range m.List() {
		if s.Spec.Name == name {
			return s
		}
	}
	t.Fatalf("model %s is not listed", name)
	return onnx.ModelState{}
}

func TestRunRefusesBadInput(t *testing.T) {
	r := onnxtest.Open(t)
	m := onnxtest.Model(t, r, "ktp_ctc_v2")
	for name, in := range map[string]nn.Tensor{
		"no shape":        {},
		"too little data": {Shape: []int64{1, 3, 32, 320}, Data: make([]float32, 10)},
		"too much data":   {Shape: []int64{1, 3, 32, 8}, Data: make([]float32, 3*32*8+1)},
		"zero side":       {Shape: []int64{1, 3, 32, 0}},
		"negative sides":  {Shape: []int64{-1, 3, 32, -8}, Data: make([]float32, 3*32*8)},
		"overflow":        {Shape: []int64{1 << 31, 3, 1 << 31, 4}},
		"one channel":     {Shape: []int64{1, 1, 32, 96}, Data: make([]float32, 32*96)},
		"wrong height":    input(1, 3, 48, 96),
	} {
		if _, err := m.Run(t.Context(), in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Run(ctx, input(1, 3, 32, 64)); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestClose(t *testing.T) {
	r, err := onnx.Open(onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.Model("ktp_ctc_v2")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Run(t.Context(), input(1, 3, 32, 64)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Run after Close = %v, want Unavailable", err)
	}
	if _, err := r.Model("ktp_ctc_v2"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Model after Close = %v, want Unavailable", err)
	}
	// The library stays with the process: the next Runtime works.
	again, err := onnx.Open(onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Model("ktp_ctc_v2"); err != nil {
		t.Error(err)
	}
}

// BenchmarkCTCLine is one 320 px line through the card reader, one thread.
func BenchmarkCTCLine(b *testing.B) {
	r := onnxtest.Open(b)
	m := onnxtest.Model(b, r, "ktp_ctc_v2")
	in := input(1, 3, 32, 320)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Run(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
