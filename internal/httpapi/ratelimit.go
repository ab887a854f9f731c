package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// RateLimits are calls per minute; 0 is any number. They hold for each process.
type RateLimits struct {
	PerKey     int64 // of an API key, or of a signed-in person
	PerGroup   int64
	PerAddress int64 // without proof of who is calling
}

// ownLimitsFor is how long limits of single groups and keys are used before
// they are read again.
const ownLimitsFor = 10 * time.Second

// limiter counts calls in whole minutes of the clock.
type limiter struct {
	RateLimits
	now func() time.Time
	// read gives the limits of groups and keys that have their own.
	read func(context.Context) (map[uuid.UUID]int64, error)

	mu      sync.Mutex
	minute  int64
	counts  map[string]int64
	own     map[uuid.UUID]int64
	readAt  time.Time
	reading bool
}

// subject is whose calls are counted.
type subject struct {
	name  string
	limit int64
}

// standing is how a caller stands after a call.
type standing struct {
	limit, remaining int64
	reset            time.Time
	refused          bool
}

// take counts a call for all subjects, or for none when one has used up its
// calls. The standing is that of the subject with the fewest left.
func (l *limiter) take(subjects ...subject) (st standing, limited bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if m := now.Unix() / 60; m != l.minute {
		l.minute, l.counts = m, map[string]int64{}
	}
	for _, s := range subjects {
		if s.limit == 0 {
			continue
		}
		if left := s.limit - l.counts[s.name]; !limited || left < st.remaining {
			st.limit, st.remaining, limited = s.limit, left, true
		}
	}
	st.reset = time.Unix((l.minute+1)*60, 0)
	if !limited {
		return st, false
	}
	if st.refused = st.remaining <= 0; st.refused {
		st.remaining = 0 // a limit may have become smaller
		return st, true
	}
	st.remaining--
	for _, s := range subjects {
		if s.limit > 0 {
			l.counts[s.name]++
		}
	}
	return st, true
}

// caller counts a call of a proven caller and says in the answer how it stands.
func (l *limiter) caller(ctx context.Context, h http.Header, a tenant.Actor) error {
	own := l.limits(ctx)
	_, group := a.Home()
	group = tenant.LiveOf(group) // the calls of test keys count as its own
	id := a.User.ID
	if a.Key != nil {
		id = a.Key.ID
	}
	limitOf := func(id uuid.UUID, otherwise int64) int64 {
		if n, ok := own[id]; ok {
			return n
		}
		return otherwise
	}
	st, limited := l.take(subject{id.String(), limitOf(id, l.PerKey)}, subject{group.String(), limitOf(group, l.PerGroup)})
	if !limited {
		return nil
	}
	h.Set("X-RateLimit-Limit", strconv.FormatInt(st.limit, 10))
	h.Set("X-RateLimit-Remaining", strconv.FormatInt(st.remaining, 10))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(st.reset.Unix(), 10))
	return l.refusal(st)
}

// address counts a call without proof of who is calling.
func (l *limiter) address(from auth.Origin) error {
	st, _ := l.take(subject{"address " + from.Network(), l.PerAddress})
	return l.refusal(st)
}

func (l *limiter) refusal(st standing) error {
	if !st.refused {
		return nil
	}
	e := fault.New(fault.Exhausted, "Too many calls: %d a minute are taken. Please slow down.", st.limit)
	e.RetryAfter = max(st.reset.Sub(l.now()), time.Second)
	return e
}

// limits gives the limits of single groups and keys. One caller reads them
// anew when they are old; the others go on with what there is.
func (l *limiter) limits(ctx context.Context) map[uuid.UUID]int64 {
	l.mu.Lock()
	own, now := l.own, l.now()
	if l.reading || l.own != nil && now.Sub(l.readAt) < ownLimitsFor {
		l.mu.Unlock()
		return own
	}
	l.reading = true
	l.mu.Unlock()
	fresh, err := l.read(context.WithoutCancel(ctx))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading = false
	if err != nil {
		return own // the call itself will tell that the database is down
	}
	l.own, l.readAt = fresh, now
	return fresh
}

// changed makes the next call read the limits anew.
func (l *limiter) changed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readAt = time.Time{}
}
