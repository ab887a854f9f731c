package face

import (
	"context"
	"errors"
	"math"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

func newDetector(t testing.TB, m nn.Model) *Detector {
	t.Helper()
	d, err := NewDetector(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// near compares boxes and landmarks; a drawn edge is found to about a pixel of
// the detector's frame.
func near(t *testing.T, got, want Face, tolerance float64) {
	t.Helper()
	for _, d := range []float64{got.Box.X - want.Box.X, got.Box.Y - want.Box.Y, got.Box.W - want.Box.W, got.Box.H - want.Box.H} {
		if math.Abs(d) > tolerance {
			t.Errorf("box %v, want %v", got.Box, want.Box)
			break
		}
	}
	for i := range got.Landmarks {
		if math.Hypot(got.Landmarks[i].X-want.Landmarks[i].X, got.Landmarks[i].Y-want.Landmarks[i].Y) > tolerance {
			t.Errorf("landmark %d at %v, want %v", i, got.Landmarks[i], want.Landmarks[i])
		}
	}
}

func expected(d drawnFace) Face {
	f := Face{Box: Box{X: float64(d.x), Y: float64(d.y), W: float64(d.w), H: float64(d.h)}}
	for k, at := range landmarkAt {
		f.Landmarks[k] = imaging.Point{X: f.Box.X + at[0]*f.Box.W, Y: f.Box.Y + at[1]*f.Box.H}
	}
	return f
}

func TestDecodeOfAKnownCell(t *testing.T) {
	d := newDetector(t, fakeModel{spec: detectorSpec})
	out := emptyYuNet(640)
	// Stride 16 has 40 columns: cell 83 is column 3, row 2, anchor (48, 32).
	out["cls_16"].Data[83], out["obj_16"].Data[83] = 0.9, 0.8
	copy(out["bbox_16"].Data[4*83:], []float32{0.5, 0.25, float32(math.Log(2)), float32(math.Log(3))})
	copy(out["kps_16"].Data[10*83:], []float32{0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1})
	// A weak cell and one that is not a number are no faces.
	out["cls_8"].Data[7], out["obj_8"].Data[7] = 0.6, 0.6
	out["cls_32"].Data[5], out["obj_32"].Data[5] = float32(math.NaN()), 1

	faces, err := d.decode(out, d.in.Width, d.in.Height)
	if err != nil || len(faces) != 1 {
		t.Fatalf("%d faces, %v", len(faces), err)
	}
	near(t, faces[0], Face{
		Box:       Box{X: 56 - 16, Y: 36 - 24, W: 32, H: 48},
		Landmarks: Landmarks{{X: 48, Y: 32}, {X: 64, Y: 32}, {X: 56, Y: 40}, {X: 48, Y: 48}, {X: 64, Y: 48}},
	}, 1e-4)
	if math.Abs(faces[0].Score-0.72) > 1e-6 {
		t.Errorf("score %v, want 0.72", faces[0].Score)
	}
	delete(out, "kps_32")
	if _, err := d.decode(out, d.in.Width, d.in.Height); err == nil {
		t.Error("a missing output went unnoticed")
	}
}

func TestSuppressKeepsTheBestOfOverlappingFaces(t *testing.T) {
	box := func(x, score float64) Face { return Face{Box: Box{X: x, W: 100, H: 100}, Score: score} }
	kept := suppress([]Face{box(0, 0.7), box(20, 0.9), box(60, 0.6), box(300, 0.8)}, 0.45)
	if len(kept) != 3 || kept[0].Box.X != 20 || kept[1].Box.X != 300 || kept[2].Box.X != 60 {
		t.Errorf("kept %v", kept)
	}
}

func TestFindInAnyOrientation(t *testing.T) {
	d := newDetector(t, fakeDetector())
	drawn := drawnFace{x: 100, y: 120, w: 150, h: 200}
	p := draw(500, 700, drawn)
	for turned := range 4 {
		det, err := d.Find(context.Background(), p.Rotate90(turned))
		if err != nil || len(det.Faces) != 1 {
			t.Fatalf("turned %d: %d faces, %v", turned, len(det.Faces), err)
		}
		if want := (4 - turned) % 4; det.Turns != want {
			t.Errorf("turned %d: found upright after %d turns, want %d", turned, det.Turns, want)
		}
		near(t, det.Faces[0], expected(drawn), 5)
		if det.Upright.W != 500 || det.Upright.H != 700 {
			t.Errorf("turned %d: upright picture is %dx%d", turned, det.Upright.W, det.Upright.H)
		}
	}
}

func TestFindATightCrop(t *testing.T) {
	d := newDetector(t, fakeDetector())
	drawn := drawnFace{x: 20, y: 10, w: 360, h: 470}
	p := draw(400, 500, drawn)
	if faces, err := d.detect(context.Background(), p, d.full); err != nil || len(faces) != 0 {
		t.Fatalf("one pass found %d faces, %v: the test needs a face that is missed", len(faces), err)
	}
	for turned := range 4 {
		det, err := d.Find(context.Background(), p.Rotate90(turned))
		if err != nil || len(det.Faces) != 1 {
			t.Fatalf("turned %d: %d faces, %v", turned, len(det.Faces), err)
		}
		near(t, det.Faces[0], expected(drawn), 6)
	}
}

func TestFindNothing(t *testing.T) {
	d := newDetector(t, fakeDetector())
	for _, p := range []*imaging.Picture{draw(300, 200), imaging.New(0, 0), imaging.New(1, 1)} {
		det, err := d.Find(context.Background(), p)
		if err != nil || len(det.Faces) != 0 || det.Turns != 0 {
			t.Errorf("%dx%d: %d faces after %d turns, %v", p.W, p.H, len(det.Faces), det.Turns, err)
		}
		if _, ok := det.Primary(); ok {
			t.Error("a primary face out of none")
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Find(ctx, draw(300, 200)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRefineAveragesTheLandmarks(t *testing.T) {
	d := newDetector(t, fakeDetector())
	drawn := drawnFace{x: 700, y: 300, w: 90, h: 120}
	p := draw(1000, 640, drawn)
	want := expected(drawn)
	off := want
	for i := range off.Landmarks {
		off.Landmarks[i].X += 8
	}
	got, err := d.Refine(context.Background(), p, off)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Landmarks {
		want.Landmarks[i].X += 4
	}
	near(t, got, want, 3)
	// Nothing seen there leaves the face as it was.
	elsewhere := expected(drawnFace{x: 100, y: 100, w: 60, h: 80})
	if got, err := d.Refine(context.Background(), p, elsewhere); err != nil || got != elsewhere {
		t.Errorf("%v, %v", got, err)
	}
}

func TestPrimaryAndSeveral(t *testing.T) {
	face := func(x, y, w, h float64) Face { return Face{Box: Box{X: x, Y: y, W: w, H: h}, Score: 0.9} }
	frame := imaging.New(1000, 1000)
	for _, tt := range []struct {
		name    string
		faces   []Face
		primary int
		several int
	}{
		{"one", []Face{face(400, 400, 200, 200)}, 0, 1},
		{"a portrait on the wall", []Face{face(10, 10, 60, 60), face(400, 400, 200, 200)}, 1, 1},
		{"two persons", []Face{face(200, 400, 200, 200), face(600, 400, 190, 200)}, 0, 2},
		{"the central one of two alike", []Face{face(0, 0, 200, 200), face(400, 400, 195, 195)}, 1, 2},
		{"none", nil, 0, 0},
	} {
		det := Detection{Upright: frame, Faces: tt.faces}
		if got, ok := det.Primary(); ok && got != tt.faces[tt.primary] {
			t.Errorf("%s: primary %v", tt.name, got.Box)
		}
		if got := det.Several(0.3); got != tt.several {
			t.Errorf("%s: %d persons, want %d", tt.name, got, tt.several)
		}
	}
}

func TestNewDetectorRefusesOtherModels(t *testing.T) {
	for name, spoil := range map[string]func(*nn.Spec){
		"family":    func(s *nn.Spec) { s.Decoding = nn.DecodeCTC },
		"size":      func(s *nn.Spec) { s.Input.Width = 600 },
		"threshold": func(s *nn.Spec) { s.Thresholds = map[string]float64{"score": 0.5} },
	} {
		spec := detectorSpec
		spoil(&spec)
		if _, err := NewDetector(fakeModel{spec: spec}); err == nil {
			t.Errorf("a wrong %s was accepted", name)
		}
	}
}
