package onnx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"anycheck/internal/fault"
)

// partialSuffix marks a download in progress. It is never loaded.
const partialSuffix = ".partial"

// maxCuts is how often one address may cut the connection, with progress each
// time, before the next is tried.
const maxCuts = 5

// Pull fetches a model and its dictionary into the store, from the manifest's
// addresses in order. It resumes what an earlier call left, checks size and
// sha256 and installs by rename: a model is there completely or not at all.
// Files that are embedded, in the models folder or in the store already are
// not fetched. progress, which may be nil, hears of the model file's bytes.
//
// Faults: NotFound for a name not in the manifest, Conflict while another
// process fetches the same model, Unavailable when no address works; an ended
// context is returned as such. What was fetched is kept for the next call.
func (m *Models) Pull(ctx context.Context, name string, progress func(done, total int64)) error {
	s, ok := m.Spec(name)
	if !ok {
		return fault.New(fault.NotFound, "The model %s is not in the manifest.", name)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	files := []download{{model: name, file: s.File, sum: s.SHA256, size: s.Bytes, limit: s.Bytes, urls: s.URLs, progress: progress}}
	if s.Dictionary != "" {
		files = append(files, download{model: name, file: s.Dictionary, sum: s.DictionarySHA256, limit: maxDictionaryBytes,
			urls: s.DictionaryURLs, progress: func(int64, int64) {}})
	}
	for _, d := range files {
		if _, state := m.locate(d.file, d.sum, d.limit); state == StateEmbedded || state == StatePresent {
			continue
		}
		if err := m.fetch(ctx, d); err != nil {
			return err
		}
	}
	progress(s.Bytes, s.Bytes)
	return nil
}

// download is one file to fetch. size is 0 when only the limit is known.
type download struct {
	model, file, sum string
	size, limit      int64
	urls             []string
	progress         func(done, total int64)
}

func (m *Models) fetch(ctx context.Context, d download) error {
	switch {
	case len(d.urls) == 0:
		return fault.New(fault.Unavailable, "The model %s has no address to fetch %s from; put the file into the models folder.", d.model, d.file)
	case m.storeDir == "":
		return fault.New(fault.Invalid, "No folder for fetched models is configured.")
	case m.client == nil:
		return fault.New(fault.Unavailable, "Fetching models is turned off.")
	}
	if err := os.MkdirAll(m.storeDir, 0o755); err != nil {
		return fault.Wrap(err, fault.Unavailable, "The folder for fetched models cannot be written.")
	}
	path := filepath.Join(m.storeDir, d.file)
	f, err := openPartial(path + partialSuffix)
	if err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fault.New(fault.Conflict, "The model %s is being fetched by another process.", d.model)
		}
		return fault.Wrap(err, fault.Unavailable, "The folder for fetched models cannot be written.")
	}
	defer func() {
		if info, err := f.Stat(); err == nil && info.Size() == 0 {
			os.Remove(f.Name()) // nothing to resume; an installed file is never empty
		}
		f.Close()
	}()
	var problems []error
	for _, url := range d.urls {
		err := m.fetchFrom(ctx, url, f, d)
		if err == nil {
			if err := install(f, path); err != nil {
				return fault.Wrap(err, fault.Unavailable, "The model %s cannot be written to the folder for fetched models.", d.model)
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		problems = append(problems, fmt.Errorf("%s: %w", url, err))
	}
	return fault.Wrap(errors.Join(problems...), fault.Unavailable, "The model %s could not be fetched: %s.", d.model, reasons(problems))
}

func reasons(problems []error) string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "; ")
}

// openPartial opens a partial download and locks it against other processes.
func openPartial(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		// Another process may have installed this very file between the two
		// calls; writing to it now would damage the model.
		opened, err1 := f.Stat()
		named, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(opened, named) {
			return f, nil
		}
		err = syscall.EWOULDBLOCK
	}
	f.Close()
	return nil, err
}

// errMismatch says that a complete download is not the file that was promised.
var errMismatch = errors.New("the file there does not match the manifest's size or sha256")

// fetchFrom completes f from one address. On errMismatch f is empty again; on
// other errors it keeps what arrived.
func (m *Models) fetchFrom(ctx context.Context, url string, f *os.File, d download) error {
	cuts := 0
	for {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		start := info.Size()
		// A dictionary's size is not known, so a part cannot be told from the
		// whole; it is small enough to start again.
		if start > d.size {
			start = 0
		}
		if start == 0 || start < d.size {
			err = m.request(ctx, url, f, start, d)
		}
		if err == nil {
			err = verify(f, d)
		}
		var cut *cutError
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errMismatch):
			if err := f.Truncate(0); err != nil {
				return err
			}
			if start == 0 {
				return err
			} // else what we resumed was bad; once more from the start
		case errors.As(err, &cut) && ctx.Err() == nil:
			info, statErr := f.Stat()
			if statErr != nil {
				return statErr
			}
			if cuts++; cuts >= maxCuts || info.Size() <= start {
				return err
			}
		default:
			return err
		}
	}
}

// cutError is a connection that ended before the file did.
type cutError struct{ cause error }

func (e *cutError) Error() string { return "the connection was cut: " + e.cause.Error() }
func (e *cutError) Unwrap() error { return e.cause }

// request asks for the bytes from start on and writes them to f, which ends
// where they end.
func (m *Models) request(ctx context.Context, url string, f *os.File, start int64, d download) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// The checksum is of the file as it is, so no compression on the way.
	req.Header.Set("Accept-Encoding", "identity")
	if start > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", start))
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		start = 0 // also the answer of a server that cannot resume
	case resp.StatusCode == http.StatusPartialContent && start > 0 &&
		strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", start)):
	case resp.StatusCode == http.StatusPartialContent || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return errMismatch
	default:
		return fmt.Errorf("the server answered %d", resp.StatusCode)
	}
	if n := resp.ContentLength; n >= 0 && (start+n > d.limit || d.size > 0 && start+n != d.size) {
		return fmt.Errorf("the file there has %d bytes, which is not the size that the manifest promises", start+n)
	}
	if err := f.Truncate(start); err != nil {
		return err
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return err
	}
	d.progress(start, d.size)
	body := &countingReader{r: io.LimitReader(resp.Body, d.limit-start+1), done: start, total: d.size, progress: d.progress}
	if _, err := io.Copy(f, body); err != nil {
		if body.err != nil {
			return &cutError{body.err}
		}
		return err // the disk's, not the network's
	}
	return nil
}

// countingReader reports progress and remembers a read error, to tell it from
// a write error of io.Copy.
type countingReader struct {
	r           io.Reader
	done, total int64
	progress    func(done, total int64)
	err         error
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	if n > 0 {
		c.progress(c.done, c.total)
	}
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// verify compares a finished download with what the manifest promises.
func verify(f *os.File, d download) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > d.limit || d.size > 0 && info.Size() != d.size {
		return errMismatch
	}
	sum, err := sumFile(f.Name())
	if err != nil {
		return err
	}
	if sum != d.sum {
		return errMismatch
	}
	return nil
}
