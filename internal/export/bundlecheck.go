package export

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// What a bundle may be at most. Bundles are foreign bytes: a small file can
// unpack to more than any disk holds.
const (
	maxBundleFiles   = 20_000
	maxBundleBytes   = 3 << 30
	maxManifestBytes = 32 << 20
	maxAuditBytes    = 128 << 20
	// Our own texts shrink to a tenth or so; a bomb to a thousandth.
	maxBundleRatio = 200

	// Of a subject export as a whole; each bundle in it has the limits above.
	maxSubjectFiles = 200_000
	maxSubjectBytes = 64 << 30
)

// BundleCheck is what a check of a bundle has found.
type BundleCheck struct {
	ResultID uuid.UUID `json:"result_id"`
	// ResultIDs are the results of a subject export, LeftOut those that it says
	// it could not take; ResultID is zero then.
	ResultIDs []uuid.UUID     `json:"result_ids,omitempty"`
	LeftOut   []uuid.UUID     `json:"left_out,omitempty"`
	MadeAt    time.Time       `json:"made_at"`
	PublicKey audit.PublicKey `json:"public_key"`
	// KeyTrusted tells whether the key is one of those given. Without any, the
	// bundle is only shown to be whole, not whose it is.
	KeyTrusted bool       `json:"key_trusted"`
	Files      int        `json:"files"` // hashes that are right
	Bytes      int64      `json:"bytes"`
	Records    int        `json:"audit_records"` // proven to be in the chain
	ProvenAt   *time.Time `json:"proven_at"`     // of the last checkpoint
	Findings   []string   `json:"findings"`
}

// CheckBundle reads a bundle, or a subject export with its bundles, and says what in it is not as it was made. A file
// that is no bundle is an Invalid fault.
func CheckBundle(r io.ReaderAt, size int64, trusted audit.Keys) (BundleCheck, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return BundleCheck{}, fault.New(fault.Invalid, "The file is not a ZIP file.")
	}
	c := newChecker(maxBundleBytes)
	if len(z.File) > maxSubjectFiles {
		return BundleCheck{}, fault.New(fault.TooLarge, "The file has more than %d files.", maxSubjectFiles)
	}
	for _, f := range z.File {
		if _, twice := c.files[f.Name]; twice {
			c.find("%.100q is in the bundle twice", f.Name)
		}
		c.files[f.Name] = f
	}
	text, err := c.read(manifestName, maxManifestBytes)
	if err != nil {
		return BundleCheck{}, err
	}
	var of struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(text, &of) == nil && of.Format == subjectFormat {
		return c.subject(text, trusted)
	}
	return c.bundle(text, trusted)
}

// bundle checks the files of one bundle by its manifest.
func (c *checker) bundle(text []byte, trusted audit.Keys) (BundleCheck, error) {
	var manifest Manifest
	if json.Unmarshal(text, &manifest) != nil || manifest.Format != bundleFormat {
		return BundleCheck{}, fault.New(fault.Invalid, "The file is not an evidence bundle that this version knows.")
	}
	if len(c.files) > maxBundleFiles {
		return BundleCheck{}, fault.New(fault.TooLarge, "The bundle has more than %d files.", maxBundleFiles)
	}
	c.out.ResultID, c.out.MadeAt = manifest.ResultID, manifest.MadeAt
	if err := c.signature(manifestPurpose, text, trusted); err != nil {
		return BundleCheck{}, err
	}
	if err := c.listed(manifest); err != nil {
		return BundleCheck{}, err
	}
	keys := trusted
	if !c.out.KeyTrusted {
		keys = append(audit.Keys{c.out.PublicKey}, trusted...)
	}
	if err := c.proof(manifest, keys); err != nil {
		return BundleCheck{}, err
	}
	return c.out, nil
}

type checker struct {
	files map[string]*zip.File
	left  int64 // bytes that may still be unpacked
	out   BundleCheck
}

func newChecker(left int64) *checker {
	return &checker{files: map[string]*zip.File{}, left: left, out: BundleCheck{Findings: []string{}}}
}

const maxBundleFindings = 200

func (c *checker) find(format string, args ...any) {
	if len(c.out.Findings) < maxBundleFindings {
		c.out.Findings = append(c.out.Findings, fmt.Sprintf(format, args...))
	}
}

// subject checks a subject export by its manifest: each result's bundle by
// itself, that it is the one that was put in, and that nothing else is there.
func (c *checker) subject(text []byte, trusted audit.Keys) (BundleCheck, error) {
	var m SubjectManifest
	if json.Unmarshal(text, &m) != nil {
		return BundleCheck{}, fault.New(fault.Invalid, "The file is not a subject export that this version knows.")
	}
	c.left = maxSubjectBytes
	c.out.MadeAt, c.out.ResultIDs = m.MadeAt, []uuid.UUID{}
	if err := c.signature(subjectPurpose, text, trusted); err != nil {
		return BundleCheck{}, err
	}
	index, err := c.read(indexName, maxManifestBytes)
	if fault.Is(err, fault.TooLarge) {
		return BundleCheck{}, err
	}
	if err != nil || sumOf(index) != m.IndexSHA256 {
		c.find("%q is not the file that was put in", indexName)
	}
	folders := map[string]*checker{}
	for name, f := range c.files {
		id, rest, ok := strings.Cut(strings.TrimPrefix(name, resultsFolder), "/")
		if !ok || !strings.HasPrefix(name, resultsFolder) {
			if !slices.Contains([]string{manifestName, signatureName, indexName}, name) {
				c.find("%.100q is not in the manifest", name)
			}
			continue
		}
		if folders[id] == nil {
			folders[id] = newChecker(0)
		}
		folders[id].files[rest] = f
	}
	for _, r := range m.Results {
		in := folders[r.ResultID.String()]
		if in == nil || r.Folder != resultFolder(r.ResultID) {
			c.find("the bundle of result %s is missing", r.ResultID)
			continue
		}
		delete(folders, r.ResultID.String())
		in.left = min(maxBundleBytes, c.left)
		before := in.left
		if err := c.result(r, in, trusted); err != nil {
			return BundleCheck{}, err
		}
		c.left -= before - in.left
	}
	for id := range folders {
		c.find("the folder %.100q is not in the manifest", resultsFolder+id)
	}
	for _, l := range m.LeftOut {
		c.out.LeftOut = append(c.out.LeftOut, l.ResultID)
	}
	slices.Sort(c.out.Findings)
	return c.out, nil
}

// result checks one bundle of a subject export and takes over what was found.
func (c *checker) result(r SubjectResult, in *checker, trusted audit.Keys) error {
	text, err := in.read(manifestName, maxManifestBytes)
	var found BundleCheck
	if err == nil {
		if sumOf(text) != r.ManifestSHA256 {
			c.find("the bundle of result %s is not the one that was put in", r.ResultID)
		}
		found, err = in.bundle(text, trusted)
	}
	if fault.Is(err, fault.TooLarge) {
		return err
	}
	if err != nil {
		c.find("the bundle of result %s cannot be checked", r.ResultID)
		return nil
	}
	if string(found.PublicKey) != string(c.out.PublicKey) {
		c.find("the bundle of result %s is signed with another key", r.ResultID)
	}
	for _, f := range found.Findings {
		c.find("result %s: %s", r.ResultID, f)
	}
	c.out.ResultIDs = append(c.out.ResultIDs, r.ResultID)
	c.out.Files += found.Files
	c.out.Bytes += found.Bytes
	c.out.Records += found.Records
	if found.ProvenAt != nil {
		c.out.ProvenAt = found.ProvenAt
	}
	return nil
}

// signature checks what signs the manifest.
func (c *checker) signature(purpose string, manifest []byte, trusted audit.Keys) error {
	text, err := c.read(signatureName, 1<<16)
	if err != nil {
		return err
	}
	var s signature
	if json.Unmarshal(text, &s) != nil {
		return fault.New(fault.Invalid, "The bundle's signature cannot be read.")
	}
	c.out.PublicKey = s.PublicKey
	c.out.KeyTrusted = slices.ContainsFunc(trusted, func(k audit.PublicKey) bool { return string(k) == string(s.PublicKey) })
	if !s.PublicKey.Verify(purpose, manifest, s.Signature) {
		c.find("the signature of the manifest is broken")
	}
	if len(trusted) > 0 && !c.out.KeyTrusted {
		c.find("the bundle is signed with a key that is not trusted: %s", s.PublicKey)
	}
	return nil
}

// listed compares the files with the manifest, both ways.
func (c *checker) listed(m Manifest) error {
	if len(m.Files) > maxBundleFiles {
		return fault.New(fault.TooLarge, "The bundle lists more than %d files.", maxBundleFiles)
	}
	seen := map[string]bool{manifestName: true, signatureName: true}
	for _, f := range m.Files {
		if f.Path != reportName && !strings.HasPrefix(f.Path, filesFolder+f.SHA256) {
			c.find("%.100q is not named after its hash", f.Path)
		}
		if seen[f.Path] {
			continue
		}
		seen[f.Path] = true
		if c.files[f.Path] == nil {
			c.find("%.100q is missing", f.Path)
			continue
		}
		sum := sha256.New()
		n, err := c.copy(f.Path, sum, f.Bytes)
		switch {
		case fault.Is(err, fault.TooLarge):
			return err
		case err != nil:
			c.find("%.100q cannot be unpacked", f.Path)
		case n != f.Bytes || hexSum(sum) != f.SHA256:
			c.find("%.100q is not the file that was put in", f.Path)
		default:
			c.out.Files++
			c.out.Bytes += n
		}
	}
	for name := range c.files {
		if !seen[name] {
			c.find("%.100q is not in the manifest", name)
		}
	}
	slices.Sort(c.out.Findings)
	return nil
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// proof checks the audit records.
func (c *checker) proof(m Manifest, keys audit.Keys) error {
	var file string
	for _, f := range m.Files {
		if f.Kind == verification.AuditExhibit {
			file = f.Path
		}
	}
	if file == "" || c.files[file] == nil {
		c.find("there are no audit records")
		return nil
	}
	text, err := c.read(file, maxAuditBytes)
	if err != nil {
		if fault.Is(err, fault.TooLarge) {
			return err
		}
		c.find("the audit records cannot be unpacked")
		return nil
	}
	var p audit.Proof
	if json.Unmarshal(text, &p) != nil {
		c.find("the audit records cannot be read")
		return nil
	}
	wrong := p.Verify(keys)
	for _, f := range wrong {
		c.find("audit record %d: %s: %s", f.Sequence, f.Kind, f.Text)
	}
	for _, r := range p.Records {
		if r.Organization != m.OrganizationID.String() {
			c.find("audit record %d is of another organization", r.Sequence)
		}
	}
	if len(wrong) == 0 {
		c.out.Records = len(p.Records)
		if n := len(p.Segments); n > 0 {
			c.out.ProvenAt = &p.Segments[n-1].To.At
		}
	}
	return nil
}

// read unpacks a file of at most max bytes.
func (c *checker) read(name string, max int64) ([]byte, error) {
	if c.files[name] == nil {
		return nil, fault.New(fault.Invalid, "The file is not an evidence bundle: it has no %s.", name)
	}
	var b bytes.Buffer
	n, err := c.copy(name, &b, max)
	if err != nil {
		return nil, err
	}
	if n > max {
		return nil, fault.New(fault.TooLarge, "A file of the bundle is larger than %d MiB.", max>>20)
	}
	return b.Bytes(), nil
}

// copy unpacks a file into w, up to one byte more than max.
func (c *checker) copy(name string, w io.Writer, max int64) (int64, error) {
	f := c.files[name]
	if f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/maxBundleRatio > f.CompressedSize64 {
		return 0, fault.New(fault.TooLarge, "A file of the bundle unpacks to more than %d times its size.", maxBundleRatio)
	}
	if max < 0 || max > c.left {
		max = c.left
	}
	from, err := f.Open()
	if err != nil {
		return 0, fault.Wrap(err, fault.Invalid, "The bundle cannot be unpacked.")
	}
	defer from.Close()
	n, err := io.Copy(w, io.LimitReader(from, max+1))
	if c.left -= n; c.left < 0 {
		return n, fault.New(fault.TooLarge, "The bundle unpacks to more than %d MiB.", maxBundleBytes>>20)
	}
	if err != nil {
		return n, fault.Wrap(err, fault.Invalid, "The bundle cannot be unpacked.")
	}
	return n, nil
}
