package watchlist

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// Caller calls addresses that the operator configured. It follows redirects,
// and gives up when no answer begins; how long an answer takes and how large
// it is are the updater's to limit.
type Caller interface {
	Do(*http.Request) (*http.Response, error)
}

// Scratch is a file for what is being downloaded; closing it removes it.
type Scratch interface {
	io.ReadWriteSeeker
	io.Closer
}

// Updater downloads lists and imports what has changed. What it knows of a
// source lies among the files of the library, so that processes that share
// these share it.
type Updater struct {
	library  *Library
	calls    Caller
	scratch  func() (Scratch, error)
	maxBytes int64
}

// NewUpdater connects an updater to its ports.
func NewUpdater(l *Library, calls Caller, scratch func() (Scratch, error)) *Updater {
	return &Updater{library: l, calls: calls, scratch: scratch, maxBytes: DefaultMaxBytes}
}

// UpdateOptions change how a source is updated; the zero value is usual.
type UpdateOptions struct {
	// Force imports what has not changed at the source too, files that have
	// not as many records as they say, and lists that have lost more than a tenth of their entities, names or dates of birth.
	Force bool
	// OnlyDue leaves a source alone that was asked within a day, or within
	// three hours when that failed.
	OnlyDue bool
	// Progress hears of the bytes that have come; total is -1 while unknown.
	Progress func(done, total int64)
}

// Outcome is how an update ended.
type Outcome string

// The outcomes. NotChanged: the source has what was imported last.
const (
	Updated    Outcome = "imported"
	NotChanged Outcome = "unchanged"
	NotDue     Outcome = "not_due"
)

// UpdatedList is a list that a source gave and what became of it.
type UpdatedList struct {
	ListReport
	Import Imported `json:"import"`
}

// Update is what became of a source.
type Update struct {
	Source  string        `json:"source"`
	Outcome Outcome       `json:"outcome"`
	Bytes   int64         `json:"bytes"` // downloaded
	Lists   []UpdatedList `json:"lists,omitempty"`
}

// SourceState is what is known of a source from earlier updates.
type SourceState struct {
	Address      string      `json:"address"` // its SHA-256: it may hold a token
	ETag         string      `json:"etag,omitempty"`
	LastModified string      `json:"last_modified,omitempty"`
	SHA256       string      `json:"sha256,omitempty"` // of what was imported last
	Lists        []fromState `json:"lists,omitempty"`
	TriedAt      time.Time   `json:"tried_at"`
	DoneAt       time.Time   `json:"done_at"` // last imported or found unchanged
	Failed       string      `json:"failed,omitempty"`
}

// fromState is a list that a source gave.
type fromState struct {
	Name     string `json:"name"`
	Checksum string `json:"checksum"`
}

const (
	askAgain      = 23*time.Hour + 30*time.Minute
	askAgainSoon  = 3 * time.Hour // after a failure
	downloadTime  = time.Hour
	stallTime     = time.Minute
	maxStateBytes = 64 << 10
)

func (s SourceState) due(now time.Time) bool {
	wait := askAgain
	if s.Failed != "" {
		wait = askAgainSoon
	}
	return now.Sub(s.TriedAt) >= wait
}

// Update asks a source and imports what it has when that is new. A failure
// leaves the last good version in use and says why: Unavailable when nothing
// could be had, else as Parse and Library.Import do.
//
// What the source had before is not imported again, even when another version
// of the list has come into use by hand since.
func (u *Updater) Update(ctx context.Context, s Source, o UpdateOptions) (Update, error) {
	done := Update{Source: s.Name, Outcome: NotDue}
	now := u.library.now()
	state, err := u.State(ctx, s)
	if err != nil {
		return done, err
	}
	if o.OnlyDue && !state.due(now) {
		return done, nil
	}
	state.TriedAt, state.Failed = now, "The update was interrupted."
	if err := u.keep(ctx, s, state); err != nil { // another process sees that it is not due
		return done, err
	}
	done, next, err := u.update(ctx, s, state, o)
	switch {
	case ctx.Err() != nil:
		return done, ctx.Err()
	case err != nil:
		state.Failed = Reason(err)
		return done, errors.Join(err, u.keep(ctx, s, state))
	}
	next.DoneAt, next.Failed = now, ""
	return done, u.keep(ctx, s, next)
}

// Reason says why an update failed, with the cause where that lies outside.
func Reason(err error) string {
	if fault.Is(err, fault.Unavailable) {
		return err.Error()
	}
	return fault.From(err).Message
}

func (u *Updater) update(ctx context.Context, s Source, state SourceState, o UpdateOptions) (Update, SourceState, error) {
	done := Update{Source: s.Name, Outcome: NotChanged}
	active, err := u.library.rows.ActiveWatchLists(ctx)
	if err != nil {
		return done, state, err
	}
	known := !o.Force && state.SHA256 != "" && allThere(state.Lists, active)
	file, err := u.scratch()
	if err != nil {
		return done, state, fault.Wrap(err, fault.Unavailable, "There is no room for a download")
	}
	defer file.Close()
	got, err := u.download(ctx, s, state, known, file, o.Progress)
	if err != nil {
		return done, state, err
	}
	done.Bytes = got.bytes
	if got.unchanged || known && got.sum == state.SHA256 {
		if !got.unchanged {
			state.ETag, state.LastModified = got.etag, got.modified
		}
		return done, state, u.checked(ctx, state, active)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return done, state, err
	}
	lists, report, err := Parse(ctx, []File{{Name: s.Name, Data: file}}, Options{Name: slug(s.Name), Force: o.Force, MaxBytes: u.maxBytes})
	if err != nil {
		return done, state, err
	}
	next := SourceState{Address: state.Address, ETag: got.etag, LastModified: got.modified, SHA256: got.sum, TriedAt: state.TriedAt}
	for i, l := range lists {
		saved, err := u.library.Import(ctx, l, o.Force)
		if err != nil {
			return done, state, err
		}
		if !saved.Unchanged {
			done.Outcome = Updated
		}
		done.Lists = append(done.Lists, UpdatedList{report.Lists[i], saved})
		next.Lists = append(next.Lists, fromState{l.Name, l.Checksum})
	}
	return done, next, nil
}

// allThere tells that each list that a source gave has a version in use.
func allThere(lists []fromState, active []verification.WatchList) bool {
	for _, l := range lists {
		if !slices.ContainsFunc(active, func(w verification.WatchList) bool { return w.Name == l.Name }) {
			return false
		}
	}
	return true
}

// checked notes that the versions in use are still what the source has.
func (u *Updater) checked(ctx context.Context, state SourceState, active []verification.WatchList) error {
	for _, w := range active {
		if slices.Contains(state.Lists, fromState{w.Name, w.Checksum}) {
			if err := u.library.rows.WatchListChecked(ctx, w.ID, u.library.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// downloaded is what a source answered.
type downloaded struct {
	unchanged           bool // the source says so
	bytes               int64
	sum, etag, modified string
}

func (u *Updater) download(ctx context.Context, s Source, state SourceState, known bool, to io.Writer, progress func(done, total int64)) (downloaded, error) {
	ctx, stop := context.WithTimeout(ctx, downloadTime)
	defer stop()
	ctx, stall := context.WithCancelCause(ctx)
	defer stall(nil)
	fail := func(err error) (downloaded, error) {
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			err = cause
		}
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address: it may hold a token
		}
		return downloaded{}, fault.Wrap(err, fault.Unavailable, "The source %s could not be downloaded", s.Name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return fail(errors.New("its address is none"))
	}
	req.Header.Set("User-Agent", "anycheck")
	if known {
		if state.ETag != "" {
			req.Header.Set("If-None-Match", state.ETag)
		}
		if state.LastModified != "" {
			req.Header.Set("If-Modified-Since", state.LastModified)
		}
	}
	res, err := u.calls.Do(req)
	if err != nil {
		return fail(err)
	}
	defer res.Body.Close()
	switch {
	case known && res.StatusCode == http.StatusNotModified:
		return downloaded{unchanged: true}, nil
	case res.StatusCode != http.StatusOK:
		return fail(fmt.Errorf("it answers with status %d", res.StatusCode))
	case res.ContentLength > u.maxBytes:
		return downloaded{}, u.tooLarge(s)
	}
	timer := time.AfterFunc(stallTime, func() { stall(errStalled) })
	defer timer.Stop()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), &arriving{from: io.LimitReader(res.Body, u.maxBytes+1), timer: timer, total: res.ContentLength, progress: progress})
	if err != nil {
		return fail(err)
	}
	if n > u.maxBytes {
		return downloaded{}, u.tooLarge(s)
	}
	return downloaded{bytes: n, sum: hex.EncodeToString(sum.Sum(nil)), etag: short(res.Header.Get("ETag")), modified: short(res.Header.Get("Last-Modified"))}, nil
}

var errStalled = errors.New("nothing came for a minute")

func (u *Updater) tooLarge(s Source) error {
	return fault.New(fault.TooLarge, "What the source %s has is larger than %d bytes.", s.Name, u.maxBytes)
}

// short keeps a header that can be sent back.
func short(header string) string {
	if len(header) > 500 {
		return ""
	}
	return header
}

// arriving tells of the bytes that come, and puts the alarm off with each.
type arriving struct {
	from        io.Reader
	timer       *time.Timer
	done, total int64
	progress    func(done, total int64)
}

func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.from.Read(p)
	if n > 0 {
		a.timer.Reset(stallTime)
		a.done += int64(n)
		if a.progress != nil {
			a.progress(a.done, a.total)
		}
	}
	return n, err
}

func statePath(s Source) string { return path.Join("lists", "sources", s.Name+".json") }

// State is what is known of a source. One whose address has changed is new.
func (u *Updater) State(ctx context.Context, s Source) (SourceState, error) {
	sum := sha256.Sum256([]byte(s.URL))
	fresh := SourceState{Address: hex.EncodeToString(sum[:])}
	f, err := u.library.blobs.Open(ctx, statePath(s))
	if fault.Is(err, fault.NotFound) {
		return fresh, nil
	}
	if err != nil {
		return fresh, err
	}
	defer f.Close()
	var kept SourceState
	if err := json.NewDecoder(io.LimitReader(f, maxStateBytes)).Decode(&kept); err != nil || kept.Address != fresh.Address {
		return fresh, nil // a damaged note costs a download
	}
	return kept, nil
}

func (u *Updater) keep(ctx context.Context, s Source, state SourceState) error {
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return u.library.blobs.Put(ctx, statePath(s), strings.NewReader(string(data)))
}
