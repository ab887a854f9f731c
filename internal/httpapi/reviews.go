package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/ktp"
	"anycheck/internal/verification"
)

type attempt struct {
	Attempt       int                        `json:"attempt" doc:"1 for the first, one more for each retry."`
	Status        verification.Status        `json:"status" doc:"Where it stands; of an earlier one, where it stood when it was retried."`
	StartDate     *time.Time                 `json:"start_date" doc:"When a worker took it, null before."`
	EndDate       *time.Time                 `json:"end_date" doc:"When the work on it ended, null before. The wait for a person is not counted."`
	Output        object                     `json:"output" nullable:"true" doc:"What was found, null if not decided."`
	OutputStatus  *verification.OutputStatus `json:"output_status" enum:"VERIFIED,NOT_VERIFIED,PARTIALLY_NOT_VERIFIED" doc:"The verdict, null if not decided."`
	Checks        []verification.Check       `json:"checks" doc:"What was checked and what came of it."`
	Error         *verification.Failure      `json:"error" doc:"Why it FAILED, else null."`
	OutputFileURL *string                    `json:"output_file_url" doc:"Address of the JSON file with all evidence, valid for an hour; null if not decided."`
	ExportFileURL *string                    `json:"export_file_url" doc:"Address of the workbook (.xlsx), valid for an hour; null if not decided."`
	ExternalJobID externalJobs               `json:"external_job_id" doc:"The jobs of the attempt, see GET /jobs/{id}."`
	RetriedAt     *time.Time                 `json:"retried_at" doc:"When a retry ended it, null for the current one."`
	RetriedBy     *string                    `json:"retried_by" doc:"Who retried it: a user's address or the prefix of an API key; null for the current one."`
}

func (s *server) viewAttempt(c *call) func(verification.Attempt) attempt {
	return func(a verification.Attempt) attempt {
		// The same rules as for the current one: what is shown of a verification.
		v := s.viewVerification(c.base, verification.Verification{Output: a.Output, OutputStatus: a.OutputStatus, Checks: a.Checks, OutputPath: a.OutputPath, ExportPath: a.ExportPath,
			OCRJobIDs: a.OCRJobIDs, FraudJobIDs: a.FraudJobIDs, StartDate: a.StartDate, EndDate: a.EndDate, Failure: a.Failure}.For(c.actor))
		shown := attempt{Attempt: a.Number, Status: a.Status, StartDate: v.StartDate, EndDate: v.EndDate, Output: v.Output, OutputStatus: v.OutputStatus, Checks: v.Checks, Error: v.Error,
			OutputFileURL: v.OutputFileURL, ExportFileURL: v.ExportFileURL, ExternalJobID: v.ExternalJobID, RetriedAt: inUTC(a.RetriedAt)}
		if a.RetriedAt != nil {
			shown.RetriedBy = &a.RetriedBy
		}
		return shown
	}
}

type reviewRequest struct {
	ItemID
	Body struct {
		Decision verification.ReviewDecision `json:"decision" enum:"approve,reject,correct,reopen" doc:"approve: what is open is in order. reject: the verdict becomes NOT_VERIFIED. correct: take corrected fields, the review stays open. reopen: take a COMPLETED one up again."`
		Reason   string                      `json:"reason" doc:"Why, 1 to 500 characters."`
		Fields   map[string]*string          `json:"fields,omitempty" example:"{\"name\":\"BUDI SANTOSO\",\"blood_type\":null}" doc:"Corrected or confirmed values by field of output.ktp, with approve or correct; null where nothing can be read."`
	}
}

type fraudDecisionRequest struct {
	ItemID
	Body struct {
		Decision string `json:"decision" enum:"continue,reject" doc:"continue: it goes on. reject: it ends FAILED and is not charged."`
		Reason   string `json:"reason" doc:"Why, 1 to 500 characters."`
	}
}

type reviewView struct {
	ID             uuid.UUID                   `json:"id" format:"uuid" doc:"Id of the review."`
	Attempt        int                         `json:"attempt" doc:"The attempt it is about."`
	Decision       verification.ReviewDecision `json:"decision" enum:"approve,reject,correct,reopen,fraud_continue,fraud_reject" doc:"What was decided."`
	Reason         string                      `json:"reason" doc:"Why."`
	Fields         map[string]fieldChange      `json:"fields" doc:"Corrected values by field; empty when there are none."`
	Closed         bool                        `json:"closed" doc:"Whether the decision took effect. A correction leaves the review open, and with four eyes so does the first of two decisions."`
	Reviewer       string                      `json:"reviewer" doc:"Who decided: a user's address or the prefix of an API key."`
	PreviousStatus verification.Status         `json:"previous_status" doc:"Status of the verification before."`
	Status         verification.Status         `json:"status" doc:"Status after."`
	OutputStatus   *verification.OutputStatus  `json:"output_status" enum:"VERIFIED,NOT_VERIFIED,PARTIALLY_NOT_VERIFIED" doc:"The verdict after, null if there is none."`
	CreatedAt      time.Time                   `json:"created_at" doc:"When it was decided."`
}

type fieldChange struct {
	From *string `json:"from" doc:"The value before, null when it was not read."`
	To   *string `json:"to" doc:"The value after, null when it cannot be read."`
}

func viewReview(r verification.Review) reviewView {
	v := reviewView{ID: r.ID, Attempt: r.Attempt, Decision: r.Decision, Reason: r.Reason, Fields: map[string]fieldChange{}, Closed: r.Closed, Reviewer: r.Reviewer,
		PreviousStatus: r.StatusBefore, Status: r.StatusAfter, CreatedAt: r.CreatedAt.UTC()}
	for _, f := range ktp.Fields {
		if c, ok := r.Fields[f]; ok {
			v.Fields[string(f)] = fieldChange(c)
		}
	}
	if r.VerdictAfter != "" {
		v.OutputStatus = &r.VerdictAfter
	}
	return v
}

func (s *server) reviewRoutes() {
	tags := []string{"Reviews"}
	handle(s, callers, huma.Operation{OperationID: "listAttempts", Method: http.MethodGet, Path: "/verifications/{id}/attempts", Metadata: recorded(audit.DataViewed, "verification"), Tags: []string{"Verifications"},
		Summary: "The attempts of a verification and what came of each, oldest first"},
		func(ctx context.Context, in *ItemID) (*output[list[attempt]], error) {
			items, err := s.UseCases.Attempts(ctx, actorOf(ctx), in.ID.uuid())
			return listOf(items, len(items), s.viewAttempt(callOf(ctx))), err
		})
	handle(s, callers, huma.Operation{OperationID: "reviewVerification", Method: http.MethodPost, Path: "/verifications/{id}/review", Metadata: recorded(audit.VerificationReviewed, "verification"), Tags: tags,
		Summary: "Decide what the pipeline left open",
		Description: "approve and reject move NEED_REVIEW to COMPLETED, reopen moves it back. An approval passes the checks that were INCONCLUSIVE, but never card_readable and nik: they pass once their fields are corrected or confirmed. " +
			"Corrected fields change output.ktp; the watch lists are searched again for another name, and the decision is made anew. The reading itself stays in the evidence. " +
			"In a group with four eyes, two signed-in persons other than the creator must decide the same of the same state."},
		func(ctx context.Context, in *reviewRequest) (*output[verificationView], error) {
			v, err := s.Reviews.Review(ctx, actorOf(ctx), in.ID.uuid(), verification.NewReview{Decision: in.Body.Decision, Reason: in.Body.Reason, Fields: in.Body.Fields})
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "listReviews", Method: http.MethodGet, Path: "/verifications/{id}/reviews", Metadata: recorded(audit.DataViewed, "verification"), Tags: tags,
		Summary: "What persons decided about a verification, oldest first"},
		func(ctx context.Context, in *ItemID) (*output[list[reviewView]], error) {
			items, err := s.Reviews.List(ctx, actorOf(ctx), in.ID.uuid())
			return listOf(items, len(items), viewReview), err
		})
	handle(s, callers, huma.Operation{OperationID: "decideFraud", Method: http.MethodPost, Path: "/verifications/{id}/fraud-decision", Metadata: recorded(audit.FraudDecided, "verification"), Tags: tags,
		Summary: "Decide about a verification that is FRAUD_DETECTED"},
		func(ctx context.Context, in *fraudDecisionRequest) (*output[verificationView], error) {
			v, err := s.Reviews.DecideFraud(ctx, actorOf(ctx), in.ID.uuid(), in.Body.Decision == "continue", in.Body.Reason)
			return s.answerVerification(ctx, v, err)
		})
}
