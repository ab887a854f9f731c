package app_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"anycheck/internal/app"
)

// TestMasterKeyRotation: files stay readable for a server that runs while the
// master key changes, and lie encrypted on disk.
func TestMasterKeyRotation(t *testing.T) {
	s := start(t, nil, nil)
	p := draw(t)
	admin := s.admin(t)
	c := newCaller(t, admin)
	v := c.verify(t, c.request("KTP", c.upload(t, p.card)[0], ""))
	readable := func(when string) {
		t.Helper()
		v, err := admin.Verification(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := download(t, admin, &v.InputFileURL["ktp_file"][0]); !bytes.Equal(got, p.card) {
			t.Errorf("%s: the card came back as %d bytes", when, len(got))
		}
		if got := download(t, admin, v.OutputFileURL); !bytes.Contains(got, []byte(p.person.NIK)) {
			t.Errorf("%s: output %.80s", when, got)
		}
	}
	readable("at first")
	err := filepath.WalkDir(filepath.Join(s.cfg.DataDir, "blobs"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, p.card[1000:1064]) || bytes.Contains(data, []byte(p.person.NIK)) || bytes.HasPrefix(data, []byte("\xff\xd8")) {
			t.Errorf("%s lies open", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	operator, err := app.OpenPlatform(t.Context(), s.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Close()
	before, keys := operator.MasterKeys(), 0
	if err := operator.RotateMasterKey(t.Context(), func(n int) { keys += n }); err != nil {
		t.Fatal(err)
	}
	if after := operator.MasterKeys(); len(after) != 2 || after[1] != before[0] || keys < 2 {
		t.Errorf("keys %v after %v, %d wrapped", after, before, keys)
	}
	readable("after the rotation")
	if err := operator.PruneMasterKeys(t.Context(), func(int) {}); err != nil {
		t.Fatal(err)
	}
	if after := operator.MasterKeys(); len(after) != 1 {
		t.Errorf("keys %v after pruning", after)
	}
	readable("after pruning")
	if v := c.verify(t, c.request("KTP", c.upload(t, p.card)[0], "")); v.Status != "COMPLETED" {
		t.Errorf("a new one is %s", v.Status)
	}
}
