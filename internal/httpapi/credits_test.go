package httpapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

func TestCredits(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	admin := p.a.user
	admin.Role = tenant.SuperAdmin
	p.actAs(admin)
	person, key := p.client(t, client.WithToken("person")), p.client(t, client.WithAPIKey(p.a.key))
	group := p.a.group.ID.String()

	e, err := person.TopUp(ctx, group, 20, "Invoice 7")
	if err != nil || e.Kind != "TOP_UP" || e.Credits != 20 || e.BalanceChange != 20 || e.Note != "Invoice 7" || e.CreatedBy != admin.Email || e.VerificationID != nil || e.GroupID != group {
		t.Errorf("%+v, %v", e, err)
	}
	v := p.verify(t)
	if _, err := key.Screen(ctx, client.NewScreening{Name: "Siti"}); err != nil {
		t.Fatal(err)
	}
	g, err := key.GroupCredits(ctx, group)
	if err != nil || g != (client.GroupCredits{Group: client.Ref{ID: group, Name: "Alpha group"}, Balance: 109, Held: 10}) {
		t.Errorf("%+v, %v", g, err)
	}
	second, err := p.auth.CreateGroup(ctx, "Alpha", "Branch")
	if err != nil {
		t.Fatal(err)
	}
	if e, err := person.TransferCredits(ctx, group, second.ID.String(), 9, ""); err != nil || e.Kind != "TRANSFER_OUT" || e.BalanceChange != -9 {
		t.Errorf("%+v, %v", e, err)
	}
	o, err := person.OrganizationCredits(ctx, p.a.group.OrganizationID.String())
	if err != nil || o.Organization.Name != "Alpha" || o.Balance != 109 || o.Held != 10 || len(o.Groups) != 2 || o.Groups[1].Group.Name != "Branch" || o.Groups[1].Balance != 9 {
		t.Errorf("%+v, %v", o, err)
	}

	today := time.Now().UTC().Format(time.DateOnly)
	l, err := key.LedgerEntries(ctx, group, client.EntryQuery{Kind: "RESERVE", From: today, To: today}, client.Page{Size: 1})
	if err != nil || l.Total != 2 || len(l.Items) != 1 || l.Items[0].Credits != 1 || *l.Items[0].VerificationID == v.ID.String() {
		t.Errorf("%+v, %v", l, err)
	}
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	if l, err := key.LedgerEntries(ctx, group, client.EntryQuery{From: tomorrow}, client.Page{}); err != nil || l.Total != 0 {
		t.Errorf("%+v, %v", l, err)
	}

	u, err := key.Usage(ctx, client.UsageQuery{By: []string{"service", "user", "group"}}, client.Page{})
	if err != nil || u.Total != 2 {
		t.Fatalf("%+v, %v", u, err)
	}
	for _, row := range u.Items {
		if row.Period != today[:7] || row.User.Name != "Alpha owner" || row.Group.Name != "Alpha group" || row.Attempts != 1 {
			t.Errorf("%+v", row)
		}
		if row.Service.Name == verification.Catalogue()[0].Name && (row.Reserved != 10 || row.Used != 0) {
			t.Errorf("%+v", row)
		}
	}
	u, err = key.Usage(ctx, client.UsageQuery{From: today, To: today, Interval: "day", GroupID: group}, client.Page{})
	if err != nil || u.Total != 1 || u.Items[0] != (client.UsageRow{Period: today, Attempts: 2, Reserved: 11, Used: 1}) {
		t.Errorf("%+v, %v", u, err)
	}

	limit := int64(15)
	q, err := person.SetQuota(ctx, p.a.user.ID.String(), &limit)
	if err != nil || *q.MonthlyCredits != 15 || q.UsedCredits != 11 || q.User.Name != "Alpha owner" {
		t.Errorf("%+v, %v", q, err)
	}
	wantProblem(t, p.do("POST", "/verifications/"+v.ID.String()+"/retry?force=true", ""), http.StatusConflict, fault.CodeInvalidState)
	_, err = key.CreateVerification(ctx, client.NewVerification{ServiceID: v.Service.ID.String(), FolderID: v.FolderID.String(), Configuration: v.InputConfig})
	if !client.IsCode(err, client.CodeQuotaExceeded) || err.(*client.Error).StatusCode != http.StatusForbidden {
		t.Errorf("beyond the quota: %v", err)
	}
	if q, err := person.SetQuota(ctx, p.a.user.ID.String(), nil); err != nil || q.MonthlyCredits != nil {
		t.Errorf("%+v, %v", q, err)
	}
	if q, err := key.Quota(ctx, p.a.user.ID.String()); err != nil || q.UsedCredits != 11 {
		t.Errorf("%+v, %v", q, err)
	}
}

// Bad input is answered with its field and changes nothing.
func TestBadCreditRequests(t *testing.T) {
	p := newPlatform(t)
	admin := p.a.user
	admin.Role = tenant.SuperAdmin
	p.actAs(admin)
	group, user, some := p.a.group.ID.String(), p.a.user.ID.String(), uuid.NewString()
	before := p.count(t)
	for _, tt := range []struct {
		method, target, body string
		status               int
		code                 fault.Code
		fields               []string
	}{
		{"POST", "/groups/" + group + "/credits/top-ups", `{"credits":0}`, 400, fault.CodeInvalidRequest, []string{"credits"}},
		{"POST", "/groups/" + group + "/credits/top-ups", `{"credits":-5}`, 400, fault.CodeInvalidRequest, []string{"credits"}},
		{"POST", "/groups/" + group + "/credits/top-ups", `{"credits":1.5}`, 400, fault.CodeInvalidRequest, []string{"credits"}},
		{"POST", "/groups/" + group + "/credits/top-ups", `{"credits":9223372036854775807}`, 400, fault.CodeInvalidRequest, []string{"credits"}},
		{"POST", "/groups/" + group + "/credits/top-ups", `{"credits":1,"note":"a\u0000b"}`, 400, fault.CodeInvalidRequest, []string{"note"}},
		{"POST", "/groups/" + group + "/credits/top-ups", `{}`, 400, fault.CodeInvalidRequest, []string{"credits"}},
		{"POST", "/groups/" + some + "/credits/top-ups", `{"credits":1}`, 404, fault.CodeNotFound, nil},
		{"POST", "/groups/" + group + "/credits/transfers", `{"credits":1,"to_group_id":"x"}`, 400, fault.CodeInvalidID, []string{"to_group_id"}},
		{"POST", "/groups/" + group + "/credits/transfers", `{"credits":1,"to_group_id":"` + group + `"}`, 400, fault.CodeInvalidRequest, []string{"to_group_id"}},
		{"POST", "/groups/" + group + "/credits/transfers", `{"credits":1,"to_group_id":"` + some + `"}`, 404, fault.CodeNotFound, []string{"to_group_id"}},
		{"POST", "/groups/" + group + "/credits/transfers", `{"credits":1,"to_group_id":"` + p.b.group.ID.String() + `"}`, 404, fault.CodeNotFound, []string{"to_group_id"}},
		{"GET", "/groups/" + group + "/credits/entries?kind=GIFT", "", 400, fault.CodeInvalidValue, []string{"kind"}},
		{"GET", "/groups/" + group + "/credits/entries?from=2026-13-01", "", 400, fault.CodeInvalidRequest, []string{"from"}},
		{"GET", "/groups/" + group + "/credits/entries?from=2026-11-02&to=2026-11-01", "", 400, fault.CodeInvalidRequest, []string{"to"}},
		{"GET", "/credits/usage?interval=week", "", 400, fault.CodeInvalidValue, []string{"interval"}},
		{"GET", "/credits/usage?by=service,colour", "", 400, fault.CodeInvalidValue, []string{"by[1]"}},
		{"GET", "/credits/usage?from=x", "", 400, fault.CodeInvalidRequest, []string{"from"}},
		{"GET", "/credits/usage?group_id=x", "", 400, fault.CodeInvalidID, []string{"group_id"}},
		{"GET", "/credits/usage?group_id=" + some, "", 404, fault.CodeNotFound, []string{"group_id"}},
		{"GET", "/credits/usage?organization_id=" + some, "", 404, fault.CodeNotFound, []string{"organization_id"}},
		{"PUT", "/users/" + user + "/quota", `{"monthly_credits":-1}`, 400, fault.CodeInvalidRequest, []string{"monthly_credits"}},
		{"PUT", "/users/" + user + "/quota", `{}`, 400, fault.CodeInvalidRequest, []string{"monthly_credits"}},
		{"PUT", "/users/" + user + "/quota", `{"monthly_credits":"many"}`, 400, fault.CodeInvalidRequest, []string{"monthly_credits"}},
		{"PUT", "/users/" + some + "/quota", `{"monthly_credits":1}`, 404, fault.CodeNotFound, nil},
		{"PUT", "/groups/" + group + "/rate-limit", `{"per_minute":-1}`, 400, fault.CodeInvalidRequest, []string{"per_minute"}},
		{"PUT", "/groups/" + group + "/rate-limit", `{"per_minute":99999999999}`, 400, fault.CodeInvalidRequest, []string{"per_minute"}},
		{"PUT", "/groups/" + some + "/rate-limit", `{"per_minute":1}`, 404, fault.CodeNotFound, nil},
		{"PUT", "/api-keys/" + some + "/rate-limit", `{"per_minute":1}`, 404, fault.CodeNotFound, nil},
		{"PUT", "/api-keys/" + some + "/rate-limit", `{"per_minute":null}`, 404, fault.CodeNotFound, nil},
	} {
		t.Run(tt.method+" "+tt.target+" "+tt.body, func(t *testing.T) {
			wantProblem(t, p.do(tt.method, tt.target, tt.body, "X-API-Key", "", "Authorization", "Bearer person"), tt.status, tt.code, tt.fields...)
		})
	}
	if after := p.count(t); after != before {
		t.Errorf("%s; before: %s", after, before)
	}
	if limits, err := p.db.AllRateLimits(t.Context(), tenant.Everything()); err != nil || len(limits) != 0 {
		t.Errorf("limits %v, %v", limits, err)
	}
	// What is for people is not for keys.
	for target, body := range map[string]string{"/groups/" + group + "/credits/top-ups": `{"credits":1}`, "/groups/" + group + "/credits/transfers": `{"credits":1,"to_group_id":"` + some + `"}`} {
		wantProblem(t, p.do("POST", target, body), http.StatusForbidden, fault.CodeForbidden)
	}
}

// Another organization's owner finds nothing of a's.
func TestCreditsOfAnotherOrganization(t *testing.T) {
	p := newPlatform(t)
	p.actAs(p.b.user)
	k, _, _ := p.addKey(t)
	group := "/groups/" + p.a.group.ID.String()
	for _, tt := range []struct{ method, target, body string }{
		{"GET", group + "/credits", ""},
		{"GET", group + "/credits/entries", ""},
		{"GET", "/organizations/" + p.a.group.OrganizationID.String() + "/credits", ""},
		{"GET", "/credits/usage?group_id=" + p.a.group.ID.String(), ""},
		{"GET", "/credits/usage?organization_id=" + p.a.group.OrganizationID.String(), ""},
		{"GET", "/users/" + p.a.user.ID.String() + "/quota", ""},
		{"PUT", "/users/" + p.a.user.ID.String() + "/quota", `{"monthly_credits":1}`},
		{"GET", group + "/rate-limit", ""},
		{"GET", "/api-keys/" + k.String() + "/rate-limit", ""},
		{"PUT", "/api-keys/" + k.String() + "/rate-limit", `{"per_minute":1}`},
		{"POST", group + "/credits/transfers", `{"credits":1,"to_group_id":"` + p.b.group.ID.String() + `"}`},
	} {
		t.Run(tt.method+" "+tt.target, func(t *testing.T) {
			w := p.do(tt.method, tt.target, tt.body, "X-API-Key", "", "Authorization", "Bearer person")
			if e := decode[problem](t, w, http.StatusNotFound); e.ErrorCode != fault.CodeNotFound {
				t.Errorf("%+v", e)
			}
			if tt.method == "GET" {
				p.actAs(p.a.user)
				defer p.actAs(p.b.user)
				if w := p.do(tt.method, tt.target, "", "X-API-Key", "", "Authorization", "Bearer person"); w.Code != http.StatusOK {
					t.Errorf("its owner got %d: %s", w.Code, w.Body)
				}
			}
		})
	}
}
