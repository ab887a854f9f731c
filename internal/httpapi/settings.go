package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/audit"
	"anycheck/internal/verification"
)

type groupSettings struct {
	Review reviewSettings `json:"review" doc:"What a person must look at before it is COMPLETED."`
}

type reviewSettings struct {
	APIKey    verification.ReviewPolicy `json:"api_key" enum:"NEVER,ON_INCONCLUSIVE,ALWAYS" doc:"For what API keys create; NEVER unless changed."`
	Dashboard verification.ReviewPolicy `json:"dashboard" enum:"NEVER,ON_INCONCLUSIVE,ALWAYS" doc:"For what signed-in persons create; ON_INCONCLUSIVE unless changed."`
	FourEyes  bool                      `json:"four_eyes" doc:"Whether two reviewers must agree, neither of them the creator."`
	UpdatedAt *time.Time                `json:"updated_at" doc:"When it was last changed, null for never."`
	UpdatedBy *string                   `json:"updated_by" doc:"Who last changed it, null for nobody."`
}

func viewSettings(r verification.ReviewSettings) groupSettings {
	v := reviewSettings{APIKey: r.APIKey, Dashboard: r.Dashboard, FourEyes: r.FourEyes}
	if !r.UpdatedAt.IsZero() {
		at := r.UpdatedAt.UTC()
		v.UpdatedAt, v.UpdatedBy = &at, &r.UpdatedBy
	}
	return groupSettings{v}
}

type updateSettingsRequest struct {
	ItemID
	Body struct {
		Review *reviewSettingsRequestBody `json:"review,omitempty" doc:"What is absent stays as it is."`
	}
}

// reviewSettingsRequestBody has the name of what is sent: an unknown field in
// it is refused.
type reviewSettingsRequestBody struct {
	APIKey    *verification.ReviewPolicy `json:"api_key,omitempty" enum:"NEVER,ON_INCONCLUSIVE,ALWAYS" doc:"For what API keys create."`
	Dashboard *verification.ReviewPolicy `json:"dashboard,omitempty" enum:"NEVER,ON_INCONCLUSIVE,ALWAYS" doc:"For what signed-in persons create."`
	FourEyes  *bool                      `json:"four_eyes,omitempty" doc:"Whether two reviewers must agree."`
}

func (s *server) settingsRoutes() {
	tags := []string{"Groups"}
	handle(s, callers, huma.Operation{OperationID: "getGroupSettings", Method: http.MethodGet, Path: "/groups/{id}/settings", Metadata: unrecorded(noPersonalData), Tags: tags,
		Summary: "The settings of a group"},
		func(ctx context.Context, in *ItemID) (*output[groupSettings], error) {
			r, err := s.UseCases.ReviewSettings(ctx, actorOf(ctx), in.ID.uuid())
			return &output[groupSettings]{Body: viewSettings(r)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "updateGroupSettings", Method: http.MethodPatch, Path: "/groups/{id}/settings", Metadata: recorded(audit.SettingsChanged, "group"), Tags: tags,
		Summary: "Change the settings of a group; owners of its organization may"},
		func(ctx context.Context, in *updateSettingsRequest) (*output[groupSettings], error) {
			var c verification.ReviewSettingsChange
			if r := in.Body.Review; r != nil {
				c = verification.ReviewSettingsChange{APIKey: r.APIKey, Dashboard: r.Dashboard, FourEyes: r.FourEyes}
			}
			r, err := s.UseCases.ChangeReviewSettings(ctx, actorOf(ctx), in.ID.uuid(), c)
			return &output[groupSettings]{Body: viewSettings(r)}, err
		})
}
