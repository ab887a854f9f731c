package export

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/verification"
)

// A subject export is a ZIP file with, in this order:
//
//	results/{id}/…  the evidence bundle of each result, as it is by itself
//	index.html      a page for people
//	manifest.json   what is in it, with the SHA-256 of each bundle's manifest
//	signature.json  the platform's signature of manifest.json
//
// What tells of the whole comes last, so that it is written in one go.
const (
	subjectFormat  = "anycheck subject export 1"
	subjectPurpose = "anycheck subject export manifest 1"

	indexName     = "index.html"
	resultsFolder = "results/"
)

// SubjectManifest is what a subject export says of itself.
type SubjectManifest struct {
	Format  string          `json:"format"`
	MadeAt  time.Time       `json:"made_at"`
	MadeBy  audit.Actor     `json:"made_by"`
	Results []SubjectResult `json:"results"` // oldest first
	// LeftOut are results that one file cannot take.
	LeftOut     []LeftOut `json:"left_out"`
	IndexSHA256 string    `json:"index_sha256"`
}

// SubjectResult is one result of a subject export.
type SubjectResult struct {
	ResultID       uuid.UUID      `json:"result_id"`
	OrganizationID uuid.UUID      `json:"organization_id"`
	GroupID        uuid.UUID      `json:"group_id"`
	CreatedAt      time.Time      `json:"created_at"`
	Folder         string         `json:"folder"`          // results/{result_id}/
	ManifestSHA256 string         `json:"manifest_sha256"` // of the manifest.json in it
	Verifications  []ManifestCase `json:"verifications"`
	Files          int            `json:"files"`
	Bytes          int64          `json:"bytes"`
}

// LeftOut is a result that is not in the file.
type LeftOut struct {
	ResultID uuid.UUID `json:"result_id"`
	Why      string    `json:"why"`
}

func resultFolder(id uuid.UUID) string { return resultsFolder + id.String() + "/" }

type subjectWriter struct {
	zip      bundleWriter
	manifest SubjectManifest
	open     func(context.Context, string) (io.ReadCloser, error)
	key      audit.PublicKey
	sign     func(purpose string, message []byte) []byte
}

// Subject implements verification.Bundler.
func (Exporter) Subject(w io.Writer, head verification.SubjectHead, open func(context.Context, string) (io.ReadCloser, error),
	key audit.PublicKey, sign func(purpose string, message []byte) []byte) verification.SubjectWriter {
	return &subjectWriter{zip: newBundleWriter(w, head.MadeAt), open: open, key: key, sign: sign,
		manifest: SubjectManifest{Format: subjectFormat, MadeAt: head.MadeAt.UTC(), MadeBy: head.MadeBy, Results: []SubjectResult{}, LeftOut: []LeftOut{}}}
}

// Add implements verification.SubjectWriter.
func (s *subjectWriter) Add(ctx context.Context, d verification.Dossier) error {
	folder := resultFolder(d.Result.ID)
	m, sum, err := s.zip.in(folder).bundle(ctx, d, s.open, s.key, s.sign)
	if err != nil {
		return err
	}
	r := SubjectResult{ResultID: d.Result.ID, OrganizationID: d.Result.OrganizationID, GroupID: d.Result.GroupID, CreatedAt: d.Result.CreatedAt.UTC(),
		Folder: folder, ManifestSHA256: sum, Verifications: m.Verifications, Files: len(m.Files)}
	for _, f := range m.Files {
		r.Bytes += f.Bytes
	}
	s.manifest.Results = append(s.manifest.Results, r)
	return nil
}

// LeaveOut implements verification.SubjectWriter.
func (s *subjectWriter) LeaveOut(result uuid.UUID, why string) {
	s.manifest.LeftOut = append(s.manifest.LeftOut, LeftOut{result, why})
}

// Close implements verification.SubjectWriter.
func (s *subjectWriter) Close() error {
	var index bytes.Buffer
	if err := indexTemplate.Execute(&index, struct {
		SubjectManifest
		By  string
		Key audit.PublicKey
	}{s.manifest, strings.TrimSpace(string(s.manifest.MadeBy.Kind) + " " + s.manifest.MadeBy.ID), s.key}); err != nil {
		return err
	}
	s.manifest.IndexSHA256 = sumOf(index.Bytes())
	manifest, err := asJSON(s.manifest)
	if err != nil {
		return err
	}
	signed, err := asJSON(signature{s.key, s.sign(subjectPurpose, manifest)})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{indexName, index.Bytes()}, {manifestName, manifest}, {signatureName, signed}} {
		if err := s.zip.add(f.name, zip.Deflate, bytes.NewReader(f.data), sumOf(f.data)); err != nil {
			return err
		}
	}
	return s.zip.Close()
}

//go:embed index.html
var indexText string

var indexTemplate = template.Must(template.New("index").Funcs(template.FuncMap{"time": pageTime, "verdict": verdictMark}).Parse(indexText))
