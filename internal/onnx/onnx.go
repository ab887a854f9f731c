// Package onnx runs neural networks with ONNX Runtime and knows where its
// shared library and the model files come from: what the binary carries, what
// an operator installed, what `anycheck models pull` fetched.
//
// It must not know what the networks' answers mean; packages ocr, face and
// forensics do.
package onnx

import (
	"errors"
	"net/http"
	"sync"

	"anycheck/internal/fault"
	"anycheck/internal/nn"
)

// Options say where things are. The zero value works: the embedded library
// and the embedded model.
type Options struct {
	// LibraryPath is ONNX Runtime's shared library, version 1.24 or newer.
	// When set, no other is tried.
	LibraryPath string
	// CacheDir is where the embedded library is unpacked; the user's cache
	// folder and a temporary one follow when it cannot be used.
	CacheDir string
	// ModelsDir holds model files and an optional manifest.json; it may be
	// read-only. StoreDir is where Pull puts files.
	ModelsDir, StoreDir string
	// Threads is how many threads one inference uses; 0 is 1, which gives the
	// best throughput when documents are processed in parallel.
	Threads int
	// Client fetches models; nil turns Pull off.
	Client *http.Client
}

// Runtime loads models and runs them; it is the nn.Source of the program.
type Runtime struct {
	*Models
	threads    int
	library    Library
	libraryErr error // why there is no library

	mu      sync.Mutex
	closed  bool
	loading map[string]*slot
}

// slot holds one model; its own lock lets models load side by side, once each.
type slot struct {
	mu     sync.Mutex
	model  *model
	closed bool
}

var _ nn.Source = (*Runtime)(nil)

// Open reads the manifest and loads ONNX Runtime. Models load on first use.
//
// A configured library that cannot be used and a manifest.json that is not
// valid are errors. A machine without any library is not: the Runtime then
// answers every Model call with an Unavailable fault.
//
// The library belongs to the process: see Library. Several Runtimes may be
// open at once and share it.
func Open(o Options) (*Runtime, error) {
	models, err := NewModels(o)
	if err != nil {
		return nil, err
	}
	r := &Runtime{Models: models, threads: max(o.Threads, 1), loading: map[string]*slot{}}
	r.library, r.libraryErr = loadLibrary(o)
	if r.libraryErr != nil && !fault.Is(r.libraryErr, fault.Unavailable) {
		return nil, r.libraryErr
	}
	return r, nil
}

// Library tells which ONNX Runtime is in use, or why none is.
func (r *Runtime) Library() (Library, error) { return r.library, r.libraryErr }

// Available is nil when Model would find everything it needs, else the fault
// it would answer. It loads nothing.
func (r *Runtime) Available(name string) error {
	spec, ok := r.Spec(name)
	if !ok {
		return unlisted(name)
	}
	if r.libraryErr != nil {
		return noLibrary(name, r.libraryErr)
	}
	if s := r.state(spec).State; s != StateEmbedded && s != StatePresent {
		return unusable(name, s)
	}
	return nil
}

// Model loads a model on first use and hands out the same one afterwards. A
// failure is not remembered: after a Pull the next call succeeds.
func (r *Runtime) Model(name string) (nn.Model, error) {
	spec, ok := r.Spec(name)
	if !ok {
		return nil, unlisted(name)
	}
	if r.libraryErr != nil {
		return nil, noLibrary(name, r.libraryErr)
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, closed(name)
	}
	s := r.loading[name]
	if s == nil {
		s = &slot{}
		r.loading[name] = s
	}
	r.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, closed(name)
	}
	if s.model != nil {
		return s.model, nil
	}
	m, err := r.load(spec)
	if err != nil {
		return nil, err
	}
	s.model = m
	return m, nil
}

// Close frees the models, after inferences in progress have ended. Models
// handed out earlier answer with an Unavailable fault from then on.
func (r *Runtime) Close() error {
	r.mu.Lock()
	r.closed = true
	slots := r.loading
	r.loading = map[string]*slot{}
	r.mu.Unlock()
	var errs []error
	for _, s := range slots {
		s.mu.Lock()
		s.closed = true
		if s.model != nil {
			errs = append(errs, s.model.close())
		}
		s.mu.Unlock()
	}
	return errors.Join(errs...)
}

func unlisted(name string) error {
	return fault.New(fault.Unavailable, "The model %s is not in the manifest.", name)
}

func noLibrary(name string, cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "The model %s cannot run: ONNX Runtime is not installed.", name)
}

func closed(name string) error {
	return fault.New(fault.Unavailable, "The model %s is not available: the program is stopping.", name)
}
