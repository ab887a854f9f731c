package onnx_test

import (
	"os"
	"strings"
	"testing"

	"anycheck/internal/nn"
	"anycheck/internal/onnx"
	"anycheck/internal/onnx/onnxtest"
)

// A file frozen at 96 x 96 runs at other sizes when its entry says so, and
// answers the same at its own.
func TestFreeSides(t *testing.T) {
	open := func(multiple int) nn.Model {
		s := onnxtest.TinySpec()
		s.Task, s.Decoding, s.Output, s.Input.Multiple = nn.TaskFaceDetection, nn.DecodeYuNet, "", multiple
		s.Thresholds = map[string]float64{"score": 0.5, "primary_score": 0.6, "nms_iou": 0.45, "orientation": 0.8}
		r, err := onnx.Open(onnx.Options{ModelsDir: onnxtest.ModelsWith(t, s)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		m, err := r.Model(s.Name)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	frozen, free := open(0), open(32)
	want, err := frozen.Run(t.Context(), input(1, 3, 96, 96))
	if err != nil {
		t.Fatal(err)
	}
	got, err := free.Run(t.Context(), input(1, 3, 96, 96))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want["fc1"].Data {
		if got["fc1"].Data[i] != v {
			t.Fatalf("value %d is %v, was %v", i, got["fc1"].Data[i], v)
		}
	}
	if _, err := frozen.Run(t.Context(), input(1, 3, 64, 32)); err == nil || !strings.Contains(err.Error(), "tiny_embedder") {
		t.Errorf("a frozen model took another size: %v", err)
	}
	if got, err = free.Run(t.Context(), input(1, 3, 64, 32)); err != nil || len(got["fc1"].Data) != 48 {
		t.Errorf("at 32 x 64: %d values, %v", len(got["fc1"].Data), err)
	}
}

// YuNet at part of its size answers for that part only.
func TestYuNetAtOtherSizes(t *testing.T) {
	r := onnxtest.Open(t)
	m := onnxtest.Model(t, r, r.Role(onnx.RoleFaceDetector)[0])
	out, err := m.Run(t.Context(), input(1, 3, 224, 320))
	if err != nil || len(out["kps_8"].Data) != 10*28*40 || len(out["cls_32"].Data) != 7*10 {
		t.Errorf("%d and %d values, %v", len(out["kps_8"].Data), len(out["cls_32"].Data), err)
	}
}

func TestUnlicensedModelsInUse(t *testing.T) {
	list := func(dir string) (names []string) {
		m, err := onnx.NewModels(onnx.Options{ModelsDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Unlicensed() {
			names = append(names, s.Name)
		}
		return names
	}
	spec := onnxtest.TinySpec()
	if got := list(onnxtest.ModelsWith(t, spec, onnx.RoleFaceEmbedder)); len(got) != 1 || got[0] != spec.Name {
		t.Errorf("%v, want the one installed model that forbids commercial use", got)
	}
	if got := list(onnxtest.ModelsWith(t, spec)); len(got) != 0 {
		t.Errorf("%v without a role", got)
	}
	spec.Licence = nn.Licence{ID: "MIT", Commercial: "yes"}
	if got := list(onnxtest.ModelsWith(t, spec, onnx.RoleFaceEmbedder)); len(got) != 0 {
		t.Errorf("%v with a free licence", got)
	}
	dir := onnxtest.ModelsWith(t, onnxtest.TinySpec(), onnx.RoleFaceEmbedder)
	if err := os.Remove(dir + "/tiny_embedder.onnx"); err != nil {
		t.Fatal(err)
	}
	if got := list(dir); len(got) != 0 {
		t.Errorf("%v though it is not installed", got)
	}
}
