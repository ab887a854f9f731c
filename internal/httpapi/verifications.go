package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/verification"
)

// verificationView is the Verification object: the contract's fields in the
// contract's order, then ours.
type verificationView struct {
	ID              uuid.UUID                  `json:"id" format:"uuid" doc:"Id of the verification."`
	Service         named                      `json:"service" doc:"The service that runs."`
	UserID          uuid.UUID                  `json:"user_id" format:"uuid" doc:"Who created it; with an API key, who made the key."`
	APIKey          *verification.KeyRef       `json:"api_key" doc:"The API key that created it, null for a signed-in person."`
	FolderID        uuid.UUID                  `json:"folder_id" format:"uuid" doc:"The folder of its result."`
	ResultID        uuid.UUID                  `json:"result_id" format:"uuid" doc:"The result that groups it with others of the same person or case."`
	ExecutionTime   *float64                   `json:"execution_time" example:"2.284" doc:"Seconds from start_date to end_date, null until it has ended."`
	Status          verification.Status        `json:"status" enum:"DRAFT,IN_QUEUE,IN_PROGRESS,COMPLETED,FAILED,CANCELLED,NEED_REVIEW,FRAUD_DETECTED,PARTIALLY_COMPLETED,PARTIALLY_FAILED" doc:"Where it stands."`
	StartDate       *time.Time                 `json:"start_date" doc:"When a worker took it, null before."`
	EndDate         *time.Time                 `json:"end_date" doc:"When the work on it ended, null before. The wait for a person is not counted."`
	InputConfig     object                     `json:"input_config" doc:"The configuration as sent."`
	InputFileURL    map[string][]string        `json:"input_file_url" doc:"Field of configuration.files to addresses of its files, valid for an hour."`
	Output          object                     `json:"output" nullable:"true" doc:"What was found, null until decided."`
	OutputFileURL   *string                    `json:"output_file_url" doc:"Address of the JSON file with all evidence, valid for an hour; null until decided."`
	OutputStatus    *verification.OutputStatus `json:"output_status" enum:"VERIFIED,NOT_VERIFIED,PARTIALLY_NOT_VERIFIED" doc:"The verdict over all checks, null until decided."`
	ExternalJobID   externalJobs               `json:"external_job_id" doc:"The jobs of the current attempt, see GET /jobs/{id}."`
	WebhookURL      *string                    `json:"webhook_url" doc:"Where transitions are announced, null for nowhere."`
	WebhookMetadata object                     `json:"webhook_metadata" doc:"The caller's metadata, without webhook_secret."`
	ExportFileURL   *string                    `json:"export_file_url" doc:"Address of the workbook (.xlsx), valid for an hour; null until decided."`
	CreditUsed      int64                      `json:"credit_used" doc:"Credits spent on it."`
	TotalFiles      int                        `json:"total_files" doc:"How many files were sent."`
	TotalPages      int                        `json:"total_pages" doc:"How many pages they have."`
	CreatedAt       time.Time                  `json:"created_at" doc:"When it was created."`
	UpdatedAt       time.Time                  `json:"updated_at" doc:"When it last changed."`

	Error  *verification.Failure `json:"error" doc:"Why it FAILED, else null."`
	Checks []verification.Check  `json:"checks" doc:"What was checked and what came of it; empty until decided."`
	Test   bool                  `json:"test" doc:"Whether it was made with a test key: its outcome is made up and nothing is charged."`

	Consent *consent `json:"consent" doc:"What the person agreed to, as told with the verification; null if nothing was."`
}

type externalJobs struct {
	OCRJobID   []uuid.UUID `json:"ocr_job_id" doc:"Jobs that read the document."`
	FraudJobID []uuid.UUID `json:"fraud_job_id" doc:"Jobs that look for tampering."`
}

// viewVerification shows v with links that start with base.
func (s *server) viewVerification(base links, v verification.Seen) verificationView {
	link := func(path string) *string {
		if path == "" {
			return nil
		}
		u := s.signer.url(base, path)
		return &u
	}
	view := verificationView{
		ID: v.ID, Service: named{v.ServiceID, v.ServiceName}, UserID: v.UserID, APIKey: v.APIKey, FolderID: v.FolderID, ResultID: v.ResultID,
		Status: v.Status, StartDate: inUTC(v.StartDate), EndDate: inUTC(v.EndDate),
		InputConfig: object(v.InputConfig), InputFileURL: map[string][]string{},
		Output: object(v.Output), OutputFileURL: link(v.OutputPath),
		ExternalJobID:   externalJobs{append([]uuid.UUID{}, v.OCRJobIDs...), append([]uuid.UUID{}, v.FraudJobIDs...)},
		WebhookMetadata: object(v.Metadata()), ExportFileURL: link(v.ExportPath),
		CreditUsed: v.CreditUsed, TotalFiles: v.TotalFiles, TotalPages: v.TotalPages,
		CreatedAt: v.CreatedAt.UTC(), UpdatedAt: v.UpdatedAt.UTC(),
		Error: v.Failure, Checks: append([]verification.Check{}, v.Checks...), Test: v.Test(),
		Consent: (*consent)(v.Consent),
	}
	if d, ok := v.ExecutionTime(); ok {
		seconds := d.Seconds()
		view.ExecutionTime = &seconds
	}
	if v.OutputStatus != "" {
		view.OutputStatus = &v.OutputStatus
	}
	if v.WebhookURL != "" {
		view.WebhookURL = &v.WebhookURL
	}
	for field, paths := range v.Config.Files {
		urls := make([]string, 0, len(paths))
		for _, p := range paths {
			urls = append(urls, s.signer.url(base, p))
		}
		view.InputFileURL[field] = urls
	}
	return view
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func (s *server) answerVerification(ctx context.Context, v verification.Verification, err error) (*output[verificationView], error) {
	if err != nil {
		return nil, err
	}
	return &output[verificationView]{Body: s.viewVerification(callOf(ctx).base, v.For(actorOf(ctx)))}, nil
}

type createVerificationRequest struct {
	Body struct {
		ServiceID       id                  `json:"service_id" doc:"Id of the service, from GET /services."`
		FolderID        id                  `json:"folder_id" doc:"The folder that takes the result."`
		Configuration   object              `json:"configuration" example:"{\"verification_type\":\"KTP_SELFIE\",\"files\":{\"ktp_file\":[\"files/…/uploads/…_ktp.jpg\"],\"selfie_file\":[\"files/…/uploads/…_selfie.jpg\"]},\"fraud_detection\":false}" doc:"What the service needs; GET /services/{id}/form-fields describes it. File paths come from POST /uploads."`
		ResultID        *id                 `json:"result_id,omitempty" nullable:"true" doc:"Join this result of the folder; absent makes a new one."`
		WebhookURL      string              `json:"webhook_url,omitempty" nullable:"true" maxLength:"2048" example:"https://your-app.example/webhook" doc:"Announce every transition to this address."`
		WebhookMetadata object              `json:"webhook_metadata,omitempty" nullable:"true" doc:"Sent along with each webhook. webhook_secret in it signs them and is never given back."`
		Consent         *consentRequestBody `json:"consent,omitempty" nullable:"true" doc:"What the person agreed to before; kept and shown with the verification."`
	}
}

type listVerificationsRequest struct {
	ResultID id `query:"result_id" required:"true" doc:"The result whose verifications are listed."`
	Page
}

type verificationList struct {
	Total         int                 `json:"total" doc:"How many verifications the result has."`
	OverallStatus verification.Status `json:"overall_status" enum:"DRAFT,IN_QUEUE,IN_PROGRESS,COMPLETED,FAILED,CANCELLED,NEED_REVIEW,FRAUD_DETECTED,PARTIALLY_COMPLETED,PARTIALLY_FAILED" doc:"Status over all of the result's verifications, not only this page."`
	Items         []verificationView  `json:"items" doc:"The verifications of this page, oldest first."`
}

type retryRequest struct {
	ItemID
	Force bool `query:"force" default:"false" doc:"Run it again even if it did not fail."`
}

type event struct {
	ID             uuid.UUID              `json:"id" format:"uuid" doc:"Id of the event."`
	VerificationID uuid.UUID              `json:"verification_id" format:"uuid" doc:"The verification."`
	Sequence       int                    `json:"sequence" doc:"1, 2, 3 … without gaps."`
	Event          verification.EventKind `json:"event" enum:"verification.status_changed,screening.alert" doc:"What it tells of: a transition, or new hits after watch lists changed."`
	PreviousStatus verification.Status    `json:"previous_status" doc:"Status before; of an alert the same as status."`
	Status         verification.Status    `json:"status" doc:"Status after."`
	Attempt        int                    `json:"attempt" doc:"The attempt it belongs to, 1 for the first."`
	Actor          string                 `json:"actor" doc:"Who caused it: a user's address, the prefix of an API key, or system."`
	CreatedAt      time.Time              `json:"created_at" doc:"When it happened."`
	Test           bool                   `json:"test" doc:"Whether the verification was made with a test key."`
}

// viewEvent shows an event to its caller, who sees either test data or live data.
func viewEvent(e verification.Event, test bool) event {
	return event{e.ID, e.VerificationID, e.Sequence, e.Kind, e.From, e.To, e.Attempt, e.Actor, e.At.UTC(), test}
}

const revealOperation = "reveal"

type revealRequest struct {
	ItemID
	Body struct {
		Field  string `json:"field" maxLength:"64" example:"nik" doc:"Name of the field in output.ktp, or in input_config of a screening."`
		Reason string `json:"reason" doc:"Why, 1 to 500 characters. It is kept until the result is erased."`
	}
}

type revealed struct {
	Field string  `json:"field" doc:"The field that was asked for."`
	Value *string `json:"value" doc:"Its value, null when it could not be read."`
}

type revealView struct {
	ID        uuid.UUID `json:"id" format:"uuid" doc:"Id of the reveal: reveal_id in the details of its audit record."`
	Field     string    `json:"field" doc:"The field that was revealed."`
	Reason    string    `json:"reason" doc:"Why; masked for who sees personal data masked."`
	Actor     string    `json:"actor" doc:"Who was shown it: a user's address or the prefix of an API key."`
	CreatedAt time.Time `json:"created_at" doc:"When."`
}

func viewReveal(r verification.Reveal) revealView {
	return revealView{r.ID, r.Field, r.Reason, r.Actor, r.At.UTC()}
}

func (s *server) verificationRoutes() {
	tags := []string{"Verifications"}
	handle(s, callers, huma.Operation{OperationID: "createVerification", Method: http.MethodPost, Path: "/verifications", Tags: tags,
		Metadata:      recorded(audit.VerificationCreated, "verification"),
		Summary:       "Verify",
		Description:   "Accepts a verification and queues it. Its credits are reserved now, spent when it completes, and given back when it fails or is cancelled.",
		DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createVerificationRequest) (*output[verificationView], error) {
			b := in.Body
			n := verification.NewVerification{ServiceID: b.ServiceID.uuid(), FolderID: b.FolderID.uuid(), Configuration: json.RawMessage(b.Configuration),
				WebhookURL: b.WebhookURL, WebhookMetadata: json.RawMessage(b.WebhookMetadata), Consent: b.Consent.told()}
			if b.ResultID != nil {
				r := b.ResultID.uuid()
				n.ResultID = &r
			}
			v, err := s.UseCases.Create(ctx, actorOf(ctx), n)
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "listVerifications", Method: http.MethodGet, Path: "/verifications", Tags: tags,
		Metadata: recorded(audit.DataViewed, "result", "result_id"),
		Summary:  "The verifications of a result"},
		func(ctx context.Context, in *listVerificationsRequest) (*output[verificationList], error) {
			items, total, overall, err := s.UseCases.List(ctx, actorOf(ctx), in.ResultID.uuid(), in.page())
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(items, personal) {
				audit.Of(ctx).Drop()
			}
			audit.Of(ctx).Detail("offset", strconv.Itoa(in.PageOffset))
			audit.Of(ctx).Detail("count", strconv.Itoa(len(items)))
			l := verificationList{Total: total, OverallStatus: overall, Items: make([]verificationView, 0, len(items))}
			for _, v := range items {
				l.Items = append(l.Items, s.viewVerification(callOf(ctx).base, v.For(actorOf(ctx))))
			}
			return &output[verificationList]{Body: l}, nil
		})
	handle(s, callers, huma.Operation{OperationID: "getVerification", Method: http.MethodGet, Path: "/verifications/{id}", Tags: tags,
		Metadata: recorded(audit.DataViewed, "verification"),
		Summary:  "One verification"},
		func(ctx context.Context, in *ItemID) (*output[verificationView], error) {
			v, err := s.UseCases.Get(ctx, actorOf(ctx), in.ID.uuid())
			if err == nil && !personal(v) {
				audit.Of(ctx).Drop()
			}
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "retryVerification", Method: http.MethodPost, Path: "/verifications/{id}/retry", Tags: tags,
		Metadata: recorded(audit.VerificationRetried, "verification"),
		Summary:  "Run a failed verification again, or with force any finished one"},
		func(ctx context.Context, in *retryRequest) (*output[verificationView], error) {
			audit.Of(ctx).Detail("force", strconv.FormatBool(in.Force))
			v, err := s.UseCases.Retry(ctx, actorOf(ctx), in.ID.uuid(), in.Force)
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "cancelVerification", Method: http.MethodPost, Path: "/verifications/{id}/cancel", Tags: tags,
		Metadata: recorded(audit.VerificationCancelled, "verification"),
		Summary:  "Stop a verification that has not ended"},
		func(ctx context.Context, in *ItemID) (*output[verificationView], error) {
			v, err := s.UseCases.Cancel(ctx, actorOf(ctx), in.ID.uuid())
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "listEvents", Method: http.MethodGet, Path: "/verifications/{id}/events", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The transitions of a verification, oldest first"},
		func(ctx context.Context, in *ItemID) (*output[list[event]], error) {
			events, err := s.UseCases.Events(ctx, actorOf(ctx), in.ID.uuid())
			return listOf(events, len(events), func(e verification.Event) event { return viewEvent(e, actorOf(ctx).Test()) }), err
		})
	handle(s, callers, huma.Operation{OperationID: revealOperation, Method: http.MethodPost, Path: "/verifications/{id}/reveal", Tags: tags,
		Metadata:    recorded(audit.DataRevealed, "verification"),
		Summary:     "Reveal one masked value",
		Description: "For callers that see personal data masked: output, input_config and hits then have stars for what tells who somebody is, and no files."},
		func(ctx context.Context, in *revealRequest) (*output[revealed], error) {
			value, err := s.UseCases.Reveal(ctx, actorOf(ctx), in.ID.uuid(), in.Body.Field, in.Body.Reason)
			return &output[revealed]{Body: revealed{in.Body.Field, value}}, err
		})
	handle(s, callers, huma.Operation{OperationID: "listReveals", Method: http.MethodGet, Path: "/verifications/{id}/reveals", Tags: tags,
		Metadata:    recorded(audit.LogViewed, "verification"),
		Summary:     "Who was shown masked values of a verification, and why, oldest first",
		Description: "For who has the permission audit:read. The reasons are erased with the result; that a value was revealed stays in the audit log."},
		func(ctx context.Context, in *ItemID) (*output[list[revealView]], error) {
			items, err := s.UseCases.Reveals(ctx, actorOf(ctx), in.ID.uuid())
			return listOf(items, len(items), viewReveal), err
		})
}
