// Package vault encrypts personal data at rest. Each result and each uploaded
// file has a data key of its own, wrapped by a master keyset; who destroys a
// data key has erased everything under it (crypto-shredding), backups too.
//
// It must not know what it encrypts, nor SQL or where files lie.
package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	aeadsubtle "github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrSealed is the answer when something cannot be decrypted: its key is
// another one, or it was changed or moved.
var ErrSealed = errors.New("vault: cannot be decrypted")

// Master wraps data keys with a Tink keyset of AES-256-GCM keys. It reads the
// keyset again when it meets a key that it does not know, so that a rotation
// reaches running processes.
type Master struct {
	read func() ([]byte, error)

	mu     sync.RWMutex
	handle *keyset.Handle
	aead   tink.AEAD
}

// Open makes a master of the keyset that read gives, in Tink's JSON form.
func Open(read func() ([]byte, error)) (*Master, error) {
	m := &Master{read: read}
	return m, m.reload()
}

func (m *Master) reload() error {
	data, err := m.read()
	if err != nil {
		return err
	}
	h, err := parse(data)
	if err != nil {
		return err
	}
	a, err := aead.New(h)
	if err != nil {
		return fmt.Errorf("vault: the master keyset: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handle, m.aead = h, a
	return nil
}

func parse(data []byte) (*keyset.Handle, error) {
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		// The cause could hold a piece of the keyset.
		return nil, errors.New("vault: the master keyset cannot be read: it is no Tink keyset in JSON")
	}
	return h, nil
}

// NewKeyset makes a master keyset with one key.
func NewKeyset() ([]byte, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return dump(h)
}

// Rotated is the keyset with a new key that wraps from now on; the old ones
// still unwrap.
func Rotated(data []byte) ([]byte, error) {
	h, err := parse(data)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	if h, err = m.Handle(); err != nil {
		return nil, err
	}
	return dump(h)
}

// Pruned is the keyset with its primary key alone. Data keys that another one
// has wrapped are lost with it.
func Pruned(data []byte) ([]byte, error) {
	h, err := parse(data)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	info := h.KeysetInfo()
	for _, k := range info.GetKeyInfo() {
		if k.GetKeyId() != info.GetPrimaryKeyId() {
			if err := m.Delete(k.GetKeyId()); err != nil {
				return nil, err
			}
		}
	}
	if h, err = m.Handle(); err != nil {
		return nil, err
	}
	return dump(h)
}

func dump(h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

// Keys lists the ids of the master keys, the one that wraps first.
func (m *Master) Keys() []uint32 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	info := m.handle.KeysetInfo()
	ids := []uint32{info.GetPrimaryKeyId()}
	for _, k := range info.GetKeyInfo() {
		if !slices.Contains(ids, k.GetKeyId()) {
			ids = append(ids, k.GetKeyId())
		}
	}
	return ids
}

// NewKey makes a data key for an owner, wrapped. It reads the keyset again, so
// that after a rotation no process wraps with the old key, which may be pruned.
func (m *Master) NewKey(owner string) (wrapped []byte, err error) {
	if err := m.reload(); err != nil {
		return nil, err
	}
	key := make([]byte, keySize)
	rand.Read(key)
	return m.wrap(owner, key)
}

func (m *Master) wrap(owner string, key []byte) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.aead.Encrypt(key, []byte("data key of "+owner))
}

// Seal encrypts a value under the master keyset itself, bound to where it
// stands. It is for values as short as keys that are read in bulk, where a data
// key for each would cost more than the value: they must be sealed anew
// (Reseal) wherever data keys are wrapped anew. Like NewKey it reads the keyset
// again.
func (m *Master) Seal(where string, plain []byte) ([]byte, error) {
	if err := m.reload(); err != nil {
		return nil, err
	}
	return m.seal(where, plain)
}

func (m *Master) seal(where string, plain []byte) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.aead.Encrypt(plain, []byte("value at "+where))
}

// Open decrypts what Seal has sealed at the same place, else it is ErrSealed.
func (m *Master) Open(where string, sealed []byte) ([]byte, error) {
	return m.unwrap("value at "+where, sealed)
}

// Reseal seals a value anew with the primary key.
func (m *Master) Reseal(where string, sealed []byte) ([]byte, error) {
	plain, err := m.Open(where, sealed)
	if err != nil {
		return nil, err
	}
	return m.seal(where, plain)
}

// Rewrap wraps a data key anew with the primary key.
func (m *Master) Rewrap(owner string, wrapped []byte) ([]byte, error) {
	k, err := m.Key(owner, wrapped)
	if err != nil {
		return nil, err
	}
	return m.wrap(owner, k.secret)
}

// Key unwraps an owner's data key. One that was made for another owner, or
// whose master key is gone, is ErrSealed.
func (m *Master) Key(owner string, wrapped []byte) (Key, error) {
	secret, err := m.unwrap("data key of "+owner, wrapped)
	if err == nil && len(secret) != keySize {
		err = ErrSealed
	}
	return Key{secret}, err
}

// unwrap decrypts what stands for something, after a look at the keyset when
// the key is not known yet.
func (m *Master) unwrap(what string, sealed []byte) ([]byte, error) {
	try := func() ([]byte, error) {
		m.mu.RLock()
		defer m.mu.RUnlock()
		return m.aead.Decrypt(sealed, []byte(what))
	}
	plain, err := try()
	if err != nil {
		if err := m.reload(); err != nil {
			return nil, err
		}
		plain, err = try()
	}
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

const keySize = 32

// Key is a data key. Everything it seals is bound to where it stands: what is
// moved elsewhere cannot be opened.
type Key struct{ secret []byte }

// derive gives each use a key of its own (HKDF-SHA256, RFC 5869).
func (k Key) derive(use string) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, nil, "anycheck "+use, keySize)
}

// Seal encrypts a value with AES-256-GCM and a random nonce (NIST SP 800-38D);
// 28 bytes longer.
func (k Key) Seal(where string, plain []byte) ([]byte, error) {
	a, err := k.values()
	if err != nil {
		return nil, err
	}
	return a.Encrypt(plain, []byte(where))
}

// Open decrypts a value that was sealed at the same place.
func (k Key) Open(where string, sealed []byte) ([]byte, error) {
	a, err := k.values()
	if err != nil {
		return nil, err
	}
	plain, err := a.Decrypt(sealed, []byte(where))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func (k Key) values() (*aeadsubtle.AESGCM, error) {
	key, err := k.derive("values")
	if err != nil {
		return nil, err
	}
	return aeadsubtle.NewAESGCM(key)
}

// segment is how many bytes of a file are authenticated at once.
const segment = 1 << 20

func (k Key) files() (*subtle.AESGCMHKDF, error) {
	key, err := k.derive("files")
	if err != nil {
		return nil, err
	}
	return subtle.NewAESGCMHKDF(key, "SHA256", keySize, segment, 0)
}

// Writer encrypts a file in segments (Tink's AES256_GCM_HKDF_1MB) as it is
// written; Close ends it.
func (k Key) Writer(where string, to io.Writer) (io.WriteCloser, error) {
	s, err := k.files()
	if err != nil {
		return nil, err
	}
	return s.NewEncryptingWriter(to, []byte(where))
}

// Reader decrypts a file as it is read. A file that was changed, cut short or
// moved ends in an error.
func (k Key) Reader(where string, from io.Reader) (io.Reader, error) {
	s, err := k.files()
	if err != nil {
		return nil, err
	}
	return s.NewDecryptingReader(from, []byte(where))
}
