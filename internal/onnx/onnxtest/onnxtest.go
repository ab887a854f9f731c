// Package onnxtest opens the model runtime for tests of the packages that use
// it. It is for tests only and knows nothing of what they test.
package onnxtest

import (
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
