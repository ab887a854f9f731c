package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// noOne is an id that nothing has.
const noOne = "00000000-0000-4000-8000-000000000000"

// contract is every check in the order they run; later ones need what earlier
// ones made.
var contract = []struct {
	name string
	run  func(context.Context, *runner)
}{
	{"who may call: no key, a wrong key, a wrong token", func(ctx context.Context, r *runner) {
		r.wantError(ctx, http.MethodGet, "/services", nil, []string{"UNAUTHORIZED"}, "X-API-Key", "")
		r.wantError(ctx, http.MethodGet, "/services", nil, []string{"INVALID_API_KEY", "UNAUTHORIZED"}, "X-API-Key", "not-a-key")
		r.wantError(ctx, http.MethodGet, "/services", nil, []string{"INVALID_TOKEN", "UNAUTHORIZED"}, "X-API-Key", "", "Authorization", "Bearer a.b.c")
	}},
	{"sign-in methods", func(ctx context.Context, r *runner) {
		r.want(ctx, http.MethodGet, "/auth/methods", nil, http.StatusOK, methodsShape)
	}},
	{"sign-in with wrong credentials", func(ctx context.Context, r *runner) {
		r.wantError(ctx, http.MethodPost, "/auth/login", map[string]string{"email": "nobody@example.invalid", "password": "not a password"}, []string{"INVALID_CREDENTIALS"})
	}},
	{"a refresh token that is none", func(ctx context.Context, r *runner) {
		r.wantError(ctx, http.MethodPost, "/auth/refresh", map[string]string{"refresh_token": "not-a-token"}, []string{"INVALID_TOKEN", "TOKEN_EXPIRED", "UNAUTHORIZED"})
	}},
	{"rate limit headers", func(ctx context.Context, r *runner) {
		a := r.call(ctx, http.MethodGet, "/services", nil)
		if a == nil {
			return
		}
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
			if _, err := strconv.ParseInt(a.header.Get(name), 10, 64); err != nil {
				r.differ("GET /services: header %s is missing or no whole number", name)
			}
		}
	}},
	{"services", func(ctx context.Context, r *runner) {
		a := r.want(ctx, http.MethodGet, "/services"+query("page_size", "100"), nil, http.StatusOK, page(serviceShape))
		r.service = serviceID(a)
		if a != nil && r.service == "" {
			r.differ("GET /services: none has the code KTP_VERIFICATION")
		}
		if r.service != "" {
			r.want(ctx, http.MethodGet, "/services/"+r.service, nil, http.StatusOK, serviceShape)
			r.want(ctx, http.MethodGet, "/services/"+r.service+"/form-fields", nil, http.StatusOK, shape{kind: "any"})
		}
		r.wantError(ctx, http.MethodGet, "/services/"+noOne, nil, []string{"NOT_FOUND"})
		r.wantError(ctx, http.MethodGet, "/services/7", nil, []string{"INVALID_ID"})
	}},
	{"folders", func(ctx context.Context, r *runner) {
		name := "Conformance " + time.Now().UTC().Format(time.RFC3339)
		a := r.want(ctx, http.MethodPost, "/folders", map[string]string{"name": name}, http.StatusCreated, folderShape)
		if a == nil {
			return
		}
		r.folder, r.group = a.get("id"), a.get("group", "id")
		r.want(ctx, http.MethodGet, "/folders/"+r.folder, nil, http.StatusOK, folderShape)
		if l := r.want(ctx, http.MethodGet, "/groups/"+r.group+"/folders"+query("search", name, "page_size", "1", "page_offset", "0"), nil, http.StatusOK, page(folderShape)); l != nil && l.get("items", "0", "id") != r.folder {
			r.differ("GET /groups/{id}/folders: the search does not find the new folder")
		}
		r.wantError(ctx, http.MethodGet, "/folders/"+noOne, nil, []string{"NOT_FOUND"})
		r.wantError(ctx, http.MethodPost, "/folders", map[string]string{"name": ""}, []string{"INVALID_REQUEST", "INVALID_VALUE"})
	}},
	{"pages: values out of range", func(ctx context.Context, r *runner) {
		for _, q := range []string{query("page_size", "0"), query("page_size", "101"), query("page_offset", "-1"), query("page_size", "many")} {
			r.wantError(ctx, http.MethodGet, "/services"+q, nil, nil)
		}
	}},
	{"verifications: what cannot be", func(ctx context.Context, r *runner) {
		r.wantError(ctx, http.MethodGet, "/verifications", nil, nil)
		r.wantError(ctx, http.MethodGet, "/verifications"+query("result_id", "7"), nil, []string{"INVALID_ID", "INVALID_REQUEST"})
		r.wantError(ctx, http.MethodGet, "/verifications"+query("result_id", noOne), nil, []string{"NOT_FOUND"})
		r.wantError(ctx, http.MethodGet, "/verifications/"+noOne, nil, []string{"NOT_FOUND"})
		r.wantError(ctx, http.MethodPost, "/verifications/"+noOne+"/retry", nil, []string{"NOT_FOUND"})
		if r.service == "" || r.folder == "" {
			r.skip = "there is no service or folder to try with"
			return
		}
		for _, cfg := range []map[string]any{
			{}, {"verification_type": "PASSPORT", "files": map[string]any{"ktp_file": []string{"x"}}},
			{"verification_type": "KTP_SELFIE", "files": map[string]any{"ktp_file": []string{"no/such/file.jpg"}, "selfie_file": []string{"no/such/file.jpg"}}},
		} {
			r.wantError(ctx, http.MethodPost, "/verifications", map[string]any{"service_id": r.service, "folder_id": r.folder, "configuration": cfg}, nil)
		}
	}},
	{"uploads: what cannot be", func(ctx context.Context, r *runner) {
		r.wantError(ctx, http.MethodPost, "/uploads", map[string]string{"file_category": "NONE"}, nil)
	}},
	{"uploads", func(ctx context.Context, r *runner) {
		if len(r.Card) == 0 || len(r.Selfie) == 0 {
			r.skip = "no pictures were given"
			return
		}
		r.upload(ctx)
	}},
	{"a KTP_SELFIE verification is accepted", func(ctx context.Context, r *runner) {
		if r.service == "" || r.folder == "" || len(r.paths) != 2 {
			r.skip = "there is no service, folder or upload to verify with"
			return
		}
		a := r.want(ctx, http.MethodPost, "/verifications", map[string]any{"service_id": r.service, "folder_id": r.folder,
			"configuration": map[string]any{"verification_type": "KTP_SELFIE", "fraud_detection": false,
				"files": map[string]any{"ktp_file": r.paths[:1], "selfie_file": r.paths[1:]}}}, http.StatusCreated, verificationShape)
		if a == nil {
			return
		}
		r.verification, r.result = a.get("id"), a.get("result_id")
		if got := a.get("status"); got != "IN_QUEUE" {
			r.differ("POST /verifications: status differs from IN_QUEUE")
		}
		if a.get("total_files") != "2" {
			r.differ("POST /verifications: total_files differs from 2")
		}
	}},
	{"it settles, with the output of the selfie types", func(ctx context.Context, r *runner) {
		if r.verification == "" {
			r.skip = "there is no verification"
			return
		}
		a := r.wait(ctx)
		if a == nil {
			return
		}
		if s := a.get("status"); s != "COMPLETED" && s != "NEED_REVIEW" {
			r.differ("GET /verifications/{id}: it ended neither COMPLETED nor NEED_REVIEW")
			return
		}
		for _, d := range selfieOutput.check("$.output", a.member("output")) {
			r.differ("GET /verifications/{id}: %s", d)
		}
		for _, name := range []string{"execution_time", "start_date", "end_date", "output_status", "output_file_url", "export_file_url"} {
			if a.get(name) == "" {
				r.differ("GET /verifications/{id}: $.%s: is null after the end", name)
			}
		}
		if !slices.IsSortedFunc(r.walked, func(a, b string) int { return order[a] - order[b] }) {
			r.differ("GET /verifications/{id}: the statuses came in another order than IN_QUEUE, IN_PROGRESS, an end")
		}
	}},
	{"the list of its result, with the overall status", func(ctx context.Context, r *runner) {
		if r.result == "" {
			r.skip = "there is no result"
			return
		}
		a := r.want(ctx, http.MethodGet, "/verifications"+query("result_id", r.result, "page_size", "10", "page_offset", "0"), nil, http.StatusOK, verificationsShape)
		if a == nil {
			return
		}
		if a.get("total") != "1" || a.get("items", "0", "id") != r.verification {
			r.differ("GET /verifications: the list is not the one verification")
		}
		if a.get("overall_status") != a.get("items", "0", "status") {
			r.differ("GET /verifications: overall_status differs from the only status")
		}
		past := r.want(ctx, http.MethodGet, "/verifications"+query("result_id", r.result, "page_offset", "1"), nil, http.StatusOK, verificationsShape)
		if past != nil && (past.get("total") != "1" || past.get("items", "0") != "" || past.get("overall_status") != a.get("overall_status")) {
			r.differ("GET /verifications: a page past the end changes total or overall_status, or has items")
		}
	}},
	{"retry: only what failed", func(ctx context.Context, r *runner) {
		if r.verification == "" {
			r.skip = "there is no verification"
			return
		}
		// The error's code for this is not known.
		a := r.call(ctx, http.MethodPost, "/verifications/"+r.verification+"/retry"+query("force", "false"), nil)
		if a != nil && a.status < 400 {
			r.differ("POST /verifications/{id}/retry: a finished one was run again without force")
		}
	}},
}

// order is how far a status is on the way.
var order = map[string]int{"DRAFT": 0, "IN_QUEUE": 1, "IN_PROGRESS": 2, "FRAUD_DETECTED": 3, "NEED_REVIEW": 3, "PARTIALLY_COMPLETED": 3, "PARTIALLY_FAILED": 3, "COMPLETED": 3, "FAILED": 3, "CANCELLED": 3}

// Summary counts outcomes for people.
func Summary(checks []Check) string {
	n := map[Outcome]int{}
	for _, c := range checks {
		n[c.Outcome]++
	}
	return fmt.Sprintf("%d same, %d differ, %d skipped", n[Same], n[Differs], n[Skipped])
}
