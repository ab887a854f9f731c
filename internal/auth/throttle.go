package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"anycheck/internal/fault"
)

// Origin is where a request to sign in comes from.
type Origin struct {
	Address   netip.Addr // of the client; invalid when it is not known
	UserAgent string
	// Device is what this device was given when somebody signed in on it; the
	// caller's word, checked here.
	Device string
}

// Network is whom an address stands for: IPv4 addresses are given out one by
// one, IPv6 in blocks of /64.
func (o Origin) Network() string {
	a := o.Address.Unmap().WithZone("")
	if !a.IsValid() {
		return ""
	}
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // of a valid IPv6 address
	return p.String()
}

// The pauses after wrong passwords. An account's bucket is of one source, so
// that nobody can close it for others; a network's is generous, because many
// may sit behind one address.
const (
	freePerAccount = 5
	freePerNetwork = 50
	firstPause     = 2 * time.Second
	longestPause   = 15 * time.Minute
	forgetAccount  = 24 * time.Hour
	forgetNetwork  = time.Hour
)

// pauses is free for some attempts and then doubles from the first pause to
// the longest.
func pauses(free int) func(n int) time.Duration {
	return func(n int) time.Duration {
		if n < free {
			return 0
		}
		if n-free >= 10 {
			return longestPause
		}
		return min(firstPause<<(n-free), longestPause)
	}
}

// throttle is how the attempts of one sign-in are counted. A device that
// knows the account has a bucket of its own and is not counted in its
// network's, so that it passes while others hammer from the same address.
type throttle struct {
	own     Bucket
	network *Bucket // nil for a known device
	at      time.Time
}

func (s *Service) throttle(email string, from Origin, now time.Time) throttle {
	t := throttle{at: now}
	source := "network\n" + from.Network()
	if s.knowsDevice(email, from.Device) {
		source = "device\n" + from.Device
	} else {
		t.network = &Bucket{Key: s.mac("sign-ins of a network", from.Network()), Forget: forgetNetwork, Pause: pauses(freePerNetwork)}
	}
	t.own = Bucket{Key: s.mac("sign-ins to an account", email+"\n"+source), Forget: forgetAccount, Pause: pauses(freePerAccount)}
	return t
}

// count counts an attempt before its password is looked at: attempts made at
// once would all pass otherwise. Existing accounts and others are counted
// alike.
func (s *Service) count(ctx context.Context, t throttle) error {
	buckets := []Bucket{t.own}
	if t.network != nil {
		buckets = append(buckets, *t.network)
	}
	closed, err := s.store.CountSignIn(ctx, buckets, t.at)
	if err != nil || closed <= 0 {
		return err
	}
	e := fault.New(fault.Exhausted, "Too many attempts to sign in from here. Please wait a little.")
	e.RetryAfter = closed
	return e
}

// passed takes the attempt back: the password was right.
func (s *Service) passed(ctx context.Context, t throttle) error {
	if err := s.store.ForgetSignIns(ctx, t.own.Key); err != nil || t.network == nil {
		return err
	}
	return s.store.ReturnSignIn(ctx, t.network.Key, t.at)
}

// Sweep removes what is no longer counted.
func (s *Service) Sweep(ctx context.Context) error {
	return s.store.SweepSignIns(ctx, s.now().Add(-forgetAccount))
}

// mac hashes for one use under the service's key.
func (s *Service) mac(use, text string) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("anycheck " + use + "\n" + text))
	return m.Sum(nil)
}

// newDevice is what a device is given to be known by when this account signs
// in again. It opens nothing.
func (s *Service) newDevice(email string) string {
	nonce := rand.Text()
	return nonce + "." + base64.RawURLEncoding.EncodeToString(s.mac("device", email+"\n"+nonce))
}

func (s *Service) knowsDevice(email, device string) bool {
	nonce, sum, ok := strings.Cut(device, ".")
	mac, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	return ok && err == nil && hmac.Equal(mac, s.mac("device", email+"\n"+nonce))
}
