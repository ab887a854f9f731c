package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/fault"
)

// Every JSON route bounds its body's size and how long it may take to arrive;
// uploads have their own limits (uploads_test.go).
func TestEveryRouteHasLimits(t *testing.T) {
	p := newPlatform(t)
	raw := []string{"GET /files/{path}", "GET /results/{id}/evidence.zip", "GET /metrics", "GET /auth/oidc/login", "GET /auth/oidc/callback", "GET /openapi.json", "GET /postman.json", "GET /docs", "POST /uploads", "POST /privacy/subjects/export"}
	for op := range operations(p.server.api.OpenAPI()) {
		if !slices.Contains(raw, op.Method+" "+op.Path) && (op.MaxBodyBytes != maxBody || op.BodyReadTimeout != bodyTimeout) {
			t.Errorf("%s %s takes %d bytes within %s", op.Method, op.Path, op.MaxBodyBytes, op.BodyReadTimeout)
		}
	}
}

// A JSON route that has no answer in time says so.
func TestAnswerTimeout(t *testing.T) {
	p := newPlatform(t)
	handle(p.server, callers, huma.Operation{OperationID: "late", Method: http.MethodGet, Path: "/late"},
		func(ctx context.Context, _ *struct{}) (*noContent, error) {
			if end, ok := ctx.Deadline(); !ok || time.Until(end) > answerTimeout {
				t.Errorf("the handler may run until %v", end)
			}
			return nil, nil
		})
	if w := p.do("GET", "/late", ""); w.Code != http.StatusNoContent {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	ended, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	for what, err := range map[string]error{"a deadline": context.DeadlineExceeded, "a statement that was interrupted": errors.Join(context.Canceled, errors.New("interrupted"))} {
		if e := newProblem(ended, fmt.Errorf("read: %w", err)); e.ErrorCode != fault.CodeRequestTimeout || e.status != http.StatusRequestTimeout {
			t.Errorf("%s: %d %+v", what, e.status, e)
		}
	}
	// The time of another call is none of this one's.
	if e := newProblem(t.Context(), context.DeadlineExceeded); e.ErrorCode != fault.CodeInternal {
		t.Errorf("%+v", e)
	}
}

// A body that does not arrive is given up.
func TestSlowBody(t *testing.T) {
	wantProblem(t, stalled(t, newPlatform(t)), http.StatusRequestTimeout, fault.CodeRequestTimeout)
}

// The document's codes and statuses are fault's, and every route names its own.
func TestDocumentedErrors(t *testing.T) {
	p := newPlatform(t)
	doc := p.server.api.OpenAPI()
	var codes []any
	for _, k := range fault.Codes() {
		codes = append(codes, string(k.Code))
		r := doc.Components.Responses[responseName(k.HTTP)]
		if r == nil || !strings.Contains(r.Description, string(k.Code)) {
			t.Errorf("%s is not among the answers of %d", k.Code, k.HTTP)
		}
	}
	if got := doc.Components.Schemas.Map()["Problem"].Properties["error_code"].Enum; !slices.Equal(got, codes) {
		t.Errorf("error_code %v, want %v", got, codes)
	}
	if got := doc.Extensions["x-error-codes"]; !slices.Equal(got.([]fault.Known), fault.Codes()) {
		t.Errorf("x-error-codes %v", got)
	}
	for op := range operations(doc) {
		want := []int{http.StatusBadRequest, http.StatusTooManyRequests, http.StatusInternalServerError}
		if !p.server.public[op.Method+" "+muxPath(*op)] {
			want = append(want, http.StatusUnauthorized, http.StatusForbidden)
		}
		for _, status := range want {
			if op.Responses[strconv.Itoa(status)] == nil {
				t.Errorf("%s %s does not document %d", op.Method, op.Path, status)
			}
		}
	}
}
