package verification

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
)

// Tenancy is the group that owns a row.
type Tenancy struct {
	OrganizationID uuid.UUID
	GroupID        uuid.UUID
}

// Verification is one run of a service over the files of one person.
type Verification struct {
	ID uuid.UUID
	Tenancy
	ServiceID   uuid.UUID
	ServiceName string
	UserID      uuid.UUID
	APIKey      *KeyRef // nil when a signed-in person created it
	FolderID    uuid.UUID
	ResultID    uuid.UUID

	Status  Status
	Attempt int // 1 for the first run, one more for each retry
	// Runs counts how often a worker took this attempt; a run that never ends
	// (a crash) leaves its count behind.
	Runs      int
	StartDate *time.Time
	EndDate   *time.Time

	InputConfig json.RawMessage // as sent
	Config      Configuration   // as validated
	TotalFiles  int
	TotalPages  int

	Output       json.RawMessage // nil until decided
	OutputStatus OutputStatus    // empty until decided
	Checks       []Check
	OutputPath   string // file path of the evidence JSON, empty until decided
	ExportPath   string // file path of the workbook, empty until decided
	Failure      *Failure

	OCRJobIDs   []uuid.UUID
	FraudJobIDs []uuid.UUID

	WebhookURL      string
	WebhookMetadata json.RawMessage // without the secret; nil when none was sent
	WebhookSecret   string          // the caller's own, may be empty

	Consent *Consent // nil when the caller told of none

	CreditCost int64 // reserved for the current attempt
	CreditUsed int64 // settled over all attempts
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// ExecutionTime is how long the pipeline took, in whole milliseconds, and
// false while it has not ended.
func (v Verification) ExecutionTime() (time.Duration, bool) {
	if v.StartDate == nil || v.EndDate == nil {
		return 0, false
	}
	return v.EndDate.Sub(*v.StartDate).Round(time.Millisecond), true
}

// KeyRef is what may be shown of the API key that created a verification.
type KeyRef struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name"`
	Prefix string    `json:"prefix"`
}

// Failure says why a verification FAILED.
type Failure struct {
	ErrorCode fault.Code `json:"error_code" doc:"A code of x-error-codes, or FRAUD_REJECTED where a person has rejected a suspected fraud."`
	Message   string     `json:"message"`
	Retryable bool       `json:"retryable"`
}

// OutputStatus is the verdict over all checks.
type OutputStatus string

// The verdicts of the contract.
const (
	Verified             OutputStatus = "VERIFIED"
	PartiallyNotVerified OutputStatus = "PARTIALLY_NOT_VERIFIED"
	NotVerified          OutputStatus = "NOT_VERIFIED"
)

// Check is one thing that was looked at, and what came of it.
type Check struct {
	Name    string  `json:"name" doc:"What was checked"`
	Outcome Outcome `json:"outcome" enum:"PASS,FAIL,INCONCLUSIVE,SKIPPED" doc:"What came of it"`
	Code    string  `json:"code" doc:"Stable reason code, empty on PASS"`
	Message string  `json:"message" doc:"The reason and the next step, for a person"`
	// Blocking says that a FAIL here makes the verdict NOT_VERIFIED.
	Blocking bool `json:"blocking" doc:"Whether a FAIL of this check makes the verdict NOT_VERIFIED"`
}

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	Pass         Outcome = "PASS"
	FailOutcome  Outcome = "FAIL"
	Inconclusive Outcome = "INCONCLUSIVE"
	Skipped      Outcome = "SKIPPED"
)

// Folder holds results.
type Folder struct {
	ID uuid.UUID
	Tenancy
	GroupName    string
	Name         string
	IsStarred    bool
	TotalService int // different services used in it
	TotalResult  int
	CreatedAt    time.Time
	CreatedBy    string
	UpdatedAt    time.Time
	UpdatedBy    string
}

// Result groups the verifications of one person or case.
type Result struct {
	ID uuid.UUID
	Tenancy
	FolderID  uuid.UUID
	CreatedAt time.Time
	// Overall is the status over its members. The use cases fill it; it is not
	// stored.
	Overall Status
}

// ResultFilter limits a list of results; zero values do not.
type ResultFilter struct {
	Folder uuid.UUID
	Status Status // of at least one of its verifications
}

// FileCategory says what an upload is for.
type FileCategory string

// The categories of the contract.
const (
	InputFile      FileCategory = "VERIFICATION_INPUT_FILE"
	ProfilePicture FileCategory = "PROFILE_PICTURE"
)

// Upload is one POST of files.
type Upload struct {
	ID uuid.UUID
	Tenancy
	UserID    uuid.UUID
	Category  FileCategory
	Files     []File
	CreatedAt time.Time
}

// File is one stored upload.
type File struct {
	Path      string // files/{organization}/{group}/uploads/{uuid}_{original name}
	Category  FileCategory
	MediaType string
	Bytes     int64
	SHA256    string // hexadecimal
	Pages     int
}

// UnusedFile is an uploaded file that nobody used in its time.
type UnusedFile struct {
	Path string
	Tenancy
	CreatedAt time.Time // of its upload
	Days      int       // the group's limit
}

// JobKind is the part of the pipeline that a job record stands for.
type JobKind string

// The kinds, after the lists of external_job_id.
const (
	OCRJob   JobKind = "OCR"
	FraudJob JobKind = "FRAUD"
)

// Job is the record of a part of one attempt, behind external_job_id.
type Job struct {
	ID             uuid.UUID
	Tenancy        `json:"-"`
	VerificationID uuid.UUID
	Attempt        int
	Kind           JobKind
	Status         Status // IN_QUEUE, IN_PROGRESS, COMPLETED, FAILED, CANCELLED
	Steps          []StepRecord
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// StepRecord is what a job tells of one step.
type StepRecord struct {
	Name      StepName
	StartedAt time.Time
	EndedAt   time.Time
}

// EventKind is what an event tells of.
type EventKind string

// The kinds.
const (
	StatusChanged  EventKind = "verification.status_changed"
	ScreeningAlert EventKind = "screening.alert" // new or changed hits after lists changed
)

// Event is one transition of a verification, or an alert.
type Event struct {
	ID             uuid.UUID
	VerificationID uuid.UUID
	Sequence       int // 1, 2, 3 … without gaps
	Kind           EventKind
	From           Status
	To             Status // of an alert: the same as From
	Attempt        int
	Actor          string // user, key prefix or "system"
	At             time.Time
}

// Page is a slice of a list.
type Page struct{ Offset, Size int }
