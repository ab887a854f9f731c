package verification

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/tenant"
)

// ErasureReason is why a result was erased.
type ErasureReason string

// The reasons.
const (
	SubjectRequest   ErasureReason = "SUBJECT_REQUEST"   // the person asked for it
	ConsentWithdrawn ErasureReason = "CONSENT_WITHDRAWN" // the person took the consent back
	RetentionEnded   ErasureReason = "RETENTION"         // the group's time for results is over
	Mistake          ErasureReason = "MISTAKE"           // it should never have been taken in
	OtherReason      ErasureReason = "OTHER"
)

// Tombstone is what stays of an erased result.
type Tombstone struct {
	ResultID uuid.UUID
	Tenancy
	FolderID      uuid.UUID
	Reason        ErasureReason
	Actor         string
	At            time.Time
	Verifications int
	Commitments   Commitments
	// Files are uploads that are still to be deleted; nil once they are.
	Files []string
}

// Commitments are HMAC-SHA256 of what was erased, in hexadecimal, under a salt
// that only the receipt of the erasure has: whoever keeps the receipt can prove
// what was erased, and nobody can search for it without.
type Commitments struct {
	NIKs  []string `json:"niks"`  // as read
	Files []string `json:"files"` // of the SHA-256 of each uploaded file
}

// Receipt is given once, to the one who erased.
type Receipt struct {
	Tombstone
	Salt string // base64
}

// Erasures stores what was erased.
type Erasures interface {
	// EraseResult destroys the keys of a result and of its uploads, deletes
	// what was kept of its verifications but their ledger and their bare
	// history, and keeps the tombstone. One that is there already is a
	// Conflict. An upload that another result uses stays.
	EraseResult(ctx context.Context, scope tenant.Scope, t Tombstone) error
	// Tombstone gives what stays of an erased result.
	Tombstone(ctx context.Context, scope tenant.Scope, result uuid.UUID) (Tombstone, error)
	// FilesDeleted notes that a tombstone's files are gone.
	FilesDeleted(ctx context.Context, scope tenant.Scope, result uuid.UUID) error
	// SaveSubject notes who a verification is about, as a keyed hash.
	SaveSubject(ctx context.Context, scope tenant.Scope, verification uuid.UUID, subject []byte) error
	// Groups lists the groups in scope.
	Groups(ctx context.Context, scope tenant.Scope) ([]tenant.Group, error)
	// ResultsOf lists the results of a subject, oldest first.
	ResultsOf(ctx context.Context, scope tenant.Scope, subject []byte) ([]uuid.UUID, error)
	// Expired lists results of groups whose time for a class of data is over
	// at a moment, none of whose verifications is still to end: those behind
	// another (the zero Expiry: from the first on), by group, time and id.
	Expired(ctx context.Context, scope tenant.Scope, class DataClass, now time.Time, after Expiry, limit int) ([]Expiry, error)
	// ForgetFiles condemns those of a result's uploads that no other result
	// uses, gives them, and notes that the result's pictures are gone.
	ForgetFiles(ctx context.Context, scope tenant.Scope, result uuid.UUID, files []string, at time.Time) (own []string, err error)
	// Retention gives a group's days by class of data; absent: kept for ever.
	Retention(ctx context.Context, scope tenant.Scope, group uuid.UUID) (map[DataClass]int, error)
	// SetRetention sets days for a class; 0 takes the limit away.
	SetRetention(ctx context.Context, scope tenant.Scope, group uuid.UUID, class DataClass, days int) error
}

// DataClass is a kind of data with a time of its own.
type DataClass string

// The classes.
const (
	ResultData DataClass = "RESULT"  // everything of a result
	FileData   DataClass = "FILES"   // its pictures; what was read from them stays
	UploadData DataClass = "UPLOADS" // uploaded files that no verification ever used
)

// DefaultUploadDays is how long unused uploads are kept where a group has not
// said: long enough to make a verification of them, even after a weekend.
const DefaultUploadDays = 7

// DataClasses lists every class.
func DataClasses() []DataClass { return []DataClass{ResultData, FileData, UploadData} }

// Expiry is a result whose time is over, or an unused upload.
type Expiry struct {
	ResultID uuid.UUID // zero for an upload
	FileID   uuid.UUID // of an upload, else zero
	Tenancy
	CreatedAt time.Time
	Days      int // the group's limit

	path string // of an upload; a caller's file name is in it
}

// Privacy is what the law wants of personal data: erasure, retention and the
// search for a person's results.
type Privacy struct {
	store Store
	blobs Blobs
	nik   func(text string) []byte // the processor's keyed hash
	lifecycle
}

// NewPrivacy connects it to the store and files that the processor uses.
func NewPrivacy(p *Processor) *Privacy {
	return &Privacy{store: p.store, blobs: p.blobs, nik: p.keyed, lifecycle: p.lifecycle}
}

// Erase erases a result for ever: its files, evidence and indexes. What is not
// ended is cancelled first. The receipt's salt is told here only.
func (p *Privacy) Erase(ctx context.Context, a tenant.Actor, result uuid.UUID, reason ErasureReason) (Receipt, error) {
	if err := a.Require(tenant.EraseResults); err != nil {
		return Receipt{}, err
	}
	if !slices.Contains([]ErasureReason{SubjectRequest, ConsentWithdrawn, Mistake, OtherReason}, reason) {
		return Receipt{}, fault.Field("reason", "must be SUBJECT_REQUEST, CONSENT_WITHDRAWN, MISTAKE or OTHER").WithCode(fault.CodeInvalidValue)
	}
	return p.erase(ctx, a.Scope(), a.Name(), result, reason)
}

func (p *Privacy) erase(ctx context.Context, scope tenant.Scope, actor string, result uuid.UUID, reason ErasureReason) (Receipt, error) {
	r, err := p.store.Result(ctx, scope, result)
	if err != nil {
		return Receipt{}, err
	}
	salt := make([]byte, 32)
	rand.Read(salt)
	t := Tombstone{ResultID: r.ID, Tenancy: r.Tenancy, FolderID: r.FolderID, Reason: reason, Actor: actor, At: p.now()}
	err = p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		// From here on no verification joins: all of them are seen.
		if err := tx.LockResult(ctx, scope, result); err != nil {
			return err
		}
		members, err := members(ctx, tx, scope, result)
		if err != nil {
			return err
		}
		if t.Commitments, t.Files, err = commit(ctx, tx, scope, salt, members); err != nil {
			return err
		}
		t.Verifications = len(members)
		for _, m := range members {
			v, err := tx.LockVerification(ctx, scope, m.ID)
			if err != nil {
				return err
			}
			if _, err := Next(v.Status, Cancel); err != nil {
				continue // it has ended
			}
			if reason == RetentionEnded && (v.Status == InQueue || v.Status == InProgress) {
				return fault.New(fault.Conflict, "A verification has joined the result and is still to end.")
			}
			if err := p.cancel(ctx, tx, scope, &v, actor); err != nil {
				return err
			}
		}
		if err := tx.EraseResult(ctx, scope, t); err != nil {
			return err
		}
		audit.Of(ctx).About(t.OrganizationID, t.GroupID, "result", t.ResultID)
		return tx.Enqueue(ctx, Task{Kind: EraseTask, ID: result})
	})
	if err != nil {
		return Receipt{}, err
	}
	// They cannot be read any more; the queue deletes them if this does not.
	_ = p.DeleteFiles(ctx, result)
	return Receipt{t, base64.StdEncoding.EncodeToString(salt)}, nil
}

// members are all verifications of a result.
func members(ctx context.Context, store Store, scope tenant.Scope, result uuid.UUID) (all []Verification, err error) {
	for {
		page, statuses, err := store.Verifications(ctx, scope, result, Page{Offset: len(all), Size: 100})
		if all = append(all, page...); err != nil || len(page) == 0 || len(all) >= len(statuses) {
			return all, err
		}
	}
}

// commit makes the commitments to what will be erased, and lists the uploads.
func commit(ctx context.Context, store Store, scope tenant.Scope, salt []byte, members []Verification) (c Commitments, files []string, err error) {
	commitment := func(text string) string {
		mac := hmac.New(sha256.New, salt)
		mac.Write([]byte(text))
		return hex.EncodeToString(mac.Sum(nil))
	}
	c = Commitments{NIKs: []string{}, Files: []string{}}
	add := func(list []string, text string) []string {
		if s := commitment(text); !slices.Contains(list, s) {
			list = append(list, s)
		}
		return list
	}
	for _, v := range members {
		if v.Config.Person != nil && v.Config.Person.NIK != "" {
			c.NIKs = add(c.NIKs, v.Config.Person.NIK)
		}
		kept, err := store.Evidence(ctx, scope, v.ID, v.Attempt)
		if err != nil {
			return c, nil, err
		}
		var e Evidence
		if data := kept[StepRead]; len(data) > 0 && e.load(StepRead, data) == nil {
			if nik := e.Read.Text(ktp.NIK); nik != "" {
				c.NIKs = add(c.NIKs, nik)
			}
		}
		found, err := store.Files(ctx, scope, v.Config.Paths()...)
		if err != nil {
			return c, nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			c.Files = add(c.Files, found[name].SHA256)
			if !slices.Contains(files, name) {
				files = append(files, name)
			}
		}
	}
	return c, files, nil
}

// DeleteFiles deletes the files of an erased result. It may run again.
func (p *Privacy) DeleteFiles(ctx context.Context, result uuid.UUID) error {
	scope := tenant.Everything()
	t, err := p.store.Tombstone(ctx, scope, result)
	if err != nil {
		return err
	}
	if err := p.blobs.DeleteAll(ctx, path.Join("files", t.OrganizationID.String(), t.GroupID.String(), "results", result.String())); err != nil {
		return err
	}
	for _, f := range t.Files {
		if err := p.blobs.Delete(ctx, f); err != nil {
			return err
		}
	}
	return p.store.FilesDeleted(ctx, scope, result)
}

// Tombstone gives what stays of an erased result: nothing of the person, so
// who may read results sees it.
func (p *Privacy) Tombstone(ctx context.Context, a tenant.Actor, result uuid.UUID) (Tombstone, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return Tombstone{}, err
	}
	return p.store.Tombstone(ctx, a.Scope(), result)
}

// ResultsOf lists the results about a person, by NIK, oldest first: those of the
// caller's organization that it sees.
func (p *Privacy) ResultsOf(ctx context.Context, a tenant.Actor, nik string) ([]uuid.UUID, error) {
	if err := a.Require(tenant.EraseResults); err != nil {
		return nil, err
	}
	return resultsOf(ctx, p.store, a, p.nik, nik)
}

// Retention gives the days a group keeps each class of data; a class that is
// absent is kept until it is erased by hand.
func (p *Privacy) Retention(ctx context.Context, a tenant.Actor, group uuid.UUID) (map[DataClass]int, error) {
	if err := a.Require(tenant.ReadFolders); err != nil {
		return nil, err
	}
	return p.retention(ctx, a.Scope(), group)
}

func (p *Privacy) retention(ctx context.Context, scope tenant.Scope, group uuid.UUID) (map[DataClass]int, error) {
	days, err := p.store.Retention(ctx, scope, group)
	if err != nil {
		return nil, err
	}
	if _, set := days[UploadData]; !set {
		days[UploadData] = DefaultUploadDays
	}
	return days, nil
}

const maxRetention = 100 * 365 // days

// SetRetention changes a group's days; 0 takes a limit away, and gives unused
// uploads their default again.
func (p *Privacy) SetRetention(ctx context.Context, a tenant.Actor, group uuid.UUID, days map[DataClass]int) (map[DataClass]int, error) {
	if err := a.Require(tenant.ManageSettings); err != nil {
		return nil, err
	}
	for class, n := range days {
		if !slices.Contains(DataClasses(), class) || n < 0 || n > maxRetention {
			return nil, fault.Field(strings.ToLower(string(class)), "must be a number of days from 0 to %d", maxRetention)
		}
	}
	err := p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		for _, class := range slices.Sorted(maps.Keys(days)) {
			if err := tx.SetRetention(ctx, a.Scope(), group, class, days[class]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.retention(ctx, a.Scope(), group)
}

const (
	// sweepBatch is how many results one look at the database brings.
	sweepBatch = 200
	// sweepErrors is how many failures a sweep tells of.
	sweepErrors = 10
)

// Sweep erases what groups keep no longer, and tells each result and upload;
// dry only tells. Each is tried once: what fails is left for the next sweep.
func (p *Privacy) Sweep(ctx context.Context, dry bool, tell func(DataClass, Expiry)) error {
	scope := tenant.Everything()
	now := p.now()
	var failed []error
	untold := 0
	for _, class := range DataClasses() {
		var last Expiry
		for {
			batch, err := p.expired(ctx, scope, class, now, last)
			if err != nil {
				failed = append(failed, err)
			}
			if err != nil || len(batch) == 0 {
				break
			}
			for _, last = range batch {
				done := dry
				if !dry {
					done, err = p.expire(ctx, scope, class, last)
				}
				switch {
				case done:
					tell(class, last)
				case err == nil: // somebody was faster
				case ctx.Err() != nil:
					return errors.Join(append(failed, ctx.Err())...)
				case len(failed) < sweepErrors:
					failed = append(failed, fmt.Errorf("%s of result %s, file %s: %w", class, last.ResultID, last.FileID, err))
				default:
					untold++
				}
			}
		}
	}
	if untold > 0 {
		failed = append(failed, fmt.Errorf("%d more failed", untold))
	}
	return errors.Join(failed...)
}

// expired lists what is over of a class behind the last one.
func (p *Privacy) expired(ctx context.Context, scope tenant.Scope, class DataClass, now time.Time, last Expiry) (list []Expiry, err error) {
	if class != UploadData {
		return p.store.Expired(ctx, scope, class, now, last, sweepBatch)
	}
	files, err := p.store.UnusedFiles(ctx, scope, now, DefaultUploadDays, UnusedFile{Path: last.path, CreatedAt: last.CreatedAt}, sweepBatch)
	for _, f := range files {
		id, _ := uuid.Parse(uploadedFileID(f.Path)) // we made the path
		list = append(list, Expiry{FileID: id, Tenancy: f.Tenancy, CreatedAt: f.CreatedAt, Days: f.Days, path: f.Path})
	}
	return list, err
}

// expire erases what is over; false when somebody was faster, or has joined.
func (p *Privacy) expire(ctx context.Context, scope tenant.Scope, class DataClass, e Expiry) (done bool, err error) {
	done = true
	switch class {
	case ResultData:
		_, err = p.erase(ctx, scope, systemActor, e.ResultID, RetentionEnded)
		if fault.Is(err, fault.Conflict) {
			return false, nil
		}
	case FileData:
		done, err = p.forgetFiles(ctx, scope, e.ResultID)
	case UploadData:
		if err = p.store.CondemnFile(ctx, scope, e.path, p.now()); err == nil {
			err = p.drop(ctx, scope, e.path)
		}
	}
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return done && err == nil, err
}

// drop deletes a condemned file. What a crash leaves of it the next sweep
// finds again.
func (p *Privacy) drop(ctx context.Context, scope tenant.Scope, path string) error {
	if err := p.blobs.Delete(ctx, path); err != nil {
		return err
	}
	return p.store.DropFile(ctx, scope, path)
}

// forgetFiles erases the pictures of a result. Who joins it meanwhile has them
// kept: false, the next sweep comes back to it.
func (p *Privacy) forgetFiles(ctx context.Context, scope tenant.Scope, result uuid.UUID) (done bool, err error) {
	seen, err := members(ctx, p.store, scope, result)
	if err != nil {
		return false, err
	}
	var uploads, pictures []string
	for _, v := range seen {
		for _, names := range v.Config.Files {
			uploads = append(uploads, names...)
		}
		for attempt := 1; attempt <= v.Attempt; attempt++ {
			at := v
			at.Attempt = attempt
			pictures = append(pictures, at.artefactPath(cardArtefact), at.artefactPath(selfieArtefact), at.artefactPath("report.xlsx"))
		}
		if v.ExportPath != "" {
			pictures = append(pictures, v.ExportPath) // the workbook shows the pictures
		}
	}
	for _, f := range pictures {
		if err := p.blobs.Delete(ctx, f); err != nil {
			return false, err
		}
	}
	var own []string
	err = p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		if err := tx.LockResult(ctx, scope, result); err != nil {
			return err
		}
		now, err := members(ctx, tx, scope, result)
		if err != nil {
			return err
		}
		done = slices.EqualFunc(now, seen, func(a, b Verification) bool {
			return a.ID == b.ID && a.Attempt == b.Attempt && a.Status == b.Status
		})
		if done {
			own, err = tx.ForgetFiles(ctx, scope, result, uploads, p.now())
		}
		return err
	})
	if err != nil {
		return false, err
	}
	for _, f := range own {
		if err := p.drop(ctx, scope, f); err != nil && !fault.Is(err, fault.NotFound) {
			return false, err
		}
	}
	return done, nil
}
