package verification

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/imaging"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// Store keeps everything that must survive. Every method takes the scope of
// its caller and treats what lies outside as absent: a NotFound fault, or
// nothing in a list. Writes are refused the same way.
type Store interface {
	// InTx runs fn with a store whose reads and writes are one transaction,
	// committed when fn returns nil. fn must not do file, network or model
	// work, may run again after a conflict, and must use only tx.
	InTx(ctx context.Context, fn func(ctx context.Context, tx Store) error) error

	Folders
	Files
	Verifications
	Pipelines
	KnownFaces
	WatchedPersons
	Erasures
	Credits
	CreditReports
	RateLimits
	Answers
	Webhooks
	AttemptStore
	ReviewStore
	RevealStore
	ReviewSettingsStore
	EventFeed
	// ServiceState gives the operator's state of a service by code.
	ServiceState(ctx context.Context, code string) (ServiceState, error)
	// Enqueue adds a job to the queue; inside InTx it is part of the transaction.
	Enqueue(ctx context.Context, task Task) error
}

// Folders stores folders.
type Folders interface {
	InsertFolder(ctx context.Context, scope tenant.Scope, f Folder) error
	Folder(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Folder, error)
	// PlainFolder is Folder without its group's name and its totals, which cost
	// more the more the folder holds.
	PlainFolder(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Folder, error)
	// Folders lists a group's folders whose name contains search (any case),
	// newest first, and how many there are. An unknown group is NotFound.
	Folders(ctx context.Context, scope tenant.Scope, group uuid.UUID, search string, p Page) ([]Folder, int, error)
	// UpdateFolder writes Name, IsStarred, UpdatedAt and UpdatedBy.
	UpdateFolder(ctx context.Context, scope tenant.Scope, f Folder) error
	// DeleteFolder removes an empty folder; one with results is a Conflict.
	DeleteFolder(ctx context.Context, scope tenant.Scope, id uuid.UUID) error
}

// Files stores what is known of uploads; the bytes are in Blobs.
type Files interface {
	InsertUpload(ctx context.Context, scope tenant.Scope, u Upload) error
	// Files finds uploaded files by their paths; what is gone is left out.
	Files(ctx context.Context, scope tenant.Scope, paths ...string) (map[string]File, error)
	// UseFiles notes that a verification uses files, and keeps them from being
	// deleted until the transaction ends. It gives the paths of those that are
	// there.
	UseFiles(ctx context.Context, scope tenant.Scope, paths ...string) (used []string, err error)
	// UnusedFiles lists input files that no verification ever used and whose
	// time is over, days where the group has set none, and those that are
	// condemned: the oldest first, from behind another on (the zero
	// UnusedFile: from the first).
	UnusedFiles(ctx context.Context, scope tenant.Scope, now time.Time, days int, after UnusedFile, limit int) ([]UnusedFile, error)
	// CondemnFile destroys the key of a file that nobody uses: from now on it
	// is gone for everybody. One that is used is NotFound.
	CondemnFile(ctx context.Context, scope tenant.Scope, path string, at time.Time) error
	// DropFile forgets a condemned file, once its bytes are deleted.
	DropFile(ctx context.Context, scope tenant.Scope, path string) error
}

// Verifications stores verifications and their results.
type Verifications interface {
	InsertResult(ctx context.Context, scope tenant.Scope, r Result) error
	Result(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Result, error)
	// FindResults lists results, newest first, and how many there are.
	FindResults(ctx context.Context, scope tenant.Scope, f ResultFilter, p Page) ([]Result, int, error)
	// MemberStatuses gives the different statuses of each result's
	// verifications; a result without any is left out.
	MemberStatuses(ctx context.Context, scope tenant.Scope, results []uuid.UUID) (map[uuid.UUID][]Status, error)
	// Results lists a folder's results, newest first, and how many there are.
	Results(ctx context.Context, scope tenant.Scope, folder uuid.UUID, p Page) ([]Result, int, error)
	// InsertVerification keeps a new verification, with an event and jobs as
	// UpdateVerification does.
	InsertVerification(ctx context.Context, scope tenant.Scope, v Verification, e *Event, jobs ...Job) error
	// LockResult lets nobody else join a result, erase it or forget its files
	// until the transaction ends. One that is erased is NotFound.
	LockResult(ctx context.Context, scope tenant.Scope, id uuid.UUID) error
	// JoinResult is LockResult for who brings files along: should those of the
	// result be forgotten already, these are to be forgotten in their turn.
	JoinResult(ctx context.Context, scope tenant.Scope, id uuid.UUID) error
	Verification(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Verification, error)
	// Verifications lists a result's verifications, oldest first, with the
	// status of every member of the result, not only of the page. An unknown
	// result is NotFound.
	Verifications(ctx context.Context, scope tenant.Scope, result uuid.UUID, p Page) (items []Verification, members []Status, err error)
	// UpdateVerification writes every mutable field of v if the row is still
	// as was says; otherwise it changes nothing and answers a Conflict. With it
	// it keeps e, unless that is nil, and gives it the next sequence number, and
	// jobs that begin.
	UpdateVerification(ctx context.Context, scope tenant.Scope, was Mark, v Verification, e *Event, jobs ...Job) error
	// UpdateInput writes what a draft holds: service, configuration, pages,
	// webhook, consent and cost, if the row is still as was says; else it is a Conflict.
	UpdateInput(ctx context.Context, scope tenant.Scope, was Mark, v Verification) error
	// LockVerification reads a verification and lets nobody else change it
	// until the transaction ends.
	LockVerification(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Verification, error)
	Events(ctx context.Context, scope tenant.Scope, verification uuid.UUID) ([]Event, error)
	// Unfinished lists, for the sweep, verifications IN_QUEUE or IN_PROGRESS
	// whose row was not touched since before.
	Unfinished(ctx context.Context, scope tenant.Scope, before time.Time, limit int) ([]uuid.UUID, error)
}

// Mark is what a row must still be for an update to apply.
type Mark struct {
	Status  Status
	Attempt int
}

// Pipelines stores what the pipeline leaves behind.
type Pipelines interface {
	Job(ctx context.Context, scope tenant.Scope, id uuid.UUID) (Job, error)
	// JobsOf lists the jobs of one attempt.
	JobsOf(ctx context.Context, scope tenant.Scope, verification uuid.UUID, attempt int) ([]Job, error)
	UpdateJob(ctx context.Context, scope tenant.Scope, j Job) error
	// SaveEvidence keeps a step's evidence; the first one of an attempt and
	// step stays, a second is ignored.
	SaveEvidence(ctx context.Context, scope tenant.Scope, verification uuid.UUID, attempt int, step StepName, evidence json.RawMessage, at time.Time) error
	// ReplaceEvidence keeps evidence in place of what the step has left.
	ReplaceEvidence(ctx context.Context, scope tenant.Scope, verification uuid.UUID, attempt int, step StepName, evidence json.RawMessage, at time.Time) error
	// Evidence gives what the steps of an attempt have left so far.
	Evidence(ctx context.Context, scope tenant.Scope, verification uuid.UUID, attempt int) (map[StepName]json.RawMessage, error)
}

// KnownFaces stores which face was presented under which NIK. A row lives as
// long as its verification.
type KnownFaces interface {
	// SaveKnownFace keeps the face of a verification in place of the one from
	// an earlier attempt; one without a Face only removes that.
	SaveKnownFace(ctx context.Context, scope tenant.Scope, f KnownFace) error
	// KnownFace gives what was kept of a verification.
	KnownFace(ctx context.Context, scope tenant.Scope, verification uuid.UUID) (KnownFace, error)
	// EachKnownFace visits the faces of one space and organization, in any
	// order. The bytes are valid during the visit only.
	EachKnownFace(ctx context.Context, scope tenant.Scope, organization uuid.UUID, space string, visit func(verification uuid.UUID, owner, face []byte)) error
}

// KnownFace is the face that one verification has seen.
type KnownFace struct {
	VerificationID uuid.UUID
	// Space names what made Owner and Face; only rows of one space compare.
	Space string
	Owner []byte // the NIK, as a keyed hash
	Face  []byte // face.Template.Values
	At    time.Time
}

// Credits stores the ledger.
type Credits interface {
	// AppendEntry writes the entry and moves the group's balance. A Reserve
	// beyond the balance is Exhausted with INSUFFICIENT_BALANCE, one beyond the
	// quota of the verification's user with QUOTA_EXCEEDED; a second entry of
	// the same verification, attempt and kind is a Conflict.
	AppendEntry(ctx context.Context, scope tenant.Scope, e ledger.Entry) error
	// Reserved tells whether an attempt holds a reservation that is neither
	// settled nor released.
	Reserved(ctx context.Context, scope tenant.Scope, verification uuid.UUID, attempt int) (bool, error)
}

// Task is a job for the queue. It carries ids only, never personal data.
type Task struct {
	Kind TaskKind
	ID   uuid.UUID
	// Round is the delivery's (DeliverTask): one that waits of an earlier round
	// does not stand in the way.
	Round int
}

// TaskKind names a worker.
type TaskKind string

// The workers.
const (
	ProcessTask TaskKind = "verification.process" // ID is the verification
	DeliverTask TaskKind = "webhook.deliver"      // ID is the delivery
	EraseTask   TaskKind = "result.erase"         // ID is the erased result
)

// Blobs keeps files by path. Paths are made by the core, slash-separated, and
// never leave the store's root.
type Blobs interface {
	// Put writes the whole file or nothing; it survives a crash once Put
	// returned. An existing file is replaced.
	Put(ctx context.Context, path string, data io.Reader) error
	// Open reads a file; a missing one is NotFound.
	Open(ctx context.Context, path string) (io.ReadCloser, error)
	// Delete removes a file; a missing one is no error.
	Delete(ctx context.Context, path string) error
	// DeleteAll removes every file below a folder; a missing one is no error.
	DeleteAll(ctx context.Context, folder string) error
}

// Documents opens uploaded files.
type Documents interface {
	// Inspect decodes the whole file and tells what it is. What cannot be
	// read is an Invalid, TooLarge or Unsupported fault that says why.
	Inspect(ctx context.Context, data []byte, password string) (Document, error)
	// Page decodes one page, 0-based, of a file that Inspect accepted.
	Page(ctx context.Context, data []byte, page int) (*imaging.Picture, imaging.Info, error)
}

// Document is what Inspect found.
type Document struct {
	MediaType string
	Pages     int
	// Unlocked is the file without its password, nil when it had none: the
	// password is used once and not kept.
	Unlocked []byte
}

// Capabilities tells what this installation can do.
type Capabilities interface {
	// Missing lists the models that a type of verification needs and that
	// cannot be had.
	Missing(t Type) []string
}

// Outbound tells which addresses webhooks may go to.
type Outbound interface {
	// CheckURL refuses an address that could never be delivered to, without
	// touching the network; the message says why.
	CheckURL(url string) error
}
