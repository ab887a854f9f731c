package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// A number is the same however it is written; one that cannot be used is
// named, and what the caller sends along for itself is not looked at.
func TestNumbers(t *testing.T) {
	p := newPlatform(t)
	u := p.a.user
	u.Role = tenant.SuperAdmin
	p.actAs(u)
	_, member := p.member(t, "rina", tenant.GroupUser)
	person := []string{"X-API-Key", "", "Authorization", "Bearer person"}
	group := "/groups/" + p.a.group.ID.String()
	for _, r := range []struct{ method, path, body, field string }{
		{"POST", group + "/credits/top-ups", `{"credits":N}`, "credits"},
		{"PUT", "/users/" + member.ID.String() + "/quota", `{"monthly_credits":N}`, "monthly_credits"},
		{"PUT", group + "/rate-limit", `{"per_minute":N}`, "per_minute"},
		{"PUT", group + "/retention", `{"result":null,"files":N}`, "files"},
		{"POST", group + "/webhook-secret/rotate", `{"overlap_seconds":N}`, "overlap_seconds"},
	} {
		for _, n := range []string{"5", "5.0", "1e3", "1.5E+1", "5000e-2"} {
			if w := p.do(r.method, r.path, strings.Replace(r.body, "N", n, 1), person...); w.Code >= 300 {
				t.Errorf("%s %s of %s: %d %s", r.method, r.path, n, w.Code, w.Body)
			}
		}
		for _, n := range []string{"1.5", "1e30", "9223372036854775808", "1e400", "-1e400", "1e-400", "1e999999999", "1.00000000000000000001", `"5"`} {
			e := wantProblem(t, p.do(r.method, r.path, strings.Replace(r.body, "N", n, 1), person...), http.StatusBadRequest, fault.CodeInvalidRequest, r.field)
			if len(e.Errors) == 1 && e.Errors[0].Message != "must be a whole number of at most 64 bits" {
				t.Errorf("%s of %s: %s", r.path, n, e.Errors[0].Message)
			}
		}
	}
	c := decode[struct {
		PerMinute int64 `json:"per_minute"`
	}](t, p.do("PUT", group+"/rate-limit", `{"per_minute":1e3}`, person...), http.StatusOK)
	if c.PerMinute != 1000 {
		t.Errorf("1e3 is %d", c.PerMinute)
	}

	v := p.verify(t)
	const metadata = `{"e":1e400,"f":5.0,"n":12345678901234567890}`
	w := p.do("POST", "/verifications/drafts", `{"service_id":"`+v.Service.ID.String()+`","folder_id":"`+v.FolderID.String()+`","webhook_metadata":`+metadata+`}`)
	got := decode[struct {
		WebhookMetadata json.RawMessage `json:"webhook_metadata"`
	}](t, w, http.StatusCreated)
	if string(got.WebhookMetadata) != metadata {
		t.Errorf("metadata %s, want %s", got.WebhookMetadata, metadata)
	}
}
