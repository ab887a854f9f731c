package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/blob"
	"anycheck/internal/fault"
)

// kept is a keyset that can be changed, as a file can.
type kept struct{ data []byte }

func (k *kept) read() ([]byte, error) { return k.data, nil }

func newMaster(t *testing.T) (*Master, *kept) {
	t.Helper()
	data, err := NewKeyset()
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{data}
	m, err := Open(k.read)
	if err != nil {
		t.Fatal(err)
	}
	return m, k
}

func newKey(t *testing.T, m *Master, owner string) ([]byte, Key) {
	t.Helper()
	wrapped, err := m.NewKey(owner)
	if err != nil {
		t.Fatal(err)
	}
	k, err := m.Key(owner, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped, k
}

func TestSeal(t *testing.T) {
	m, _ := newMaster(t)
	wrapped, k := newKey(t, m, "a")
	_, other := newKey(t, m, "b")
	sealed, err := k.Seal("table 1", []byte("3171"))
	if err != nil || bytes.Contains(sealed, []byte("3171")) || len(sealed) != 4+28 {
		t.Fatalf("sealed %x, %v", sealed, err)
	}
	if plain, err := k.Open("table 1", sealed); err != nil || string(plain) != "3171" {
		t.Errorf("opened %q, %v", plain, err)
	}
	again, _ := k.Seal("table 1", []byte("3171"))
	if bytes.Equal(again, sealed) {
		t.Error("the same value looks the same twice")
	}
	changed := slices.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for what, open := range map[string]func() ([]byte, error){
		"elsewhere":   func() ([]byte, error) { return k.Open("table 2", sealed) },
		"another key": func() ([]byte, error) { return other.Open("table 1", sealed) },
		"changed":     func() ([]byte, error) { return k.Open("table 1", changed) },
		"cut short":   func() ([]byte, error) { return k.Open("table 1", sealed[:10]) },
		"nothing":     func() ([]byte, error) { return k.Open("table 1", nil) },
	} {
		if _, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := m.Key("b", wrapped); !errors.Is(err, ErrSealed) {
		t.Errorf("another owner's key: %v", err)
	}
}

func TestRotation(t *testing.T) {
	m, file := newMaster(t)
	wrapped, k := newKey(t, m, "a")
	sealed, _ := k.Seal("x", []byte("text"))
	running, err := Open(file.read)
	if err != nil {
		t.Fatal(err)
	}
	if file.data, err = Rotated(file.data); err != nil {
		t.Fatal(err)
	}
	if m, err = Open(file.read); err != nil || len(m.Keys()) != 2 || m.Keys()[0] == running.Keys()[0] {
		t.Fatalf("keys %v, %v", m.Keys(), err)
	}
	renewed, err := m.Rewrap("a", wrapped)
	if err != nil || bytes.Equal(renewed, wrapped) {
		t.Fatalf("rewrapped %v", err)
	}
	// A process that runs since before the rotation reads the new key.
	for name, w := range map[string][]byte{"old": wrapped, "new": renewed} {
		got, err := running.Key("a", w)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plain, err := got.Open("x", sealed); err != nil || string(plain) != "text" {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	if file.data, err = Pruned(file.data); err != nil {
		t.Fatal(err)
	}
	if m, err = Open(file.read); err != nil || len(m.Keys()) != 1 {
		t.Fatalf("pruned %v, %v", m.Keys(), err)
	}
	if _, err := m.Key("a", renewed); err != nil {
		t.Errorf("after pruning: %v", err)
	}
	if _, err := m.Key("a", wrapped); !errors.Is(err, ErrSealed) {
		t.Errorf("wrapped by the pruned key: %v", err)
	}
	if _, err := Open(func() ([]byte, error) { return []byte(`{"key":"secret"}`), nil }); err == nil || bytes.Contains([]byte(err.Error()), []byte("secret")) {
		t.Errorf("no keyset: %v", err)
	}
}

// memoryKeys is a store of data keys.
type memoryKeys struct {
	master *Master
	keys   map[uuid.UUID][]byte // nil: destroyed
}

func (m memoryKeys) DataKey(_ context.Context, o Owner, create bool) ([]byte, error) {
	wrapped, ok := m.keys[o.ID]
	if !ok && create {
		var err error
		if wrapped, err = m.master.NewKey(o.ID.String()); err != nil {
			return nil, err
		}
		m.keys[o.ID] = wrapped
	}
	if wrapped == nil {
		return nil, fault.New(fault.NotFound, "no key")
	}
	return wrapped, nil
}

func TestFiles(t *testing.T) {
	local, err := blob.OpenLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	m, _ := newMaster(t)
	keys := memoryKeys{m, map[uuid.UUID][]byte{}}
	f := Files{local, keys, m}
	ctx := t.Context()
	id := uuid.New()
	tenant := "files/" + uuid.NewString() + "/" + uuid.NewString()
	upload, artefact := tenant+"/uploads/"+id.String()+"_ktp.jpg", tenant+"/results/"+id.String()+"/v/1/card.jpg"
	big := make([]byte, 3<<20+17)
	rand.Read(big)
	read := func(b interface {
		Open(context.Context, string) (io.ReadCloser, error)
	}, path string) ([]byte, error) {
		r, err := b.Open(ctx, path)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	for _, path := range []string{upload, artefact} {
		for _, data := range [][]byte{{}, []byte("short"), big} {
			if err := f.Put(ctx, path, bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			got, err := read(f, path)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes came back as %d, %v", len(data), len(got), err)
			}
			if raw, err := read(local, path); err != nil || len(data) > 0 && bytes.Contains(raw, data[:min(len(data), 64)]) {
				t.Errorf("the file lies open: %v", err)
			}
		}
	}
	// A file that was cut or moved is not given as a whole one.
	raw, _ := read(local, upload)
	if err := local.Put(ctx, upload, bytes.NewReader(raw[:len(raw)-20])); err != nil {
		t.Fatal(err)
	}
	if _, err := read(f, upload); err == nil {
		t.Error("a cut file was read")
	}
	if err := local.Put(ctx, artefact+"2", bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	if _, err := read(f, artefact+"2"); err == nil {
		t.Error("a moved file was read")
	}
	// Lists are nobody's.
	if err := f.Put(ctx, "lists/x.gz", bytes.NewReader(big[:10])); err != nil {
		t.Fatal(err)
	}
	if raw, err := read(local, "lists/x.gz"); err != nil || !bytes.Equal(raw, big[:10]) {
		t.Errorf("a list: %v", err)
	}
	// A writer that fails leaves nothing.
	failing := io.MultiReader(bytes.NewReader(big), failingReader{})
	if err := f.Put(ctx, artefact+"3", failing); !errors.Is(err, errBroken) {
		t.Errorf("a broken source: %v", err)
	}
	if _, err := read(local, artefact+"3"); !fault.Is(err, fault.NotFound) {
		t.Errorf("half a file: %v", err)
	}
	// Without its key a file is gone.
	keys.keys[id] = nil
	if _, err := read(f, artefact); !fault.Is(err, fault.NotFound) {
		t.Errorf("a shredded file: %v", err)
	}
	if err := f.Put(ctx, artefact, bytes.NewReader(big)); !fault.Is(err, fault.NotFound) {
		t.Errorf("a new file of a shredded result: %v", err)
	}
}

var errBroken = errors.New("broken")

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errBroken }

func FuzzOwnerOf(f *testing.F) {
	f.Add("files/0198c0de-0000-7000-8000-000000000000/0198c0de-0000-7000-8000-000000000000/uploads/0198c0de-0000-7000-8000-000000000000_a.jpg")
	f.Add("lists/x")
	f.Fuzz(func(t *testing.T, path string) { OwnerOf(path) })
}

// TestMasterSeals: a value under the master keyset is bound to its place and
// survives a rotation once it was sealed anew.
func TestMasterSeals(t *testing.T) {
	m, file := newMaster(t)
	sealed, err := m.Seal("faces 1", []byte("values"))
	if err != nil || bytes.Contains(sealed, []byte("values")) {
		t.Fatalf("sealed %x, %v", sealed, err)
	}
	if plain, err := m.Open("faces 1", sealed); err != nil || string(plain) != "values" {
		t.Errorf("opened %q, %v", plain, err)
	}
	changed := slices.Clone(sealed)
	changed[len(changed)-1] ^= 1
	wrapped, _ := newKey(t, m, "a")
	for what, open := range map[string]func() ([]byte, error){
		"elsewhere":  func() ([]byte, error) { return m.Open("faces 2", sealed) },
		"changed":    func() ([]byte, error) { return m.Open("faces 1", changed) },
		"nothing":    func() ([]byte, error) { return m.Open("faces 1", nil) },
		"a data key": func() ([]byte, error) { return m.Open("a", wrapped) },
	} {
		if _, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := m.Key("faces 1", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("a value is no data key: %v", err)
	}
	running, err := Open(file.read)
	if err != nil {
		t.Fatal(err)
	}
	if file.data, err = Rotated(file.data); err != nil {
		t.Fatal(err)
	}
	if m, err = Open(file.read); err != nil {
		t.Fatal(err)
	}
	renewed, err := m.Reseal("faces 1", sealed)
	if err != nil || bytes.Equal(renewed, sealed) {
		t.Fatalf("resealed %v", err)
	}
	fresh, err := running.Seal("faces 3", []byte("fresh")) // with the new key, though it runs since before
	if err != nil {
		t.Fatal(err)
	}
	if file.data, err = Pruned(file.data); err != nil {
		t.Fatal(err)
	}
	if m, err = Open(file.read); err != nil {
		t.Fatal(err)
	}
	for place, s := range map[string][]byte{"faces 1": renewed, "faces 3": fresh} {
		if _, err := m.Open(place, s); err != nil {
			t.Errorf("%s after pruning: %v", place, err)
		}
	}
	if _, err := m.Open("faces 1", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("sealed by the pruned key: %v", err)
	}
}
