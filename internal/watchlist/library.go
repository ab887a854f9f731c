package watchlist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/verification"
)

// Bounds of what is unpacked of a stored list: all of it, and one entity.
const (
	maxStoredBytes = 4 << 30
	maxLine        = 256 << 20
)

// Library keeps imported lists and searches the active ones. A search uses the
// index there is; when a list has changed, another is built beside it and
// takes its place in one step.
type Library struct {
	rows  verification.WatchListStore
	blobs verification.Blobs
	now   func() time.Time

	current  atomic.Pointer[indexed]
	building sync.Mutex
	past     indexed // of the last IndexAsOf; under building
}

// indexed is an index and the versions it was built from.
type indexed struct {
	ids   []uuid.UUID
	index *screening.Index
}

// NewLibrary connects a library to its ports.
func NewLibrary(rows verification.WatchListStore, blobs verification.Blobs, now func() time.Time) *Library {
	return &Library{rows: rows, blobs: blobs, now: verification.Storable(now)}
}

// Changes counts how a version of a list differs from the one before. Entities
// are told apart by id; one has changed when anything said of it has.
type Changes struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
}

// String says the changes in words.
func (c Changes) String() string {
	return fmt.Sprintf("%d added, %d removed, %d changed", c.Added, c.Removed, c.Changed)
}

// Imported is what became of an import.
type Imported struct {
	Version   int     `json:"version"`
	Changes   Changes `json:"changes"`   // against the version that was active
	Unchanged bool    `json:"unchanged"` // the same content as the active version, which stays
}

// mostLost is the share of its entities, names or dates of birth that a list
// may lose in one import.
const mostLost = 0.10

// facts are what a version has to be found by, or what of it another lacks.
type facts struct{ entities, names, dates int }

func (f *facts) add(e *screening.Entity) {
	f.entities++
	f.names += len(e.Names)
	f.dates += len(e.BirthDates)
}

// tooMuch says what is lost beyond the share that may be; empty: nothing.
func (f facts) tooMuch(lost facts) string {
	var out []string
	for _, of := range []struct {
		lost, had int
		what      string
	}{{lost.entities, f.entities, "entities"}, {lost.names, f.names, "names"}, {lost.dates, f.dates, "dates of birth"}} {
		if float64(of.lost) > mostLost*float64(of.had) {
			out = append(out, fmt.Sprintf("%d of %d %s", of.lost, of.had, of.what))
		}
	}
	return strings.Join(out, ", ")
}

// Import keeps a parsed list as the next version of its name and makes it the
// one that is searched. The content of the active version is no new version. A
// list that has lost more than a tenth of its entities, names or dates of birth
// is refused (fault.Conflict) unless forced, whatever it has gained: a
// publisher's broken file must not silence alerts.
func (l *Library) Import(ctx context.Context, list screening.List, force bool) (Imported, error) {
	if len(list.Entities) == 0 {
		return Imported{}, fault.New(fault.Invalid, "The list %s has no entity; the last good version stays in use.", list.Name)
	}
	active, err := l.rows.ActiveWatchLists(ctx)
	if err != nil {
		return Imported{}, err
	}
	done := Imported{Changes: Changes{Added: len(list.Entities)}}
	for _, last := range active {
		if last.Name != list.Name {
			continue
		}
		if last.Checksum == list.Checksum {
			last.CheckedAt = l.now()
			return Imported{Version: last.Version, Unchanged: true}, l.rows.WatchListChecked(ctx, last.ID, last.CheckedAt)
		}
		now := make(map[string]content, len(list.Entities))
		for i := range list.Entities {
			e := &list.Entities[i]
			now[e.ID] = contentOf(e, screening.Fingerprint(e))
		}
		d, had, lost, err := l.compare(ctx, last, now)
		if err != nil {
			return Imported{}, err
		}
		done.Changes = Changes{len(d.Added), len(d.Removed), len(d.Changed)}
		if what := had.tooMuch(lost); what != "" && !force {
			return Imported{}, fault.New(fault.Conflict, "The list %s would lose %s of version %d; that looks like a broken file. Version %d stays in use. Import with --force if the list is right.",
				list.Name, what, last.Version, last.Version)
		}
	}
	row := verification.WatchList{ID: uuid.Must(uuid.NewV7()), Name: list.Name, Checksum: list.Checksum, Entities: len(list.Entities), ImportedAt: l.now()}
	row.Path = path.Join("lists", row.ID.String()+".ndjson.gz")
	if err := l.put(ctx, row.Path, list.Entities); err != nil {
		return Imported{}, err
	}
	row, err = l.rows.InsertWatchList(ctx, row)
	if err != nil {
		return Imported{}, errors.Join(err, l.blobs.Delete(context.WithoutCancel(ctx), row.Path))
	}
	done.Version = row.Version
	return done, nil
}

func (l *Library) put(ctx context.Context, name string, entities []screening.Entity) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	enc := json.NewEncoder(z)
	for _, e := range entities {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return l.blobs.Put(ctx, name, &packed)
}

// Versions gives every version, newest first.
func (l *Library) Versions(ctx context.Context) ([]verification.WatchList, error) {
	return l.rows.WatchLists(ctx)
}

// Difference lists the ids of entities in which two versions differ, sorted.
type Difference struct {
	From    int      `json:"from_version"`
	To      int      `json:"to_version"`
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
}

// Diff compares two versions of a list. Version 0 is the newest as to and the
// one before to as from. What is not there is fault.NotFound.
func (l *Library) Diff(ctx context.Context, name string, from, to int) (Difference, error) {
	versions, err := l.versions(ctx, name)
	if err != nil {
		return Difference{}, err
	}
	newest := len(versions)
	if to == 0 {
		to = newest
	}
	if from == 0 {
		from = to - 1
	}
	if from < 1 || to < 1 || from > newest || to > newest {
		return Difference{}, fault.New(fault.NotFound, "The list %s has the versions 1 to %d; two of them are needed.", name, newest)
	}
	now := make(map[string]content, versions[to].Entities)
	err = l.load(ctx, versions[to], func(e *screening.Entity, print uint64) error {
		now[e.ID] = contentOf(e, print)
		return nil
	})
	if err != nil {
		return Difference{}, err
	}
	d, _, _, err := l.compare(ctx, versions[from], now)
	d.From, d.To = from, to
	return d, err
}

// versions are the versions of a list by number.
func (l *Library) versions(ctx context.Context, name string) (map[int]verification.WatchList, error) {
	all, err := l.rows.WatchLists(ctx)
	if err != nil {
		return nil, err
	}
	versions := map[int]verification.WatchList{}
	for _, w := range all {
		if w.Name == name {
			versions[w.Version] = w
		}
	}
	if len(versions) == 0 {
		return nil, fault.New(fault.NotFound, "There is no list of that name.")
	}
	return versions, nil
}

// content is what an entity of another version is held against.
type content struct {
	print        uint64
	names, dates uint16 // how many; maxNames and maxBirths bound them
}

func contentOf(e *screening.Entity, print uint64) content {
	return content{print, uint16(len(e.Names)), uint16(len(e.BirthDates))}
}

// compare holds a stored version against another, by id, and counts what the
// stored one had and what of it is lost. Names and dates are lost where an
// entity has fewer: another spelling is no loss.
func (l *Library) compare(ctx context.Context, old verification.WatchList, now map[string]content) (d Difference, had, lost facts, err error) {
	d.Added, d.Removed, d.Changed = []string{}, []string{}, []string{}
	seen := make(map[string]bool, old.Entities)
	err = l.load(ctx, old, func(e *screening.Entity, print uint64) error {
		seen[e.ID] = true
		had.add(e)
		other, ok := now[e.ID]
		if !ok {
			d.Removed = append(d.Removed, e.ID)
			lost.add(e)
			return nil
		}
		if print != other.print {
			d.Changed = append(d.Changed, e.ID)
		}
		lost.names += max(0, len(e.Names)-int(other.names))
		lost.dates += max(0, len(e.BirthDates)-int(other.dates))
		return nil
	})
	for id := range now {
		if !seen[id] {
			d.Added = append(d.Added, id)
		}
	}
	slices.Sort(d.Added)
	slices.Sort(d.Removed)
	slices.Sort(d.Changed)
	return d, had, lost, err
}

// Rollback makes an earlier version of a list the one that is searched; 0 is
// the one before the active one.
func (l *Library) Rollback(ctx context.Context, name string, to int) (verification.WatchList, error) {
	versions, err := l.versions(ctx, name)
	if err != nil {
		return verification.WatchList{}, err
	}
	if to == 0 {
		for _, w := range versions {
			if w.Active {
				to = w.Version - 1
			}
		}
	}
	return l.rows.UseWatchList(ctx, name, to, l.now())
}

// Screen searches the lists that this process has in use: the active ones, or
// while the index of a new version is built, those before.
func (l *Library) Screen(ctx context.Context, q screening.Query) (verification.Screening, error) {
	have := l.current.Load()
	if have == nil {
		if err := l.Refresh(ctx); err != nil {
			return verification.Screening{}, err
		}
		have = l.current.Load()
	}
	return l.search(ctx, have.index, q)
}

func (l *Library) search(ctx context.Context, x *screening.Index, q screening.Query) (verification.Screening, error) {
	return verification.Screening{Hits: x.Search(ctx, q, 10), Lists: x.Lists(), At: l.now()}, ctx.Err()
}

// ScreenAsOf implements verification.Screener.
func (l *Library) ScreenAsOf(ctx context.Context, q screening.Query, at time.Time) (verification.Screening, error) {
	x, err := l.IndexAsOf(ctx, at)
	if err != nil {
		return verification.Screening{}, err
	}
	return l.search(ctx, x, q)
}

// IndexAsOf is the index over the versions that were active at a time. It is
// built when asked for; the last one is kept.
func (l *Library) IndexAsOf(ctx context.Context, at time.Time) (*screening.Index, error) {
	rows, err := l.rows.WatchListsAt(ctx, at)
	if err != nil {
		return nil, err
	}
	if have := l.current.Load(); have != nil && slices.Equal(have.ids, ids(rows)) {
		return have.index, nil
	}
	l.building.Lock()
	defer l.building.Unlock()
	if l.past.index == nil || !slices.Equal(l.past.ids, ids(rows)) {
		l.past = indexed{} // let the last one go first
		x, err := l.build(ctx, rows)
		if err != nil {
			return nil, err
		}
		l.past = indexed{ids(rows), x}
	}
	return l.past.index, nil
}

func ids(rows []verification.WatchList) []uuid.UUID {
	out := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

// Refresh sees to it that the active lists are the ones in use.
func (l *Library) Refresh(ctx context.Context) error {
	l.building.Lock()
	defer l.building.Unlock()
	active, err := l.rows.ActiveWatchLists(ctx)
	if err != nil {
		return err
	}
	if have := l.current.Load(); have != nil && slices.Equal(have.ids, ids(active)) {
		return nil
	}
	index, err := l.build(ctx, active)
	if err != nil {
		return err
	}
	l.current.Store(&indexed{ids(active), index})
	return nil
}

// Watch refreshes now and at every tick until ctx ends, so that what another process
// imports is in use here soon. What goes wrong is told and tried again.
func (l *Library) Watch(ctx context.Context, tick <-chan time.Time, failed func(error)) {
	for {
		if err := l.Refresh(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// Lists implements verification.Screener.
func (l *Library) Lists(ctx context.Context) ([]screening.List, error) {
	x, err := l.Index(ctx)
	if err != nil {
		return nil, err
	}
	return x.Lists(), nil
}

// Index is the search index over the active lists.
func (l *Library) Index(ctx context.Context) (*screening.Index, error) {
	if err := l.Refresh(ctx); err != nil {
		return nil, err
	}
	return l.current.Load().index, nil
}

func (l *Library) build(ctx context.Context, rows []verification.WatchList) (*screening.Index, error) {
	// Two versions lie in memory at once: collect garbage sooner meanwhile.
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	b := screening.NewBuilder()
	for _, w := range rows {
		b.List(screening.List{Name: w.Name, Version: strconv.Itoa(w.Version), Checksum: w.Checksum, ImportedAt: w.ImportedAt})
		if err := l.load(ctx, w, b.Add); err != nil {
			return nil, fmt.Errorf("watch list %s version %d: %w", w.Name, w.Version, err)
		}
	}
	return b.Index(), nil
}

// load gives the entities of a stored version one by one, with their
// fingerprints. Reading runs ahead of what each does, on another core.
func (l *Library) load(ctx context.Context, row verification.WatchList, each func(e *screening.Entity, print uint64) error) error {
	f, err := l.blobs.Open(ctx, row.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan []stored, 4)
	read := make(chan error, 1)
	go func() {
		read <- readEntities(ctx, z, batches)
		close(batches)
	}()
	n := 0
	for batch := range batches {
		for i := range batch {
			if err == nil {
				err = each(&batch[i].entity, batch[i].print)
			}
		}
		if n += len(batch); err != nil {
			stop() // the batches on their way are dropped
		}
	}
	if err = errors.Join(err, <-read); err == nil && n != row.Entities {
		err = fmt.Errorf("has %d entities, expected %d", n, row.Entities)
	}
	return err
}

// stored is an entity as put wrote it, and its fingerprint.
type stored struct {
	entity screening.Entity
	print  uint64
}

// readEntities sends what is stored, some hundred entities at a time.
func readEntities(ctx context.Context, from io.Reader, batches chan<- []stored) error {
	const size = 256
	lines := bufio.NewScanner(io.LimitReader(from, maxStoredBytes))
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for more := true; more; {
		batch := make([]stored, 0, size)
		for len(batch) < size {
			if more = lines.Scan(); !more {
				break
			}
			line := stored{print: screening.FingerprintJSON(lines.Bytes())}
			if err := json.Unmarshal(lines.Bytes(), &line.entity); err != nil {
				return err
			}
			batch = append(batch, line)
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return lines.Err()
}
