package onnx

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/nn"
)

// embedded carries the project's own card recogniser, so that reading a card
// always works.
//
//go:embed embedded
var embedded embed.FS

// State says whether a model's files can be used.
type State string

// The states of a model.
const (
	StateEmbedded State = "embedded" // part of the binary
	StatePresent  State = "present"  // on disk, checksums match
	StateMissing  State = "missing"
	StateCorrupt  State = "corrupt" // on disk, but not the file the manifest promises
	StatePartial  State = "partial" // a download was cut off; Pull resumes it
)

// Origins of a model file.
const (
	OriginEmbedded = "embedded"      // in the binary
	OriginFolder   = "models folder" // Options.ModelsDir
	OriginStore    = "store"         // Options.StoreDir, where Pull puts files
)

// ModelState is one line of `anycheck models list`.
type ModelState struct {
	Spec   nn.Spec
	State  State
	Path   string // of the model file; empty when embedded or missing
	Origin string // empty when missing
}

// Models is the manifest together with the places where model files lie. It
// needs no runtime library. It is safe for concurrent use.
type Models struct {
	manifest  Manifest
	modelsDir string
	storeDir  string
	client    *http.Client

	mu     sync.Mutex
	hashes map[hashKey]string
}

// hashKey identifies a file's content for as long as nobody rewrites it within
// the clock's grain and to the same size.
type hashKey struct {
	path  string
	size  int64
	mtime time.Time
}

// NewModels reads the built-in manifest and, when Options.ModelsDir holds a
// manifest.json, lays it over the built-in one: models and roles of the same
// name replace, others are added. A manifest.json that is not valid is an
// Invalid fault that names every mistake.
func NewModels(o Options) (*Models, error) {
	manifest, err := ParseManifest(bytes.NewReader(builtinManifest))
	if err == nil {
		err = manifest.checkRoles()
	}
	if err != nil {
		return nil, fmt.Errorf("built-in model manifest: %w", err)
	}
	if o.ModelsDir != "" {
		manifest, err = overlay(manifest, filepath.Join(o.ModelsDir, manifestName))
		if err != nil {
			return nil, err
		}
	}
	return &Models{manifest: manifest, modelsDir: o.ModelsDir, storeDir: o.StoreDir, client: o.Client, hashes: map[hashKey]string{}}, nil
}

func overlay(base Manifest, path string) (Manifest, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return base, nil
	}
	if err != nil {
		return Manifest{}, fault.Wrap(err, fault.Invalid, "The manifest.json of the models folder cannot be read.")
	}
	defer f.Close()
	over, err := ParseManifest(f)
	if err == nil {
		base, err = base.merge(over)
	}
	if err != nil {
		return Manifest{}, fault.Wrap(err, fault.Invalid, "The manifest.json of the models folder is not valid: %v", err)
	}
	return base, nil
}

// Role returns the names of the models that do a job, in order; never empty
// for the roles of this package.
func (m *Models) Role(role Role) []string { return slices.Clone(m.manifest.Roles[role]) }

// Spec returns a model's manifest entry, without its dictionary's lines.
func (m *Models) Spec(name string) (nn.Spec, bool) {
	i := slices.IndexFunc(m.manifest.Models, func(s nn.Spec) bool { return s.Name == name })
	if i < 0 {
		return nn.Spec{}, false
	}
	return m.manifest.Models[i], true
}

// List tells the state of every model, in manifest order. It hashes files that
// it has not seen before.
func (m *Models) List() []ModelState {
	states := make([]ModelState, 0, len(m.manifest.Models))
	for _, s := range m.manifest.Models {
		states = append(states, m.state(s))
	}
	return states
}

// Unlicensed lists the installed models with a role whose licence forbids
// commercial use or is not known, in manifest order.
func (m *Models) Unlicensed() []nn.Spec {
	inUse := map[string]bool{}
	for _, names := range m.manifest.Roles {
		for _, name := range names {
			inUse[name] = true
		}
	}
	var found []nn.Spec
	for _, s := range m.manifest.Models {
		if inUse[s.Name] && s.Licence.Commercial != "yes" {
			if state := m.state(s).State; state == StatePresent || state == StateEmbedded {
				found = append(found, s)
			}
		}
	}
	return found
}

// state is that of the model file, made worse by its dictionary's.
func (m *Models) state(s nn.Spec) ModelState {
	out := ModelState{Spec: s}
	var found location
	found, out.State = m.locate(s.File, s.SHA256, s.Bytes)
	out.Path, out.Origin = found.path, found.origin
	if s.Dictionary != "" && (out.State == StatePresent || out.State == StateEmbedded) {
		if _, d := m.locate(s.Dictionary, s.DictionarySHA256, maxDictionaryBytes); d != StatePresent && d != StateEmbedded {
			out.State = d
		}
	}
	return out
}

// location is where a file was found. A location without path is embedded.
type location struct{ path, origin string }

// locate looks for a good copy of a file: embedded, then the models folder,
// then the store. A damaged copy is passed over when a good one follows;
// otherwise it is what is reported.
func (m *Models) locate(file, sum string, limit int64) (location, State) {
	if data, err := embedded.ReadFile("embedded/" + file); err == nil && hexSum(data) == sum {
		return location{origin: OriginEmbedded}, StateEmbedded
	}
	var corrupt *location
	for _, dir := range []location{{m.modelsDir, OriginFolder}, {m.storeDir, OriginStore}} {
		if dir.path == "" {
			continue
		}
		at := location{filepath.Join(dir.path, file), dir.origin}
		got, err := m.fileSum(at.path, limit)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && got == sum:
			return at, StatePresent
		case corrupt == nil:
			corrupt = &at
		}
	}
	if corrupt != nil {
		return *corrupt, StateCorrupt
	}
	if m.storeDir != "" {
		partial := filepath.Join(m.storeDir, file+partialSuffix)
		if info, err := os.Stat(partial); err == nil && info.Size() > 0 {
			return location{partial, OriginStore}, StatePartial
		}
	}
	return location{}, StateMissing
}

// fileSum is the sha256 of a regular file, remembered by size and
// modification time. A file over the limit is not read.
func (m *Models) fileSum(path string, limit int64) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return "", fmt.Errorf("%s is not the file that the manifest describes", filepath.Base(path))
	}
	key := hashKey{path, info.Size(), info.ModTime()}
	m.mu.Lock()
	sum, ok := m.hashes[key]
	m.mu.Unlock()
	if ok {
		return sum, nil
	}
	data, err := readFile(path, limit)
	if err != nil {
		return "", err
	}
	sum = hexSum(data)
	m.mu.Lock()
	m.hashes[key] = sum
	m.mu.Unlock()
	return sum, nil
}

// read returns a file's content, hashed as it was read: what is loaded is what
// was checked.
func (m *Models) read(name, file, sum string, limit int64) ([]byte, error) {
	at, state := m.locate(file, sum, limit)
	switch state {
	case StateEmbedded:
		return embedded.ReadFile("embedded/" + file)
	case StatePresent:
		data, err := readFile(at.path, limit)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "The model %s cannot be read.", name)
		}
		if hexSum(data) == sum {
			return data, nil
		}
		state = StateCorrupt
	}
	return nil, unusable(name, state)
}

// unusable is the fault for a model whose files are not there.
func unusable(name string, state State) error {
	switch state {
	case StateCorrupt:
		return fault.New(fault.Unavailable, "The model %s is damaged: its file does not match the manifest's sha256. Remove it or run: anycheck models pull %s", name, name)
	case StatePartial:
		return fault.New(fault.Unavailable, "The model %s is not installed: its download was cut off. Resume with: anycheck models pull %s", name, name)
	default:
		return fault.New(fault.Unavailable, "The model %s is not installed. Install it with: anycheck models pull %s", name, name)
	}
}

const maxDictionaryBytes = 1 << 20

// classes reads a dictionary: one entry per line, not trimmed.
func (m *Models) classes(s nn.Spec) ([]string, error) {
	if s.Dictionary == "" {
		return nil, nil
	}
	data, err := m.read(s.Name, s.Dictionary, s.DictionarySHA256, maxDictionaryBytes)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if s.AppendSpace {
		lines = append(lines, " ")
	}
	return lines, nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", filepath.Base(path), limit)
	}
	return data, err
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
