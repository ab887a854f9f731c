// Package onnxtest opens the model runtime for tests of the packages that use
// it. It is for tests only and knows nothing of what they test.
package onnxtest

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"anycheck/internal/nn"
	"anycheck/internal/onnx"
)

// Open opens the runtime with ANYCHECK_MODELS_DIR, or ../shared/models beside
// the repository where that exists, and closes it when the test ends. A build
// without ONNX Runtime is an error, not a reason to skip: reading a card must
// work everywhere.
func Open(tb testing.TB) *onnx.Runtime {
	tb.Helper()
	r, err := onnx.Open(onnx.Options{LibraryPath: os.Getenv("ANYCHECK_ONNXRUNTIME_LIB"), ModelsDir: ModelsDir(tb)})
	if err != nil {
		tb.Fatalf("open ONNX Runtime: %v", err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Errorf("close ONNX Runtime: %v", err)
		}
	})
	if _, err := r.Library(); err != nil {
		tb.Fatalf("no ONNX Runtime to test with; run: make deps (%v)", err)
	}
	return r
}

// Model returns a model, or skips the test when its file cannot be had on this
// machine. Any other failure fails the test.
func Model(tb testing.TB, r *onnx.Runtime, name string) nn.Model {
	tb.Helper()
	spec, ok := r.Spec(name)
	if !ok {
		tb.Fatalf("model %s is not in the manifest", name)
	}
	for _, s := range r.List() {
		if s.Spec.Name == name && s.State == onnx.StateMissing {
			tb.Skipf("needs model %s (%s): not on this machine", name, spec.File)
		}
	}
	m, err := r.Model(name)
	if err != nil {
		tb.Fatalf("model %s: %v", name, err)
	}
	return m
}

// ModelsDir is the folder of model files for tests, or "" when there is none.
func ModelsDir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("ANYCHECK_MODELS_DIR"); dir != "" {
		return dir
	}
	dir := filepath.Join(filepath.Dir(Root(tb)), "shared", "models")
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	return ""
}

// Root is the repository's folder: the nearest one above the test's with a
// go.mod.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}

//go:embed tiny_embedder.onnx
var tinyEmbedder []byte

// TinySpec describes the network that tiny_embedder.py writes: an embedder
// that differs from the built-in one in size, colour order, normalisation,
// dimension and operating points.
func TinySpec() nn.Spec {
	s := nn.Spec{
		Name: "tiny_embedder", Task: nn.TaskFaceEmbedding, Version: "7", File: "tiny_embedder.onnx",
		Bytes: int64(len(tinyEmbedder)), SHA256: fmt.Sprintf("%x", sha256.Sum256(tinyEmbedder)),
		Licence: nn.Licence{ID: "CC-BY-NC-4.0", Commercial: "no"},
		Input: nn.Input{
			Name: "data", Width: 96, Height: 96, Colour: nn.BGR, Scale: 1,
			Mean: [3]float64{127.5, 127.5, 127.5}, Std: [3]float64{128, 128, 128},
		},
		Output: "fc1", Decoding: nn.DecodeEmbedding, Thresholds: map[string]float64{"match": 0.97, "review": 0.9, "score_midpoint": 0.85, "score_slope": 40},
	}
	for _, q := range [][2]float64{{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}} {
		s.Input.Landmarks = append(s.Input.Landmarks, [2]float64{q[0] * 96 / 112, q[1] * 96 / 112})
	}
	return s
}

// ModelsWith makes a folder of models as an operator would: the tiny network
// and a manifest.json that describes it with spec and gives it roles.
func ModelsWith(tb testing.TB, spec nn.Spec, roles ...onnx.Role) string {
	tb.Helper()
	manifest := onnx.Manifest{Models: []nn.Spec{spec}, Roles: map[onnx.Role][]string{}}
	for _, role := range roles {
		manifest.Roles[role] = []string{spec.Name}
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	for name, content := range map[string][]byte{"manifest.json": data, spec.File: tinyEmbedder} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}
