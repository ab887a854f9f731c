package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"anycheck/internal/onnx"
	"anycheck/internal/onnx/onnxtest"
)

func TestLicenceWarnings(t *testing.T) {
	models, err := onnx.NewModels(onnx.Options{ModelsDir: onnxtest.ModelsWith(t, onnxtest.TinySpec(), onnx.RoleFaceEmbedder)})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	warnLicences(models, slog.New(slog.NewTextHandler(&log, nil)))
	if got := log.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "model=tiny_embedder licence=CC-BY-NC-4.0 commercial=no") {
		t.Errorf("log:\n%s", got)
	}
}
