package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"anycheck/internal/fault"
)

// Checkpoint is the platform's signed word that a chain was at a hash at a
// time: whoever changes an earlier record must forge the signature too.
type Checkpoint struct {
	Organization string    `json:"organization_id"`
	Sequence     int64     `json:"sequence"` // the last record it covers
	Hash         Hash      `json:"hash"`     // of that record
	At           time.Time `json:"at"`
	PublicKey    PublicKey `json:"public_key"`
	Signature    []byte    `json:"signature"`
}

func (c Checkpoint) signed() []byte {
	return encode(checkpointFormat, c.Organization, strconv.FormatInt(c.Sequence, 10), string(c.Hash[:]), strconv.FormatInt(c.At.UnixMicro(), 10))
}

// PublicKey is an Ed25519 key that proves signatures.
type PublicKey []byte

// String is the key in hexadecimal.
func (k PublicKey) String() string { return hex.EncodeToString(k) }

// MarshalText writes hexadecimal.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads hexadecimal.
func (k *PublicKey) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != ed25519.PublicKeySize {
		return fault.New(fault.Invalid, "A public key must have %d hexadecimal digits.", hex.EncodedLen(ed25519.PublicKeySize))
	}
	*k = b
	return nil
}

// Verify tells whether signature is of message, for a purpose.
func (k PublicKey) Verify(purpose string, message, signature []byte) bool {
	return len(k) == ed25519.PublicKeySize && ed25519.Verify(ed25519.PublicKey(k), encode(purpose, string(message)), signature)
}

// Signer signs in the platform's name.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner makes a signer of 32 secret bytes.
func NewSigner(seed []byte) Signer {
	sum := sha256.Sum256(encode("anycheck audit signing key", string(seed)))
	return Signer{ed25519.NewKeyFromSeed(sum[:])}
}

// PublicKey is what proves its signatures.
func (s Signer) PublicKey() PublicKey { return PublicKey(s.key.Public().(ed25519.PublicKey)) }

// Sign signs a message for a purpose; a signature for one purpose is worth
// nothing for another.
func (s Signer) Sign(purpose string, message []byte) []byte {
	return ed25519.Sign(s.key, encode(purpose, string(message)))
}

// Checkpoint signs where a chain is.
func (s Signer) Checkpoint(organization string, sequence int64, hash Hash, at time.Time) Checkpoint {
	c := Checkpoint{Organization: organization, Sequence: sequence, Hash: hash, At: at.UTC().Truncate(time.Microsecond), PublicKey: s.PublicKey()}
	c.Signature = s.Sign(checkpointFormat, c.signed())
	return c
}

// Keys are the public keys that are trusted.
type Keys []PublicKey

func (k Keys) trusts(key PublicKey) bool {
	for _, t := range k {
		if string(t) == string(key) {
			return true
		}
	}
	return false
}

// check says what is wrong with a checkpoint by itself; empty: nothing.
func (k Keys) check(c Checkpoint) string {
	switch {
	case !k.trusts(c.PublicKey):
		return "the checkpoint is signed with a key that is not trusted: " + c.PublicKey.String()
	case !c.PublicKey.Verify(checkpointFormat, c.signed(), c.Signature):
		return "the checkpoint's signature is broken"
	}
	return ""
}
