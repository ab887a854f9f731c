package face

import (
	"context"
	"math"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
	"anycheck/internal/onnx"
	"anycheck/internal/onnx/onnxtest"
)

// A second embedder with another size, colour order, normalisation, dimension
// and thresholds takes the role by its manifest entry alone.
func TestAnotherEmbedderByManifest(t *testing.T) {
	r, err := onnx.Open(onnx.Options{ModelsDir: onnxtest.ModelsWith(t, onnxtest.TinySpec(), onnx.RoleFaceEmbedder)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	model, err := r.Model(r.Role(onnx.RoleFaceEmbedder)[0])
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEmbedder(model)
	if err != nil {
		t.Fatal(err)
	}

	// The tensor it must see: BGR planes of (v - 127.5) / 128.
	p := imaging.New(96, 96)
	for i := range 96 * 96 {
		copy(p.Pix[3*i:], []uint8{uint8(i), uint8(i / 96), uint8(200 - i%96)})
	}
	byHand := nn.Tensor{Shape: []int64{1, 3, 96, 96}, Data: make([]float32, 3*96*96)}
	for i := range 96 * 96 {
		for c := range 3 {
			byHand.Data[c*96*96+i] = (float32(p.Pix[3*i+2-c]) - 127.5) / 128
		}
	}
	out, err := model.Run(t.Context(), byHand)
	if err != nil {
		t.Fatal(err)
	}
	want := out["fc1"].Data
	got, err := e.Embed(t.Context(), p)
	if err != nil || len(got) != 48 {
		t.Fatalf("%d values, %v; want 48", len(got), err)
	}
	var norm float64
	for _, v := range want {
		norm += float64(v) * float64(v)
	}
	for i, v := range want {
		if math.Abs(float64(got[i])-float64(v)/math.Sqrt(norm)) > 1e-5 {
			t.Fatalf("value %d is %v, want %v", i, got[i], float64(v)/math.Sqrt(norm))
		}
	}

	m := NewMatcher(fakeSource{"detector": fakeDetector(), "embedder": model}, fakeRoles, DefaultPolicy)
	person := func(who uint8) *imaging.Picture {
		return draw(900, 900, drawnFace{x: 300, y: 200, w: 300, h: 400, who: who, noise: 80})
	}
	for who, want := range map[uint8]Outcome{20: Match, 250: NoMatch} {
		c, err := m.Compare(context.Background(), person(20), person(who))
		if err != nil {
			t.Fatal(err)
		}
		if c.Outcome != want || c.Models[1].Name != "tiny_embedder" || c.Thresholds.Match != 0.97 || c.Thresholds.Calibration.Midpoint != 0.85 {
			t.Errorf("%d: %s with similarity %.3f, %+v", who, c.Outcome, *c.Similarity, c.Thresholds)
		}
	}
}
