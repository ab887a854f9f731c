package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

var (
	signer = audit.NewSigner([]byte("a seed for tests"))
	day    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	fixed  = uuid.MustParse("0193a7f2-0000-7000-8000-000000000001")
)

// sampleDossier is a result with one input file and three audit records.
func sampleDossier(t testing.TB) (d verification.Dossier, open func(context.Context, string) (io.ReadCloser, error)) {
	t.Helper()
	input := []byte("the bytes of a picture")
	exhibit := func(kind verification.ExhibitKind, name, mediaType, path string, data []byte) {
		sum := sha256.Sum256(data)
		e := verification.Exhibit{Kind: kind, Name: name, VerificationID: fixed, MediaType: mediaType, Path: path, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data))}
		if path == "" {
			e.Data = data
		}
		d.Exhibits = append(d.Exhibits, e)
	}
	d.Result = verification.Result{ID: fixed, Tenancy: verification.Tenancy{OrganizationID: fixed, GroupID: fixed}, FolderID: fixed}
	d.MadeAt = day
	v := verification.Verification{ID: fixed, ServiceName: "KTP & PEP", Status: verification.Completed, OutputStatus: verification.Verified, Attempt: 1}
	d.Cases = []verification.DossierCase{{Report: verification.Report{Verification: v, Models: []string{"m 1"}, Checks: []verification.Check{{Name: "c", Outcome: verification.Pass}}}}}
	exhibit(verification.InputExhibit, "ktp_file 1", "image/png", "blobs/input", input)
	exhibit(verification.EvidenceExhibit, "read.json", "application/json", "", []byte(`{"a":1}`))
	var previous audit.Hash
	s := audit.Segment{}
	for n := range int64(3) {
		r := audit.Record{Organization: fixed.String(), At: day, Actor: audit.Actor{Kind: audit.System}, Action: audit.DataViewed, Outcome: audit.OK}
		r.Follow(n, previous)
		previous = r.Hash
		s.Contents = append(s.Contents, r.Content())
		d.Proof.Records = append(d.Proof.Records, r)
	}
	s.To = signer.Checkpoint(fixed.String(), 3, previous, day)
	d.Proof.Segments = []audit.Segment{s}
	proof, err := json.Marshal(d.Proof)
	if err != nil {
		t.Fatal(err)
	}
	exhibit(verification.AuditExhibit, "audit.json", "application/json", "", proof)
	d.Exhibits[len(d.Exhibits)-1].VerificationID = uuid.Nil
	return d, func(_ context.Context, path string) (io.ReadCloser, error) {
		if path != "blobs/input" {
			return nil, fault.New(fault.NotFound, "There is no such file.")
		}
		return io.NopCloser(bytes.NewReader(input)), nil
	}
}

func bundle(t testing.TB) []byte {
	t.Helper()
	d, open := sampleDossier(t)
	var b bytes.Buffer
	if err := (export.Exporter{}).Bundle(context.Background(), &b, d, open, signer.PublicKey(), signer.Sign); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func checkBundle(data []byte, keys ...audit.PublicKey) (export.BundleCheck, error) {
	return export.CheckBundle(bytes.NewReader(data), int64(len(data)), keys)
}

func TestBundle(t *testing.T) {
	data := bundle(t)
	if !bytes.Equal(data, bundle(t)) {
		t.Error("the same dossier gives other bytes")
	}
	c, err := checkBundle(data, signer.PublicKey())
	if err != nil || len(c.Findings) > 0 || !c.KeyTrusted || c.Files != 4 || c.Records != 3 || c.ProvenAt == nil || c.ResultID != fixed {
		t.Errorf("check %+v, %v", c, err)
	}
	if c, err := checkBundle(data); err != nil || len(c.Findings) > 0 || c.KeyTrusted {
		t.Errorf("without a key: %+v, %v", c, err)
	}
	if c, err := checkBundle(data, audit.NewSigner([]byte("another")).PublicKey()); err != nil || len(c.Findings) == 0 {
		t.Errorf("with another key: %+v, %v", c, err)
	}
	d, _ := sampleDossier(t)
	changed := func(context.Context, string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("other bytes of a picture")), nil
	}
	if err := (export.Exporter{}).Bundle(t.Context(), io.Discard, d, changed, signer.PublicKey(), signer.Sign); err == nil {
		t.Error("a file that changes meanwhile is exported")
	}
}

// again packs a bundle anew, with its files changed; nil drops one.
func again(t *testing.T, data []byte, change func(name string, content []byte) []byte, more ...string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, content []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if content = change(f.Name, content); content != nil {
			add(f.Name, content)
		}
	}
	for _, name := range more {
		add(name, []byte("more"))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTamperedBundle(t *testing.T) {
	data := bundle(t)
	same := func(_ string, content []byte) []byte { return content }
	replace := func(in, old, new string) func(string, []byte) []byte {
		return func(name string, content []byte) []byte {
			if !strings.Contains(name, in) {
				return content
			}
			changed := bytes.ReplaceAll(content, []byte(old), []byte(new))
			if bytes.Equal(changed, content) {
				t.Errorf("%s does not have %s", name, old)
			}
			return changed
		}
	}
	for _, tt := range []struct {
		name string
		data []byte
		says string
	}{
		{"a picture", again(t, data, replace(".png", "bytes", "pixel")), "is not the file that was put in"},
		{"the page", again(t, data, replace("report.html", "VERIFIED", "REJECTED")), "is not the file that was put in"},
		{"the manifest", again(t, data, replace("manifest.json", "VERIFIED", "REJECTED")), "signature of the manifest is broken"},
		{"a hash in the manifest", again(t, data, replace("manifest.json", `"bytes": 22`, `"bytes": 21`)), "signature of the manifest is broken"},
		{"the signature", again(t, data, replace("signature.json", `"signature": "`, `"signature": "AAAA`)), "signature of the manifest is broken"},
		{"the key", again(t, data, replace("signature.json", signer.PublicKey().String(), audit.NewSigner([]byte("x")).PublicKey().String())), "signature of the manifest is broken"},
		{"a file less", again(t, data, func(name string, content []byte) []byte {
			if strings.HasSuffix(name, ".png") {
				return nil
			}
			return content
		}), "is missing"},
		{"a file more", again(t, data, same, "files/more.exe"), "is not in the manifest"},
		{"a file twice", again(t, data, same, "report.html"), "is in the bundle twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := checkBundle(tt.data)
			if err != nil || !strings.Contains(strings.Join(c.Findings, "\n"), tt.says) {
				t.Errorf("found %q, %v", c.Findings, err)
			}
		})
	}
	// Records that do not fit the chain, by whoever holds the key of the bundle.
	d, open := sampleDossier(t)
	d.Proof.Records[1].Outcome = "FORBIDDEN"
	proof, err := json.Marshal(d.Proof)
	if err != nil {
		t.Fatal(err)
	}
	last := &d.Exhibits[len(d.Exhibits)-1]
	sum := sha256.Sum256(proof)
	last.Data, last.SHA256, last.Bytes = proof, hex.EncodeToString(sum[:]), int64(len(proof))
	var b bytes.Buffer
	if err := (export.Exporter{}).Bundle(t.Context(), &b, d, open, signer.PublicKey(), signer.Sign); err != nil {
		t.Fatal(err)
	}
	if c, err := checkBundle(b.Bytes()); err != nil || len(c.Findings) != 1 || !strings.Contains(c.Findings[0], "audit record 2") || c.Records != 0 {
		t.Errorf("a changed record: %+v, %v", c, err)
	}
}

func TestBundlesThatAreNone(t *testing.T) {
	data := bundle(t)
	only := func(keep string) func(string, []byte) []byte {
		return func(name string, content []byte) []byte {
			if name == keep {
				return content
			}
			return nil
		}
	}
	bomb := again(t, data, func(name string, content []byte) []byte {
		if strings.HasSuffix(name, ".png") {
			return make([]byte, 64<<20)
		}
		return content
	})
	for _, tt := range []struct {
		name string
		data []byte
		kind fault.Kind
	}{
		{"text", []byte("hello"), fault.Invalid},
		{"nothing", nil, fault.Invalid},
		{"half", data[:len(data)/2], fault.Invalid},
		{"another ZIP", again(t, data, only(""), "readme"), fault.Invalid},
		{"a manifest alone", again(t, data, only("manifest.json")), fault.Invalid},
		{"a bomb", bomb, fault.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := checkBundle(tt.data); !fault.Is(err, tt.kind) {
				t.Errorf("%v", err)
			}
		})
	}
}

// The page is one file that loads and runs nothing.
func TestEvidencePageIsInert(t *testing.T) {
	d, open := sampleDossier(t)
	evil := `"><script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>{{.}}`
	v := &d.Cases[0].Report
	v.Verification.ServiceName = evil
	v.Verification.Consent = &verification.Consent{Text: evil, Version: evil}
	v.Checks = []verification.Check{{Name: evil, Outcome: verification.FailOutcome, Message: evil, Code: evil}}
	v.Fields = []verification.ReportField{{Label: evil, Value: &evil, Note: evil}}
	v.Hits, v.Screened = []verification.ReportHit{{Name: evil, EntityID: evil, Topics: []string{evil}, URL: "javascript:alert(1)"}}, true
	v.Images = []verification.ReportImage{{Title: evil, JPEG: []byte(evil)}}
	d.Cases[0].Dismissals = []verification.Dismissal{{EntityID: evil, Reason: evil, Author: evil}}
	d.Cases[0].Reveals = []verification.Reveal{{Field: evil, Reason: evil, Actor: evil}}
	d.Cases[0].Events = []verification.Event{{Actor: evil}}
	var b bytes.Buffer
	if err := (export.Exporter{}).Bundle(t.Context(), &b, d, open, signer.PublicKey(), signer.Sign); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("report.html")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"<script", "<img src=https", "javascript:", "<link", "@import", "url("} {
		if bytes.Contains(page, []byte(wrong)) {
			t.Errorf("the page has %s", wrong)
		}
	}
	if !bytes.Contains(page, []byte("&lt;script&gt;")) || !bytes.Contains(page, []byte("default-src &#39;none&#39;")) && !bytes.Contains(page, []byte("default-src 'none'")) {
		t.Error("the page lacks what it was given, or its policy")
	}
}

// FuzzCheckBundle reads foreign bytes: whatever they are, the answer comes
// without a panic and only our own bundle passes.
func FuzzCheckBundle(f *testing.F) {
	good := bundle(f)
	f.Add(good)
	f.Add(good[:len(good)-10])
	f.Add(subjectExport(f))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := checkBundle(data, signer.PublicKey())
		ours := c.ResultID == fixed && c.Files == 4 || len(c.ResultIDs) == 2 && c.Files == 8
		if err == nil && len(c.Findings) == 0 && (!c.KeyTrusted || !ours) {
			t.Errorf("a bundle of nobody passes: %+v", c)
		}
	})
}
