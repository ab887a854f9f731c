package onnx

import (
	"bytes"
	"os"
	"testing"
)

func FuzzFreeSides(f *testing.F) {
	tiny, err := os.ReadFile("onnxtest/tiny_embedder.onnx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tiny)
	f.Add(tiny[:len(tiny)/2])
	f.Add([]byte{7<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := freeSides(data)
		if err != nil {
			return
		}
		// What is free stays as it is.
		twice, err := freeSides(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("not stable: %v", err)
		}
	})
}
