package onnx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/nn"
)

// modelData is a "model" of 64 KiB with no two blocks alike.
var modelData = func() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 64<<10; i++ {
		fmt.Fprintf(&b, "%08d", i)
	}
	return b.Bytes()
}()

// fileServer is a download server that can misbehave.
type fileServer struct {
	*httptest.Server
	data []byte

	mu      sync.Mutex
	cutAt   []int // after how many bytes each of the next answers is cut
	noRange bool  // answers 200 with everything to a Range request
	ranges  []string
}

func serve(t *testing.T, data []byte) *fileServer {
	s := &fileServer{data: data}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *fileServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	cut := -1
	if len(s.cutAt) > 0 {
		cut, s.cutAt = s.cutAt[0], s.cutAt[1:]
	}
	noRange := s.noRange
	s.mu.Unlock()
	if noRange {
		r.Header.Del("Range")
	}
	if cut >= 0 {
		w = &cuttingWriter{w, cut}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.data))
}

// cuttingWriter ends the connection after n more bytes of the body.
type cuttingWriter struct {
	http.ResponseWriter
	n int
}

func (c *cuttingWriter) Write(p []byte) (int, error) {
	if len(p) <= c.n {
		c.n -= len(p)
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.n])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// seen returns the Range headers of the requests so far.
func (s *fileServer) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.ranges...)
}

// pullable is a Models whose model "m" (no dictionary) lies at urls.
func pullable(t *testing.T, urls ...string) *Models {
	t.Helper()
	dir := t.TempDir()
	s := nn.Spec{
		Name: "m", Task: nn.TaskFaceDetection, Version: "1", File: "m.onnx", Bytes: int64(len(modelData)), SHA256: hexSum(modelData),
		Licence: nn.Licence{ID: "MIT", Commercial: "yes"}, URLs: urls, Decoding: nn.DecodeYuNet,
		Input:      nn.Input{Name: "x", Width: 640, Height: 640, Colour: nn.BGR, Scale: 1, Std: [3]float64{1, 1, 1}},
		Thresholds: map[string]float64{"score": 0.5, "primary_score": 0.6, "nms_iou": 0.45, "orientation": 0.8},
	}
	writeManifest(t, dir, Manifest{Models: []nn.Spec{s}})
	m, err := NewModels(Options{ModelsDir: dir, StoreDir: filepath.Join(t.TempDir(), "models"), Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *Models) stateOf(t *testing.T, name string) ModelState {
	t.Helper()
	s, ok := m.Spec(name)
	if !ok {
		t.Fatalf("no model %s", name)
	}
	return m.state(s)
}

// installed fails the test unless m is installed completely, with nothing left
// over.
func installed(t *testing.T, m *Models) {
	t.Helper()
	got := m.stateOf(t, "m")
	if got.State != StatePresent || got.Origin != OriginStore {
		t.Errorf("state = %s from %s, want present from the store", got.State, got.Origin)
	}
	if data, err := os.ReadFile(filepath.Join(m.storeDir, "m.onnx")); err != nil || !bytes.Equal(data, modelData) {
		t.Errorf("the installed file has %d bytes, %v", len(data), err)
	}
	if _, err := os.Stat(filepath.Join(m.storeDir, "m.onnx.partial")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a partial file is left: %v", err)
	}
}

// notInstalled fails the test if anything lies under the final name.
func notInstalled(t *testing.T, m *Models, want State) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(m.storeDir, "m.onnx")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was installed: %v", err)
	}
	if got := m.stateOf(t, "m").State; got != want {
		t.Errorf("state = %s, want %s", got, want)
	}
}

func TestPull(t *testing.T) {
	s := serve(t, modelData)
	m := pullable(t, s.URL)
	notInstalled(t, m, StateMissing)
	var last, total int64
	err := m.Pull(t.Context(), "m", func(done, all int64) {
		if done < last {
			t.Errorf("progress went back from %d to %d", last, done)
		}
		last, total = done, all
	})
	if err != nil {
		t.Fatal(err)
	}
	installed(t, m)
	if last != int64(len(modelData)) || total != last {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	if err := m.Pull(t.Context(), "m", nil); err != nil {
		t.Fatal(err)
	}
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d requests, want 1: an installed model is not fetched again", n)
	}
}

func TestPullResumesWithinOneCall(t *testing.T) {
	s := serve(t, modelData)
	s.cutAt = []int{10000, 20000}
	m := pullable(t, s.URL)
	if err := m.Pull(t.Context(), "m", nil); err != nil {
		t.Fatal(err)
	}
	installed(t, m)
	if got, want := fmt.Sprint(s.seen()), "[ bytes=10000- bytes=30000-]"; got != want {
		t.Errorf("ranges asked for: %s, want %s", got, want)
	}
}

func TestPullResumesAfterAnEarlierCall(t *testing.T) {
	s := serve(t, modelData)
	// The first address sends a part and then nothing until the client leaves.
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(modelData[:20000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer slow.Close()
	m := pullable(t, slow.URL, s.URL)
	ctx, cancel := context.WithCancel(t.Context())
	err := m.Pull(ctx, "m", func(done, _ int64) {
		if done == 20000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Pull = %v, want the context's error", err)
	}
	notInstalled(t, m, StatePartial)
	if n := len(s.seen()); n != 0 {
		t.Error("went on to the next address after the context had ended")
	}

	m.manifest.Models[len(m.manifest.Models)-1].URLs = []string{s.URL}
	if err := m.Pull(t.Context(), "m", nil); err != nil {
		t.Fatal(err)
	}
	installed(t, m)
	if got, want := fmt.Sprint(s.seen()), "[bytes=20000-]"; got != want {
		t.Errorf("ranges asked for: %s, want %s", got, want)
	}
}

// startWith leaves a partial download behind.
func startWith(t *testing.T, m *Models, data []byte) {
	t.Helper()
	if err := os.MkdirAll(m.storeDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.storeDir, "m.onnx.partial"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPullFromLeftovers(t *testing.T) {
	garbage := bytes.Repeat([]byte("x"), len(modelData))
	for name, tt := range map[string]struct {
		left     []byte
		noRange  bool
		requests int
	}{
		"half of it":                  {modelData[:30000], false, 1},
		"half, and no resuming":       {modelData[:30000], true, 1},
		"all of it, but not renamed":  {modelData, false, 0},
		"garbage of the right length": {garbage, false, 1},
		"half of something else":      {garbage[:30000], false, 2},
		"more than there is":          {append(garbage, 'x'), false, 1},
		"garbage, and no resuming":    {garbage[:30000], true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, modelData)
			s.noRange = tt.noRange
			m := pullable(t, s.URL)
			startWith(t, m, tt.left)
			if err := m.Pull(t.Context(), "m", nil); err != nil {
				t.Fatal(err)
			}
			installed(t, m)
			if n := len(s.seen()); n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
		})
	}
}

func TestPullTakesTheNextAddress(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	wrong := serve(t, bytes.Repeat([]byte("x"), len(modelData)))
	short := serve(t, modelData[:100])
	good := serve(t, modelData)
	m := pullable(t, gone.URL, wrong.URL, short.URL, good.URL)
	if err := m.Pull(t.Context(), "m", nil); err != nil {
		t.Fatal(err)
	}
	installed(t, m)
}

func TestPullFailures(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	wrong := serve(t, bytes.Repeat([]byte("x"), len(modelData)))
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 64 { // no Content-Length, 64 times too much
			w.Write(modelData)
		}
	}))
	defer endless.Close()
	cut := serve(t, modelData)
	cut.cutAt = []int{1000, 0}
	for name, tt := range map[string]struct {
		url, want string
		state     State
	}{
		"404":        {gone.URL, "the server answered 404", StateMissing},
		"wrong hash": {wrong.URL, "does not match", StateMissing},
		"too much":   {endless.URL, "does not match", StateMissing},
		"cut off":    {cut.URL, "the connection was cut", StatePartial},
		"nobody":     {"http://127.0.0.1:1/", "could not be fetched", StateMissing},
	} {
		t.Run(name, func(t *testing.T) {
			m := pullable(t, tt.url)
			err := m.Pull(t.Context(), "m", nil)
			if !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.From(err).Message, "model m") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Pull = %v, want Unavailable that names the model and says %q", err, tt.want)
			}
			notInstalled(t, m, tt.state)
		})
	}
	m := pullable(t)
	if err := m.Pull(t.Context(), "m", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without an address: %v", err)
	}
	if err := m.Pull(t.Context(), "nobody", nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown model: %v", err)
	}
}

func TestPullLeavesOtherSourcesAlone(t *testing.T) {
	s := serve(t, modelData)
	m := pullable(t, s.URL)
	if err := os.WriteFile(filepath.Join(m.modelsDir, "m.onnx"), modelData, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"m", "ktp_ctc_v2"} {
		if err := m.Pull(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.seen()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}

	// A damaged file in the models folder, which may be read-only, is healed by
	// a good one in the store.
	if err := os.WriteFile(filepath.Join(m.modelsDir, "m.onnx"), modelData[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.stateOf(t, "m").State; got != StateCorrupt {
		t.Fatalf("state = %s, want corrupt", got)
	}
	if err := m.Pull(t.Context(), "m", nil); err != nil {
		t.Fatal(err)
	}
	installed(t, m)
}

func TestPullIsExclusive(t *testing.T) {
	s := serve(t, modelData)
	m := pullable(t, s.URL)
	if err := os.MkdirAll(m.storeDir, 0o755); err != nil {
		t.Fatal(err)
	}
	other, err := openPartial(filepath.Join(m.storeDir, "m.onnx.partial"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Pull(t.Context(), "m", nil); !fault.Is(err, fault.Conflict) {
		t.Errorf("Pull while another runs = %v, want Conflict", err)
	}
	other.Close()
	if err := m.Pull(t.Context(), "m", nil); err != nil {
		t.Fatal(err)
	}
	installed(t, m)
}

func TestPullFetchesTheDictionaryToo(t *testing.T) {
	model, dict := serve(t, []byte("model")), serve(t, []byte("a\n \n"))
	dir := t.TempDir()
	e := entry("reader")
	e.URLs, e.DictionaryURLs = []string{model.URL}, []string{dict.URL}
	writeManifest(t, dir, Manifest{Models: []nn.Spec{e}})
	m, err := NewModels(Options{ModelsDir: dir, StoreDir: t.TempDir(), Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	dict.cutAt = []int{1}
	if err := m.Pull(t.Context(), "reader", nil); err != nil && !strings.Contains(err.Error(), "cut") {
		t.Fatal(err)
	}
	if err := m.Pull(t.Context(), "reader", nil); err != nil {
		t.Fatal(err)
	}
	if got := m.stateOf(t, "reader").State; got != StatePresent {
		t.Errorf("state = %s, want present", got)
	}
	if err := os.Remove(filepath.Join(m.storeDir, "reader.txt")); err != nil {
		t.Fatal(err)
	}
	if got := m.stateOf(t, "reader").State; got != StateMissing {
		t.Errorf("without its dictionary the state is %s, want missing", got)
	}
}
