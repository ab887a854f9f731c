package ktp_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"anycheck/internal/ktp"
	"anycheck/internal/onnx/onnxtest"
)

// BenchmarkMemory reads one card after the other and reports what the process
// holds at the end and held at most. Run it for 100x and 1000x: the figures
// must be alike.
func BenchmarkMemory(b *testing.B) {
	dir := samples(b, "ktp")
	reader := ktp.NewReader(onnxtest.Model(b, onnxtest.Open(b), "ktp_ctc_v2"))
	photo := decode(b, filepath.Join(dir, "dev-l1-00.jpg"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reader.Read(context.Background(), photo); err != nil {
			b.Fatal(err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapInuse)/(1<<20), "heap-MiB")
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return // not Linux
	}
	for line := range bytes.Lines(status) {
		f := bytes.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, err := strconv.ParseFloat(string(f[1]), 64)
		if err != nil {
			continue
		}
		switch string(f[0]) {
		case "VmHWM:":
			b.ReportMetric(kib/1024, "peak-RSS-MiB")
		case "VmRSS:":
			b.ReportMetric(kib/1024, "RSS-MiB")
		}
	}
}
