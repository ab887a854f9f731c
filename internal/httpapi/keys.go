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

// APIKeyView is a key without the key itself. It is exported, as Page is,
// because huma passes over embedded types that are not.
type APIKeyView struct {
	ID         uuid.UUID         `json:"id" format:"uuid" doc:"Id of the key."`
	Name       string            `json:"name" doc:"Name of the key."`
	Mode       tenant.Mode       `json:"mode" enum:"live,test" doc:"Whether it makes and sees live data or test data, which cost nothing and whose outcome is made up."`
	Prefix     string            `json:"prefix" example:"ack_live_ABCDEFGH" doc:"Its beginning, which may be shown."`
	GroupID    uuid.UUID         `json:"group_id" format:"uuid" doc:"The group that it acts in."`
	UserID     uuid.UUID         `json:"user_id" format:"uuid" doc:"Who made it."`
	Scopes     []tenant.KeyScope `json:"scopes" doc:"What it may do."`
	CreatedAt  time.Time         `json:"created_at" doc:"When it was made."`
	ExpiresAt  *time.Time        `json:"expires_at" doc:"When it stops to work, null for never."`
	RevokedAt  *time.Time        `json:"revoked_at" doc:"When it was ended, null while it works."`
	LastUsedAt *time.Time        `json:"last_used_at" doc:"When it was last used, to the minute; null for never."`
}

func viewAPIKey(k tenant.APIKey) APIKeyView {
	return APIKeyView{k.ID, k.Name, k.Mode(), k.Prefix, k.GroupID, k.UserID, append([]tenant.KeyScope{}, k.Scopes...), k.CreatedAt.UTC(), inUTC(k.ExpiresAt), inUTC(k.RevokedAt), inUTC(k.LastUsedAt)}
}

// newAPIKey is the one answer that has the key itself.
type newAPIKey struct {
	APIKeyView
	Key string `json:"key" doc:"The key, for the header X-API-Key. It is shown now and never again."`
}

type createAPIKeyRequest struct {
	Body struct {
		Name      string            `json:"name" example:"backend" doc:"Name of the key, 1 to 100 characters."`
		Scopes    []tenant.KeyScope `json:"scopes,omitempty" nullable:"true" maxItems:"32" doc:"What it may do, as in docs/access.md; absent: all that a client needs."`
		Mode      tenant.Mode       `json:"mode,omitempty" nullable:"true" enum:"live,test" default:"live" doc:"Whether it makes and sees live data or test data."`
		ExpiresAt *time.Time        `json:"expires_at,omitempty" nullable:"true" doc:"When it stops to work; absent: never."`
		GroupID   *id               `json:"group_id,omitempty" nullable:"true" doc:"The group that it acts in; absent: the caller's."`
	}
}

func (s *server) apiKeyRoutes() {
	tags := []string{"API keys"}
	handle(s, callers, huma.Operation{OperationID: "listAPIKeys", Method: http.MethodGet, Path: "/api-keys", Tags: tags,
		Metadata: unrecorded(accountsOnly),
		Summary:  "The API keys that the caller manages, newest first"},
		func(ctx context.Context, in *Page) (*output[list[APIKeyView]], error) {
			keys, err := s.Auth.ListKeys(ctx, actorOf(ctx))
			return pageOf(keys, *in, viewAPIKey), err
		})
	handle(s, callers, huma.Operation{OperationID: "createAPIKey", Method: http.MethodPost, Path: "/api-keys", Tags: tags,
		Metadata: recorded(audit.KeyCreated, "key"),
		Summary:  "Make an API key", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createAPIKeyRequest) (*output[newAPIKey], error) {
			b := in.Body
			k, text, err := s.Auth.AddKey(ctx, actorOf(ctx), auth.NewKey{Name: b.Name, Scopes: b.Scopes, Test: b.Mode == tenant.TestMode, ExpiresAt: b.ExpiresAt, Group: optionalID(b.GroupID)})
			return &output[newAPIKey]{Body: newAPIKey{viewAPIKey(k), text}}, err
		})
	handle(s, callers, huma.Operation{OperationID: "deleteAPIKey", Method: http.MethodDelete, Path: "/api-keys/{id}", Tags: tags,
		Metadata: recorded(audit.KeyRevoked, "key"),
		Summary:  "End an API key", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *ItemID) (*noContent, error) {
			return nil, s.Auth.EndKey(ctx, actorOf(ctx), in.ID.uuid())
		})
}
