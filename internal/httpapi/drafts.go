package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

type createDraftRequest struct {
	Body struct {
		ServiceID       id                  `json:"service_id" doc:"Id of the service, from GET /services."`
		FolderID        id                  `json:"folder_id" doc:"The folder that takes the result."`
		Configuration   object              `json:"configuration,omitempty" nullable:"true" doc:"What the service needs, as far as it is known. Unknown keys are refused; all else is checked when the draft is submitted."`
		ResultID        *id                 `json:"result_id,omitempty" nullable:"true" doc:"Join this result of the folder; absent makes a new one."`
		WebhookURL      string              `json:"webhook_url,omitempty" nullable:"true" maxLength:"2048" doc:"Announce every transition to this address."`
		WebhookMetadata object              `json:"webhook_metadata,omitempty" nullable:"true" doc:"Sent along with each webhook. webhook_secret in it signs them and is never given back."`
		Consent         *consentRequestBody `json:"consent,omitempty" nullable:"true" doc:"What the person agreed to before; kept and shown with the verification."`
	}
}

type updateDraftRequest struct {
	ItemID
	Body struct {
		ServiceID       id                  `json:"service_id" doc:"Id of the service."`
		FolderID        *id                 `json:"folder_id,omitempty" doc:"May be sent along; a draft stays in its folder."`
		Configuration   object              `json:"configuration,omitempty" nullable:"true" doc:"What the service needs, in place of what was there."`
		ResultID        *id                 `json:"result_id,omitempty" nullable:"true" doc:"May be sent along; a draft stays in its result."`
		WebhookURL      string              `json:"webhook_url,omitempty" nullable:"true" maxLength:"2048" doc:"Announce every transition to this address; absent: nowhere."`
		WebhookMetadata object              `json:"webhook_metadata,omitempty" nullable:"true" doc:"In place of what was there. A webhook_secret that was set stays until another is sent."`
		Consent         *consentRequestBody `json:"consent,omitempty" nullable:"true" doc:"What the person agreed to before, in place of what was there."`
	}
}

type submitDraftsRequest struct {
	Body struct {
		IDs []id `json:"ids" minItems:"1" maxItems:"100" doc:"Ids of the drafts."`
	}
}

type submitted struct {
	ID           uuid.UUID         `json:"id" format:"uuid" doc:"Id of the draft, as sent."`
	Verification *verificationView `json:"verification" doc:"The submitted verification, null when it could not be submitted."`
	Error        *submitError      `json:"error" doc:"Why it could not be submitted, else null; the draft is as it was."`
}

// submitError is the shape of every error, without what belongs to the request.
type submitError struct {
	ErrorCode fault.Code         `json:"error_code" doc:"Stable code of the error."`
	Message   string             `json:"message" doc:"What went wrong and what to do about it, for a person."`
	Errors    []fault.FieldError `json:"errors,omitempty" doc:"What is wrong with which field."`
}

func (s *server) viewSubmitted(ctx context.Context) func(verification.Submitted) submitted {
	return func(r verification.Submitted) submitted {
		if r.Err != nil {
			e := fault.From(r.Err)
			if e.Kind == fault.Internal {
				callOf(ctx).err = e // for the log
			}
			return submitted{ID: r.ID, Error: &submitError{e.Code, e.Message, e.Fields}}
		}
		v := s.viewVerification(callOf(ctx).base, r.Verification.For(actorOf(ctx)))
		return submitted{ID: r.ID, Verification: &v}
	}
}

func (s *server) draftRoutes() {
	tags := []string{"Verifications"}
	handle(s, callers, huma.Operation{OperationID: "createDraft", Method: http.MethodPost, Path: "/verifications/drafts", Metadata: recorded(audit.DraftChanged, "verification"), Tags: tags,
		Summary: "Keep a verification to be completed later", DefaultStatus: http.StatusCreated,
		Description: "A draft needs a service and a folder; its configuration may be incomplete. Nothing is reserved and nothing runs before it is submitted."},
		func(ctx context.Context, in *createDraftRequest) (*output[verificationView], error) {
			b := in.Body
			v, err := s.UseCases.CreateDraft(ctx, actorOf(ctx), verification.NewVerification{ServiceID: b.ServiceID.uuid(), FolderID: b.FolderID.uuid(), ResultID: optionalID(b.ResultID),
				Configuration: json.RawMessage(b.Configuration), WebhookURL: b.WebhookURL, WebhookMetadata: json.RawMessage(b.WebhookMetadata), Consent: b.Consent.told()})
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "updateDraft", Method: http.MethodPut, Path: "/verifications/drafts/{id}", Metadata: recorded(audit.DraftChanged, "verification"), Tags: tags,
		Summary: "Replace what a draft holds"},
		func(ctx context.Context, in *updateDraftRequest) (*output[verificationView], error) {
			b := in.Body
			n := verification.NewVerification{ServiceID: b.ServiceID.uuid(), ResultID: optionalID(b.ResultID),
				Configuration: json.RawMessage(b.Configuration), WebhookURL: b.WebhookURL, WebhookMetadata: json.RawMessage(b.WebhookMetadata), Consent: b.Consent.told()}
			if b.FolderID != nil {
				n.FolderID = b.FolderID.uuid()
			}
			v, err := s.UseCases.UpdateDraft(ctx, actorOf(ctx), in.ID.uuid(), n)
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "submitDraft", Method: http.MethodPost, Path: "/verifications/drafts/{id}/submit", Metadata: recorded(audit.VerificationCreated, "verification"), Tags: tags,
		Summary: "Submit a draft: it is checked in full, its credits are reserved, it is queued"},
		func(ctx context.Context, in *ItemID) (*output[verificationView], error) {
			v, err := s.UseCases.SubmitDraft(ctx, actorOf(ctx), in.ID.uuid())
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "submitDrafts", Method: http.MethodPost, Path: "/verifications/drafts/submit", Metadata: recorded(audit.VerificationCreated, "verification"), Tags: tags,
		Summary:     "Submit many drafts",
		Description: "Each draft is submitted or refused by itself, in the order sent; the answer says which, in the same order."},
		func(ctx context.Context, in *submitDraftsRequest) (*output[list[submitted]], error) {
			var ids []uuid.UUID
			for _, i := range in.Body.IDs {
				ids = append(ids, i.uuid())
			}
			items, err := s.UseCases.SubmitDrafts(ctx, actorOf(ctx), ids)
			return listOf(items, len(items), s.viewSubmitted(ctx)), err
		})
}
