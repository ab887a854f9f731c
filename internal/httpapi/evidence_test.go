package httpapi

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/export"
	"anycheck/internal/fault"
)

func TestEvidence(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	p.importList(t, "Ratna Kertanegara Wirayuda")
	c := p.client(t, client.WithAPIKey(p.a.key))
	v, err := c.Screen(ctx, client.NewScreening{Name: "RATNA KERTANEGARA WIRAYUDA", BirthDate: "1987-07-01"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: "E-1", Reason: "<script>alert(1)</script> & another person"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verification(ctx, v.ID); err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	if err := c.Evidence(ctx, v.ResultID, &zipped); err != nil {
		t.Fatal(err)
	}
	keys := audit.Keys{p.audit.PublicKey()}
	check, err := export.CheckBundle(bytes.NewReader(zipped.Bytes()), int64(zipped.Len()), keys)
	if err != nil || len(check.Findings) > 0 || !check.KeyTrusted {
		t.Fatalf("check %+v, %v", check, err)
	}
	// screening.created, hit.dismissed, personal_data.viewed, export.downloaded
	if check.Records != 4 || check.ProvenAt == nil || check.ResultID.String() != v.ResultID {
		t.Errorf("check %+v", check)
	}
	z, err := zip.NewReader(bytes.NewReader(zipped.Bytes()), int64(zipped.Len()))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	var text strings.Builder
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, ".html") && (bytes.Contains(data, []byte("<script")) || !bytes.Contains(data, []byte("&lt;script&gt;alert(1)&lt;/script&gt; &amp; another person"))) {
			t.Error("the page does not escape what callers say")
		}
		text.Write(data)
	}
	if names[0] != "manifest.json" || names[1] != "signature.json" || names[2] != "report.html" {
		t.Errorf("files %q", names)
	}
	for _, want := range []string{"export.downloaded", "hit.dismissed", "E-1", "officials version 1", `"kind": "evidence"`, `"kind": "dismissals"`, `"kind": "report"`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the bundle lacks %s", want)
		}
	}

	wantProblem(t, p.asB("GET", "/results/"+v.ResultID+"/evidence.zip", ""), http.StatusNotFound, fault.CodeNotFound)
	wantProblem(t, p.do("GET", "/results/"+uuid.NewString()+"/evidence.zip", ""), http.StatusNotFound, fault.CodeNotFound)
	wantProblem(t, p.do("GET", "/results/7/evidence.zip", ""), http.StatusBadRequest, fault.CodeInvalidID, "id")
	if w := p.do("HEAD", "/results/"+v.ResultID+"/evidence.zip", ""); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", w.Code, w.Body.Len())
	}
}

// A verification that is still in the queue has a bundle too.
func TestEvidenceBeforeTheEnd(t *testing.T) {
	p := newPlatform(t)
	v := p.verify(t)
	w := p.do("GET", "/results/"+v.ResultID.String()+"/evidence.zip", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	check, err := export.CheckBundle(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()), nil)
	if err != nil || len(check.Findings) > 0 || check.KeyTrusted || check.Records != 2 {
		t.Errorf("check %+v, %v", check, err)
	}
}

// unzip gives the files of a ZIP by name.
func unzip(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files
}
