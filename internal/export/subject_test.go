package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

var second = uuid.MustParse("0193a7f2-0000-7000-8000-000000000002")

// subjectExport has the sample dossier under two results, and says that a third
// is left out.
func subjectExport(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	d, open := sampleDossier(t)
	w := (export.Exporter{}).Subject(&b, verification.SubjectHead{MadeAt: day, MadeBy: audit.Actor{Kind: audit.CommandLine}}, open, signer.PublicKey(), signer.Sign)
	w.LeaveOut(uuid.MustParse("0193a7f2-0000-7000-8000-000000000003"), "too <large>")
	for _, id := range []uuid.UUID{fixed, second} {
		d.Result.ID = id
		if err := w.Add(context.Background(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSubjectExport(t *testing.T) {
	data := subjectExport(t)
	if !bytes.Equal(data, subjectExport(t)) {
		t.Error("the same dossiers give other bytes")
	}
	c, err := checkBundle(data, signer.PublicKey())
	if err != nil || len(c.Findings) > 0 || !c.KeyTrusted || c.Files != 8 || c.Records != 6 || c.ProvenAt == nil || len(c.ResultIDs) != 2 || c.ResultIDs[1] != second || len(c.LeftOut) != 1 {
		t.Errorf("check %+v, %v", c, err)
	}
	if c, err := checkBundle(data, audit.NewSigner([]byte("another")).PublicKey()); err != nil || len(c.Findings) == 0 {
		t.Errorf("with another key: %+v, %v", c, err)
	}
	// What is in a folder is a bundle by itself.
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var alone bytes.Buffer
	w := zip.NewWriter(&alone)
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, "results/"+second.String()+"/")
		if !ok {
			continue
		}
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.Create(name)
		if err == nil {
			_, err = io.Copy(to, from)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := checkBundle(alone.Bytes(), signer.PublicKey()); err != nil || len(c.Findings) > 0 || c.ResultID != second || c.Files != 4 {
		t.Errorf("a folder alone: %+v, %v", c, err)
	}
	index, err := z.Open("index.html")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(index)
	if err != nil || !bytes.Contains(page, []byte(`href="results/`+second.String()+`/report.html"`)) || !bytes.Contains(page, []byte("too &lt;large&gt;")) || bytes.Contains(page, []byte("<script")) {
		t.Errorf("the page, %v: %s", err, page)
	}
}

func TestTamperedSubjectExport(t *testing.T) {
	data := subjectExport(t)
	folder := "results/" + second.String() + "/"
	keep := func(_ string, content []byte) []byte { return content }
	change := func(name, from, to string) func(string, []byte) []byte {
		return func(n string, content []byte) []byte {
			if n != name {
				return content
			}
			changed := bytes.ReplaceAll(content, []byte(from), []byte(to))
			if bytes.Equal(changed, content) {
				t.Errorf("%s does not have %s", name, from)
			}
			return changed
		}
	}
	var others bytes.Buffer // the same result, as somebody else would sign it
	d, open := sampleDossier(t)
	d.Result.ID = second
	mallory := audit.NewSigner([]byte("mallory"))
	if err := (export.Exporter{}).Bundle(t.Context(), &others, d, open, mallory.PublicKey(), mallory.Sign); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		says string
	}{
		{"the manifest", again(t, data, change("manifest.json", `"files": 4`, `"files": 5`)), "signature of the manifest is broken"},
		{"the page", again(t, data, change("index.html", "VERIFIED", "REJECTED")), `"index.html" is not the file that was put in`},
		{"no page", again(t, data, func(name string, content []byte) []byte {
			if name == "index.html" {
				return nil
			}
			return content
		}), `"index.html" is not the file that was put in`},
		{"a page of a result", again(t, data, change(folder+"report.html", "VERIFIED", "REJECTED")), "result " + second.String() + `: "report.html" is not the file that was put in`},
		{"a result's manifest", again(t, data, change(folder+"manifest.json", "VERIFIED", "REJECTED")), "is not the one that was put in"},
		{"a result's manifest that is none", again(t, data, change(folder+"manifest.json", "{", "[")), "cannot be checked"},
		{"a result less", again(t, data, func(name string, content []byte) []byte {
			if strings.HasPrefix(name, folder) {
				return nil
			}
			return content
		}), "the bundle of result " + second.String() + " is missing"},
		{"a folder more", again(t, data, keep, "results/"+uuid.NewString()+"/report.html"), "is not in the manifest"},
		{"a file more", again(t, data, keep, "setup.exe"), `"setup.exe" is not in the manifest`},
		{"a file more in a folder", again(t, data, keep, folder+"files/setup.exe"), "is not in the manifest"},
		{"a result by another signer", again(t, data, func(name string, content []byte) []byte {
			if rest, ok := strings.CutPrefix(name, folder); ok {
				return unzipped(t, others.Bytes(), rest)
			}
			return content
		}), "signed with another key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := checkBundle(tt.data)
			if err != nil || !strings.Contains(strings.Join(c.Findings, "\n"), tt.says) {
				t.Errorf("found %q, %v", c.Findings, err)
			}
		})
	}
	bomb := again(t, data, func(name string, content []byte) []byte {
		if strings.HasPrefix(name, folder) && strings.HasSuffix(name, ".png") {
			return make([]byte, 64<<20)
		}
		return content
	})
	if _, err := checkBundle(bomb); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a bomb: %v", err)
	}
}

// unzipped is one file of a ZIP.
func unzipped(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
