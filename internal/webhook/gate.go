package webhook

import (
	"net/url"
	"sync"
	"time"

	"anycheck/internal/verification"
)

// How the workers are shared. The queue has Workers of them for all tenants.
const (
	Workers = 50
	// half of them is the most that one organization or group gets.
	half = Workers / 2
	// crowded is what a group gets while half of them are at work.
	crowded = Workers / 10
	// slow is how long a receiver may take before it is sent one at a time.
	slow = 2 * time.Second
	// maxSlow bounds what is remembered of slow receivers.
	maxSlow = 10_000
)

// gate lets deliveries in so that no tenant holds all workers: a receiver that
// was slow or did not answer last time gets one delivery at a time, and what a
// group may hold shrinks as the workers fill up.
type gate struct {
	mu   sync.Mutex
	all  int
	busy map[string]int
	slow map[string]bool
}

// enter takes a place for d. When there is none, leave is nil. Whoever got a
// place calls leave with how long the receiver took, or a negative time when
// nothing is known of it.
func (g *gate) enter(d verification.Delivery) (leave func(took time.Duration)) {
	organization, group := "o"+d.OrganizationID.String(), "g"+d.GroupID.String()
	receiver := group + " " + host(d.URL)
	g.mu.Lock()
	defer g.mu.Unlock()
	most := half
	if g.all >= half {
		most = crowded
	}
	if g.busy[organization] >= half || g.busy[group] >= most || g.slow[receiver] && g.busy[receiver] > 0 {
		return nil
	}
	if g.busy == nil {
		g.busy, g.slow = map[string]int{}, map[string]bool{}
	}
	keys := []string{organization, group, receiver}
	g.all++
	for _, k := range keys {
		g.busy[k]++
	}
	return func(took time.Duration) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.all--
		for _, k := range keys {
			if g.busy[k]--; g.busy[k] == 0 {
				delete(g.busy, k)
			}
		}
		switch {
		case took < 0:
		case took < slow:
			delete(g.slow, receiver)
		default:
			if len(g.slow) >= maxSlow {
				clear(g.slow) // they are found out again
			}
			g.slow[receiver] = true
		}
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
