package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/verification"
)

type job struct {
	ID             uuid.UUID            `json:"id" format:"uuid" doc:"Id of the job, as in external_job_id."`
	VerificationID uuid.UUID            `json:"verification_id" format:"uuid" doc:"The verification it belongs to."`
	Kind           verification.JobKind `json:"kind" enum:"OCR,FRAUD" doc:"The part of the pipeline it stands for."`
	Status         verification.Status  `json:"status" enum:"IN_QUEUE,IN_PROGRESS,COMPLETED,FAILED,CANCELLED" doc:"Where it stands."`
	Attempt        int                  `json:"attempt" doc:"The attempt of the verification, 1 for the first."`
	Steps          []jobStep            `json:"steps" doc:"The steps that have ended, in order."`
	CreatedAt      time.Time            `json:"created_at" doc:"When it was queued."`
	UpdatedAt      time.Time            `json:"updated_at" doc:"When it last changed."`
}

type jobStep struct {
	Name      verification.StepName `json:"name" example:"read" doc:"Name of the step."`
	StartedAt time.Time             `json:"started_at" doc:"When it began."`
	EndedAt   time.Time             `json:"ended_at" doc:"When it ended."`
}

func viewJob(j verification.Job) job {
	v := job{ID: j.ID, VerificationID: j.VerificationID, Kind: j.Kind, Status: j.Status, Attempt: j.Attempt,
		Steps: []jobStep{}, CreatedAt: j.CreatedAt.UTC(), UpdatedAt: j.UpdatedAt.UTC()}
	for _, s := range j.Steps {
		v.Steps = append(v.Steps, jobStep{s.Name, s.StartedAt.UTC(), s.EndedAt.UTC()})
	}
	return v
}

func (s *server) jobRoutes() {
	handle(s, callers, huma.Operation{OperationID: "getJob", Method: http.MethodGet, Path: "/jobs/{id}", Tags: []string{"Verifications"},
		Metadata: unrecorded(noPersonalData),
		Summary:  "One job of a verification's pipeline"},
		func(ctx context.Context, in *ItemID) (*output[job], error) {
			j, err := s.UseCases.Job(ctx, actorOf(ctx), in.ID.uuid())
			return &output[job]{Body: viewJob(j)}, err
		})
}
