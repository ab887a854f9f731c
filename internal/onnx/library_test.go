package onnx

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"anycheck/internal/fault"
)

func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	if _, err := zw.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUnpack(t *testing.T) {
	data := bytes.Repeat([]byte("library "), 100000)
	zipped, sum := packed(t, data), hexSum(data)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	path := filepath.Join(dir, "lib.so")

	// Several processes starting at once.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := unpackTo(path, zipped, sum); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	check := func(when string) os.FileInfo {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%s: %d bytes, %v", when, len(got), err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%s: %d files in the folder, want 1", when, len(entries))
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	first := check("after the first start")

	if err := unpackTo(path, zipped, sum); err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(first, check("after the second start")) {
		t.Error("an intact copy was replaced")
	}
	if err := os.WriteFile(path, data[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unpackTo(path, zipped, sum); err != nil {
		t.Fatal(err)
	}
	check("after damage")

	os.Remove(path)
	for name, bad := range map[string][]byte{"cut off": zipped[:len(zipped)/2], "another file": packed(t, []byte("x")), "not gzip": []byte("x")} {
		if err := unpackTo(path, bad, sum); err == nil {
			t.Errorf("%s: no error", name)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: left %d files", name, len(entries))
		}
	}
}

// inNewProcess runs one test of this package in a process of its own, where
// ONNX Runtime is not loaded yet.
func inNewProcess(t *testing.T, test string, env ...string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(env, "ONNX_TEST_CHILD=1") // and nothing else
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+test) {
		t.Errorf("in a new process: %v\n%s", err, out)
	}
}

// TestNothingLeavesTheMachine: left to itself, the library starts a reporter
// that keeps a database in the home folder.
func TestNothingLeavesTheMachine(t *testing.T) {
	home := t.TempDir()
	inNewProcess(t, "TestCardReaderIsAlwaysThere", "HOME="+home, "ORT_DISABLE_TELEMETRY=0")
	var files []string
	filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, home))
		}
		return err
	})
	for _, f := range files {
		if !strings.HasPrefix(f, "/.cache/anycheck/libonnxruntime-") {
			t.Errorf("the library wrote %s", f)
		}
	}
}

func TestConfiguredLibraryIsTheOnlyOne(t *testing.T) {
	if os.Getenv("ONNX_TEST_CHILD") == "" {
		inNewProcess(t, t.Name(), "HOME="+t.TempDir())
		return
	}
	_, err := Open(Options{LibraryPath: "/nowhere/libonnxruntime.so"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.From(err).Message, "/nowhere/libonnxruntime.so") {
		t.Errorf("Open = %v, want Invalid with the path", err)
	}
	// A failed attempt decides nothing.
	r, err := Open(Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lib, err := r.Library()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{LibraryPath: "/nowhere/libonnxruntime.so"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("Open with a second library = %v, want Invalid", err)
	}
	if same, err := Open(Options{LibraryPath: lib.Path}); err != nil {
		t.Errorf("Open with the library in use = %v", err)
	} else {
		same.Close()
	}
}

// TestUnusableLibraryIsPassedOver puts a file that is no library beside the
// executable.
func TestUnusableLibraryIsPassedOver(t *testing.T) {
	if os.Getenv("ONNX_TEST_CHILD") == "" {
		inNewProcess(t, t.Name(), "HOME="+t.TempDir())
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(filepath.Dir(exe), "libonnxruntime.so.1")
	if err := os.WriteFile(bad, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(bad)
	r, err := Open(Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lib, err := r.Library()
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.PassedOver) != 1 || !strings.HasPrefix(lib.PassedOver[0], bad) {
		t.Errorf("passed over %q, want %s with the reason", lib.PassedOver, bad)
	}
	if _, err := r.Model("ktp_ctc_v2"); err != nil {
		t.Error(err)
	}
}

func TestNoLibraryAtAll(t *testing.T) {
	m, err := NewModels(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &Runtime{Models: m, libraryErr: fault.New(fault.Unavailable, "ONNX Runtime is not installed."), loading: map[string]*slot{}}
	_, err = r.Model("ktp_ctc_v2")
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.From(err).Message, "ktp_ctc_v2") {
		t.Errorf("Model = %v, want Unavailable with the name", err)
	}
	if err := r.Available("ktp_ctc_v2"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Available = %v, want Unavailable", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// The build carries the library for this machine only.
func TestOneEmbeddedLibrary(t *testing.T) {
	entries, err := libFS.ReadDir("lib")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".so.gz") && e.Name() != "libonnxruntime-"+runtime.GOOS+"-"+runtime.GOARCH+".so.gz" {
			t.Errorf("%s would be carried for nothing", e.Name())
		}
	}
}
