package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/verification"
)

type folder struct {
	ID           uuid.UUID `json:"id" format:"uuid" doc:"Id of the folder."`
	Group        named     `json:"group" doc:"The group that owns it."`
	Name         string    `json:"name" doc:"Name of the folder."`
	IsStarred    bool      `json:"is_starred" doc:"Whether it is marked with a star."`
	TotalService int       `json:"total_service" doc:"How many different services were used in it."`
	TotalResult  int       `json:"total_result" doc:"How many results it holds."`
	CreatedAt    time.Time `json:"created_at" doc:"When it was made."`
	CreatedBy    string    `json:"created_by" doc:"Who made it: a user's address or the prefix of an API key."`
	UpdatedAt    time.Time `json:"updated_at" doc:"When it was last changed."`
	UpdatedBy    string    `json:"updated_by" doc:"Who last changed it."`
}

func viewFolder(f verification.Folder) folder {
	return folder{ID: f.ID, Group: named{f.GroupID, f.GroupName}, Name: f.Name, IsStarred: f.IsStarred,
		TotalService: f.TotalService, TotalResult: f.TotalResult,
		CreatedAt: f.CreatedAt.UTC(), CreatedBy: f.CreatedBy, UpdatedAt: f.UpdatedAt.UTC(), UpdatedBy: f.UpdatedBy}
}

func answerFolder(f verification.Folder, err error) (*output[folder], error) {
	return &output[folder]{Body: viewFolder(f)}, err
}

type createFolderRequest struct {
	Body struct {
		Name string `json:"name" example:"Onboarding 2026" doc:"Name of the folder, 1 to 120 characters."`
	}
}

type updateFolderRequest struct {
	ItemID
	Body struct {
		Name      *string `json:"name,omitempty" doc:"New name; absent leaves it."`
		IsStarred *bool   `json:"is_starred,omitempty" doc:"Mark with a star, or not; absent leaves it."`
	}
}

type listFoldersRequest struct {
	GroupID id     `path:"group_id" doc:"Id of the group."`
	Search  string `query:"search" maxLength:"120" doc:"Only folders whose name contains this, in any case."`
	Page
}

type folderResultsRequest struct {
	ItemID
	Page
}

func (s *server) folderRoutes() {
	tags := []string{"Folders"}
	handle(s, callers, huma.Operation{OperationID: "createFolder", Method: http.MethodPost, Path: "/folders", Tags: tags,
		Metadata: unrecorded(folderChange),
		Summary:  "Make a folder in the caller's group", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createFolderRequest) (*output[folder], error) {
			return answerFolder(s.UseCases.CreateFolder(ctx, actorOf(ctx), in.Body.Name))
		})
	handle(s, callers, huma.Operation{OperationID: "getFolder", Method: http.MethodGet, Path: "/folders/{id}", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "One folder"},
		func(ctx context.Context, in *ItemID) (*output[folder], error) {
			return answerFolder(s.UseCases.Folder(ctx, actorOf(ctx), in.ID.uuid()))
		})
	handle(s, callers, huma.Operation{OperationID: "updateFolder", Method: http.MethodPatch, Path: "/folders/{id}", Tags: tags,
		Metadata: unrecorded(folderChange),
		Summary:  "Rename a folder, or mark it with a star"},
		func(ctx context.Context, in *updateFolderRequest) (*output[folder], error) {
			change := verification.FolderChange{Name: in.Body.Name, IsStarred: in.Body.IsStarred}
			return answerFolder(s.UseCases.UpdateFolder(ctx, actorOf(ctx), in.ID.uuid(), change))
		})
	handle(s, callers, huma.Operation{OperationID: "deleteFolder", Method: http.MethodDelete, Path: "/folders/{id}", Tags: tags,
		Metadata: unrecorded("only empty folders go"),
		Summary:  "Remove an empty folder", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *ItemID) (*noContent, error) {
			return nil, s.UseCases.DeleteFolder(ctx, actorOf(ctx), in.ID.uuid())
		})
	handle(s, callers, huma.Operation{OperationID: "listFolders", Method: http.MethodGet, Path: "/groups/{group_id}/folders", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The folders of a group, newest first"},
		func(ctx context.Context, in *listFoldersRequest) (*output[list[folder]], error) {
			items, total, err := s.UseCases.Folders(ctx, actorOf(ctx), in.GroupID.uuid(), in.Search, in.page())
			return listOf(items, total, viewFolder), err
		})
	handle(s, callers, huma.Operation{OperationID: "listFolderResults", Method: http.MethodGet, Path: "/folders/{id}/results", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The results of a folder, newest first"},
		func(ctx context.Context, in *folderResultsRequest) (*output[list[result]], error) {
			items, total, err := s.UseCases.FolderResults(ctx, actorOf(ctx), in.ID.uuid(), in.page())
			return listOf(items, total, viewResult), err
		})
}
