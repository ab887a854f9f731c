package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"time"

	"anycheck/internal/fault"
)

const exportSubjectOperation = "exportSubject"

func (s *server) exportSubject(w http.ResponseWriter, r *http.Request) error {
	nik, err := readNIK(w, r)
	if err != nil {
		return err
	}
	export, err := s.Evidence.Subject(r.Context(), actorOf(r.Context()), nik)
	if err != nil {
		return err
	}
	out := &lateWriter{to: w, begin: func() {
		h := w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "subject-export.zip"}))
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		w.WriteHeader(http.StatusOK)
	}}
	err = export.Write(r.Context(), out, func(ctx context.Context) error {
		// Each result has its time. Not every writer has deadlines; the server's
		// own hold there.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTimeout))
		return s.record(ctx, nil)
	})
	if err != nil && out.begin == nil {
		// A normal end would make half an export look whole.
		callOf(r.Context()).err = fault.Wrap(err, fault.Unavailable, "The download broke off.")
		panic(http.ErrAbortHandler)
	}
	return err
}

// lateWriter begins an answer with its first byte: until then it can still
// become an error.
type lateWriter struct {
	to    io.Writer
	begin func() // nil once it has begun
}

// Write writes to the answer.
func (l *lateWriter) Write(p []byte) (int, error) {
	if l.begin != nil {
		l.begin()
		l.begin = nil
	}
	return l.to.Write(p)
}

// readNIK reads {"nik": "…"} as the JSON routes do.
func readNIK(w http.ResponseWriter, r *http.Request) (nik string, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return "", fault.New(fault.Invalid, "The body must be JSON, with the header Content-Type: application/json.")
	}
	// Not every reader has deadlines; the server's own hold there.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return "", fault.New(fault.TooLarge, "The body is larger than %d KiB.", maxBody>>10)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", fault.New(fault.Timeout, "The body did not arrive within %s.", bodyTimeout)
	case err != nil:
		return "", fault.New(fault.Invalid, "The body ended before it was complete.")
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return "", fault.New(fault.Invalid, "The body must be a JSON object.")
	}
	wrong := fault.New(fault.Invalid, "The request cannot be used like this.")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "nik" {
			wrong.WithField(name, "is not a field of this request")
		}
	}
	if value, ok := fields["nik"]; !ok {
		wrong.WithField("nik", "is required")
	} else if json.Unmarshal(value, &nik) != nil || string(value) == "null" {
		wrong.WithField("nik", "must be a text")
	}
	if len(wrong.Fields) > 0 {
		return "", wrong
	}
	return nik, nil
}
