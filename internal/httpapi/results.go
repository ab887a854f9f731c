package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/verification"
)

type result struct {
	ID        uuid.UUID `json:"id" format:"uuid" doc:"Id of the result."`
	FolderID  uuid.UUID `json:"folder_id" format:"uuid" doc:"The folder that holds it."`
	CreatedAt time.Time `json:"created_at" doc:"When it was made."`
}

func viewResult(r verification.Result) result {
	return result{ID: r.ID, FolderID: r.FolderID, CreatedAt: r.CreatedAt.UTC()}
}

func (s *server) resultRoutes() {
	handle(s, callers, huma.Operation{OperationID: "getResult", Method: http.MethodGet, Path: "/results/{id}", Tags: []string{"Results"},
		Metadata:    unrecorded(noPersonalData),
		Summary:     "One result",
		Description: "A result groups the verifications of one person or case; GET /verifications?result_id= lists them with their overall status."},
		func(ctx context.Context, in *ItemID) (*output[result], error) {
			r, err := s.UseCases.Result(ctx, actorOf(ctx), in.ID.uuid())
			return &output[result]{Body: viewResult(r)}, err
		})
}
