package export

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/verification"
)

// An evidence bundle is a ZIP file with, in this order:
//
//	manifest.json   what is in it, with the SHA-256 of each file
//	signature.json  the platform's signature of manifest.json
//	report.html     a page for people
//	files/…         every file under its SHA-256, in the order of names
const (
	bundleFormat    = "anycheck evidence 1"
	manifestPurpose = "anycheck evidence manifest 1"

	manifestName  = "manifest.json"
	signatureName = "signature.json"
	reportName    = "report.html"
	filesFolder   = "files/"
)

// Manifest is what a bundle says of itself.
type Manifest struct {
	Format         string         `json:"format"`
	MadeAt         time.Time      `json:"made_at"`
	MadeBy         audit.Actor    `json:"made_by"`
	OrganizationID uuid.UUID      `json:"organization_id"`
	GroupID        uuid.UUID      `json:"group_id"`
	FolderID       uuid.UUID      `json:"folder_id"`
	ResultID       uuid.UUID      `json:"result_id"`
	PolicyVersion  string         `json:"policy_version"` // of the program that made the bundle
	Test           bool           `json:"test"`           // made with a test key: what was found is made up
	Verifications  []ManifestCase `json:"verifications"`
	Files          []ManifestFile `json:"files"`
}

// ManifestCase is one verification, and what it was decided with.
type ManifestCase struct {
	ID           uuid.UUID                 `json:"id"`
	Status       verification.Status       `json:"status"`
	OutputStatus verification.OutputStatus `json:"output_status"`
	Attempt      int                       `json:"attempt"`
	Models       []string                  `json:"models"`
	Lists        []string                  `json:"lists"`
}

// ManifestFile is one file. Two entries may have the same path: the same bytes.
type ManifestFile struct {
	Path           string                   `json:"path"`
	SHA256         string                   `json:"sha256"`
	Bytes          int64                    `json:"bytes"`
	MediaType      string                   `json:"media_type"`
	Kind           verification.ExhibitKind `json:"kind"`
	Name           string                   `json:"name"`
	VerificationID *uuid.UUID               `json:"verification_id"`
	Attempt        int                      `json:"attempt"` // 0: of no attempt
}

// reportKind is the page for people.
const reportKind verification.ExhibitKind = "page"

// signature is signature.json.
type signature struct {
	PublicKey audit.PublicKey `json:"public_key"`
	Signature []byte          `json:"signature"`
}

// extensions make a file open with a click; what it is stands in the manifest.
var extensions = map[string]string{"application/json": ".json", "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/tiff": ".tif",
	"image/heic": ".heic", "application/pdf": ".pdf", xlsxType: ".xlsx"}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

func exhibitPath(e verification.Exhibit) string {
	return filesFolder + e.SHA256 + extensions[e.MediaType]
}

// Bundle implements verification.Bundler. The same dossier gives the same bytes.
func (Exporter) Bundle(ctx context.Context, w io.Writer, d verification.Dossier, open func(context.Context, string) (io.ReadCloser, error),
	key audit.PublicKey, sign func(purpose string, message []byte) []byte) error {
	z := newBundleWriter(w, d.MadeAt)
	if _, _, err := z.bundle(ctx, d, open, key, sign); err != nil {
		return err
	}
	return z.Close()
}

type bundleWriter struct {
	*zip.Writer
	at     time.Time
	folder string // before every name
}

func newBundleWriter(w io.Writer, madeAt time.Time) bundleWriter {
	return bundleWriter{zip.NewWriter(w), madeAt.UTC().Truncate(2 * time.Second), ""} // as fine as ZIP knows
}

// in writes into a folder of the same file.
func (z bundleWriter) in(folder string) bundleWriter {
	z.folder = folder
	return z
}

// bundle writes the files of one dossier and gives its manifest, with the
// SHA-256 of its text.
func (z bundleWriter) bundle(ctx context.Context, d verification.Dossier, open func(context.Context, string) (io.ReadCloser, error),
	key audit.PublicKey, sign func(purpose string, message []byte) []byte) (Manifest, string, error) {
	page, err := evidencePage(d, key)
	if err != nil {
		return Manifest{}, "", err
	}
	m := manifestOf(d, page)
	manifest, err := asJSON(m)
	if err != nil {
		return Manifest{}, "", err
	}
	signed, err := asJSON(signature{key, sign(manifestPurpose, manifest)})
	if err != nil {
		return Manifest{}, "", err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{manifestName, manifest}, {signatureName, signed}, {reportName, page}} {
		if err := z.add(f.name, zip.Deflate, bytes.NewReader(f.data), sumOf(f.data)); err != nil {
			return Manifest{}, "", err
		}
	}
	exhibits := slices.SortedFunc(slices.Values(d.Exhibits), func(a, b verification.Exhibit) int { return cmp.Compare(exhibitPath(a), exhibitPath(b)) })
	exhibits = slices.CompactFunc(exhibits, func(a, b verification.Exhibit) bool { return exhibitPath(a) == exhibitPath(b) })
	for _, e := range exhibits {
		if err := z.exhibit(ctx, e, open); err != nil {
			return Manifest{}, "", err
		}
	}
	return m, sumOf(manifest), nil
}

func (z bundleWriter) exhibit(ctx context.Context, e verification.Exhibit, open func(context.Context, string) (io.ReadCloser, error)) error {
	method := zip.Deflate
	if strings.HasPrefix(e.MediaType, "image/") || e.MediaType == xlsxType {
		method = zip.Store // compressed already
	}
	if e.Data != nil {
		return z.add(exhibitPath(e), method, bytes.NewReader(e.Data), e.SHA256)
	}
	f, err := open(ctx, e.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	return z.add(exhibitPath(e), method, f, e.SHA256)
}

// add copies a file, and fails when it is not what was hashed before.
func (z bundleWriter) add(name string, method uint16, from io.Reader, want string) error {
	to, err := z.CreateHeader(&zip.FileHeader{Name: z.folder + name, Method: method, Modified: z.at})
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(to, sum), from); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("a file has changed while it was exported")
	}
	return nil
}

func manifestOf(d verification.Dossier, page []byte) Manifest {
	m := Manifest{Format: bundleFormat, MadeAt: d.MadeAt.UTC(), MadeBy: d.MadeBy, OrganizationID: d.Result.OrganizationID, GroupID: d.Result.GroupID,
		FolderID: d.Result.FolderID, ResultID: d.Result.ID, PolicyVersion: verification.PolicyVersion, Test: d.Result.Test(), Verifications: []ManifestCase{}, Files: []ManifestFile{
			{Path: reportName, SHA256: sumOf(page), Bytes: int64(len(page)), MediaType: "text/html", Kind: reportKind, Name: reportName}}}
	for _, c := range d.Cases {
		v := c.Report.Verification
		m.Verifications = append(m.Verifications, ManifestCase{v.ID, v.Status, v.OutputStatus, v.Attempt, list(c.Report.Models), list(c.Report.Lists)})
	}
	for _, e := range d.Exhibits {
		f := ManifestFile{Path: exhibitPath(e), SHA256: e.SHA256, Bytes: e.Bytes, MediaType: e.MediaType, Kind: e.Kind, Name: e.Name, Attempt: e.Attempt}
		if e.VerificationID != uuid.Nil {
			f.VerificationID = &e.VerificationID
		}
		m.Files = append(m.Files, f)
	}
	return m
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func asJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
