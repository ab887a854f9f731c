package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// Every route says which record it leaves, or why it leaves none.
func TestRoutesDeclareTheirRecord(t *testing.T) {
	p := newPlatform(t)
	for _, pattern := range p.server.mux.patterns {
		declared := p.server.traces[pattern]
		if (declared.action == "") == (declared.none == "") {
			t.Errorf("%s declares %+v: add Metadata: recorded(action, object) or unrecorded(why)", pattern, declared)
		}
	}
}

// trail gives the records that were written while fn ran, oldest first.
func (p *platform) trail(t *testing.T, fn func()) []audit.Record {
	t.Helper()
	_, before, err := p.audit.Find(t.Context(), audit.Filter{}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	fn()
	list, after, err := p.audit.Find(t.Context(), audit.Filter{}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	list = list[:after-before]
	slices.Reverse(list)
	return list
}

func said(records []audit.Record) string {
	var lines []string
	for _, r := range records {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", r.Action, r.Actor.Kind, r.Object.Type, r.Outcome))
	}
	return strings.Join(lines, "; ")
}

// signedIn makes a user of a's organization.
func (p *platform) signedIn(t *testing.T, email string, role tenant.Role) (*client.Client, tenant.User) {
	t.Helper()
	u, err := p.auth.CreateUser(t.Context(), auth.NewUser{Email: email, Password: testPassword, Role: role, Group: p.a.group})
	if err != nil {
		t.Fatal(err)
	}
	c := p.client(t)
	if _, err := c.Login(t.Context(), email, testPassword); err != nil {
		t.Fatal(err)
	}
	return c, u
}

func TestRecords(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	key := p.client(t, client.WithAPIKey(p.a.key))
	p.importList(t, "Ratna Kertanegara Wirayuda")
	const name, nik = "RATNA KERTANEGARA WIRAYUDA", "3174084107870501"

	var v client.Verification
	var up client.Upload
	for _, tt := range []struct {
		what string
		do   func() error
		want string
	}{
		{"the first call of a key in an hour", func() error { _, err := key.Services(ctx); return err }, "key.used key key ok"},
		{"the second", func() error { _, err := key.Services(ctx); return err }, ""},
		{"an upload", func() (err error) {
			up, err = key.Upload(ctx, client.InputFile, client.File{Name: name + ".png", Content: strings.NewReader("IMG")})
			return err
		}, "file.uploaded key upload ok"},
		{"a download", func() error { return key.Download(ctx, up.Files[0].URL, &strings.Builder{}) }, "file.downloaded key file ok"},
		{"a screening", func() (err error) {
			v, err = key.Screen(ctx, client.NewScreening{Name: name, BirthDate: "1987-07-01", NIK: nik})
			return err
		}, "screening.created key verification ok"},
		{"a look", func() error { _, err := key.Verification(ctx, v.ID); return err }, "personal_data.viewed key verification ok"},
		{"a look at the hits", func() error { _, err := key.Screening(ctx, v.ID); return err }, "personal_data.viewed key verification ok"},
		{"a look at a result", func() error { _, err := key.Verifications(ctx, v.ResultID, client.Page{}); return err }, "personal_data.viewed key result ok"},
		{"an export", func() error { return key.Download(ctx, *v.ExportFileURL, &strings.Builder{}) }, "file.downloaded key verification ok"},
		{"a decision", func() error {
			_, err := key.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: "E-1", Reason: "another " + name})
			return err
		}, "hit.dismissed key verification ok"},
		{"a decision taken back", func() error { _, err := key.TakeBackDismissal(ctx, v.ID, "E-1"); return err }, "hit.restored key verification ok"},
		{"a look at nothing", func() error {
			_, err := key.Verification(ctx, p.a.user.ID.String())
			if client.IsCode(err, "NOT_FOUND") {
				return nil
			}
			return err
		}, "personal_data.viewed key verification NOT_FOUND"},
		{"a change that the state forbids", func() error {
			if _, err := key.CancelVerification(ctx, v.ID); !client.IsCode(err, "INVALID_STATE") {
				return err
			}
			return nil
		}, ""},
	} {
		records := p.trail(t, func() {
			if err := tt.do(); err != nil {
				t.Fatalf("%s: %v", tt.what, err)
			}
		})
		if got := said(records); got != tt.want {
			t.Errorf("%s left %q, want %q", tt.what, got, tt.want)
		}
		for _, r := range records {
			if r.Organization != p.a.user.OrganizationID.String() || r.Group != p.a.group.ID.String() || r.RequestID == "" && r.Action != audit.KeyUsed {
				t.Errorf("%s: record %+v", tt.what, r)
			}
		}
	}
	all, _, err := p.audit.Find(ctx, audit.Filter{}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{nik, "RATNA", "Ratna", "KERTANEGARA", "1987", p.a.key, "another"} {
		if text := fmt.Sprintf("%+v", all); strings.Contains(text, secret) {
			t.Errorf("the records have %q", secret)
		}
	}
	checked, err := p.audit.Verify(ctx, "", nil, nil)
	if err != nil || len(checked.Findings) > 0 {
		t.Errorf("the chains: %+v, %v", checked, err)
	}
}

// A card that is not read yet shows nothing of a person: those who wait for
// its end leave no record with each look.
func TestLooksBeforeTheEndLeaveNoRecord(t *testing.T) {
	p := newPlatform(t)
	v := p.verify(t)
	records := p.trail(t, func() {
		p.do("GET", "/verifications/"+v.ID.String(), "")
		p.do("GET", "/verifications?result_id="+v.ResultID.String(), "")
	})
	if len(records) > 0 {
		t.Errorf("left %q", said(records))
	}
}

func TestSignInsLeaveRecords(t *testing.T) {
	p := newPlatform(t)
	_, u := p.signedIn(t, "owner@example.com", tenant.OrganizationOwner)
	login := func(email, password string) *httptest.ResponseRecorder {
		return p.do("POST", "/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), "X-API-Key", "")
	}
	var refresh string
	for _, tt := range []struct {
		what  string
		do    func() *httptest.ResponseRecorder
		want  string
		chain string
	}{
		{"a sign-in", func() *httptest.ResponseRecorder {
			w := login("owner@example.com", testPassword)
			refresh = decode[tokens](t, w, http.StatusOK).RefreshToken
			return w
		}, "auth.login user  ok", u.OrganizationID.String()},
		{"a wrong password", func() *httptest.ResponseRecorder { return login("owner@example.com", "wrong password") }, "auth.login_failed unknown user INVALID_CREDENTIALS", u.OrganizationID.String()},
		{"an unknown address", func() *httptest.ResponseRecorder { return login("budi@example.com", "wrong password") }, "auth.login_failed unknown  INVALID_CREDENTIALS", audit.Platform},
		{"a renewal", func() *httptest.ResponseRecorder {
			return p.do("POST", "/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, refresh), "X-API-Key", "")
		}, "auth.refreshed user  ok", u.OrganizationID.String()},
		{"a copied token", func() *httptest.ResponseRecorder {
			return p.do("POST", "/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, refresh), "X-API-Key", "")
		}, "auth.refreshed unknown user INVALID_TOKEN", u.OrganizationID.String()},
		{"a made-up token", func() *httptest.ResponseRecorder {
			return p.do("POST", "/auth/refresh", `{"refresh_token":"x"}`, "X-API-Key", "")
		}, "", ""},
		{"a made-up return from a provider", func() *httptest.ResponseRecorder {
			return p.do("GET", "/auth/oidc/callback?code=x&state=y", "", "X-API-Key", "")
		}, "", ""},
	} {
		records := p.trail(t, func() { tt.do() })
		if got := said(records); got != tt.want || len(records) > 0 && records[0].Organization != tt.chain {
			t.Errorf("%s left %q: %+v", tt.what, got, records)
		}
		if text := fmt.Sprintf("%+v", records); strings.Contains(text, "@") || strings.Contains(text, "budi") {
			t.Errorf("%s: a record names somebody: %s", tt.what, text)
		}
	}
}

// A super admin's look at another organization's data is in that
// organization's chain.
func TestRecordsAreWhereTheDataIs(t *testing.T) {
	p := newPlatform(t)
	p.importList(t, "Bambang Tirtayasa")
	v, err := p.client(t, client.WithAPIKey(p.b.key)).Screen(t.Context(), client.NewScreening{Name: "Somebody"})
	if err != nil {
		t.Fatal(err)
	}
	admin, u := p.signedIn(t, "admin@example.com", tenant.SuperAdmin)
	records := p.trail(t, func() {
		if _, err := admin.Verification(t.Context(), v.ID); err != nil {
			t.Fatal(err)
		}
	})
	if len(records) != 1 || records[0].Organization != p.b.user.OrganizationID.String() || records[0].Group != p.b.group.ID.String() || records[0].Actor.ID != u.ID.String() {
		t.Errorf("records %+v", records)
	}
}

func TestAuditRecords(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	owner, u := p.signedIn(t, "owner@example.com", tenant.OrganizationOwner)
	member, _ := p.signedIn(t, "member@example.com", tenant.GroupUser)
	p.importList(t, "Bambang Tirtayasa")
	for _, key := range []string{p.a.key, p.b.key} {
		if _, err := p.client(t, client.WithAPIKey(key)).Screen(ctx, client.NewScreening{Name: "Somebody"}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := owner.AuditRecords(ctx, client.AuditFilter{Action: "screening.created"}, client.Page{})
	if err != nil || l.Total != 1 || l.Items[0].Actor.Kind != "key" || !strings.HasPrefix(p.a.key, l.Items[0].Actor.ID) {
		t.Errorf("records %+v, %v", l, err)
	}
	object := l.Items[0].Object
	for what, f := range map[string]client.AuditFilter{
		"the object": {ObjectType: object.Type, ObjectID: object.ID}, "the key": {ActorID: l.Items[0].Actor.ID, Action: "screening.created"},
		"an hour": {From: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Minute), Action: "screening.created"},
	} {
		if l, err := owner.AuditRecords(ctx, f, client.Page{Size: 1}); err != nil || l.Total != 1 || len(l.Items) != 1 || l.Items[0].Object != object {
			t.Errorf("by %s: %+v, %v", what, l, err)
		}
	}
	if l, err := owner.AuditRecords(ctx, client.AuditFilter{Until: time.Now().Add(-time.Hour)}, client.Page{}); err != nil || l.Total != 0 {
		t.Errorf("of the past: %+v, %v", l, err)
	}
	if l, err := owner.AuditRecords(ctx, client.AuditFilter{ActorID: u.ID.String(), Action: "audit.viewed"}, client.Page{}); err != nil || l.Total < 4 {
		t.Errorf("looks at the log itself: %+v, %v", l, err)
	}
	if _, err := member.AuditRecords(ctx, client.AuditFilter{}, client.Page{}); !client.IsCode(err, string(fault.CodeForbidden)) {
		t.Errorf("a group user: %v", err)
	}
	if _, err := p.client(t, client.WithAPIKey(p.a.key)).AuditRecords(ctx, client.AuditFilter{}, client.Page{}); !client.IsCode(err, string(fault.CodeForbidden)) {
		t.Errorf("a key: %v", err)
	}
	for target, field := range map[string]string{"from=yesterday": "from", "page_size=0": "page_size", "action=" + strings.Repeat("x", 65): "action"} {
		e := wantProblem(t, p.do("GET", "/audit?"+target, ""), http.StatusBadRequest, fault.CodeInvalidRequest, field)
		if strings.Contains(e.Message, "expected") {
			t.Errorf("%s: the message is not ours: %s", target, e.Message)
		}
	}
}

// brokenAudit cannot write.
type brokenAudit struct{ Audit }

func (brokenAudit) Append(context.Context, *audit.Entry) error { return errors.New("disk full") }

// What cannot be recorded is not shown.
func TestNoAnswerWithoutItsRecord(t *testing.T) {
	p := newPlatform(t)
	p.importList(t, "Bambang Tirtayasa")
	c := p.client(t, client.WithAPIKey(p.a.key))
	v, err := c.Screen(t.Context(), client.NewScreening{Name: "Somebody"})
	if err != nil {
		t.Fatal(err)
	}
	p.server.Audit = brokenAudit{p.audit}
	for _, target := range []string{"/verifications/" + v.ID, "/verifications/" + v.ID + "/screening", "/verifications?result_id=" + v.ResultID,
		strings.TrimPrefix(*v.OutputFileURL, "http://anycheck.test")} {
		w := p.do("GET", target, "")
		if wantProblem(t, w, http.StatusInternalServerError, fault.CodeInternal); strings.Contains(w.Body.String(), "Somebody") {
			t.Errorf("%s shows the person", target)
		}
	}
	if w := p.do("GET", "/services", ""); w.Code != http.StatusOK {
		t.Errorf("what needs no record: %d", w.Code)
	}
}

// A change and its record are one transaction.
func TestRecordIsPartOfTheChange(t *testing.T) {
	p := newPlatform(t)
	v := p.verify(t)
	p.server.Audit = brokenAudit{p.audit} // not asked: the transaction writes it
	records := p.trail(t, func() {
		got := decode[verificationView](t, p.do("POST", "/verifications/"+v.ID.String()+"/cancel", ""), http.StatusOK)
		if got.Status != verification.Cancelled {
			t.Errorf("status %s", got.Status)
		}
	})
	if got := said(records); got != "verification.cancelled key verification ok" || records[0].Address != "192.0.2.0/24" {
		t.Errorf("left %q: %+v", got, records)
	}
}

// silentAudit writes nothing, to measure what writing costs.
type silentAudit struct{ Audit }

func (silentAudit) Append(context.Context, *audit.Entry) error { return nil }

// BenchmarkRecordedGet is a look at a person's screening, with its audit
// record and without.
func BenchmarkRecordedGet(b *testing.B) {
	p := newPlatform(b)
	w := p.do("POST", "/screenings", `{"name":"Somebody Else"}`)
	v := decode[verificationView](b, w, http.StatusCreated)
	get := func() {
		if w := p.do("GET", "/verifications/"+v.ID.String(), ""); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	for _, with := range []bool{false, true} {
		p.server.Audit = p.audit
		if !with {
			p.server.Audit = silentAudit{p.audit}
		}
		b.Run(fmt.Sprintf("record=%v", with), func(b *testing.B) {
			for b.Loop() {
				get()
			}
		})
		b.Run(fmt.Sprintf("record=%v, 16 at once", with), func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					get()
				}
			})
		})
	}
}
