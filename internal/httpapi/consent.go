package httpapi

import (
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/verification"
)

type consent struct {
	Text    string    `json:"text" example:"I agree that my identity card and a photo of me are checked." doc:"The text as the person saw it, 1 to 20,000 characters."`
	Version string    `json:"version" example:"2026-11" doc:"The caller's name of that text, 1 to 64 characters."`
	GivenAt time.Time `json:"given_at" doc:"When the person agreed; not in the future."`
}

// consentRequestBody is consent as it is sent.
type consentRequestBody consent

// Schema is for huma: it stands within the requests, where it may be null.
func (consentRequestBody) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[consent]())
}

// told is what the core takes.
func (c *consentRequestBody) told() *verification.Consent { return (*verification.Consent)(c) }
