package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

type result struct {
	ID            uuid.UUID           `json:"id" format:"uuid" doc:"Id of the result."`
	FolderID      uuid.UUID           `json:"folder_id" format:"uuid" doc:"The folder that holds it."`
	OverallStatus verification.Status `json:"overall_status" enum:"DRAFT,IN_QUEUE,IN_PROGRESS,COMPLETED,FAILED,CANCELLED,NEED_REVIEW,FRAUD_DETECTED,PARTIALLY_COMPLETED,PARTIALLY_FAILED" doc:"Status over all of its verifications."`
	CreatedAt     time.Time           `json:"created_at" doc:"When it was made."`
	Erased        *erased             `json:"erased" doc:"What stays of it when it is erased, else null."`
	Test          bool                `json:"test" doc:"Whether it was made with a test key."`
}

func viewResult(r verification.Result) result {
	return result{ID: r.ID, FolderID: r.FolderID, OverallStatus: r.Overall, CreatedAt: r.CreatedAt.UTC(), Test: r.Test()}
}

type listResultsRequest struct {
	FolderID id                  `query:"folder_id" doc:"Only results of this folder."`
	Status   verification.Status `query:"status" enum:"DRAFT,IN_QUEUE,IN_PROGRESS,COMPLETED,FAILED,CANCELLED,NEED_REVIEW,FRAUD_DETECTED,PARTIALLY_COMPLETED,PARTIALLY_FAILED" doc:"Only results with a verification in this status."`
	Page
}

func (s *server) resultRoutes() {
	handle(s, callers, huma.Operation{OperationID: "listResults", Method: http.MethodGet, Path: "/results", Metadata: unrecorded(noPersonalData), Tags: []string{"Results"},
		Summary: "The results that the caller sees, newest first"},
		func(ctx context.Context, in *listResultsRequest) (*output[list[result]], error) {
			f := verification.ResultFilter{Status: in.Status}
			if in.FolderID != "" {
				f.Folder = in.FolderID.uuid()
			}
			items, total, err := s.UseCases.Results(ctx, actorOf(ctx), f, in.page())
			return listOf(items, total, viewResult), err
		})
	handle(s, callers, huma.Operation{OperationID: "getResult", Method: http.MethodGet, Path: "/results/{id}", Tags: []string{"Results"},
		Metadata:    unrecorded(noPersonalData),
		Summary:     "One result",
		Description: "A result groups the verifications of one person or case; GET /verifications?result_id= lists them with their overall status."},
		func(ctx context.Context, in *ItemID) (*output[result], error) {
			r, err := s.UseCases.Result(ctx, actorOf(ctx), in.ID.uuid())
			if err != nil {
				return nil, err
			}
			view := viewResult(r)
			switch t, err := s.Privacy.Tombstone(ctx, actorOf(ctx), r.ID); {
			case err == nil:
				gone := viewErased(t)
				view.Erased = &gone
			case !fault.Is(err, fault.NotFound):
				return nil, err
			}
			return &output[result]{Body: view}, nil
		})
}
