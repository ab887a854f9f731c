package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"anycheck/internal/app"
	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/tenant"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// withPlatform opens the database and files for one command.
func (e *env) withPlatform(fn func(p *app.Platform) error) error {
	p, err := app.OpenPlatform(e.ctx, e.cfg, e.log)
	if err != nil {
		return err
	}
	defer p.Close()
	e.beginRecord()
	return e.record(p, fn(p))
}

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Add a user. Without --password a random one is made and printed once."`
	List     userListCmd     `cmd:"" help:"List users."`
	Password userPasswordCmd `cmd:"" help:"Give a user a new password; all its sign-ins end."`
	Disable  userDisableCmd  `cmd:"" help:"Switch a user off, with its sign-ins and API keys."`
	Enable   userEnableCmd   `cmd:"" help:"Switch a user on again."`
	Role     userRoleCmd     `cmd:"" help:"Give a user another role."`
	Unlink   userUnlinkCmd   `cmd:"" help:"Forget which identity of the provider a user is; the next single sign-on links it anew."`
	Quota    userQuotaCmd    `cmd:"" help:"Show or set the credits that a user may use in a month."`
}

type userAddCmd struct {
	Email    string `arg:"" help:"E-mail address."`
	Name     string `help:"Name of the person."`
	Role     string `default:"group-user" help:"super-admin, organization-owner, group-user, reviewer or auditor (docs/access.md)."`
	Group    string `default:"Default group" help:"Group, by name or id."`
	Password string `env:"ANYCHECK_NEW_PASSWORD" help:"Password; at least 10 characters."`
}

func (c userAddCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		role, err := tenant.ParseRole(c.Role)
		if err != nil {
			return err
		}
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		password, made := c.Password, c.Password == ""
		if made {
			password = auth.RandomPassword()
		}
		u, err := p.Auth.CreateUser(e.ctx, auth.NewUser{Email: c.Email, Name: c.Name, Password: password, Role: role, Group: g})
		if err != nil {
			return err
		}
		shown := map[string]string{"id": u.ID.String(), "email": u.Email, "role": string(u.Role), "group_id": g.ID.String(), "organization_id": g.OrganizationID.String()}
		if made {
			shown["password"] = password
		}
		return e.print(shown, func(w io.Writer) {
			fmt.Fprintf(w, "User %s added to %s as %s.\n", u.Email, g.Name, u.Role)
			if made {
				fmt.Fprintf(w, "Password (shown once): %s\n", password)
			}
		})
	})
}

type userListCmd struct{}

func (userListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		users, err := p.Auth.Users(e.ctx)
		if err != nil {
			return err
		}
		type row struct {
			ID           string    `json:"id"`
			Email        string    `json:"email"`
			Name         string    `json:"name"`
			Role         string    `json:"role"`
			Organization string    `json:"organization"`
			Group        string    `json:"group"`
			Disabled     bool      `json:"disabled"`
			CreatedAt    time.Time `json:"created_at"`
		}
		rows, text := []row{}, [][]string{{"EMAIL", "ROLE", "ORGANIZATION", "GROUP", "STATE", "ID"}}
		names, err := groupNames(e, p)
		if err != nil {
			return err
		}
		for _, u := range users {
			org, group := names.of(u.OrganizationID.String(), u.GroupID.String())
			state := "active"
			if u.Disabled {
				state = "disabled"
			}
			rows = append(rows, row{u.ID.String(), u.Email, u.Name, string(u.Role), org, group, u.Disabled, u.CreatedAt})
			text = append(text, []string{u.Email, string(u.Role), org, group, state, u.ID.String()})
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}

type nameTable map[string]string

func (n nameTable) of(org, group string) (string, string) { return n[org], n[group] }

func groupNames(e *env, p *app.Platform) (nameTable, error) {
	names := nameTable{}
	groups, err := p.Auth.Groups(e.ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		names[g.ID.String()] = g.Name
	}
	orgs, err := p.Auth.Organizations(e.ctx)
	for _, o := range orgs {
		names[o.ID.String()] = o.Name
	}
	return names, err
}

type userPasswordCmd struct {
	Email    string `arg:"" help:"E-mail address."`
	Password string `env:"ANYCHECK_NEW_PASSWORD" help:"New password. Without it a random one is made and printed once."`
}

func (c userPasswordCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		password, made := c.Password, c.Password == ""
		if made {
			password = auth.RandomPassword()
		}
		if err := p.Auth.SetPassword(e.ctx, c.Email, password); err != nil {
			return err
		}
		shown := map[string]string{"email": c.Email}
		if made {
			shown["password"] = password
		}
		return e.print(shown, func(w io.Writer) {
			fmt.Fprintln(w, "Password changed; all sign-ins of the user have ended.")
			if made {
				fmt.Fprintf(w, "Password (shown once): %s\n", password)
			}
		})
	})
}

type userDisableCmd struct {
	Email string `arg:"" help:"E-mail address."`
}

func (c userDisableCmd) Run(e *env) error { return e.setDisabled(c.Email, true) }

type userEnableCmd struct {
	Email string `arg:"" help:"E-mail address."`
}

func (c userEnableCmd) Run(e *env) error { return e.setDisabled(c.Email, false) }

func (e *env) setDisabled(email string, disabled bool) error {
	return e.withPlatform(func(p *app.Platform) error {
		if err := p.Auth.SetDisabled(e.ctx, email, disabled); err != nil {
			return err
		}
		return e.print(map[string]any{"email": email, "disabled": disabled}, func(w io.Writer) {
			fmt.Fprintf(w, "%s is %s.\n", email, map[bool]string{true: "disabled", false: "active"}[disabled])
		})
	})
}

type groupCmd struct {
	Add    groupAddCmd    `cmd:"" help:"Add a group, and its organization if that is new."`
	List   groupListCmd   `cmd:"" help:"List organizations and groups with their credits."`
	Credit groupCreditCmd `cmd:"" help:"Give credits to a group."`
	Mask   groupMaskCmd   `cmd:"" help:"Mask personal data for a group's users and reviewers, or stop to."`
	Rotate groupRotateCmd `cmd:"" name:"rotate-secret" help:"Give a group a new webhook secret, printed once; the one before signs along for a while."`
	Usage  groupUsageCmd  `cmd:"" help:"What was used, by day or month, service, user and group."`
	Limit  groupLimitCmd  `cmd:"" help:"Limit the calls a minute of a group."`

	Settings groupSettingsCmd `cmd:"" help:"Show a group's rules of review, or change them."`
}

type groupAddCmd struct {
	Name         string `arg:"" help:"Name of the group."`
	Organization string `default:"Default organization" help:"Name of the organization."`
	Credits      int64  `default:"0" help:"Credits to start with."`
}

func (c groupAddCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.CreateGroup(e.ctx, c.Organization, c.Name)
		if err != nil {
			return err
		}
		if c.Credits > 0 {
			if err := p.TopUp(e.ctx, g.ID, c.Credits, "start"); err != nil {
				return err
			}
		}
		return e.print(map[string]any{"id": g.ID, "name": g.Name, "organization_id": g.OrganizationID, "credits": c.Credits, "webhook_secret": g.WebhookSecret}, func(w io.Writer) {
			fmt.Fprintf(w, "Group %s added: %s\nWebhook secret: %s\n", g.Name, g.ID, g.WebhookSecret)
		})
	})
}

type groupListCmd struct{}

func (groupListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		groups, err := p.Auth.Groups(e.ctx)
		if err != nil {
			return err
		}
		names, err := groupNames(e, p)
		if err != nil {
			return err
		}
		type row struct {
			ID             string `json:"id"`
			Name           string `json:"name"`
			OrganizationID string `json:"organization_id"`
			Organization   string `json:"organization"`
			Credits        int64  `json:"credits"`
		}
		rows, text := []row{}, [][]string{{"ORGANIZATION", "GROUP", "CREDITS", "ID"}}
		for _, g := range groups {
			org, _ := names.of(g.OrganizationID.String(), "")
			rows = append(rows, row{g.ID.String(), g.Name, g.OrganizationID.String(), org, g.Balance})
			text = append(text, []string{org, g.Name, strconv.FormatInt(g.Balance, 10), g.ID.String()})
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}

type groupCreditCmd struct {
	Group   string `arg:"" help:"Group, by name or id."`
	Credits int64  `arg:"" help:"Credits to add."`
	Note    string `help:"Why, for the ledger."`
}

func (c groupCreditCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		audit.Of(e.ctx).About(g.OrganizationID, g.ID, "group", g.ID)
		audit.Of(e.ctx).Detail("credits", strconv.FormatInt(c.Credits, 10))
		if err := p.TopUp(e.ctx, g.ID, c.Credits, c.Note); err != nil {
			return err
		}
		g, err = p.Auth.Group(e.ctx, g.ID.String())
		if err != nil {
			return err
		}
		return e.print(map[string]any{"id": g.ID, "credits": g.Balance}, func(w io.Writer) {
			fmt.Fprintf(w, "Group %s has %d credits.\n", g.Name, g.Balance)
		})
	})
}

type keyCmd struct {
	Add    keyAddCmd    `cmd:"" help:"Make an API key for a user's group. It is printed once."`
	List   keyListCmd   `cmd:"" help:"List API keys."`
	Revoke keyRevokeCmd `cmd:"" help:"End an API key."`
	Limit  keyLimitCmd  `cmd:"" help:"Limit the calls a minute of an API key."`
}

type keyAddCmd struct {
	Name    string   `arg:"" help:"What the key is for."`
	User    string   `required:"" help:"E-mail address of the user it acts for."`
	Scopes  []string `help:"What it may do, comma-separated. Default: all that a client needs. docs/access.md lists them."`
	Expires string   `help:"When it ends: 90d, 12h or 2027-01-31. Default: never."`
	Mode    string   `enum:"live,test" default:"live" help:"test: it makes and sees test data only, costs nothing, and outcomes are made up (docs/sandbox.md)."`
}

func (c keyAddCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		u, err := p.Auth.UserByEmail(e.ctx, c.User)
		if err != nil {
			return err
		}
		expires, err := auth.ParseExpiry(c.Expires, time.Now())
		if err != nil {
			return err
		}
		var scopes []tenant.KeyScope
		for _, s := range c.Scopes {
			scopes = append(scopes, tenant.KeyScope(s))
		}
		k, text, err := p.Auth.CreateKey(e.ctx, u, auth.NewKey{Name: c.Name, Scopes: scopes, Test: c.Mode == string(tenant.TestMode), ExpiresAt: expires})
		if err != nil {
			return err
		}
		return e.print(map[string]any{"id": k.ID, "name": k.Name, "mode": k.Mode(), "prefix": k.Prefix, "key": text, "scopes": k.Scopes, "expires_at": k.ExpiresAt}, func(w io.Writer) {
			fmt.Fprintf(w, "API key (shown once): %s\n", text)
		})
	})
}

type keyListCmd struct{}

func (keyListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		keys, err := p.Auth.Keys(e.ctx)
		if err != nil {
			return err
		}
		type row struct {
			ID         string            `json:"id"`
			Name       string            `json:"name"`
			Mode       tenant.Mode       `json:"mode"`
			Prefix     string            `json:"prefix"`
			Scopes     []tenant.KeyScope `json:"scopes"`
			CreatedAt  time.Time         `json:"created_at"`
			ExpiresAt  *time.Time        `json:"expires_at"`
			RevokedAt  *time.Time        `json:"revoked_at"`
			LastUsedAt *time.Time        `json:"last_used_at"`
		}
		rows, text := []row{}, [][]string{{"PREFIX", "NAME", "STATE", "LAST USED", "SCOPES"}}
		for _, k := range keys {
			state := "active"
			switch {
			case k.RevokedAt != nil:
				state = "revoked"
			case k.ExpiresAt != nil && k.ExpiresAt.Before(time.Now()):
				state = "expired"
			}
			used := "never"
			if k.LastUsedAt != nil {
				used = k.LastUsedAt.Format(time.DateTime)
			}
			var scopes []string
			for _, s := range k.Scopes {
				scopes = append(scopes, string(s))
			}
			rows = append(rows, row{k.ID.String(), k.Name, k.Mode(), k.Prefix, k.Scopes, k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt})
			text = append(text, []string{k.Prefix, k.Name, state, used, strings.Join(scopes, " ")})
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}

type keyRevokeCmd struct {
	Key string `arg:"" help:"Prefix or id of the key."`
}

func (c keyRevokeCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		if err := p.Auth.RevokeKey(e.ctx, c.Key); err != nil {
			return err
		}
		return e.print(map[string]string{"revoked": c.Key}, func(w io.Writer) { fmt.Fprintln(w, "The key has ended.") })
	})
}

type serviceCmd struct {
	List    serviceListCmd    `cmd:"" help:"List services."`
	Enable  serviceEnableCmd  `cmd:"" help:"Switch a service on."`
	Disable serviceDisableCmd `cmd:"" help:"Switch a service off: new verifications are refused."`
}

type serviceListCmd struct{}

func (serviceListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		list, err := p.Services(e.ctx)
		if err != nil {
			return err
		}
		type row struct {
			ID      string `json:"id"`
			Code    string `json:"code"`
			Name    string `json:"name"`
			Cost    int64  `json:"cost"`
			Enabled bool   `json:"enabled"`
		}
		rows, text := []row{}, [][]string{{"CODE", "NAME", "CREDITS", "STATE", "ID"}}
		for _, s := range list {
			state := "on"
			if !s.Enabled {
				state = "off"
			}
			rows = append(rows, row{s.ID.String(), s.Code, s.Name, s.Cost, s.Enabled})
			text = append(text, []string{s.Code, s.Name, strconv.FormatInt(s.Cost, 10), state, s.ID.String()})
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}

type serviceEnableCmd struct {
	Code string `arg:"" help:"Code of the service, e.g. KTP_VERIFICATION."`
}

func (c serviceEnableCmd) Run(e *env) error { return e.setService(c.Code, true) }

type serviceDisableCmd struct {
	Code string `arg:"" help:"Code of the service, e.g. KTP_VERIFICATION."`
}

func (c serviceDisableCmd) Run(e *env) error { return e.setService(c.Code, false) }

func (e *env) setService(code string, on bool) error {
	return e.withPlatform(func(p *app.Platform) error {
		audit.Of(e.ctx).Detail("service", code)
		if err := p.SetServiceEnabled(e.ctx, code, on); err != nil {
			return err
		}
		return e.print(map[string]any{"code": code, "is_enabled": on}, func(w io.Writer) {
			fmt.Fprintf(w, "%s is %s.\n", code, map[bool]string{true: "on", false: "off"}[on])
		})
	})
}
