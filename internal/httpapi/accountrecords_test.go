package httpapi

import (
	"fmt"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/tenant"
)

func TestAccountsLeaveRecords(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	owner, me := p.member(t, "owner", tenant.OrganizationOwner)
	admin, _ := p.member(t, "admin", tenant.SuperAdmin)
	var u client.User
	var k client.APIKey
	var g client.Group
	home, platform := me.OrganizationID.String(), ""
	for _, tt := range []struct {
		what  string
		do    func() error
		want  string
		chain *string
	}{
		{"a new user", func() (err error) {
			u, err = owner.CreateUser(ctx, client.NewUser{Email: "rina@example.com", Name: "Rina", Role: client.GroupUser, Password: testPassword})
			return err
		}, "user.created user user ok", &home},
		{"a look at users", func() error { _, err := owner.Users(ctx, client.Page{}); return err }, "", nil},
		{"another role", func() error {
			_, err := owner.UpdateUser(ctx, u.ID, client.UserChange{Role: ptr(client.Reviewer)})
			return err
		}, "user.changed user user ok", &home},
		{"a user switched off", func() error {
			_, err := owner.UpdateUser(ctx, u.ID, client.UserChange{Disabled: ptr(true)})
			return err
		}, "user.disabled user user ok", &home},
		{"and on", func() error {
			_, err := owner.UpdateUser(ctx, u.ID, client.UserChange{Disabled: ptr(false)})
			return err
		}, "user.enabled user user ok", &home},
		{"a user's sessions", func() error { return owner.EndSessions(ctx, u.ID) }, "session.revoked user user ok", &home},
		{"a session", func() error {
			rina := p.client(t)
			if _, err := rina.Login(ctx, u.Email, testPassword); err != nil {
				return err
			}
			l, err := rina.Sessions(ctx, "", client.Page{})
			if err != nil {
				return err
			}
			return owner.EndSession(ctx, l.Items[0].ID)
		}, "auth.login user  ok; session.revoked user session ok", &home},
		{"a new password", func() error { return owner.ChangePassword(ctx, testPassword, "another long one") }, "user.password_changed user user ok", &home},
		{"a key", func() (err error) {
			k, err = owner.CreateAPIKey(ctx, client.NewAPIKey{Name: "backend"})
			return err
		}, "key.created user key ok", &home},
		{"its end", func() error { return owner.DeleteAPIKey(ctx, k.ID) }, "key.revoked user key ok", &home},
		{"a group", func() (err error) { g, err = owner.CreateGroup(ctx, "Second", ""); return err }, "group.created user group ok", &home},
		{"its masking", func() error {
			_, err := owner.UpdateGroup(ctx, g.ID, client.GroupChange{MaskPersonalData: ptr(true)})
			return err
		}, "settings.changed user group ok", &home},
		{"an organization", func() error {
			o, err := admin.CreateOrganization(ctx, "Third")
			platform = o.ID
			return err
		}, "organization.created user organization ok", &platform},
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
			if r.Organization != *tt.chain || r.Object.ID == "" && r.Action != "auth.login" {
				t.Errorf("%s: record %+v", tt.what, r)
			}
			if text := fmt.Sprintf("%+v", r); strings.Contains(text, "@") || strings.Contains(text, "Rina") {
				t.Errorf("%s: the record names somebody: %s", tt.what, text)
			}
		}
	}
}
