package face_test

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/imaging"
	"anycheck/internal/nn"
	"anycheck/internal/onnx"
)

var roles = face.Roles{
	Detector: "yunet_n_640", Embedder: "mobilefacenet_128",
	Liveness: []string{"minifasnet_v2", "minifasnet_v1se", "minifas_celebaspoof"},
}

// source opens the real models; the test is skipped where they are absent.
func source(t testing.TB) nn.Source {
	t.Helper()
	dir := shared("models")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("needs shared/models: not on this machine")
	}
	r, err := onnx.Open(onnx.Options{ModelsDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := r.Library(); err != nil {
		t.Skip("needs ONNX Runtime: not on this machine")
	}
	return r
}

func shared(path string) string { return filepath.Join("..", "..", "..", "shared", path) }

// samples reads a list of pairs; the test is skipped where it is absent.
func samples(t testing.TB, list string) [][]string {
	t.Helper()
	f, err := os.Open(shared("samples/faces/" + list))
	if err != nil {
		t.Skip("needs shared/samples/faces: not on this machine")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func photo(t testing.TB, name string) *imaging.Picture {
	t.Helper()
	data, err := os.ReadFile(shared("samples/faces/" + name))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := imaging.Decode(data, imaging.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// embedAll adds the pictures of a list of pairs to out.
func embedAll(t *testing.T, src nn.Source, out map[string]face.Embedding, rows [][]string) {
	t.Helper()
	detector, embedder := networks(t, src)
	ctx := context.Background()
	for _, row := range rows {
		for _, name := range row[:2] {
			if out[name] != nil {
				continue
			}
			det, err := detector.Find(ctx, photo(t, name))
			if err != nil {
				t.Fatal(err)
			}
			f, ok := det.Primary()
			if !ok || det.Turns != 0 {
				t.Errorf("%s: found %v after %d turns", name, ok, det.Turns)
				continue
			}
			if f, err = detector.Refine(ctx, det.Upright, f); err != nil {
				t.Fatal(err)
			}
			aligned, ok := embedder.Align(det.Upright, f.Landmarks)
			if !ok {
				t.Errorf("%s: not aligned", name)
				continue
			}
			if out[name], err = embedder.Embed(ctx, aligned); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func networks(t testing.TB, src nn.Source) (*face.Detector, *face.Embedder) {
	t.Helper()
	dm, err := src.Model(roles.Detector)
	if err != nil {
		t.Fatal(err)
	}
	em, err := src.Model(roles.Embedder)
	if err != nil {
		t.Fatal(err)
	}
	detector, err := face.NewDetector(dm)
	if err != nil {
		t.Fatal(err)
	}
	embedder, err := face.NewEmbedder(em)
	if err != nil {
		t.Fatal(err)
	}
	return detector, embedder
}

// TestSamplePairs holds the recipe to its level on the development samples,
// which are few and easy: it finds mistakes in the pipeline, not small losses.
func TestSamplePairs(t *testing.T) {
	src := source(t)
	embeddings := map[string]face.Embedding{}
	for _, tt := range []struct {
		list                           string
		lowestGenuine, highestImpostor float64
	}{
		{"pairs.csv", 0.42, 0.30}, // the review band begins there
		{"pairs_ktp.csv", 0.33, 0.23},
	} {
		t.Run(tt.list, func(t *testing.T) {
			rows := samples(t, tt.list)
			embedAll(t, src, embeddings, rows)
			var pairs []face.Pair
			for _, row := range rows {
				p := face.Pair{Same: row[2] == "1"}
				if a, b := embeddings[row[0]], embeddings[row[1]]; a != nil && b != nil {
					s := a.Similarity(b)
					p.Score = &s
				}
				pairs = append(pairs, p)
			}
			m := face.Measure(pairs)
			t.Logf("%+v", m)
			if m.AUC != 1 || m.GenuineUnscored+m.ImpostorUnscored != 0 || m.LowestGenuine < tt.lowestGenuine || m.HighestImpostor > tt.highestImpostor {
				t.Errorf("AUC %v, lowest genuine %.3f, highest impostor %.3f", m.AUC, m.LowestGenuine, m.HighestImpostor)
			}
		})
	}
}

// TestSampleTurned turns photos, which must be turned back and keep their
// embedding. At side 320 turned ones score up to 0.821.
func TestSampleTurned(t *testing.T) {
	detector, embedder := networks(t, source(t))
	ctx := context.Background()
	seen := 0
	for i, row := range samples(t, "index.csv") {
		if row[2] != "photo" || i%14 != 0 { // a part of them: each costs four detections a turn
			continue
		}
		seen++
		var upright face.Embedding
		for turned := range 4 {
			det, err := detector.Find(ctx, photo(t, row[0]).Rotate90(turned))
			if err != nil {
				t.Fatal(err)
			}
			f, ok := det.Primary()
			if !ok || det.Turns != (4-turned)%4 {
				t.Errorf("%s turned %d: found %v after %d turns", row[0], turned, ok, det.Turns)
				continue
			}
			aligned, _ := embedder.Align(det.Upright, f.Landmarks)
			e, err := embedder.Embed(ctx, aligned)
			if err != nil {
				t.Fatal(err)
			}
			if turned == 0 {
				upright = e
			} else if s := upright.Similarity(e); s < 0.999 {
				t.Errorf("%s turned %d: similarity to itself %.4f", row[0], turned, s)
			}
		}
	}
	t.Logf("%d photos in 4 orientations", seen)
}

func TestSampleCompare(t *testing.T) {
	src := source(t)
	m := face.NewMatcher(src, roles, face.DefaultPolicy)
	for _, row := range samples(t, "pairs_ktp.csv")[:5] {
		c, err := m.Compare(context.Background(), photo(t, row[0]), photo(t, row[1]))
		if err != nil {
			t.Fatal(err)
		}
		if same := row[2] == "1"; same == (c.Level == face.Low) {
			t.Errorf("%v: level %s, similarity %.3f", row, c.Level, *c.Similarity)
		}
		if c.Liveness == nil || len(c.Liveness.Models) != 3 || c.Liveness.Outcome == face.LivenessReject {
			t.Errorf("%v: liveness %+v", row, c.Liveness)
		}
	}
}

// BenchmarkCompare also reports CPU time, which other work on the machine
// disturbs less. A portrait fills the picture, on a whole card it is small.
func BenchmarkCompare(b *testing.B) {
	src := source(b)
	m := face.NewMatcher(src, roles, face.DefaultPolicy)
	row := samples(b, "pairs_ktp.csv")[0]
	portrait, selfie := photo(b, row[0]), photo(b, row[1])
	for name, card := range map[string]*imaging.Picture{"portrait": portrait, "whole card": onCard(portrait)} {
		b.Run(name, func(b *testing.B) {
			if _, err := m.Compare(b.Context(), card, selfie); err != nil { // loads the models
				b.Fatal(err)
			}
			start := cpuTime(b)
			for b.Loop() {
				if _, err := m.Compare(b.Context(), card, selfie); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpuTime(b)-start).Seconds()*1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

// onCard draws a portrait where a card has it: 23 of 85.6 mm wide.
func onCard(portrait *imaging.Picture) *imaging.Picture {
	card := imaging.New(1000, 631)
	for i := range card.Pix {
		card.Pix[i] = []uint8{150, 200, 215}[i%3]
	}
	p := portrait.Resize(268, 268*portrait.H/portrait.W)
	for y := range p.H {
		copy(card.Pix[3*((y+180)*card.W+715):], p.Pix[3*y*p.W:3*(y+1)*p.W])
	}
	return card
}

// TestSampleWholeCards: a portrait scores lower when it is small, but must not
// be taken for one that lies on its side.
func TestSampleWholeCards(t *testing.T) {
	detector, _ := networks(t, source(t))
	for _, row := range samples(t, "index.csv") {
		if row[2] == "photo" {
			continue
		}
		card := onCard(photo(t, row[0]))
		det, err := detector.Find(t.Context(), card)
		if err != nil {
			t.Fatal(err)
		}
		f, ok := det.Primary()
		if !ok || det.Turns != 0 || f.Box.X < 715 || f.Box.Y < 180 {
			t.Errorf("%s: found %v after %d turns at %+v", row[0], ok, det.Turns, f.Box)
		}
	}
}

// cpuTime is what the process has used, in user and system mode.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkSteps(b *testing.B) {
	detector, embedder := networks(b, source(b))
	ctx := context.Background()
	p := photo(b, "s0002.jpg")
	det, err := detector.Find(ctx, p)
	if err != nil {
		b.Fatal(err)
	}
	f, _ := det.Primary()
	aligned, _ := embedder.Align(p, f.Landmarks)
	b.Run("detect", func(b *testing.B) {
		for b.Loop() {
			detector.Find(ctx, p)
		}
	})
	b.Run("refine", func(b *testing.B) {
		for b.Loop() {
			detector.Refine(ctx, p, f)
		}
	})
	b.Run("align", func(b *testing.B) {
		for b.Loop() {
			embedder.Align(p, f.Landmarks)
		}
	})
	b.Run("embed", func(b *testing.B) {
		for b.Loop() {
			embedder.Embed(ctx, aligned)
		}
	})
}

// TestSampleHardFrames puts real faces into frames that a plain detection gets
// wrong.
func TestSampleHardFrames(t *testing.T) {
	src := source(t)
	m := face.NewMatcher(src, roles, face.DefaultPolicy)
	samples(t, "index.csv")
	whole := photo(t, "s0002.jpg")
	compare := func(p *imaging.Picture) face.Comparison {
		t.Helper()
		c, err := m.Compare(t.Context(), p, whole)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	same := compare(whole)
	b := same.Selfie.Box

	// The face alone, from chin to hair and ear to ear.
	tight := whole.Crop(int(b.X), int(b.Y), int(b.W), int(b.H))
	if c := compare(tight); c.Similarity == nil || *c.Similarity < 0.6 {
		t.Errorf("tight crop: %+v", c.Card)
	}
	// A face of 5 % of the frame.
	far := imaging.New(whole.W*5, whole.H*5)
	for y := range whole.H {
		copy(far.Pix[3*((y+2*whole.H)*far.W+3*whole.W):], whole.Pix[3*y*whole.W:3*(y+1)*whole.W])
	}
	if c := compare(far); c.Similarity == nil || *c.Similarity < 0.6 {
		t.Errorf("far away: %+v", c.Card)
	}
	// As a telephone stores it: lying, with an EXIF orientation.
	for orientation, turns := range map[byte]int{3: 2, 6: 3, 8: 1} {
		data, err := whole.Rotate90(turns).EncodeJPEG(95)
		if err != nil {
			t.Fatal(err)
		}
		exif := []byte{0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0}
		p, info, err := imaging.Decode(slices.Concat(data[:2], exif, data[2:]), imaging.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		if c := compare(p); info.Orientation != int(orientation) || c.Card.Rotation != 0 || *c.Similarity < 0.95 {
			t.Errorf("orientation %d: read %d, turned by %d, similarity %v", orientation, info.Orientation, c.Card.Rotation, *c.Similarity)
		}
	}
	// Two persons in one frame.
	other := photo(t, "s0003.jpg")
	other = other.Resize(other.W*whole.H/other.H, whole.H)
	both := imaging.New(whole.W+other.W, whole.H)
	for y := range whole.H {
		copy(both.Pix[3*y*both.W:], whole.Pix[3*y*whole.W:3*(y+1)*whole.W])
		copy(both.Pix[3*(y*both.W+whole.W):], other.Pix[3*y*other.W:3*(y+1)*other.W])
	}
	if c := compare(both); c.Card.Faces != 2 || !slices.Contains(c.Card.Issues, face.IssueSeveral) || c.Outcome == face.Match {
		t.Errorf("two persons: %d faces, issues %v, %s", c.Card.Faces, c.Card.Issues, c.Outcome)
	}
	// Dark glasses and a mask are noted, but not judged.
	eyes, apart := same.Selfie.Landmarks[0], same.Selfie.Landmarks[1].X-same.Selfie.Landmarks[0].X
	for note, y := range map[face.Note]float64{face.NoteEyes: -0.35, face.NoteMouth: 0.75} {
		covered := whole.Crop(0, 0, whole.W, whole.H)
		paint(covered, int(eyes.X-0.5*apart), int(eyes.Y+y*apart), int(2*apart), int(0.7*apart), 20)
		if c := compare(covered); len(c.Card.Issues) != 0 || !slices.Equal(c.Card.Notes, []face.Note{note}) {
			t.Errorf("%s: issues %v, notes %v; detail %.2f and %.2f", note, c.Card.Issues, c.Card.Notes, c.Card.Quality.EyeDetail, c.Card.Quality.MouthDetail)
		}
	}
	if len(same.Card.Notes) != 0 {
		t.Errorf("notes on a plain face: %v", same.Card.Notes)
	}
}

func paint(p *imaging.Picture, x, y, w, h int, v uint8) {
	for j := max(y, 0); j < min(y+h, p.H); j++ {
		for i := max(x, 0); i < min(x+w, p.W); i++ {
			copy(p.Pix[3*(j*p.W+i):], []uint8{v, v, v})
		}
	}
}
