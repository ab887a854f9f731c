package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/tenant"
)

type organization struct {
	ID        uuid.UUID `json:"id" format:"uuid" doc:"Id of the organization."`
	Name      string    `json:"name" doc:"Its name."`
	CreatedAt time.Time `json:"created_at" doc:"When it was made."`
}

func viewOrganization(o tenant.Organization) organization {
	return organization{o.ID, o.Name, o.CreatedAt.UTC()}
}

type group struct {
	ID               uuid.UUID `json:"id" format:"uuid" doc:"Id of the group."`
	OrganizationID   uuid.UUID `json:"organization_id" format:"uuid" doc:"The organization that it belongs to."`
	Name             string    `json:"name" doc:"Its name."`
	CreditBalance    int64     `json:"credit_balance" doc:"Credits that it can still spend."`
	MaskPersonalData bool      `json:"mask_personal_data" doc:"Whether its users and reviewers see personal data masked."`
	CreatedAt        time.Time `json:"created_at" doc:"When it was made."`
}

func viewGroup(g tenant.Group) group {
	return group{g.ID, g.OrganizationID, g.Name, g.Balance, g.MaskPersonalData, g.CreatedAt.UTC()}
}

type createOrganizationRequest struct {
	Body struct {
		Name string `json:"name" example:"Bank Contoh" doc:"Name of the organization, 1 to 120 characters."`
	}
}

type createGroupRequest struct {
	Body struct {
		Name           string `json:"name" example:"Onboarding" doc:"Name of the group, 1 to 120 characters."`
		OrganizationID *id    `json:"organization_id,omitempty" nullable:"true" doc:"The organization; absent: the caller's."`
	}
}

type updateGroupRequest struct {
	ItemID
	Body struct {
		Name             *string `json:"name,omitempty" doc:"New name; absent leaves it."`
		MaskPersonalData *bool   `json:"mask_personal_data,omitempty" doc:"Mask personal data for the group's users and reviewers, or not; absent leaves it."`
	}
}

func (s *server) groupRoutes() {
	tags := []string{"Groups"}
	handle(s, callers, huma.Operation{OperationID: "listOrganizations", Method: http.MethodGet, Path: "/organizations", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The organizations that the caller belongs to or oversees, by name"},
		func(ctx context.Context, in *Page) (*output[list[organization]], error) {
			all, err := s.Auth.ListOrganizations(ctx, actorOf(ctx))
			return pageOf(all, *in, viewOrganization), err
		})
	handle(s, callers, huma.Operation{OperationID: "createOrganization", Method: http.MethodPost, Path: "/organizations", Tags: tags,
		Metadata: recorded(audit.OrganizationCreated, "organization"),
		Summary:  "Make an organization", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createOrganizationRequest) (*output[organization], error) {
			o, err := s.Auth.AddOrganization(ctx, actorOf(ctx), in.Body.Name)
			return &output[organization]{Body: viewOrganization(o)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "listGroups", Method: http.MethodGet, Path: "/groups", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The groups that the caller belongs to or oversees, by name"},
		func(ctx context.Context, in *Page) (*output[list[group]], error) {
			all, err := s.Auth.ListGroups(ctx, actorOf(ctx))
			return pageOf(all, *in, viewGroup), err
		})
	handle(s, callers, huma.Operation{OperationID: "createGroup", Method: http.MethodPost, Path: "/groups", Tags: tags,
		Metadata: recorded(audit.GroupCreated, "group"),
		Summary:  "Make a group", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createGroupRequest) (*output[group], error) {
			g, err := s.Auth.AddGroup(ctx, actorOf(ctx), in.Body.Name, optionalID(in.Body.OrganizationID))
			return &output[group]{Body: viewGroup(g)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "updateGroup", Method: http.MethodPatch, Path: "/groups/{id}", Tags: tags,
		Metadata: recorded(audit.SettingsChanged, "group"),
		Summary:  "Rename a group or change its settings"},
		func(ctx context.Context, in *updateGroupRequest) (*output[group], error) {
			g, err := s.Auth.ChangeGroup(ctx, actorOf(ctx), in.ID.uuid(), auth.GroupChange{Name: in.Body.Name, MaskPersonalData: in.Body.MaskPersonalData})
			return &output[group]{Body: viewGroup(g)}, err
		})
}
