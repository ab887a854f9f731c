package watchlist_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"anycheck/internal/blob"
	"anycheck/internal/fault"
	"anycheck/internal/store"
	"anycheck/internal/watchlist"
)

// publisher is a source on this machine.
type publisher struct {
	*httptest.Server
	mu     sync.Mutex
	body   string
	etag   string
	status int // 0: 200, or 304 when the caller has it
	cut    bool
	asked  []string // If-None-Match of each call
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{}
	p.Server = httptest.NewTLSServer(p)
	p.Config.ErrorLog = nil
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	has := r.Header.Get("If-None-Match")
	p.asked = append(p.asked, has)
	switch {
	case p.status != 0:
		w.WriteHeader(p.status)
		return
	case p.etag != "" && has == p.etag:
		w.WriteHeader(http.StatusNotModified)
		return
	case p.cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(p.body)+1))
	}
	if p.etag != "" {
		w.Header().Set("ETag", p.etag)
	}
	_, _ = w.Write([]byte(p.body))
}

// calls are the tags that came with each call.
func (p *publisher) calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// with changes the publisher between calls.
func (p *publisher) with(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *publisher) has(body, etag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body, p.etag, p.status, p.cut = body, etag, 0, false
}

// people is a list of n invented persons.
func people(n int) string {
	var b strings.Builder
	b.WriteString("id,name\n")
	for i := range n {
		fmt.Fprintf(&b, "P%d,Wirandaka Suklentang%d\n", i, i)
	}
	return b.String()
}

// desk is a library with an updater and a clock.
type desk struct {
	t       *testing.T
	library *watchlist.Library
	updater *watchlist.Updater
	now     time.Time
}

func newDesk(t *testing.T, blobs *blob.Local, calls watchlist.Caller) *desk {
	d := &desk{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	db, err := store.Open(t.Context(), "", t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d.library = watchlist.NewLibrary(db, blobs, func() time.Time { return d.now })
	d.updater = watchlist.NewUpdater(d.library, calls, func() (watchlist.Scratch, error) { return os.CreateTemp(t.TempDir(), "x") })
	return d
}

func (d *desk) update(s watchlist.Source, o watchlist.UpdateOptions) watchlist.Update {
	d.t.Helper()
	done, err := d.updater.Update(d.t.Context(), s, o)
	if err != nil {
		d.t.Fatal(err)
	}
	return done
}

// active is the version of a list in use and when it was last found current.
func (d *desk) active(name string) (version int, checked time.Time) {
	d.t.Helper()
	lists, err := d.library.Versions(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	for _, l := range lists {
		if l.Name == name && l.Active {
			return l.Version, l.CheckedAt
		}
	}
	return 0, time.Time{}
}

func openBlobs(t *testing.T) *blob.Local {
	t.Helper()
	blobs, err := blob.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	return blobs
}

func TestUpdate(t *testing.T) {
	p, blobs := newPublisher(t), openBlobs(t)
	d := newDesk(t, blobs, p.Client())
	s := watchlist.Source{Name: "my-people", URL: p.URL + "/list?token=Rahasia"}

	p.has(people(20), `"one"`)
	var heard int64
	done := d.update(s, watchlist.UpdateOptions{Progress: func(n, total int64) { heard = n + total }})
	if done.Outcome != watchlist.Updated || len(done.Lists) != 1 || done.Lists[0].Name != "my_people" || done.Lists[0].Import.Version != 1 ||
		done.Bytes != int64(len(people(20))) || heard != 2*done.Bytes {
		t.Fatalf("the first update: %+v, heard of %d bytes", done, heard)
	}

	// The source says that nothing has changed, then only its bytes do.
	d.now = d.now.Add(time.Hour)
	if done = d.update(s, watchlist.UpdateOptions{}); done.Outcome != watchlist.NotChanged || done.Bytes != 0 {
		t.Errorf("unchanged by its tag: %+v", done)
	}
	p.has(people(20), "")
	if done = d.update(s, watchlist.UpdateOptions{}); done.Outcome != watchlist.NotChanged || done.Bytes == 0 {
		t.Errorf("unchanged by its bytes: %+v", done)
	}
	if version, checked := d.active("my_people"); version != 1 || !checked.Equal(d.now) {
		t.Errorf("version %d, checked %v, now %v", version, checked, d.now)
	}
	if got := strings.Join(p.calls(), " "); got != ` "one" "one"` {
		t.Errorf("tags sent: %s", got)
	}

	// What has changed becomes a version; what the operator took back by hand
	// does not return before the source changes again.
	p.has(people(21), `"two"`)
	if done = d.update(s, watchlist.UpdateOptions{}); done.Outcome != watchlist.Updated || done.Lists[0].Import.Version != 2 || done.Lists[0].Import.Changes.Added != 1 {
		t.Errorf("changed: %+v", done)
	}
	if _, err := d.library.Rollback(t.Context(), "my_people", 1); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(time.Hour)
	d.update(s, watchlist.UpdateOptions{})
	if version, checked := d.active("my_people"); version != 1 || checked.Equal(d.now) {
		t.Errorf("after a rollback: version %d, checked %v", version, checked)
	}
	d.update(s, watchlist.UpdateOptions{Force: true})
	if calls := p.calls(); calls[len(calls)-1] != "" {
		t.Error("a forced update asked for changes only")
	}
	if version, _ := d.active("my_people"); version != 3 {
		t.Errorf("after a forced update: version %d", version)
	}

	// A database that lacks the lists gets them, whatever the note says.
	other := newDesk(t, blobs, p.Client())
	if done = other.update(s, watchlist.UpdateOptions{}); done.Outcome != watchlist.Updated {
		t.Errorf("on an empty database: %+v", done)
	}
	// As does a source whose address has changed.
	s.URL = p.URL + "/moved"
	if state, err := d.updater.State(t.Context(), s); err != nil || state.SHA256 != "" {
		t.Errorf("the state of another address: %+v, %v", state, err)
	}
}

func TestUpdateFails(t *testing.T) {
	p := newPublisher(t)
	d := newDesk(t, openBlobs(t), p.Client())
	s := watchlist.Source{Name: "mine", URL: p.URL + "/list?token=Rahasia"}
	p.has(people(20), `"one"`)
	d.update(s, watchlist.UpdateOptions{})
	for _, c := range []struct {
		what   string
		change func()
		kind   fault.Kind
		says   string
	}{
		{"an answer that is none", func() { p.status = 503 }, fault.Unavailable, "status 503"},
		{"a list that breaks off", func() { p.cut = true }, fault.Unavailable, "unexpected EOF"},
		{"a page for people", func() { p.body = "<html>Rahasia</html>" }, fault.Unsupported, "no list that is known"},
		{"a broken list", func() { p.body = "id,name\n1\n" }, fault.Invalid, "line 2"},
		{"a list that has shrunk", func() { p.body = people(10) }, fault.Conflict, "would lose 10 of 20 entities"},
	} {
		p.has(people(20), `"other"`)
		p.with(c.change)
		_, err := d.updater.Update(t.Context(), s, watchlist.UpdateOptions{})
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "Rahasia") {
			t.Errorf("%s: %v", c.what, err)
		}
		state, err := d.updater.State(t.Context(), s)
		if err != nil || state.Failed == "" || state.ETag != `"one"` {
			t.Errorf("%s: %+v, %v", c.what, state, err)
		}
		if version, _ := d.active("mine"); version != 1 {
			t.Errorf("%s: version %d is in use", c.what, version)
		}
	}
	p.has(people(10), `"other"`)
	if done := d.update(s, watchlist.UpdateOptions{Force: true}); done.Outcome != watchlist.Updated {
		t.Errorf("a shrunk list by force: %+v", done)
	}
	gone := newPublisher(t)
	gone.Close()
	_, err := d.updater.Update(t.Context(), watchlist.Source{Name: "gone", URL: gone.URL + "/Rahasia"}, watchlist.UpdateOptions{})
	if !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "Rahasia") {
		t.Errorf("nobody there: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.updater.Update(ended, s, watchlist.UpdateOptions{}); err == nil {
		t.Error("an ended context is no error")
	}
}

func TestUpdateWhenDue(t *testing.T) {
	p := newPublisher(t)
	d := newDesk(t, openBlobs(t), p.Client())
	s := watchlist.Source{Name: "mine", URL: p.URL}
	p.has(people(3), `"one"`)
	due := watchlist.UpdateOptions{OnlyDue: true}
	try := func(after time.Duration, want int) {
		t.Helper()
		d.now = d.now.Add(after)
		_, _ = d.updater.Update(t.Context(), s, due)
		if got := len(p.calls()); got != want {
			t.Errorf("after %v: asked %d times, want %d", after, got, want)
		}
	}
	try(0, 1)
	try(time.Hour, 1)
	try(22*time.Hour, 1)
	p.with(func() { p.status = 500 })
	try(time.Hour, 2) // a day has passed
	try(time.Hour, 2)
	p.with(func() { p.status = 0 })
	try(2*time.Hour, 3) // sooner after a failure
	try(3*time.Hour, 3)
}

func TestUpdateLimit(t *testing.T) {
	p := newPublisher(t)
	d := newDesk(t, openBlobs(t), p.Client())
	d.updater.SetMaxBytes(100)
	for _, flushed := range []bool{false, true} {
		p.has(people(50), "")
		if flushed { // no length is told before the bytes
			p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.(http.Flusher).Flush()
				p.ServeHTTP(w, r)
			})
		}
		if _, err := d.updater.Update(t.Context(), watchlist.Source{Name: "mine", URL: p.URL}, watchlist.UpdateOptions{}); !fault.Is(err, fault.TooLarge) {
			t.Errorf("a list over the limit, flushed %v: %v", flushed, err)
		}
	}
}

func TestParseSources(t *testing.T) {
	got, err := watchlist.ParseSources([]string{"ofac", " dttot=https://example.go.id/a.xlsx?x=1,2"})
	if err != nil || len(got) != 2 || got[0].Publisher == "" || got[1].URL != "https://example.go.id/a.xlsx?x=1,2" || got[1].Shown() != "https://example.go.id/a.xlsx?…" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, spec := range []string{"nobody", "", "=https://x", "a=http://example.org", "a=file:///etc/passwd", "A b=https://x", "../x=https://x"} {
		if got, err := watchlist.ParseSources([]string{spec}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %+v, %v", spec, got, err)
		}
	}
	if _, err := watchlist.ParseSources([]string{"un", "un"}); err == nil {
		t.Error("one name twice is no error")
	}
	var names []string
	for _, s := range watchlist.BuiltInSources() {
		names = append(names, s.Name)
		if s.Publisher == "" || s.Terms == "" {
			t.Errorf("%+v", s)
		}
	}
	if _, err := watchlist.ParseSources(names); err != nil {
		t.Errorf("the built-in sources: %v", err)
	}
}
