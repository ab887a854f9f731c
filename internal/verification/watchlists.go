package verification

import (
	"context"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/screening"
)

// WatchList is one imported version of a watch list. Lists belong to the
// platform, not to a tenant.
type WatchList struct {
	ID         uuid.UUID
	Name       string
	Version    int    // 1, 2, 3 … per name
	Checksum   string // SHA-256 of the imported files, hexadecimal
	Entities   int
	Path       string // blob with the parsed entities
	ImportedAt time.Time
	CheckedAt  time.Time // last imported or found unchanged
	Active     bool      // searched; one version per name
}

// WatchListStore keeps which lists there are.
type WatchListStore interface {
	// InsertWatchList adds the next version of l.Name and makes it the active
	// one in place of the last; it returns the row with its version.
	InsertWatchList(ctx context.Context, l WatchList) (WatchList, error)
	// UseWatchList makes a version the active one of its name from now on. A
	// version that is not there is fault.NotFound.
	UseWatchList(ctx context.Context, name string, version int, now time.Time) (WatchList, error)
	// WatchListChecked notes that a version was found unchanged.
	WatchListChecked(ctx context.Context, id uuid.UUID, now time.Time) error
	// WatchListsAt lists the versions that were active at a time, by name.
	WatchListsAt(ctx context.Context, at time.Time) ([]WatchList, error)
	// ActiveWatchLists lists the active versions by name.
	ActiveWatchLists(ctx context.Context) ([]WatchList, error)
	// WatchLists lists every version, newest first.
	WatchLists(ctx context.Context) ([]WatchList, error)
}

// Screener searches the active watch lists.
type Screener interface {
	Screen(ctx context.Context, q screening.Query) (Screening, error)
	// ScreenAsOf searches the lists that were active at a time.
	ScreenAsOf(ctx context.Context, q screening.Query, at time.Time) (Screening, error)
	// Lists tells what Screen searches from now on: the active versions.
	Lists(ctx context.Context) ([]screening.List, error)
}

// Screening is the answer of a search.
type Screening struct {
	Hits  []screening.Hit  `json:"hits"`
	Lists []screening.List `json:"lists"` // what was searched; empty when nothing is imported
	At    time.Time        `json:"screened_at"`
}
