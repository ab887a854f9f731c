package app_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/config"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
)

// TestErasure erases a result and then looks through every byte of the data
// folder for the person.
func TestErasure(t *testing.T) {
	needsFaceModels(t)
	s := &server{cfg: testConfig(t.TempDir(), onnxtest.ModelsDir(t)), logs: &logs{}}
	stop := s.run(t)
	t.Cleanup(func() { stop() })
	p := draw(t)
	d := p.person.BirthDate // DD-MM-YYYY
	born := d[6:] + "-" + d[3:5] + "-" + d[:2]
	importList(t, s, "id,name,aliases,birth_date,gender,country,positions,source\nX-1,"+p.person.Name+",,"+born+",,id,Mayor,test\n")
	ctx := t.Context()
	admin := s.admin(t)
	c := newCaller(t, admin)
	hooks := newReceiver(t, "the caller's secret")
	paths := c.upload(t, p.card, p.selfie)
	n := c.request("KTP_SELFIE_PEP", paths[0], paths[1])
	n.WebhookURL, n.WebhookMetadata = hooks.url, map[string]any{"webhook_secret": "the caller's secret", "customer": p.person.Name}
	n.Consent = &client.Consent{Text: "I, " + p.person.Name + ", agree.", Version: "1", GivenAt: time.Now()}
	v := c.verify(t, n)
	hooks.wait(t, 2)
	found, err := admin.ResultsOf(ctx, p.person.NIK)
	if err != nil || !slices.Equal(found, []string{v.ResultID}) {
		t.Fatalf("results about the person: %v, %v", found, err)
	}
	if !strings.Contains(string(v.Output), p.person.NIK) || v.Consent == nil || len(download(t, admin, v.ExportFileURL)) == 0 {
		t.Fatalf("nothing to erase: %s", v.Output)
	}

	if v, err = admin.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: "X-1", Reason: "not the mayor: " + p.person.Name}); err != nil {
		t.Fatal(err)
	}
	// The face that is kept to be found again; a change of the master key takes
	// it along.
	face := knownFace(t, s.cfg, v.ID)
	if err := s.RotateMasterKey(ctx, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if err := s.PruneMasterKeys(ctx, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if again := knownFace(t, s.cfg, v.ID); len(face) < 64 || !bytes.Equal(again, face) {
		t.Fatalf("a face of %d values, after the rotation of %d", len(face), len(again))
	}

	// What the person is given before, by the API and by the operator.
	me, err := admin.Profile(ctx)
	if err != nil {
		t.Fatal(err)
	}
	organization := uuid.MustParse(me.Organization.ID)
	operator := audit.With(ctx, audit.Begin(audit.SubjectExported, "result").As(audit.CommandLine))
	for by, write := range map[audit.ActorKind]func(io.Writer) error{
		audit.User:        func(w io.Writer) error { return admin.ExportSubject(ctx, p.person.NIK, w) },
		audit.CommandLine: func(w io.Writer) error { return s.ExportSubject(operator, organization, p.person.NIK, w) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("exported by %s: %v", by, err)
		}
		check, err := export.CheckBundle(bytes.NewReader(b.Bytes()), int64(b.Len()), audit.Keys{s.Audit.PublicKey()})
		if err != nil || len(check.Findings) > 0 || !check.KeyTrusted || len(check.ResultIDs) != 1 || check.ResultIDs[0].String() != v.ResultID {
			t.Errorf("the export by %s: %+v, %v", by, check, err)
		}
		records, err := admin.AuditRecords(ctx, client.AuditFilter{ObjectID: v.ResultID, Action: "subject.exported"}, client.Page{Size: 1})
		if err != nil || len(records.Items) != 1 || records.Items[0].Actor.Kind != string(by) {
			t.Errorf("the record of the export by %s: %+v, %v", by, records, err)
		}
	}
	if err := s.ExportSubject(operator, uuid.New(), p.person.NIK, io.Discard); !fault.Is(err, fault.NotFound) {
		t.Errorf("another organization's export: %v", err)
	}

	if _, err := admin.EraseResult(ctx, v.ResultID, "BORED"); !client.IsCode(err, "INVALID_VALUE") && !client.IsCode(err, "INVALID_REQUEST") {
		t.Errorf("without a good reason: %v", err)
	}
	receipt, err := admin.EraseResult(ctx, v.ResultID, "SUBJECT_REQUEST")
	if err != nil || receipt.ResultID != v.ResultID || receipt.Verifications != 1 || len(receipt.Commitments.NIKs) != 1 || len(receipt.Commitments.Files) != 2 {
		t.Fatalf("receipt %+v, %v", receipt, err)
	}
	salt, err := base64.StdEncoding.DecodeString(receipt.Salt)
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(p.person.NIK))
	if err != nil || hex.EncodeToString(mac.Sum(nil)) != receipt.Commitments.NIKs[0] {
		t.Errorf("the receipt does not prove the NIK: %v", err)
	}

	result, err := admin.Result(ctx, v.ResultID)
	if err != nil || result.Erased == nil || result.Erased.Reason != "SUBJECT_REQUEST" || result.Erased.ErasedBy != adminEmail {
		t.Errorf("tombstone %+v, %v", result, err)
	}
	for what, call := range map[string]func() error{
		"the verification": func() error { _, err := admin.Verification(ctx, v.ID); return err },
		"its list":         func() error { _, err := admin.Verifications(ctx, v.ResultID, client.Page{}); return err },
		"its screening":    func() error { _, err := admin.Screening(ctx, v.ID); return err },
		"its events":       func() error { _, err := admin.Events(ctx, v.ID); return err },
		"another run":      func() error { _, err := admin.RetryVerification(ctx, v.ID, true); return err },
		"erasing it again": func() error { _, err := admin.EraseResult(ctx, v.ResultID, "MISTAKE"); return err },
		"one more in the result": func() error {
			m := c.request("KTP", paths[0], "")
			m.ResultID = v.ResultID
			_, err := admin.CreateVerification(ctx, m)
			return err
		},
		"another with its upload": func() error { _, err := admin.CreateVerification(ctx, c.request("KTP", paths[0], "")); return err },
	} {
		if e, ok := call().(*client.Error); !ok || e.StatusCode < 400 || e.StatusCode >= 500 {
			t.Errorf("%s: %v", what, e)
		}
	}
	for _, link := range []*string{&v.InputFileURL["ktp_file"][0], &v.InputFileURL["selfie_file"][0], v.OutputFileURL, v.ExportFileURL} {
		if err := admin.Download(ctx, *link, &bytes.Buffer{}); err == nil {
			t.Errorf("%s can still be downloaded", *link)
		} else if e, ok := err.(*client.Error); !ok || e.StatusCode != http.StatusNotFound {
			t.Errorf("a link to an erased file: %v", err)
		}
	}
	if found, err = admin.ResultsOf(ctx, p.person.NIK); err != nil || len(found) != 0 {
		t.Errorf("results about the person after the erasure: %v, %v", found, err)
	}
	stop()

	secrets := map[string][]byte{"the NIK": []byte(p.person.NIK), "the name": []byte(p.person.Name), "the face": face[:32], "the name as JSON in base64": []byte(base64.StdEncoding.EncodeToString([]byte(p.person.Name)))[:12]}
	for name, picture := range map[string][]byte{"the card": p.card, "the selfie": p.selfie} {
		for at := 600; at+32 < len(picture); at += len(picture) / 7 {
			secrets[name+" at "+string(rune('a'+at*7/len(picture)))] = picture[at : at+32]
		}
	}
	var files int
	err = filepath.WalkDir(s.cfg.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(s.cfg.DataDir, path)
		// The imported list names the person, by public knowledge.
		for what, secret := range secrets {
			if bytes.Contains(data, secret) && !strings.HasPrefix(rel, "blobs/lists/") {
				t.Errorf("%s is in %s", what, rel)
			}
		}
		if strings.Contains(rel, v.ResultID) || strings.Contains(rel, "uploads/") {
			t.Errorf("the file %s is left", rel)
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files looked through, %v", files, err)
	}
	if log := s.logs.String(); strings.Contains(log, p.person.NIK) || strings.Contains(log, p.person.Name) {
		t.Error("the log tells of the person")
	}
}

// knownFace reads, as another process would, the face that is kept of a
// verification.
func knownFace(t *testing.T, cfg config.Config, id string) []byte {
	t.Helper()
	db, err := store.Open(t.Context(), "", cfg.DataDir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	master, err := vault.Open(func() ([]byte, error) { return os.ReadFile(filepath.Join(cfg.DataDir, "master.keys")) })
	if err != nil {
		t.Fatal(err)
	}
	db.SetVault(master)
	f, err := db.KnownFace(t.Context(), tenant.Everything(), uuid.MustParse(id))
	if err != nil {
		t.Fatal(err)
	}
	return f.Face
}
