package onnx

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"anycheck/internal/fault"
)

// libFS holds what scripts/install-onnxruntime.sh put there, or only a README.
//
//go:embed lib
var libFS embed.FS

// Library is the ONNX Runtime in use.
type Library struct {
	Path    string // where it was loaded from
	Version string // what it says of itself, e.g. "1.30.0"
	Origin  string // LibraryConfigured, LibraryInstalled or LibraryEmbedded
	// PassedOver are installed libraries that could not be used, with the
	// reason: for a warning in the log.
	PassedOver []string
}

// Origins of the runtime library.
const (
	LibraryConfigured = "configured"
	LibraryInstalled  = "installed"
	LibraryEmbedded   = "embedded"
)

// process is the ONNX Runtime of this process. The binding keeps its function
// table and environment in package variables, and unloading a library whose
// threads may still run is not safe: so the first Open that succeeds decides,
// later ones share it, and it stays until the process ends. This is the one
// piece of package state; everything else lives in Runtime.
var process struct {
	sync.Mutex
	library Library
	loaded  bool
}

// loadLibrary makes ONNX Runtime available: a configured library or none, else
// an installed one that is new enough, else the embedded one.
func loadLibrary(o Options) (Library, error) {
	process.Lock()
	defer process.Unlock()
	if process.loaded {
		if o.LibraryPath != "" && o.LibraryPath != process.library.Path {
			return Library{}, fault.New(fault.Invalid, "This process already uses the ONNX Runtime library %s; it cannot load another.", process.library.Path)
		}
		return process.library, nil
	}
	lib, err := findLibrary(o)
	if err != nil {
		return Library{}, err
	}
	process.library, process.loaded = lib, true
	return lib, nil
}

func findLibrary(o Options) (Library, error) {
	if o.LibraryPath != "" {
		if err := initialise(o.LibraryPath); err != nil {
			return Library{}, fault.Wrap(err, fault.Invalid, "The configured ONNX Runtime library %s cannot be used.", o.LibraryPath)
		}
		return Library{Path: o.LibraryPath, Version: ort.GetVersion(), Origin: LibraryConfigured}, nil
	}
	var passed []string
	for _, path := range installedPaths() {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := initialise(path); err != nil {
			passed = append(passed, fmt.Sprintf("%s: %v", path, err))
			continue
		}
		return Library{Path: path, Version: ort.GetVersion(), Origin: LibraryInstalled, PassedOver: passed}, nil
	}
	path, err := loadEmbedded(o.CacheDir)
	if err != nil {
		if len(passed) > 0 {
			err = fmt.Errorf("%w; passed over: %s", err, strings.Join(passed, "; "))
		}
		return Library{}, fault.Wrap(err, fault.Unavailable,
			"ONNX Runtime is not installed: this build carries no usable copy. Install its shared library (1.24 or newer) or set ANYCHECK_ONNXRUNTIME_LIB.")
	}
	return Library{Path: path, Version: ort.GetVersion(), Origin: LibraryEmbedded, PassedOver: passed}, nil
}

// installedPaths are the places where an operator or a package manager puts
// the library, nearest first.
func installedPaths() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dirs = append(dirs, filepath.Dir(exe), filepath.Join(filepath.Dir(exe), "lib"))
	}
	dirs = append(dirs, "/usr/local/lib", "/usr/lib")
	triplets := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
	if t := triplets[runtime.GOARCH]; t != "" {
		dirs = append(dirs, filepath.Join("/usr/lib", t))
	}
	var paths []string
	for _, dir := range dirs {
		paths = append(paths, filepath.Join(dir, "libonnxruntime.so"), filepath.Join(dir, "libonnxruntime.so.1"))
	}
	return paths
}

// initialise loads the library at path and creates the environment. A library
// that is too old fails here and is unloaded again.
func initialise(path string) error {
	// ONNX Runtime's Linux builds (1.30.0 does, 1.27.0 does not) report usage
	// to their maker and keep a database in the home folder. Nothing may leave the
	// machine. The switch only works before the environment is created, and an
	// inherited value must not win.
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return err
	}
	return ort.DisableTelemetry()
}

// loadEmbedded unpacks the embedded library and loads it. It is kept in the
// first cache folder that lets it be written and executed, under a name made
// of its checksum, so that another version never meets it.
func loadEmbedded(cacheDir string) (string, error) {
	name := "libonnxruntime-" + runtime.GOOS + "-" + runtime.GOARCH + ".so"
	packed, err := libFS.ReadFile("lib/" + name + ".gz")
	if err != nil {
		return "", errors.New("no library was embedded at build time; run: make deps")
	}
	sum, err := libFS.ReadFile("lib/" + name + ".sha256")
	if err != nil {
		return "", errors.New("the embedded library has no checksum; run: make deps")
	}
	want := strings.TrimSpace(string(sum))
	if !sha256Pattern.MatchString(want) {
		return "", errors.New("the embedded library's checksum is not a sha256; run: make deps")
	}

	dirs := []string{}
	if cacheDir != "" {
		dirs = append(dirs, cacheDir)
	}
	if user, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(user, "anycheck"))
	}
	var problems []error
	for _, dir := range dirs {
		path := filepath.Join(dir, "libonnxruntime-"+want[:16]+".so")
		err := unpackTo(path, packed, want)
		if err == nil {
			err = initialise(path)
		}
		if err == nil {
			return path, nil
		}
		problems = append(problems, err)
	}
	path, err := loadOnce(packed, want)
	if err != nil {
		return "", errors.Join(append(problems, err)...)
	}
	return path, nil
}

// loadOnce is for machines without a folder of our own: a fresh private folder
// under the temporary one, removed as soon as the library is mapped. Nobody
// else can put a file there first, and nothing is left behind.
func loadOnce(packed []byte, want string) (string, error) {
	dir, err := os.MkdirTemp("", "anycheck-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "libonnxruntime.so")
	if err := unpackTo(path, packed, want); err != nil {
		return "", err
	}
	return path, initialise(path)
}

// unpackTo makes path hold the library with the wanted checksum: an intact
// copy is left alone, anything else is replaced in one step, so that a process
// starting at the same time, or a crash, never sees half a library.
func unpackTo(path string, packed []byte, want string) error {
	if got, err := sumFile(path); err == nil && got == want {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("the embedded library is damaged: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".libonnxruntime-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing to remove
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, h), zr); err != nil {
		return fmt.Errorf("unpack the embedded library: %w", err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("the embedded library is damaged: sha256 %s, want %s", got, want)
	}
	return install(f, path)
}

// install makes a finished file durable under its final name.
func install(f *os.File, path string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
