package verification

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// Dossier is everything that is kept of a result, for an evidence bundle that
// proves itself without the platform.
type Dossier struct {
	Result   Result
	MadeAt   time.Time
	MadeBy   audit.Actor
	Cases    []DossierCase
	Exhibits []Exhibit // in the order of the cases
	Proof    audit.Proof
}

// DossierCase is one verification of the result.
type DossierCase struct {
	Report     Report // of the current attempt
	Events     []Event
	Dismissals []Dismissal
	Reveals    []Reveal
}

// Exhibit is one file of a dossier.
type Exhibit struct {
	Kind           ExhibitKind
	Name           string // for people; without a person's
	VerificationID uuid.UUID
	Attempt        int // 0: of no attempt
	MediaType      string
	Data           []byte // nil: in Blobs, at Path
	Path           string
	SHA256         string // hexadecimal
	Bytes          int64
}

// ExhibitKind says what an exhibit is.
type ExhibitKind string

// The kinds.
const (
	InputExhibit        ExhibitKind = "input"
	VerificationExhibit ExhibitKind = "verification"
	EvidenceExhibit     ExhibitKind = "evidence"
	JobsExhibit         ExhibitKind = "jobs"
	OutputExhibit       ExhibitKind = "output"
	ReportExhibit       ExhibitKind = "report"
	PictureExhibit      ExhibitKind = "picture"
	EventsExhibit       ExhibitKind = "events"
	DismissalsExhibit   ExhibitKind = "dismissals"
	RevealsExhibit      ExhibitKind = "reveals"
	AuditExhibit        ExhibitKind = "audit"
)

// Bundler writes dossiers into one file.
type Bundler interface {
	// Bundle streams the file. Exhibits without Data are read with open. sign
	// signs for a purpose; key proves it.
	Bundle(ctx context.Context, w io.Writer, d Dossier, open func(ctx context.Context, path string) (io.ReadCloser, error),
		key audit.PublicKey, sign func(purpose string, message []byte) []byte) error
	// Subject streams a file of several dossiers, each as Bundle has it.
	Subject(w io.Writer, head SubjectHead, open func(ctx context.Context, path string) (io.ReadCloser, error),
		key audit.PublicKey, sign func(purpose string, message []byte) []byte) SubjectWriter
}

// AuditLog proves what is in the audit log.
type AuditLog interface {
	// Prove gives the records about any of the objects with their proof up to
	// a checkpoint that is made now.
	Prove(ctx context.Context, organization uuid.UUID, objectIDs []string) (audit.Proof, error)
	PublicKey() audit.PublicKey
	Sign(purpose string, message []byte) []byte
}

const (
	maxCases       = 100
	maxBundleBytes = 2 << 30
)

// Dossiers makes evidence bundles.
type Dossiers struct {
	cases   *UseCases
	process *Processor
	log     AuditLog
	bundler Bundler
}

// NewDossiers connects the dossiers to what they are made of.
func NewDossiers(cases *UseCases, process *Processor, log AuditLog, bundler Bundler) *Dossiers {
	return &Dossiers{cases, process, log, bundler}
}

// Bundle is an evidence bundle on its way: collected, then sealed, then
// written.
type Bundle struct {
	d       *Dossiers
	dossier Dossier
}

// Collect gathers and hashes what there is of a result. Nothing is written
// yet: the caller records the export first.
func (d *Dossiers) Collect(ctx context.Context, a tenant.Actor, result uuid.UUID) (*Bundle, error) {
	// It has the files and everything that was read from them.
	for _, needed := range []tenant.Permission{tenant.ExportResults, tenant.SeePersonalData} {
		if err := a.Require(needed); err != nil {
			return nil, err
		}
	}
	r, err := d.cases.Result(ctx, a, result)
	if err != nil {
		return nil, err
	}
	scope := a.Scope()
	items, members, err := d.cases.store.Verifications(ctx, scope, result, Page{Size: maxCases})
	if err != nil {
		return nil, err
	}
	if len(members) > maxCases {
		return nil, fault.New(fault.TooLarge, "The result has %d verifications; a bundle takes %d.", len(members), maxCases)
	}
	b := &Bundle{d: d, dossier: Dossier{Result: r, MadeAt: d.cases.now(), MadeBy: maker(ctx, a)}}
	for _, v := range items {
		if err := d.collect(ctx, scope, v, &b.dossier); err != nil {
			return nil, fmt.Errorf("verification %s: %w", v.ID, err)
		}
	}
	var total int64
	for i := range b.dossier.Exhibits {
		doc := &b.dossier.Exhibits[i]
		if err := d.measure(ctx, doc); err != nil {
			return nil, err
		}
		if total += doc.Bytes; total > maxBundleBytes {
			return nil, fault.New(fault.TooLarge, "The files of the result have more than %d MiB; a bundle does not take them.", maxBundleBytes>>20)
		}
	}
	return b, nil
}

// collect adds one verification.
func (d *Dossiers) collect(ctx context.Context, scope tenant.Scope, v Verification, to *Dossier) error {
	store := d.cases.store
	add := func(kind ExhibitKind, attempt int, name string, value any) error {
		data, err := indented(value)
		to.Exhibits = append(to.Exhibits, Exhibit{Kind: kind, Name: name, VerificationID: v.ID, Attempt: attempt, MediaType: "application/json", Data: data})
		return err
	}
	if err := add(VerificationExhibit, 0, "verification.json", summaryOf(v)); err != nil {
		return err
	}
	if err := d.inputs(ctx, scope, v, to); err != nil {
		return err
	}
	var current *Run
	for attempt := 1; attempt <= v.Attempt; attempt++ {
		at := v
		at.Attempt = attempt
		evidence, err := store.Evidence(ctx, scope, v.ID, attempt)
		if err != nil {
			return err
		}
		for _, step := range slices.Sorted(maps.Keys(evidence)) {
			to.Exhibits = append(to.Exhibits, Exhibit{Kind: EvidenceExhibit, Name: string(step) + ".json", VerificationID: v.ID, Attempt: attempt,
				MediaType: "application/json", Data: evidence[step]})
		}
		jobs, err := store.JobsOf(ctx, scope, v.ID, attempt)
		if err != nil {
			return err
		}
		if err := add(JobsExhibit, attempt, "jobs.json", jobs); err != nil {
			return err
		}
		made := []Exhibit{{Kind: OutputExhibit, Path: at.artefactPath("output.json")}, {Kind: ReportExhibit, Path: at.artefactPath("report.xlsx")},
			{Kind: PictureExhibit, Path: at.artefactPath(cardArtefact)}, {Kind: PictureExhibit, Path: at.artefactPath(selfieArtefact)}}
		if attempt == v.Attempt && v.OutputPath != "" { // may have been decided anew
			made = append(made, Exhibit{Kind: OutputExhibit, Path: v.OutputPath}, Exhibit{Kind: ReportExhibit, Path: v.ExportPath})
		}
		for _, doc := range made {
			doc.Name, doc.VerificationID, doc.Attempt, doc.MediaType = path.Base(doc.Path), v.ID, attempt, mediaTypes[path.Ext(doc.Path)]
			there, err := d.exists(ctx, doc.Path)
			if err != nil {
				return err
			}
			known := slices.ContainsFunc(to.Exhibits, func(other Exhibit) bool { return other.Path == doc.Path })
			if there && !known {
				to.Exhibits = append(to.Exhibits, doc)
			}
		}
		if attempt == v.Attempt {
			if current, err = d.process.keptRun(ctx, scope, v); err != nil {
				return err
			}
		}
	}
	c := DossierCase{}
	var err error
	if c.Report, err = d.report(ctx, scope, v, current); err != nil {
		return err
	}
	if c.Events, err = store.Events(ctx, scope, v.ID); err != nil {
		return err
	}
	if current.Evidence.screened() != nil {
		if c.Dismissals, err = store.Dismissals(ctx, scope, d.process.subject(v, current.Evidence)); err != nil {
			return err
		}
	}
	if c.Reveals, err = store.Reveals(ctx, scope, v.ID); err != nil {
		return err
	}
	to.Cases = append(to.Cases, c)
	if err := add(EventsExhibit, 0, "events.json", eventsOf(c.Events)); err != nil {
		return err
	}
	if err := add(DismissalsExhibit, 0, "dismissals.json", dismissalsOf(c.Dismissals)); err != nil {
		return err
	}
	return add(RevealsExhibit, 0, "reveals.json", revealsOf(c.Reveals))
}

func (d *Dossiers) report(ctx context.Context, scope tenant.Scope, v Verification, run *Run) (Report, error) {
	jobs, err := d.cases.store.JobsOf(ctx, scope, v.ID, v.Attempt)
	if err != nil {
		return Report{}, err
	}
	var steps []StepRecord
	for _, j := range jobs {
		steps = append(steps, j.Steps...)
	}
	return run.Report(ctx, v, Decision{Output: v.Output, Status: v.OutputStatus, Checks: v.Checks}, steps)
}

func (d *Dossiers) inputs(ctx context.Context, scope tenant.Scope, v Verification, to *Dossier) error {
	found, err := d.cases.store.Files(ctx, scope, v.Config.Paths()...)
	if err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(v.Config.Files)) {
		for i, name := range v.Config.Files[field] {
			f, there := found[name]
			if !there {
				continue // its time was over; what was read from it stays
			}
			// The caller's own file name may be a person's.
			to.Exhibits = append(to.Exhibits, Exhibit{Kind: InputExhibit, Name: fmt.Sprintf("%s %d", field, i+1), VerificationID: v.ID, MediaType: f.MediaType, Path: f.Path})
		}
	}
	return nil
}

func (d *Dossiers) exists(ctx context.Context, name string) (bool, error) {
	f, err := d.cases.blobs.Open(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// measure fills in hash and size.
func (d *Dossiers) measure(ctx context.Context, doc *Exhibit) error {
	var from io.Reader = bytes.NewReader(doc.Data)
	if doc.Data == nil {
		f, err := d.cases.blobs.Open(ctx, doc.Path)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	sum := sha256.New()
	n, err := io.Copy(sum, from)
	doc.Bytes, doc.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
	return err
}

// Seal adds the audit records with their proof; the record of this export is
// among them when it was written before.
func (b *Bundle) Seal(ctx context.Context) error {
	ids := []string{b.dossier.Result.ID.String()}
	for _, c := range b.dossier.Cases {
		ids = append(ids, c.Report.Verification.ID.String())
		for _, files := range c.Report.Verification.Config.Files {
			for _, f := range files {
				ids = append(ids, uploadedFileID(f))
			}
		}
	}
	proof, err := b.d.log.Prove(ctx, b.dossier.Result.OrganizationID, ids)
	if err != nil {
		return err
	}
	b.dossier.Proof = proof
	data, err := indented(proof)
	if err != nil {
		return err
	}
	doc := Exhibit{Kind: AuditExhibit, Name: "audit.json", MediaType: "application/json", Data: data}
	if err := b.d.measure(ctx, &doc); err != nil {
		return err
	}
	b.dossier.Exhibits = append(b.dossier.Exhibits, doc)
	return nil
}

// uploadedFileID is how the audit log names an uploaded file.
func uploadedFileID(name string) string {
	id, _, _ := strings.Cut(path.Base(name), "_")
	return id
}

// Write streams the sealed bundle.
func (b *Bundle) Write(ctx context.Context, w io.Writer) error {
	return b.d.bundler.Bundle(ctx, w, b.dossier, b.d.cases.blobs.Open, b.d.log.PublicKey(), b.d.log.Sign)
}

var mediaTypes = map[string]string{".json": "application/json", ".jpg": "image/jpeg",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// summaryOf is a verification as it goes into a dossier: without secrets.
func summaryOf(v Verification) any {
	return struct {
		ID            uuid.UUID       `json:"id"`
		ServiceID     uuid.UUID       `json:"service_id"`
		ServiceName   string          `json:"service_name"`
		UserID        uuid.UUID       `json:"user_id"`
		APIKey        *KeyRef         `json:"api_key"`
		FolderID      uuid.UUID       `json:"folder_id"`
		ResultID      uuid.UUID       `json:"result_id"`
		Status        Status          `json:"status"`
		Attempt       int             `json:"attempt"`
		StartDate     *time.Time      `json:"start_date"`
		EndDate       *time.Time      `json:"end_date"`
		InputConfig   json.RawMessage `json:"input_config"`
		Consent       *Consent        `json:"consent"`
		Output        json.RawMessage `json:"output"`
		OutputStatus  OutputStatus    `json:"output_status"`
		Checks        []Check         `json:"checks"`
		Error         *Failure        `json:"error"`
		CreditUsed    int64           `json:"credit_used"`
		TotalFiles    int             `json:"total_files"`
		TotalPages    int             `json:"total_pages"`
		CreatedAt     time.Time       `json:"created_at"`
		UpdatedAt     time.Time       `json:"updated_at"`
		PolicyVersion string          `json:"policy_version"` // of the program that made this bundle
		Test          bool            `json:"test"`           // the evidence is made up
	}{v.ID, v.ServiceID, v.ServiceName, v.UserID, v.APIKey, v.FolderID, v.ResultID, v.Status, v.Attempt, v.StartDate, v.EndDate,
		v.InputConfig, v.Consent, v.Output, v.OutputStatus, v.Checks, v.Failure, v.CreditUsed, v.TotalFiles, v.TotalPages, v.CreatedAt, v.UpdatedAt, PolicyVersion, v.Test()}
}

func eventsOf(events []Event) any {
	type event struct {
		ID       uuid.UUID `json:"id"`
		Sequence int       `json:"sequence"`
		Event    EventKind `json:"event"`
		From     Status    `json:"previous_status"`
		To       Status    `json:"status"`
		Attempt  int       `json:"attempt"`
		Actor    string    `json:"actor"`
		At       time.Time `json:"created_at"`
	}
	list := []event{}
	for _, e := range events {
		list = append(list, event{e.ID, e.Sequence, e.Kind, e.From, e.To, e.Attempt, e.Actor, e.At.UTC()})
	}
	return list
}

func dismissalsOf(dismissals []Dismissal) any {
	type dismissal struct {
		EntityID       string     `json:"entity_id"`
		VerificationID uuid.UUID  `json:"verification_id"`
		Reason         string     `json:"reason"`
		Author         string     `json:"author"`
		CreatedAt      time.Time  `json:"created_at"`
		ExpiresAt      *time.Time `json:"expires_at"`
	}
	list := []dismissal{}
	for _, d := range dismissals {
		list = append(list, dismissal{d.EntityID, d.VerificationID, d.Reason, d.Author, d.CreatedAt.UTC(), d.ExpiresAt})
	}
	return list
}

func revealsOf(reveals []Reveal) any {
	type reveal struct {
		ID     uuid.UUID `json:"id"`
		Field  string    `json:"field"`
		Reason string    `json:"reason"`
		Actor  string    `json:"actor"`
		At     time.Time `json:"created_at"`
	}
	list := []reveal{}
	for _, r := range reveals {
		list = append(list, reveal{r.ID, r.Field, r.Reason, r.Actor, r.At.UTC()})
	}
	return list
}
