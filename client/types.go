package client

import (
	"encoding/json"
	"time"
)

// List is a page of something. Total counts all pages.
type List[T any] struct {
	Total int `json:"total"`
	Items []T `json:"items"`
}

// Page is the slice of a list that is asked for. A zero Size is the server's
// own, 10.
type Page struct{ Offset, Size int }

// Ref is a reference to something that has a name.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// KeyRef is what is shown of an API key.
type KeyRef struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Prefix string `json:"prefix"`
}

// AuthMethods tells how people can sign in.
type AuthMethods struct {
	Password AuthMethod `json:"PASSWORD"`
	LDAP     AuthMethod `json:"LDAP"`
	Entra    AuthMethod `json:"ENTRA"`
}

// AuthMethod is one way to sign in. Healthy and Details are of directories only.
type AuthMethod struct {
	Enabled bool   `json:"enabled"`
	Healthy bool   `json:"healthy"`
	Details string `json:"details"`
}

// Profile is who is calling.
type Profile struct {
	User struct {
		ID    string `json:"id"`
		Email string `json:"email"`
		Name  string `json:"name"`
	} `json:"user"`
	Role         string `json:"role"`
	Organization Ref    `json:"organization"`
	Group        struct {
		Ref
		CreditBalance int64 `json:"credit_balance"`
	} `json:"group"`
	APIKey *KeyRef `json:"api_key"`
}

// Upload is the answer to an upload.
type Upload struct {
	ObjectID     string         `json:"object_id"`
	FileCategory FileCategory   `json:"file_category"`
	Files        []UploadedFile `json:"files"`
	Test         bool           `json:"test"` // sent with a test key
}

// UploadedFile is one stored file. Path is what a configuration takes; URL
// works for an hour.
type UploadedFile struct {
	Path      string `json:"path"`
	URL       string `json:"url"`
	PageCount int    `json:"page_count"`
}

// Folder holds results.
type Folder struct {
	ID           string    `json:"id"`
	Group        Ref       `json:"group"`
	Name         string    `json:"name"`
	IsStarred    bool      `json:"is_starred"`
	TotalService int       `json:"total_service"`
	TotalResult  int       `json:"total_result"`
	CreatedAt    time.Time `json:"created_at"`
	CreatedBy    string    `json:"created_by"`
	UpdatedAt    time.Time `json:"updated_at"`
	UpdatedBy    string    `json:"updated_by"`
}

// FolderChange is what UpdateFolder changes; nil leaves a field as it is.
type FolderChange struct {
	Name      *string `json:"name,omitempty"`
	IsStarred *bool   `json:"is_starred,omitempty"`
}

// Result groups the verifications of one person or case.
type Result struct {
	ID            string    `json:"id"`
	FolderID      string    `json:"folder_id"`
	OverallStatus Status    `json:"overall_status"`
	CreatedAt     time.Time `json:"created_at"`
	Erased        *Erased   `json:"erased"` // nil unless it was erased
	Test          bool      `json:"test"`   // made with a test key
}

// Service is one kind of verification.
type Service struct {
	ID       string `json:"id"`
	Category struct {
		Ref
		Type string `json:"type"`
	} `json:"category"`
	Code              string            `json:"code"`
	Name              string            `json:"name"`
	Description       string            `json:"description"`
	IconFileURL       *string           `json:"icon_file_url"`
	CreditCostDefault int64             `json:"credit_cost_default"`
	ActionType        string            `json:"action_type"`
	ActionParam       string            `json:"action_param"`
	IsEnabled         bool              `json:"is_enabled"`
	CreatedAt         time.Time         `json:"created_at"`
	CreatedBy         string            `json:"created_by"`
	UpdatedAt         time.Time         `json:"updated_at"`
	UpdatedBy         string            `json:"updated_by"`
	Unavailable       []UnavailableType `json:"unavailable"`
}

// UnavailableType is a type of verification that cannot run on the
// installation, because it has not got these models.
type UnavailableType struct {
	VerificationType string   `json:"verification_type"`
	MissingModels    []string `json:"missing_models"`
}

// FormField is one field of a service's configuration.
type FormField struct {
	Name         string     `json:"name"`
	Label        string     `json:"label"`
	Type         string     `json:"type"` // enum, file, boolean
	Required     bool       `json:"required"`
	Enum         []string   `json:"enum"`
	Accept       []string   `json:"accept"`
	MaxFiles     int        `json:"max_files"`
	RequiredWhen *Condition `json:"required_when"`
}

// Condition holds when another field has one of some values.
type Condition struct {
	Field string   `json:"field"`
	In    []string `json:"in"`
}

// NewVerification is a request to verify. Configuration is marshalled as JSON;
// KTPConfiguration is the one of the service KTP_VERIFICATION.
type NewVerification struct {
	ServiceID       string         `json:"service_id"`
	FolderID        string         `json:"folder_id"`
	Configuration   any            `json:"configuration"`
	ResultID        string         `json:"result_id,omitempty"`
	WebhookURL      string         `json:"webhook_url,omitempty"`
	WebhookMetadata map[string]any `json:"webhook_metadata,omitempty"`
	Consent         *Consent       `json:"consent,omitempty"`
}

// Consent is what a person agreed to before a verification. It is kept and
// shown with it.
type Consent struct {
	Text    string    `json:"text"`     // as the person saw it, up to 20,000 characters
	Version string    `json:"version"`  // your name of that text, up to 64 characters
	GivenAt time.Time `json:"given_at"` // not in the future
}

// KTPConfiguration is the configuration of the service KTP_VERIFICATION.
type KTPConfiguration struct {
	VerificationType string   `json:"verification_type"` // KTP, KTP_PEP, KTP_SELFIE, KTP_SELFIE_PEP
	Files            KTPFiles `json:"files"`
	FraudDetection   bool     `json:"fraud_detection"`
}

// KTPFiles are paths that Upload gave, one each.
type KTPFiles struct {
	KTPFile    []string `json:"ktp_file"`
	SelfieFile []string `json:"selfie_file,omitempty"`
}

// Verification is one run of a service. What is not known yet is nil.
type Verification struct {
	ID              string              `json:"id"`
	Service         Ref                 `json:"service"`
	UserID          string              `json:"user_id"`
	APIKey          *KeyRef             `json:"api_key"`
	FolderID        string              `json:"folder_id"`
	ResultID        string              `json:"result_id"`
	ExecutionTime   *float64            `json:"execution_time"` // seconds
	Status          Status              `json:"status"`
	StartDate       *time.Time          `json:"start_date"`
	EndDate         *time.Time          `json:"end_date"`
	InputConfig     json.RawMessage     `json:"input_config"`
	InputFileURL    map[string][]string `json:"input_file_url"`
	Output          json.RawMessage     `json:"output"` // null until decided
	OutputFileURL   *string             `json:"output_file_url"`
	OutputStatus    *string             `json:"output_status"` // VERIFIED, NOT_VERIFIED, PARTIALLY_NOT_VERIFIED
	ExternalJobID   ExternalJobs        `json:"external_job_id"`
	WebhookURL      *string             `json:"webhook_url"`
	WebhookMetadata map[string]any      `json:"webhook_metadata"`
	ExportFileURL   *string             `json:"export_file_url"`
	CreditUsed      int64               `json:"credit_used"`
	TotalFiles      int                 `json:"total_files"`
	TotalPages      int                 `json:"total_pages"`
	CreatedAt       time.Time           `json:"created_at"`
	UpdatedAt       time.Time           `json:"updated_at"`
	Error           *Failure            `json:"error"`
	Checks          []Check             `json:"checks"`
	Test            bool                `json:"test"`    // made with a test key
	Consent         *Consent            `json:"consent"` // nil when none was told of
}

// ExternalJobs are the jobs of a verification's current attempt.
type ExternalJobs struct {
	OCRJobID   []string `json:"ocr_job_id"`
	FraudJobID []string `json:"fraud_job_id"`
}

// CodeFraudRejected is the code of a Failure only: a person has rejected the
// document as a suspected fraud. All others are among Codes.
const CodeFraudRejected = "FRAUD_REJECTED"

// Failure says why a verification FAILED.
type Failure struct {
	ErrorCode string `json:"error_code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// Check is one thing that was looked at.
type Check struct {
	Name     string `json:"name"`
	Outcome  string `json:"outcome"` // PASS, FAIL, INCONCLUSIVE, SKIPPED
	Code     string `json:"code"`
	Message  string `json:"message"`
	Blocking bool   `json:"blocking"`
}

// Status is where a verification stands.
type Status string

// The statuses.
const (
	Draft              Status = "DRAFT"
	InQueue            Status = "IN_QUEUE"
	InProgress         Status = "IN_PROGRESS"
	Completed          Status = "COMPLETED"
	Failed             Status = "FAILED"
	Cancelled          Status = "CANCELLED"
	NeedReview         Status = "NEED_REVIEW"
	FraudDetected      Status = "FRAUD_DETECTED"
	PartiallyCompleted Status = "PARTIALLY_COMPLETED"
	PartiallyFailed    Status = "PARTIALLY_FAILED"
)

// Settled tells whether nothing more happens by itself: the verification has
// ended, or a person must decide.
func (s Status) Settled() bool {
	switch s {
	case Draft, InQueue, InProgress:
		return false
	}
	return true
}

// VerificationList is a page of a result's verifications. OverallStatus is
// over all of them.
type VerificationList struct {
	List[Verification]
	OverallStatus Status `json:"overall_status"`
}

// Event is one transition of a verification, or an alert of the watch lists.
type Event struct {
	ID             string    `json:"id"`
	VerificationID string    `json:"verification_id"`
	Sequence       int       `json:"sequence"`
	Event          string    `json:"event"` // verification.status_changed, screening.alert
	PreviousStatus Status    `json:"previous_status"`
	Status         Status    `json:"status"`
	Attempt        int       `json:"attempt"`
	Actor          string    `json:"actor"`
	CreatedAt      time.Time `json:"created_at"`
	Test           bool      `json:"test"` // of a test key's verification
}

// Job is one job of a verification's pipeline.
type Job struct {
	ID             string    `json:"id"`
	VerificationID string    `json:"verification_id"`
	Kind           string    `json:"kind"` // OCR, FRAUD
	Status         Status    `json:"status"`
	Attempt        int       `json:"attempt"`
	Steps          []JobStep `json:"steps"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

// JobStep is one step that has ended.
type JobStep struct {
	Name      string    `json:"name"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
}
