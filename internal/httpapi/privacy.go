package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/verification"
)

// erased is what stays of an erased result.
type erased struct {
	Reason        verification.ErasureReason `json:"reason" enum:"SUBJECT_REQUEST,CONSENT_WITHDRAWN,RETENTION,MISTAKE,OTHER" doc:"Why it was erased."`
	ErasedBy      string                     `json:"erased_by" doc:"Who erased it: a user's address, the prefix of an API key, or system."`
	ErasedAt      time.Time                  `json:"erased_at" doc:"When."`
	Verifications int                        `json:"verifications" doc:"How many verifications it had."`
	Commitments   verification.Commitments   `json:"commitments" doc:"HMAC-SHA256 of what was erased, under the salt of the receipt."`
}

func viewErased(t verification.Tombstone) erased {
	return erased{t.Reason, t.Actor, t.At.UTC(), t.Verifications, t.Commitments}
}

type receipt struct {
	ResultID uuid.UUID `json:"result_id" format:"uuid" doc:"The erased result."`
	erased
	Salt string `json:"salt" doc:"Base64. Told here only: with it one can prove that a NIK or a file was part of the result."`
}

type eraseRequest struct {
	ItemID
	Reason verification.ErasureReason `query:"reason" required:"true" enum:"SUBJECT_REQUEST,CONSENT_WITHDRAWN,MISTAKE,OTHER" doc:"Why it is erased."`
}

type retentionDays struct {
	Result  *whole `json:"result" minimum:"1" maximum:"36500" doc:"Days until a result is erased with everything; null: never."`
	Files   *whole `json:"files" minimum:"1" maximum:"36500" doc:"Days until its pictures are erased, while what was read from them stays; null: never."`
	Uploads *whole `json:"uploads" required:"false" minimum:"1" maximum:"36500" doc:"Days until an uploaded file is erased that no verification ever used. It is always answered; null or absent sets 7."`
}

func viewRetention(days map[verification.DataClass]int) retentionDays {
	var v retentionDays
	for class, into := range map[verification.DataClass]**whole{verification.ResultData: &v.Result, verification.FileData: &v.Files, verification.UploadData: &v.Uploads} {
		if n, ok := days[class]; ok {
			w := whole(n)
			*into = &w
		}
	}
	return v
}

type setRetentionRequest struct {
	ItemID
	Body retentionRequestBody
}

// retentionRequestBody has the name of what is sent: an unknown field in it is
// refused.
type retentionRequestBody retentionDays

type findSubjectRequest struct {
	Body struct {
		NIK string `json:"nik" doc:"NIK, 16 digits."`
	}
}

type subjectResults struct {
	ResultIDs []uuid.UUID `json:"result_ids" doc:"Results about this person, oldest first."`
}

func (s *server) privacyRoutes() {
	tags := []string{"Privacy"}
	handle(s, callers, huma.Operation{OperationID: "eraseResult", Method: http.MethodDelete, Path: "/results/{id}", Metadata: recorded(audit.ResultErased, "result"), Tags: tags,
		Summary:     "Erase a result for ever",
		Description: "Its keys are destroyed at once: files, evidence and output cannot be read again, in backups neither. What has not ended is cancelled. A tombstone stays."},
		func(ctx context.Context, in *eraseRequest) (*output[receipt], error) {
			r, err := s.Privacy.Erase(ctx, actorOf(ctx), in.ID.uuid(), in.Reason)
			return &output[receipt]{Body: receipt{r.ResultID, viewErased(r.Tombstone), r.Salt}}, err
		})
	handle(s, callers, huma.Operation{OperationID: "findSubject", Method: http.MethodPost, Path: "/privacy/subjects", Metadata: recorded(audit.SubjectSearched, ""), Tags: tags,
		Summary:     "The results about a person, by NIK",
		Description: "For a person's request to see or erase what is kept: the results in those groups of the caller's organization that it sees, oldest first. The NIK goes in the body, so that no log has it."},
		func(ctx context.Context, in *findSubjectRequest) (*output[subjectResults], error) {
			ids, err := s.Privacy.ResultsOf(ctx, actorOf(ctx), in.Body.NIK)
			return &output[subjectResults]{Body: subjectResults{append([]uuid.UUID{}, ids...)}}, err
		})
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	body := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[findSubjectRequest]().Field(0).Type, true, "FindSubjectRequestBody")
	s.handleRaw(callers, huma.Operation{OperationID: exportSubjectOperation, Method: http.MethodPost, Path: "/privacy/subjects/export", Metadata: recorded(audit.SubjectExported, "result"), Tags: tags,
		MaxBodyBytes: maxBody, BodyReadTimeout: bodyTimeout, // readNIK keeps them
		Summary: "Everything that is kept about a person, by NIK, as one file",
		Description: "For a person's request to see what is kept. A ZIP with a folder for each result, as GET /results/{id}/evidence.zip has it, a page for people and a signed manifest. " +
			"It needs results:erase, results:export and personal-data:read; each result leaves a record. anycheck evidence verify checks it without a connection.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: body}}},
		Responses:   map[string]*huma.Response{"200": {Description: "The export, as an attachment", Content: map[string]*huma.MediaType{"application/zip": {Schema: binary}}}},
	}, s.exportSubject)
	handle(s, callers, huma.Operation{OperationID: "getRetention", Method: http.MethodGet, Path: "/groups/{id}/retention", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "How long a group keeps data"},
		func(ctx context.Context, in *ItemID) (*output[retentionDays], error) {
			days, err := s.Privacy.Retention(ctx, actorOf(ctx), in.ID.uuid())
			return &output[retentionDays]{Body: viewRetention(days)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "setRetention", Method: http.MethodPut, Path: "/groups/{id}/retention", Metadata: recorded(audit.SettingsChanged, "group"), Tags: tags,
		Summary:     "Set how long a group keeps data",
		Description: "A sweep erases hourly what is older. Only the organization's owner may set it."},
		func(ctx context.Context, in *setRetentionRequest) (*output[retentionDays], error) {
			want := map[verification.DataClass]int{}
			for class, n := range map[verification.DataClass]*whole{verification.ResultData: in.Body.Result, verification.FileData: in.Body.Files, verification.UploadData: in.Body.Uploads} {
				if want[class] = 0; n != nil {
					want[class] = int(*n)
				}
			}
			days, err := s.Privacy.SetRetention(ctx, actorOf(ctx), in.ID.uuid(), want)
			return &output[retentionDays]{Body: viewRetention(days)}, err
		})
}
