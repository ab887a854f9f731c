package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"anycheck/internal/fault"
)

// argon2id parameters after OWASP's Password Storage Cheat Sheet: 19 MiB, two
// passes, one lane.
type argonParams struct {
	memory, passes uint32
	lanes          uint8
}

var argonDefault = argonParams{memory: 19456, passes: 2, lanes: 1}

const (
	saltBytes = 16
	hashBytes = 32
	// Longer input only costs time (NIST SP 800-63B asks for at least 64).
	maxPasswordBytes = 256
	minPasswordRunes = 10
)

// CheckPassword says what is wrong with a password a person wants to use.
func CheckPassword(password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPasswordRunes:
		return fault.Field("password", "must have at least %d characters", minPasswordRunes)
	case len(password) > maxPasswordBytes:
		return fault.Field("password", "must have at most %d bytes", maxPasswordBytes)
	}
	return nil
}

// Passwords hashes and compares passwords, a few at a time: each takes 19 MiB.
type Passwords struct {
	slots  chan struct{}
	decoy  string
	params argonParams
}

// NewPasswords makes a hasher with one slot per core.
func NewPasswords() *Passwords {
	p := &Passwords{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), params: argonDefault}
	p.decoy = p.encode(rand.Text(), rand.Text()[:saltBytes])
	return p
}

// Hash gives the PHC string to store.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := CheckPassword(password); err != nil {
		return "", err
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	return p.encode(password, string(salt)), nil
}

// Matches compares a password with a stored hash. An empty hash (no such
// user) takes the same time and never matches. rehash asks for a new hash,
// made with today's parameters.
func (p *Passwords) Matches(ctx context.Context, password, hash string) (ok, rehash bool, err error) {
	if len(password) > maxPasswordBytes {
		return false, false, nil
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	params, salt, sum, err := decodePHC(hash)
	if err != nil {
		return false, false, err
	}
	got := argon2.IDKey([]byte(password), salt, params.passes, params.memory, params.lanes, uint32(len(sum)))
	equal := subtle.ConstantTimeCompare(got, sum) == 1
	return equal && known, params != p.params, nil
}

func (p *Passwords) acquire(ctx context.Context) (release func(), err error) {
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Timeout, "The server is too busy to check passwords. Please try again.")
	}
}

func (p *Passwords) encode(password, salt string) string {
	sum := argon2.IDKey([]byte(password), []byte(salt), p.params.passes, p.params.memory, p.params.lanes, hashBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.params.memory, p.params.passes, p.params.lanes,
		b64.EncodeToString([]byte(salt)), b64.EncodeToString(sum))
}

func decodePHC(s string) (params argonParams, salt, sum []byte, err error) {
	parts := strings.Split(s, "$")
	var version int
	if len(parts) != 6 || parts[1] != "argon2id" {
		return params, nil, nil, fmt.Errorf("stored password hash is not argon2id")
	}
	if _, err = fmt.Sscanf(parts[2], "v=%d", &version); err == nil {
		_, err = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &params.memory, &params.passes, &params.lanes)
	}
	if err == nil {
		salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	}
	if err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err != nil || version != argon2.Version || len(sum) == 0 {
		return params, nil, nil, fmt.Errorf("stored password hash cannot be read: %v", err)
	}
	return params, salt, sum, nil
}
