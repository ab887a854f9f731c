package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/verification"
)

type service struct {
	ID                uuid.UUID         `json:"id" format:"uuid" doc:"Id of the service, the same on every installation."`
	Category          category          `json:"category" doc:"The category it belongs to."`
	Code              string            `json:"code" example:"KTP_VERIFICATION" doc:"Stable name of the service."`
	Name              string            `json:"name" example:"KTP & PEP" doc:"Name for people."`
	Description       string            `json:"description" doc:"What it does."`
	IconFileURL       *string           `json:"icon_file_url" doc:"Address of its picture, null when it has none."`
	CreditCostDefault int64             `json:"credit_cost_default" example:"10" doc:"Credits that one verification costs."`
	ActionType        string            `json:"action_type" enum:"URL,WEBVIEW,SCREEN,SCREEN_PREFIX" doc:"What a client opens for it."`
	ActionParam       string            `json:"action_param" doc:"Parameter of the action."`
	IsEnabled         bool              `json:"is_enabled" doc:"False when the operator has switched it off."`
	CreatedAt         time.Time         `json:"created_at" doc:"When it was added."`
	CreatedBy         string            `json:"created_by" doc:"Who added it."`
	UpdatedAt         time.Time         `json:"updated_at" doc:"When it was last changed."`
	UpdatedBy         string            `json:"updated_by" doc:"Who last changed it."`
	Unavailable       []unavailableType `json:"unavailable" doc:"The types of verification that cannot run on this installation, and why."`
}

type category struct {
	ID   uuid.UUID `json:"id" format:"uuid" doc:"Id of the category."`
	Name string    `json:"name" doc:"Name for people."`
	Type string    `json:"type" example:"DOCUMENT_VERIFICATION" doc:"Stable name of the category."`
}

type unavailableType struct {
	VerificationType verification.Type `json:"verification_type" doc:"The type that cannot run."`
	MissingModels    []string          `json:"missing_models" doc:"The models it needs that are not installed."`
}

type formField struct {
	Name         string                  `json:"name" example:"files.ktp_file" doc:"Path of the field inside configuration."`
	Label        string                  `json:"label" doc:"Label for people."`
	Type         verification.FieldType  `json:"type" enum:"enum,file,boolean,text,date" doc:"What the field takes; file is a list of upload paths, date is YYYY-MM-DD."`
	Required     bool                    `json:"required" doc:"Whether it must always be given."`
	Enum         []string                `json:"enum" doc:"Its values, for the type enum; else empty."`
	Accept       []string                `json:"accept" doc:"Media types it takes, for the type file; else empty."`
	MaxFiles     int                     `json:"max_files" doc:"How many files it takes, for the type file; else 0."`
	RequiredWhen *verification.Condition `json:"required_when" doc:"The field is required, and allowed, only when another field has one of these values; null: no such rule."`
}

func (s *server) viewService(v verification.Service) service {
	view := service{ID: v.ID, Category: category{v.Category.ID, v.Category.Name, v.Category.Type}, Code: v.Code, Name: v.Name,
		Description: v.Description, CreditCostDefault: v.Cost, ActionType: v.ActionType, ActionParam: v.ActionParam, IsEnabled: v.Enabled,
		CreatedAt: v.CreatedAt.UTC(), CreatedBy: v.CreatedBy, UpdatedAt: v.UpdatedAt.UTC(), UpdatedBy: v.UpdatedBy, Unavailable: []unavailableType{}}
	missing := s.UseCases.Unavailable(v)
	for _, t := range verification.Types() {
		if models := missing[t]; len(models) > 0 {
			view.Unavailable = append(view.Unavailable, unavailableType{t, models})
		}
	}
	return view
}

func viewFormField(f verification.Field) formField {
	return formField{Name: f.Name, Label: f.Label, Type: f.Type, Required: f.Required, Enum: append([]string{}, f.Enum...),
		Accept: append([]string{}, f.Accept...), MaxFiles: f.MaxFiles, RequiredWhen: f.RequiredWhen}
}

func (s *server) serviceRoutes() {
	tags := []string{"Services"}
	handle(s, callers, huma.Operation{OperationID: "listServices", Method: http.MethodGet, Path: "/services", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The services of this installation"},
		func(ctx context.Context, in *Page) (*output[list[service]], error) {
			all, err := s.UseCases.Services(ctx, actorOf(ctx))
			if err != nil {
				return nil, err
			}
			from := min(in.PageOffset, len(all))
			return listOf(all[from:min(from+in.PageSize, len(all))], len(all), s.viewService), nil
		})
	handle(s, callers, huma.Operation{OperationID: "getService", Method: http.MethodGet, Path: "/services/{id}", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "One service"},
		func(ctx context.Context, in *ItemID) (*output[service], error) {
			v, err := s.UseCases.Service(ctx, actorOf(ctx), in.ID.uuid())
			if err != nil {
				return nil, err
			}
			return &output[service]{Body: s.viewService(v)}, nil
		})
	handle(s, callers, huma.Operation{OperationID: "listFormFields", Method: http.MethodGet, Path: "/services/{id}/form-fields", Tags: tags,
		Metadata:    unrecorded(noPersonalData),
		Summary:     "The fields that a service's configuration takes",
		Description: "The same definition validates the configuration of POST /verifications."},
		func(ctx context.Context, in *ItemID) (*output[list[formField]], error) {
			v, err := s.UseCases.Service(ctx, actorOf(ctx), in.ID.uuid())
			return listOf(v.Form, len(v.Form), viewFormField), err
		})
}
