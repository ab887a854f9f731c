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
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/verification"
)

// maxStoredBytes bounds what is unpacked of one stored list.
const maxStoredBytes = 4 << 30

// Library keeps imported lists and searches the active ones. The index is
// rebuilt when another process has imported a list; searches go on with the
// old one meanwhile only in the callers that have it already.
type Library struct {
	rows  verification.WatchListStore
	blobs verification.Blobs
	now   func() time.Time

	mu    sync.Mutex
	ids   []uuid.UUID // what index was built from
	index *screening.Index
}

// NewLibrary connects a library to its ports.
func NewLibrary(rows verification.WatchListStore, blobs verification.Blobs, now func() time.Time) *Library {
	return &Library{rows: rows, blobs: blobs, now: now, index: screening.Build(nil)}
}

// Import keeps a parsed list as the next version of its name and makes it the
// one that is searched.
func (l *Library) Import(ctx context.Context, list screening.List) (verification.WatchList, error) {
	if len(list.Entities) == 0 {
		return verification.WatchList{}, fault.New(fault.Invalid, "The list %s has no entity; the last good version stays in use.", list.Name)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	enc := json.NewEncoder(z)
	for _, e := range list.Entities {
		if err := enc.Encode(e); err != nil {
			return verification.WatchList{}, err
		}
	}
	if err := z.Close(); err != nil {
		return verification.WatchList{}, err
	}
	row := verification.WatchList{ID: uuid.Must(uuid.NewV7()), Name: list.Name, Checksum: list.Checksum, Entities: len(list.Entities), ImportedAt: l.now(), Active: true}
	row.Path = path.Join("lists", row.ID.String()+".ndjson.gz")
	if err := l.blobs.Put(ctx, row.Path, &packed); err != nil {
		return verification.WatchList{}, err
	}
	saved, err := l.rows.InsertWatchList(ctx, row)
	if err != nil {
		return verification.WatchList{}, errors.Join(err, l.blobs.Delete(context.WithoutCancel(ctx), row.Path))
	}
	return saved, nil
}

// Lists gives every version, newest first.
func (l *Library) Lists(ctx context.Context) ([]verification.WatchList, error) {
	return l.rows.WatchLists(ctx)
}

// Screen searches the active lists as they are now.
func (l *Library) Screen(ctx context.Context, q screening.Query) (verification.Screening, error) {
	x, err := l.Index(ctx)
	if err != nil {
		return verification.Screening{}, err
	}
	return verification.Screening{Hits: x.Search(ctx, q, 10), Lists: x.Lists(), At: l.now()}, ctx.Err()
}

// Index is the search index over the active lists, built anew when they have
// changed.
func (l *Library) Index(ctx context.Context) (*screening.Index, error) {
	active, err := l.rows.ActiveWatchLists(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]uuid.UUID, len(active))
	same := len(active) == len(l.ids)
	for i, a := range active {
		ids[i] = a.ID
		same = same && l.ids[i] == a.ID
	}
	if same {
		return l.index, nil
	}
	// Two versions lie in memory at once: collect garbage sooner meanwhile.
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	b := screening.NewBuilder()
	for _, a := range active {
		b.List(screening.List{Name: a.Name, Version: strconv.Itoa(a.Version), Checksum: a.Checksum, ImportedAt: a.ImportedAt})
		if err := l.load(ctx, a, b.Add); err != nil {
			return nil, fmt.Errorf("watch list %s version %d: %w", a.Name, a.Version, err)
		}
	}
	l.index, l.ids = b.Index(), ids
	return l.index, nil
}

// load gives the entities of a stored version one by one. Reading runs ahead of
// what each does, on another core.
func (l *Library) load(ctx context.Context, row verification.WatchList, each func(*screening.Entity) error) error {
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
	batches := make(chan []screening.Entity, 4)
	read := make(chan error, 1)
	go func() {
		read <- readEntities(ctx, z, batches)
		close(batches)
	}()
	n := 0
	for batch := range batches {
		for i := range batch {
			if err == nil {
				err = each(&batch[i])
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

// readEntities sends what is stored, some hundred entities at a time.
func readEntities(ctx context.Context, from io.Reader, batches chan<- []screening.Entity) error {
	const size = 256
	dec := json.NewDecoder(io.LimitReader(from, maxStoredBytes))
	for {
		batch := make([]screening.Entity, 0, size)
		var err error
		for err == nil && len(batch) < size {
			var e screening.Entity
			if err = dec.Decode(&e); err == nil {
				batch = append(batch, e)
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return nil
		}
	}
}
