package face_test

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

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

func TestSampleEval(t *testing.T) {
	src := source(t)
	m := face.NewMatcher(src, roles, face.DefaultPolicy)
	for _, list := range []string{"pairs.csv", "pairs_ktp.csv"} {
		var pairs []face.Pair
		out := map[string]int{}
		issues := map[string]int{}
		live := map[string]int{}
		for _, row := range samples(t, list) {
			c, err := m.Compare(context.Background(), photo(t, row[0]), photo(t, row[1]))
			if err != nil {
				t.Fatal(err)
			}
			pairs = append(pairs, face.Pair{Same: row[2] == "1", Score: c.Similarity})
			out[row[2]+" "+string(c.Outcome)]++
			for _, i := range c.Card.Issues {
				issues["card "+string(i)]++
			}
			for _, i := range c.Selfie.Issues {
				issues["selfie "+string(i)]++
			}
			live[string(c.Liveness.Outcome)]++
			if c.Card.Rotation+c.Selfie.Rotation != 0 {
				t.Log("rotation", row, c.Card.Rotation, c.Selfie.Rotation)
			}
		}
		t.Logf("%s %+v\n%v\n%v\n%v", list, face.Measure(pairs), out, issues, live)
	}
}
