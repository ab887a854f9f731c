package webhook

import (
	"net/url"
	"sync"
	"time"

	"anycheck/internal/verification"
)

// Workers is how many webhooks are under way at once, of all tenants.
const Workers = 50

// How they are shared.
const (
	// half of them is the most that one organization or group gets.
	half = Workers / 2
	// crowded is what a group gets while half of them are at work.
	crowded = Workers / 10
	// A receiver that has not answered within slow before gets few at a time,
	// and all of those together have no more than doubtful workers.
	slow     = 2 * time.Second
	few      = 2
	doubtful = Workers * 3 / 5
	// One that did not answer at all last time gets one at a time, and all of
	// those together have no more than silent workers.
	silent = Workers / 5
	// maxKnown bounds what is remembered of receivers.
	maxKnown = 10_000
)

// manner is how a receiver was last time.
type manner int

const (
	unsure manner = iota // not known, or slow
	quick
	dead // no answer came
)

// gate lets deliveries in so that no tenant holds up another: receivers that
// take long cannot have all workers, however many they are, and what a group
// may hold shrinks as the workers fill up.
type gate struct {
	mu    sync.Mutex
	busy  map[string]int // by organization, group and receiver
	at    [3]int         // workers by manner of the receiver
	known map[string]manner
}

// enter takes a place for d. When there is none, leave is nil. Whoever got a
// place calls leave with how the receiver was.
func (g *gate) enter(d verification.Delivery) (leave func(manner)) {
	organization, group := "o"+d.OrganizationID.String(), "g"+d.GroupID.String()
	receiver := group + " " + host(d.URL)
	g.mu.Lock()
	defer g.mu.Unlock()
	was, most := g.known[receiver], half
	if g.at[unsure]+g.at[quick]+g.at[dead] >= half {
		most = crowded
	}
	switch {
	case g.busy[organization] >= half, g.busy[group] >= most,
		was == unsure && g.busy[receiver] >= few,
		was == dead && (g.busy[receiver] >= 1 || g.at[dead] >= silent),
		was != quick && g.at[unsure]+g.at[dead] >= doubtful:
		return nil
	}
	if g.busy == nil {
		g.busy, g.known = map[string]int{}, map[string]manner{}
	}
	keys := []string{organization, group, receiver}
	for _, k := range keys {
		g.busy[k]++
	}
	g.at[was]++
	return func(is manner) {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, k := range keys {
			if g.busy[k]--; g.busy[k] == 0 {
				delete(g.busy, k)
			}
		}
		g.at[was]--
		if is == unsure {
			delete(g.known, receiver)
			return
		}
		if len(g.known) >= maxKnown {
			clear(g.known) // they are got to know again
		}
		g.known[receiver] = is
	}
}

// host is whom an address calls; an address that cannot be read is its own.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}
