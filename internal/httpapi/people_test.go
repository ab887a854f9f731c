package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// member makes a user of a's organization and signs it in.
func (p *platform) member(t *testing.T, name string, role tenant.Role) (*client.Client, tenant.User) {
	t.Helper()
	u := tenant.User{ID: uuid.New(), OrganizationID: p.a.group.OrganizationID, GroupID: p.a.group.ID, Email: name + "@example.com", Name: name, Role: role,
		PasswordHash: passwordHash(), CreatedAt: time.Now()}
	if err := p.db.InsertUser(t.Context(), tenant.Everything(), u); err != nil {
		t.Fatal(err)
	}
	c := p.client(t)
	if _, err := c.Login(t.Context(), u.Email, testPassword); err != nil {
		t.Fatal(err)
	}
	return c, u
}

// passwordHash is of testPassword, made once: that takes long.
var passwordHash = sync.OnceValue(func() string {
	hash, err := auth.NewPasswords().Hash(context.Background(), testPassword)
	if err != nil {
		panic(err)
	}
	return hash
})

// bearer signs a user in and gives the header for do.
func (p *platform) bearer(t *testing.T, email string) []string {
	t.Helper()
	tok, err := p.auth.Login(t.Context(), email, testPassword, auth.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	return []string{"X-API-Key", "", "Authorization", "Bearer " + tok.AccessToken}
}

func ptr[T any](v T) *T { return &v }

// What a creation answers is what is read later, to the last digit of its times.
func TestCreationsAnswerWhatIsStored(t *testing.T) {
	p := newPlatform(t)
	u := p.a.user
	u.Role = tenant.SuperAdmin
	p.actAs(u)
	person := []string{"X-API-Key", "", "Authorization", "Bearer person"}
	type made struct {
		ID        uuid.UUID  `json:"id"`
		CreatedAt string     `json:"created_at"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	for path, body := range map[string]string{
		"/organizations": `{"name":"Gamma"}`,
		"/groups":        `{"name":"Delta"}`,
		"/users":         `{"email":"new@example.com","name":"New","role":"GROUP_USER"}`,
		"/api-keys":      `{"name":"k","expires_at":"2999-01-01T00:00:00.123456789Z"}`,
	} {
		m := decode[made](t, p.do("POST", path, body, person...), http.StatusCreated)
		l := decode[list[made]](t, p.do("GET", path+"?page_size=100", "", person...), http.StatusOK)
		i := slices.IndexFunc(l.Items, func(k made) bool { return k.ID == m.ID })
		if i < 0 || !reflect.DeepEqual(l.Items[i], m) {
			t.Errorf("%s answered %+v, the list has %+v", path, m, l.Items)
		}
	}
}

func TestUsers(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	owner, _ := p.member(t, "owner", tenant.OrganizationOwner)
	u, err := owner.CreateUser(ctx, client.NewUser{Email: " Rina@Bank.example", Name: "Rina", Role: client.GroupUser, Password: testPassword})
	if err != nil || u.Email != "rina@bank.example" || u.GroupID != p.a.group.ID.String() || !u.HasPassword || u.Disabled {
		t.Fatalf("user %+v, %v", u, err)
	}
	sso, err := owner.CreateUser(ctx, client.NewUser{Email: "sso@bank.example", Name: "S", Role: client.Auditor, GroupID: p.a.group.ID.String()})
	if err != nil || sso.HasPassword {
		t.Errorf("a user without a password: %+v, %v", sso, err)
	}
	if _, err := p.auth.Login(ctx, sso.Email, "", auth.Origin{}); fault.From(err).Code != fault.CodeInvalidCredentials {
		t.Errorf("it signs in with none: %v", err)
	}
	l, err := owner.Users(ctx, client.Page{Offset: 1, Size: 2})
	if err != nil || l.Total != 4 || len(l.Items) != 2 || l.Items[1].Email != "rina@bank.example" {
		t.Errorf("users %+v, %v", l, err)
	}

	rina := p.client(t)
	if _, err := rina.Login(ctx, u.Email, testPassword); err != nil {
		t.Fatal(err)
	}
	if got, err := owner.UpdateUser(ctx, u.ID, client.UserChange{Name: ptr("Rina S."), Role: ptr(client.Reviewer)}); err != nil || got.Name != "Rina S." || got.Role != client.Reviewer {
		t.Errorf("changed %+v, %v", got, err)
	}
	// A new role holds at once, also for who is signed in.
	if _, err := rina.CreateFolder(ctx, "F"); !client.IsCode(err, "FORBIDDEN") {
		t.Errorf("a reviewer makes a folder: %v", err)
	}
	if got, err := owner.UpdateUser(ctx, u.ID, client.UserChange{Disabled: ptr(true)}); err != nil || !got.Disabled {
		t.Errorf("switched off %+v, %v", got, err)
	}
	if _, err := rina.Profile(ctx); !client.IsCode(err, "INVALID_TOKEN") {
		t.Errorf("a user who is switched off: %v", err)
	}
	if got, err := owner.User(ctx, u.ID); err != nil || !got.Disabled || got.Name != "Rina S." {
		t.Errorf("user %+v, %v", got, err)
	}
}

func TestUsersRefused(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	_, admin := p.member(t, "root", tenant.SuperAdmin)
	_, plain := p.member(t, "plain", tenant.GroupUser)
	_, me := p.member(t, "owner", tenant.OrganizationOwner)
	header := p.bearer(t, me.Email)
	before, err := p.auth.Users(ctx)
	if err != nil {
		t.Fatal(err)
	}
	user := func(change string) string {
		return strings.Replace(`{"email":"new@bank.example","name":"New","role":"GROUP_USER","password":"correct horse battery"}`, "}", change+"}", 1)
	}
	path := func(u tenant.User) string { return "/users/" + u.ID.String() }
	for _, tt := range []struct {
		name, method, target, body string
		status                     int
		code                       fault.Code
		fields                     []string
	}{
		{"no address", "POST", "/users", strings.Replace(user(""), "new@bank.example", "new", 1), 400, fault.CodeInvalidRequest, []string{"email"}},
		{"an address that is taken", "POST", "/users", strings.Replace(user(""), "new@bank.example", "plain@example.com", 1), 400, fault.CodeAlreadyExists, nil},
		{"an empty name", "POST", "/users", strings.Replace(user(""), "New", " ", 1), 400, fault.CodeInvalidRequest, []string{"name"}},
		{"a name with a line break", "POST", "/users", strings.Replace(user(""), "New", `A\nB`, 1), 400, fault.CodeInvalidRequest, []string{"name"}},
		{"an unknown role", "POST", "/users", strings.Replace(user(""), "GROUP_USER", "ROOT", 1), 400, fault.CodeInvalidValue, []string{"role"}},
		{"a role above the own", "POST", "/users", strings.Replace(user(""), "GROUP_USER", "SUPER_ADMIN", 1), 400, fault.CodeInvalidValue, []string{"role"}},
		{"a short password", "POST", "/users", strings.Replace(user(""), testPassword, "short", 1), 400, fault.CodeInvalidRequest, []string{"password"}},
		{"another organization's group", "POST", "/users", user(`,"group_id":"` + p.b.group.ID.String() + `"`), 404, fault.CodeNotFound, []string{"group_id"}},
		{"a field too many", "POST", "/users", user(`,"admin":true`), 400, fault.CodeInvalidRequest, []string{"admin"}},
		{"own role", "PATCH", path(me), `{"role":"AUDITOR"}`, 400, fault.CodeInvalidRequest, []string{"role"}},
		{"own switch", "PATCH", path(me), `{"disabled":true,"name":"X"}`, 400, fault.CodeInvalidRequest, []string{"disabled"}},
		{"promotion above the own", "PATCH", path(plain), `{"role":"SUPER_ADMIN"}`, 400, fault.CodeInvalidValue, []string{"role"}},
		{"a super admin", "PATCH", path(admin), `{"disabled":true}`, 403, fault.CodeForbidden, nil},
		{"a super admin's sessions", "DELETE", "/sessions?user_id=" + admin.ID.String(), "", 403, fault.CodeForbidden, nil},
		{"an id that is none", "GET", "/users/7", "", 400, fault.CodeInvalidID, []string{"id"}},
		{"an unknown user", "GET", "/users/" + uuid.NewString(), "", 404, fault.CodeNotFound, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantProblem(t, p.do(tt.method, tt.target, tt.body, header...), tt.status, tt.code, tt.fields...)
		})
	}
	if after, err := p.auth.Users(ctx); err != nil || !slices.Equal(after, before) {
		t.Errorf("something changed: %+v, %v", after, err)
	}
	if _, err := p.auth.Login(ctx, admin.Email, testPassword, auth.Origin{}); err != nil {
		t.Errorf("the super admin: %v", err)
	}
}

// Accounts of another organization are not found by who manages its own.
func TestAccountsOfAnotherOrganization(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	_, me := p.member(t, "owner", tenant.OrganizationOwner)
	keys, err := p.auth.Keys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	theirKey := keys[slices.IndexFunc(keys, func(k tenant.APIKey) bool { return k.GroupID == p.b.group.ID })]
	session := auth.Session{ID: uuid.New(), UserID: p.b.user.ID, CreatedAt: time.Now(), LastSeenAt: time.Now()}
	if err := p.db.InsertSession(ctx, session, auth.RefreshToken{ID: uuid.New(), Hash: []byte("h"), CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	user, header := p.b.user.ID.String(), p.bearer(t, me.Email)
	for _, tt := range []struct{ method, target, body string }{
		{"GET", "/users/" + user, ""},
		{"PATCH", "/users/" + user, `{"disabled":true,"role":"AUDITOR"}`},
		{"GET", "/sessions?user_id=" + user, ""},
		{"DELETE", "/sessions?user_id=" + user, ""},
		{"DELETE", "/sessions/" + session.ID.String(), ""},
		{"DELETE", "/api-keys/" + theirKey.ID.String(), ""},
		{"PATCH", "/groups/" + p.b.group.ID.String(), `{"name":"mine"}`},
	} {
		wantProblem(t, p.do(tt.method, tt.target, tt.body, header...), http.StatusNotFound, fault.CodeNotFound)
	}
	if w := p.asB("GET", "/profile", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Beta group") {
		t.Errorf("the other organization: %d %s", w.Code, w.Body)
	}
	if u, err := p.db.User(ctx, tenant.Everything(), p.b.user.ID); err != nil || u.Disabled || u.Role != tenant.OrganizationOwner {
		t.Errorf("its owner %+v, %v", u, err)
	}
	if _, _, err := p.db.Session(ctx, session.ID); err != nil {
		t.Errorf("its session: %v", err)
	}
	for _, target := range []string{"/users", "/api-keys", "/groups", "/organizations"} {
		if w := p.do("GET", target, "", header...); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "Beta") || strings.Contains(w.Body.String(), "beta") || strings.Contains(w.Body.String(), p.b.group.ID.String()) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

// What needs a role is refused to others, and to every API key that lacks the
// scope: route by route.
func TestRoutesNeedPermission(t *testing.T) {
	p := newPlatform(t)
	some := uuid.NewString()
	headers := map[string][]string{}
	for _, role := range []tenant.Role{tenant.GroupUser, tenant.Reviewer, tenant.Auditor, tenant.OrganizationOwner} {
		_, u := p.member(t, strings.ToLower(string(role)), role)
		headers[string(role)] = p.bearer(t, u.Email)
	}
	headers["a key with every scope"] = []string{"X-API-Key", p.key(t, tenant.KeyScopes()...)}
	headers["a test key with every scope"] = []string{"X-API-Key", p.testKey(t, tenant.KeyScopes()...)}
	headers["a key that uploads"] = []string{"X-API-Key", p.key(t, tenant.WriteUploads)}
	all := slices.Collect(func(yield func(string) bool) {
		for who := range headers {
			if !yield(who) {
				return
			}
		}
	})
	owners := []string{"ORGANIZATION_OWNER"}
	writers := []string{"ORGANIZATION_OWNER", "GROUP_USER", "a key with every scope", "a test key with every scope"}
	readers := append([]string{"REVIEWER", "AUDITOR"}, writers...)
	reviewers := append([]string{"REVIEWER"}, writers...)
	for _, tt := range []struct {
		method, target, body string
		may                  []string
	}{
		{"GET", "/users", "", owners},
		{"GET", "/users/" + some, "", owners},
		{"POST", "/users", `{"email":"x","name":"x","role":"AUDITOR"}`, owners},
		{"PATCH", "/users/" + some, `{}`, owners},
		{"GET", "/sessions?user_id=" + some, "", owners},
		{"DELETE", "/sessions?user_id=" + some, "", owners},
		{"GET", "/api-keys", "", owners},
		{"POST", "/api-keys", `{"name":""}`, owners},
		{"DELETE", "/api-keys/" + some, "", owners},
		{"POST", "/groups", `{"name":""}`, owners},
		{"PATCH", "/groups/" + some, `{}`, owners},
		{"POST", "/organizations", `{"name":"O"}`, nil},
		{"POST", "/folders", `{"name":""}`, writers},
		{"PATCH", "/folders/" + some, `{}`, writers},
		{"DELETE", "/folders/" + some, "", writers},
		{"GET", "/folders/" + some, "", readers},
		{"GET", "/services", "", readers},
		{"GET", "/lists", "", readers},
		{"GET", "/verifications/" + some, "", readers},
		{"GET", "/verifications?result_id=" + some, "", readers},
		{"GET", "/results/" + some, "", readers},
		{"POST", "/verifications", `{"service_id":"` + some + `","folder_id":"` + some + `","configuration":{}}`, writers},
		{"POST", "/verifications/" + some + "/retry", "", writers},
		{"POST", "/verifications/" + some + "/cancel", "", writers},
		{"POST", "/screenings", `{"name":""}`, writers},
		{"POST", "/verifications/" + some + "/dismissals", `{"entity_id":"E","reason":"r"}`, reviewers},
		{"DELETE", "/verifications/" + some + "/dismissals/E", "", reviewers},
		{"POST", "/verifications/" + some + "/reveal", `{"field":"nik","reason":"r"}`, reviewers},
		{"GET", "/verifications/" + some + "/reveals", "", append(owners, "AUDITOR", "a key with every scope", "a test key with every scope")},
		{"POST", "/verifications/" + some + "/review", `{"decision":"approve","reason":"r"}`, reviewers},
		{"POST", "/verifications/" + some + "/fraud-decision", `{"decision":"continue","reason":"r"}`, reviewers},
		{"GET", "/verifications/" + some + "/reviews", "", readers},
		{"GET", "/verifications/" + some + "/attempts", "", readers},
		{"POST", "/verifications/drafts", `{"service_id":"` + some + `","folder_id":"` + some + `"}`, writers},
		{"PUT", "/verifications/drafts/" + some, `{"service_id":"` + some + `"}`, writers},
		{"POST", "/verifications/drafts/" + some + "/submit", "", writers},
		{"POST", "/verifications/drafts/submit", `{"ids":["` + some + `"]}`, writers},
		{"GET", "/results", "", readers},
		{"GET", "/results/" + some + "/evidence.zip", "", reviewers},
		{"DELETE", "/results/" + some + "?reason=OTHER", "", append(owners, "a key with every scope", "a test key with every scope")},
		{"POST", "/privacy/subjects", `{"nik":"1"}`, append(owners, "a key with every scope", "a test key with every scope")},
		{"POST", "/privacy/subjects/export", `{"nik":"1"}`, append(owners, "a key with every scope", "a test key with every scope")},
		{"PUT", "/groups/" + some + "/retention", `{"result":1,"files":1}`, owners},
		{"PATCH", "/groups/" + p.a.group.ID.String() + "/settings", `{}`, append(owners, "a test key with every scope")}, // to whom the group is not there
		{"GET", "/groups/" + some + "/credits", "", readers},
		{"GET", "/credits/usage", "", readers},
		{"POST", "/groups/" + some + "/credits/top-ups", `{"credits":1}`, nil},
		{"POST", "/groups/" + some + "/credits/transfers", `{"credits":1,"to_group_id":"` + some + `"}`, owners},
		{"GET", "/users/" + p.a.user.ID.String() + "/quota", "", append(owners, "a key with every scope", "a test key with every scope")},
		{"PUT", "/users/" + some + "/quota", `{"monthly_credits":1}`, owners},
		{"GET", "/groups/" + some + "/rate-limit", "", owners},
		{"PUT", "/groups/" + some + "/rate-limit", `{"per_minute":1}`, nil},
		{"GET", "/api-keys/" + some + "/rate-limit", "", owners},
		{"PUT", "/api-keys/" + some + "/rate-limit", `{"per_minute":1}`, owners},
		{"GET", "/audit", "", append(owners, "AUDITOR", "a key with every scope", "a test key with every scope")},
		{"GET", "/events", "", readers},
		{"GET", "/webhooks/deliveries", "", readers},
		{"GET", "/webhooks/deliveries/" + some, "", readers},
		{"GET", "/webhooks/disabled", "", readers},
		{"DELETE", "/webhooks/disabled/" + some, "", writers},
		{"POST", "/webhooks/deliveries/" + some + "/replay", "", writers},
		{"POST", "/webhooks/replay", `{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}`, writers},
		{"POST", "/webhooks/test", `{"url":"http://x"}`, writers},
		{"POST", "/groups/" + some + "/webhook-secret/rotate", "", owners},
		{"GET", "/groups", "", all},
		{"GET", "/organizations", "", all},
		{"GET", "/profile", "", all},
	} {
		p.documentsWhoMay(t, tt.method, tt.target, tt.may)
		for who, header := range headers {
			w := p.do(tt.method, tt.target, tt.body, header...)
			if got, want := w.Code != http.StatusForbidden, slices.Contains(tt.may, who); got != want {
				t.Errorf("%s %s by %s: %d, want it allowed: %v", tt.method, tt.target, who, w.Code, want)
			}
		}
	}
}

// documentsWhoMay checks that the permission which the document names for a
// route is one that just those have who may call it.
func (p *platform) documentsWhoMay(t *testing.T, method, target string, may []string) {
	t.Helper()
	_, pattern := p.server.mux.Handler(httptest.NewRequest(method, target, nil))
	for op := range operations(p.server.api.OpenAPI()) {
		needed := permissions[op.OperationID]
		// These need more for what belongs to somebody else.
		if op.Method+" "+muxPath(*op) != pattern || needed == anyCaller || op.OperationID == "getQuota" {
			continue
		}
		for _, r := range tenant.Rules() {
			if r.Permission != needed {
				continue
			}
			for i, role := range tenant.Roles() {
				if got := r.Roles[i] != tenant.No; role != tenant.SuperAdmin && got != slices.Contains(may, string(role)) {
					t.Errorf("%s: the document names %s, which for %s is %v", pattern, needed, role, got)
				}
			}
			if got := r.Key != ""; got != slices.Contains(may, "a key with every scope") {
				t.Errorf("%s: the document names %s, which for keys is %v", pattern, needed, got)
			}
		}
	}
}

// key makes a key of a's group with some scopes.
func (p *platform) key(t *testing.T, scopes ...tenant.KeyScope) string {
	t.Helper()
	_, key, err := p.auth.CreateKey(t.Context(), p.a.user, auth.NewKey{Name: "key", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testKey is key, for the group's sandbox.
func (p *platform) testKey(t *testing.T, scopes ...tenant.KeyScope) string {
	t.Helper()
	_, key, err := p.auth.CreateKey(t.Context(), p.a.user, auth.NewKey{Name: "key", Scopes: scopes, Test: true})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyModes(t *testing.T) {
	p := newPlatform(t)
	_, me := p.member(t, "owner", tenant.OrganizationOwner)
	header := p.bearer(t, me.Email)
	for body, want := range map[string]tenant.Mode{`{"name":"k"}`: tenant.LiveMode, `{"name":"k","mode":"live"}`: tenant.LiveMode, `{"name":"k","mode":"test"}`: tenant.TestMode} {
		k := decode[newAPIKey](t, p.do("POST", "/api-keys", body, header...), http.StatusCreated)
		if k.Mode != want || !strings.HasPrefix(k.Key, "ack_"+string(want)+"_") || k.GroupID != p.a.group.ID {
			t.Errorf("%s makes %+v", body, k)
		}
		w := p.do("GET", "/profile", "", "X-API-Key", k.Key)
		if sandbox := strings.Contains(w.Body.String(), tenant.SandboxOf(p.a.group.ID).String()); w.Code != http.StatusOK || sandbox != (want == tenant.TestMode) {
			t.Errorf("a %s key is in %s", want, w.Body)
		}
	}
	before := decode[list[APIKeyView]](t, p.do("GET", "/api-keys", "", header...), http.StatusOK)
	wantProblem(t, p.do("POST", "/api-keys", `{"name":"k","mode":"sandbox"}`, header...), http.StatusBadRequest, fault.CodeInvalidValue, "mode")
	// A sandbox is no group that anybody manages.
	wantProblem(t, p.do("POST", "/api-keys", fmt.Sprintf(`{"name":"k","group_id":%q}`, tenant.SandboxOf(p.a.group.ID)), header...), http.StatusNotFound, fault.CodeNotFound, "group_id")
	wantProblem(t, p.do("PATCH", "/groups/"+tenant.SandboxOf(p.a.group.ID).String(), `{"name":"mine"}`, header...), http.StatusNotFound, fault.CodeNotFound)
	if after := decode[list[APIKeyView]](t, p.do("GET", "/api-keys", "", header...), http.StatusOK); after.Total != before.Total {
		t.Errorf("%d keys, before %d", after.Total, before.Total)
	}
}

func TestAPIKeys(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	owner, me := p.member(t, "owner", tenant.OrganizationOwner)
	other, err := owner.CreateGroup(ctx, "Second", "")
	if err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	k, err := owner.CreateAPIKey(ctx, client.NewAPIKey{Name: " backend ", GroupID: other.ID, ExpiresAt: &soon})
	if err != nil || k.Name != "backend" || !strings.HasPrefix(k.Key, k.Prefix+"_") || k.UserID != me.ID.String() || len(k.Scopes) != 9 || !k.ExpiresAt.Equal(soon) || k.LastUsedAt != nil {
		t.Fatalf("key %+v, %v", k, err)
	}
	caller := p.client(t, client.WithAPIKey(k.Key))
	if f, err := caller.CreateFolder(ctx, "F"); err != nil || f.Group.ID != other.ID {
		t.Errorf("it acts in %+v, %v", f.Group, err)
	}
	l, err := owner.APIKeys(ctx, client.Page{})
	if err != nil || l.Total != 2 || l.Items[0].ID != k.ID || l.Items[0].LastUsedAt == nil || l.Items[0].Key != "" {
		t.Errorf("keys %+v, %v", l, err)
	}
	if w := p.do("GET", "/api-keys", "", p.bearer(t, me.Email)...); strings.Contains(w.Body.String(), k.Key) || strings.Contains(w.Body.String(), `"hash"`) {
		t.Errorf("the list tells the key: %s", w.Body)
	}
	if err := owner.DeleteAPIKey(ctx, k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := caller.Profile(ctx); !client.IsCode(err, "INVALID_API_KEY") {
		t.Errorf("an ended key: %v", err)
	}

	header := p.bearer(t, me.Email)
	for name, tt := range map[string]struct {
		body   string
		status int
		code   fault.Code
		field  string
	}{
		"no name":            {`{"name":" "}`, 400, fault.CodeInvalidRequest, "name"},
		"an unknown scope":   {`{"name":"k","scopes":["root"]}`, 400, fault.CodeInvalidValue, "scopes"},
		"a role's right":     {`{"name":"k","scopes":["users:manage"]}`, 400, fault.CodeInvalidValue, "scopes"},
		"an end in the past": {`{"name":"k","expires_at":"2020-01-01T00:00:00Z"}`, 400, fault.CodeInvalidRequest, "expires_at"},
		"another's group":    {`{"name":"k","group_id":"` + p.b.group.ID.String() + `"}`, 404, fault.CodeNotFound, "group_id"},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, p.do("POST", "/api-keys", tt.body, header...), tt.status, tt.code, tt.field)
		})
	}
	if l, err := owner.APIKeys(ctx, client.Page{}); err != nil || l.Total != 2 {
		t.Errorf("bad requests made keys: %+v, %v", l, err)
	}
}

func TestGroups(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	owner, me := p.member(t, "owner", tenant.OrganizationOwner)
	root, _ := p.member(t, "root", tenant.SuperAdmin)
	g, err := owner.CreateGroup(ctx, "Second", "")
	if err != nil || g.OrganizationID != p.a.group.OrganizationID.String() || g.CreditBalance != 0 || g.MaskPersonalData {
		t.Fatalf("group %+v, %v", g, err)
	}
	if g, err = owner.UpdateGroup(ctx, g.ID, client.GroupChange{Name: ptr("Masked"), MaskPersonalData: ptr(true)}); err != nil || g.Name != "Masked" || !g.MaskPersonalData {
		t.Errorf("changed %+v, %v", g, err)
	}
	l, err := owner.Groups(ctx, client.Page{})
	if err != nil || l.Total != 2 || l.Items[1].Name != "Masked" || !l.Items[1].MaskPersonalData {
		t.Errorf("groups %+v, %v", l, err)
	}
	if l, err := root.Groups(ctx, client.Page{}); err != nil || l.Total != 3 {
		t.Errorf("a super admin sees %+v, %v", l, err)
	}
	if l, err := owner.Organizations(ctx, client.Page{}); err != nil || l.Total != 1 || l.Items[0].Name != "Alpha" {
		t.Errorf("organizations %+v, %v", l, err)
	}
	o, err := root.CreateOrganization(ctx, "Gamma")
	if err != nil {
		t.Fatal(err)
	}
	if g, err := root.CreateGroup(ctx, "Its group", o.ID); err != nil || g.OrganizationID != o.ID {
		t.Errorf("group %+v, %v", g, err)
	}
	header := p.bearer(t, me.Email)
	for name, tt := range map[string]struct {
		method, target, body string
		status               int
		code                 fault.Code
		fields               []string
	}{
		"no name":               {"POST", "/groups", `{"name":""}`, 400, fault.CodeInvalidRequest, []string{"name"}},
		"a name that is taken":  {"POST", "/groups", `{"name":"Masked"}`, 400, fault.CodeAlreadyExists, nil},
		"another organization":  {"POST", "/groups", `{"name":"X","organization_id":"` + o.ID + `"}`, 404, fault.CodeNotFound, []string{"organization_id"}},
		"a flag that is a text": {"PATCH", "/groups/" + g.ID, `{"mask_personal_data":"yes"}`, 400, fault.CodeInvalidRequest, []string{"mask_personal_data"}},
		"a rename to a taken":   {"PATCH", "/groups/" + g.ID, `{"name":"Alpha group"}`, 400, fault.CodeAlreadyExists, nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, p.do(tt.method, tt.target, tt.body, header...), tt.status, tt.code, tt.fields...)
		})
	}
}

// A user_id that is lost on the way ends nobody's sessions.
func TestEndSessionsOfNobody(t *testing.T) {
	p := newPlatform(t)
	_, u := p.member(t, "rina", tenant.GroupUser)
	for query, code := range map[string]fault.Code{"user_id=": fault.CodeInvalidID, "user_id": fault.CodeInvalidID, "user_id=x": fault.CodeInvalidID,
		"user_id=" + u.ID.String() + "&user_id=": fault.CodeInvalidRequest} {
		bearer := p.bearer(t, u.Email)
		wantProblem(t, p.do("DELETE", "/sessions?"+query, "", bearer...), http.StatusBadRequest, code, "user_id")
		if w := p.do("GET", "/profile", "", bearer...); w.Code != http.StatusOK {
			t.Errorf("%s has ended the caller's session: %s", query, w.Body)
		}
	}
}

func TestSessions(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	here, u := p.member(t, "rina", tenant.GroupUser)
	owner, _ := p.member(t, "owner", tenant.OrganizationOwner)
	w := p.do("POST", "/auth/login", `{"email":"rina@example.com","password":"`+testPassword+`"}`, "X-API-Key", "", "User-Agent", "browser\x01 1")
	there := p.client(t, client.WithToken(decode[tokens](t, w, http.StatusOK).AccessToken))
	l, err := here.Sessions(ctx, "", client.Page{})
	if err != nil || l.Total != 2 || l.Items[0].Current == l.Items[1].Current {
		t.Fatalf("sessions %+v, %v", l, err)
	}
	other := l.Items[slices.IndexFunc(l.Items, func(s client.Session) bool { return !s.Current })]
	if other.UserAgent != "browser 1" || other.Network != "192.0.2.1" || other.UserID != u.ID.String() || other.LastSeenAt.IsZero() {
		t.Errorf("session %+v", other)
	}
	if _, err := there.Profile(ctx); err != nil {
		t.Fatal(err)
	}
	if err := here.EndSession(ctx, other.ID); err != nil {
		t.Fatal(err)
	}
	// The access token, good for an hour, has ended too.
	if _, err := there.Profile(ctx); !client.IsCode(err, "INVALID_TOKEN") {
		t.Errorf("the access token of an ended session: %v", err)
	}
	if err := here.EndSession(ctx, other.ID); !client.IsCode(err, "NOT_FOUND") {
		t.Errorf("ending it again: %v", err)
	}

	// An owner manages those of its users, a user only its own.
	theirs, err := owner.Sessions(ctx, u.ID.String(), client.Page{})
	if err != nil || theirs.Total != 1 || theirs.Items[0].Current {
		t.Fatalf("a user's sessions %+v, %v", theirs, err)
	}
	own, err := owner.Sessions(ctx, "", client.Page{})
	if err != nil || own.Total != 1 {
		t.Fatalf("own sessions %+v, %v", own, err)
	}
	if err := here.EndSession(ctx, own.Items[0].ID); !client.IsCode(err, "NOT_FOUND") {
		t.Errorf("a user ends the owner's session: %v", err)
	}
	if _, err := owner.Profile(ctx); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if err := owner.EndSessions(ctx, u.ID.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Profile(ctx); !client.IsCode(err, "INVALID_TOKEN") {
		t.Errorf("after the owner ended all: %v", err)
	}
	if err := owner.EndSessions(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := owner.Profile(ctx); !client.IsCode(err, "INVALID_TOKEN") {
		t.Errorf("after signing out everywhere: %v", err)
	}
	wantProblem(t, p.do("GET", "/sessions", ""), http.StatusForbidden, fault.CodeForbidden)
	wantProblem(t, p.do("GET", "/sessions?user_id=7", "", p.bearer(t, u.Email)...), http.StatusBadRequest, fault.CodeInvalidID, "user_id")
}

func TestChangePassword(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c, u := p.member(t, "rina", tenant.GroupUser)
	other := p.bearer(t, u.Email)
	here := p.bearer(t, u.Email)
	body := func(current, next string) string {
		return fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, current, next)
	}
	wantProblem(t, p.do("POST", "/profile/password", body("wrong password", "another long one"), here...), http.StatusBadRequest, fault.CodeInvalidRequest, "current_password")
	wantProblem(t, p.do("POST", "/profile/password", body(testPassword, "short"), here...), http.StatusBadRequest, fault.CodeInvalidRequest, "new_password")
	wantProblem(t, p.do("POST", "/profile/password", body(testPassword, "another long one")), http.StatusForbidden, fault.CodeForbidden)
	if w := p.do("GET", "/profile", "", other...); w.Code != http.StatusOK {
		t.Fatalf("a refused change ended a session: %d", w.Code)
	}
	if err := c.ChangePassword(ctx, testPassword, "another long one"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Profile(ctx); err != nil {
		t.Errorf("the session that changed it: %v", err)
	}
	wantProblem(t, p.do("GET", "/profile", "", other...), http.StatusUnauthorized, fault.CodeInvalidToken)
	if _, err := p.auth.Login(ctx, u.Email, testPassword, auth.Origin{}); err == nil {
		t.Error("the old password still works")
	}
	if _, err := p.auth.Login(ctx, u.Email, "another long one", auth.Origin{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

// Wrong passwords are slowed down per source; the device that signed in
// before passes, whatever others do from its address.
func TestThrottledLogin(t *testing.T) {
	p := newPlatform(t)
	_, u := p.member(t, "rina", tenant.GroupUser)
	login := func(password, cookie, address string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/auth/login", strings.NewReader(fmt.Sprintf(`{"email":%q,"password":%q}`, u.Email, password)))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = address
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		p.handler.ServeHTTP(w, r)
		return w
	}
	w := login(testPassword, "", "198.51.100.7:1")
	set := w.Result().Cookies()
	if w.Code != http.StatusOK || len(set) != 1 || !set[0].HttpOnly || set[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("%d, cookies %v", w.Code, set)
	}
	device := set[0].Name + "=" + set[0].Value
	wrong := strings.Repeat("x", 300)
	for range 6 {
		w = login(wrong, "", "198.51.100.7:2")
	}
	wantProblem(t, w, http.StatusTooManyRequests, fault.CodeRateLimited)
	if w.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	for name, tt := range map[string]struct {
		cookie, address string
		status          int
	}{
		"a new device at that address": {"", "198.51.100.7:3", http.StatusTooManyRequests},
		"the known device":             {device, "198.51.100.7:4", http.StatusOK},
		"another address":              {"", "203.0.113.9:5", http.StatusOK},
	} {
		if w := login(testPassword, tt.cookie, tt.address); w.Code != tt.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, tt.status, w.Body)
		}
	}
	for _, secret := range []string{testPassword, u.Email, set[0].Value} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// What an answer is given again shows no more than it did, and only to a caller
// with the same rights.
