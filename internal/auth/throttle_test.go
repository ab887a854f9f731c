package auth_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
)

func from(address string) auth.Origin { return auth.Origin{Address: netip.MustParseAddr(address)} }

// tried is what an attempt to sign in came to, in one word, and how long the
// caller was asked to wait.
func tried(t *testing.T, s *auth.Service, email, password string, o auth.Origin) (string, time.Duration) {
	t.Helper()
	_, err := s.Login(t.Context(), email, password, o)
	switch code(err) {
	case "":
		return "in", 0
	case fault.CodeInvalidCredentials:
		return "wrong", 0
	case fault.CodeRateLimited:
		return "wait", fault.From(err).RetryAfter
	}
	t.Fatalf("%v", err)
	return "", 0
}

// tooLong is a wrong password that costs no time to refuse.
var tooLong = strings.Repeat("x", 300)

func TestPausesGrow(t *testing.T) {
	s, c, u := open(t)
	sequence := func(email string, o auth.Origin) (waits []time.Duration) {
		for range 18 {
			got, wait := tried(t, s, email, tooLong, o)
			if got == "wait" {
				// Not even the right password is looked at meanwhile, and it
				// does not make the pause longer.
				if again, same := tried(t, s, email, password, o); again != "wait" || same != wait {
					t.Errorf("during the pause: %s %v, want wait %v", again, same, wait)
				}
				c.t = c.t.Add(wait)
				waits = append(waits, wait)
				got, _ = tried(t, s, email, tooLong, o)
			} else {
				waits = append(waits, 0)
			}
			if got != "wrong" {
				t.Fatalf("after the pause: %s", got)
			}
		}
		return waits
	}
	known := sequence(u.Email, from("192.0.2.1"))
	seconds := []int{0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900}
	for i, w := range known {
		if w != time.Duration(seconds[i])*time.Second {
			t.Errorf("pause %d: %v, want %d s", i, w, seconds[i])
		}
	}
	// Who is not there is not told apart from who is.
	if unknown := sequence("nobody@example.com", from("192.0.2.2")); !slices.Equal(unknown, known) {
		t.Errorf("unknown account %v, known account %v", unknown, known)
	}
	// A right password ends it.
	c.t = c.t.Add(15 * time.Minute)
	if got, _ := tried(t, s, u.Email, password, from("192.0.2.1")); got != "in" {
		t.Fatalf("the right password: %s", got)
	}
	for range 5 {
		if got, _ := tried(t, s, u.Email, tooLong, from("192.0.2.1")); got != "wrong" {
			t.Errorf("after signing in: %s", got)
		}
	}
	// So does a day without attempts.
	if got, _ := tried(t, s, "nobody@example.com", tooLong, from("192.0.2.2")); got != "wrong" {
		t.Errorf("after the last pause: %s", got)
	}
	c.t = c.t.Add(24 * time.Hour)
	for range 5 {
		if got, _ := tried(t, s, "nobody@example.com", tooLong, from("192.0.2.2")); got != "wrong" {
			t.Errorf("a day later: %s", got)
		}
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

// Attackers slow down themselves, not the person they are after.
func TestNobodyIsLockedOut(t *testing.T) {
	s, c, u := open(t)
	hammer := func(o auth.Origin) {
		t.Helper()
		for range 20 {
			tried(t, s, u.Email, tooLong, o)
		}
		if got, _ := tried(t, s, u.Email, tooLong, o); got != "wait" {
			t.Errorf("hammering is not slowed down: %s", got)
		}
	}
	home := from("198.51.100.7")
	first, err := s.Login(t.Context(), u.Email, password, home)
	if err != nil || first.Device == "" {
		t.Fatalf("device %q, %v", first.Device, err)
	}
	for _, a := range []string{"192.0.2.1", "192.0.2.2", "2001:db8:1::1", "2001:db8:2::1"} {
		hammer(from(a))
	}
	if got, _ := tried(t, s, u.Email, tooLong, from("2001:db8:1::ffff")); got != "wait" {
		t.Error("another address of an IPv6 network starts anew")
	}
	for _, a := range []string{"198.51.100.7", "203.0.113.9", "2001:db8:3::1"} {
		if got, _ := tried(t, s, u.Email, password, from(a)); got != "in" {
			t.Errorf("the person at %s: %s", a, got)
		}
	}

	// From the person's own address: the device that signed in before passes.
	hammer(home)
	if got, _ := tried(t, s, u.Email, password, home); got != "wait" {
		t.Errorf("a new device at the attackers' address: %s", got)
	}
	device := home
	device.Device = first.Device
	again, err := s.Login(t.Context(), u.Email, password, device)
	if err != nil || again.Device != "" {
		t.Errorf("the known device: %v, given %q anew", err, again.Device)
	}
	// It has its own bucket, in case somebody got hold of it.
	hammer(device)
	if got, _ := tried(t, s, u.Email, password, device); got != "wait" {
		t.Errorf("a hammering device: %s", got)
	}
	// It is of one account and cannot be made up.
	for name, text := range map[string]string{"empty": "", "made up": "AAAA.AAAA", "no point": "x", "changed": first.Device + "A", "nonce changed": "A" + first.Device} {
		o := home
		o.Device = text
		if got, _ := tried(t, s, u.Email, tooLong, o); got != "wait" {
			t.Errorf("%s: %s", name, got)
		}
	}

	// The network's own limit: many accounts from one address.
	c.t = c.t.Add(25 * time.Hour)
	busy := from("203.0.113.50")
	for i := range 50 {
		tried(t, s, fmt.Sprintf("n%d@example.com", i), tooLong, busy)
	}
	for _, email := range []string{"another@example.com", u.Email} {
		if got, _ := tried(t, s, email, password, busy); got != "wait" {
			t.Errorf("%s from a network that tries many accounts: %s", email, got)
		}
	}
	device.Address = busy.Address
	if got, _ := tried(t, s, u.Email, password, device); got != "in" {
		t.Errorf("the known device there: %s", got)
	}
	c.t = c.t.Add(2 * time.Second)
	if got, _ := tried(t, s, u.Email, password, busy); got != "in" {
		t.Errorf("after the network's pause: %s", got)
	}
	// Signing in does not count against the network.
	for range 3 {
		if got, _ := tried(t, s, u.Email, password, busy); got != "in" {
			t.Errorf("signing in again: %s", got)
		}
	}
}

// Attempts made at once are counted before their passwords are looked at.
func TestAttemptsAtOnce(t *testing.T) {
	s, _, u := open(t)
	var wg sync.WaitGroup
	got := make([]error, 24)
	for i := range got {
		wg.Go(func() { _, got[i] = s.Login(t.Context(), u.Email, tooLong, from("192.0.2.1")) })
	}
	wg.Wait()
	looked := 0
	for _, err := range got {
		switch code(err) {
		case fault.CodeInvalidCredentials:
			looked++
		case fault.CodeRateLimited:
		default:
			t.Errorf("%v", err)
		}
	}
	if looked != 5 {
		t.Errorf("%d passwords were looked at, want 5", looked)
	}
}
