package cli

import (
	"fmt"
	"io"

	"anycheck/internal/app"
	"anycheck/internal/tenant"
)

type userRoleCmd struct {
	Email string `arg:"" help:"E-mail address."`
	Role  string `arg:"" help:"super-admin, organization-owner, group-user, reviewer or auditor."`
}

func (c userRoleCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		role, err := tenant.ParseRole(c.Role)
		if err != nil {
			return err
		}
		if err := p.Auth.SetRole(e.ctx, c.Email, role); err != nil {
			return err
		}
		return e.print(map[string]any{"email": c.Email, "role": role}, func(w io.Writer) { fmt.Fprintf(w, "%s is %s now.\n", c.Email, role) })
	})
}

type userUnlinkCmd struct {
	Email string `arg:"" help:"E-mail address."`
}

func (c userUnlinkCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		if err := p.Auth.Unlink(e.ctx, c.Email); err != nil {
			return err
		}
		return e.print(map[string]string{"unlinked": c.Email}, func(w io.Writer) {
			fmt.Fprintln(w, "The user's sign-ins have ended; the next single sign-on links the account anew.")
		})
	})
}

type groupMaskCmd struct {
	Group string `arg:"" help:"Group, by name or id."`
	State string `arg:"" enum:"on,off" help:"on or off."`
}

func (c groupMaskCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		on := c.State == "on"
		if err := p.Auth.SetMasking(e.ctx, g, on); err != nil {
			return err
		}
		return e.print(map[string]any{"id": g.ID, "mask_personal_data": on}, func(w io.Writer) {
			fmt.Fprintf(w, "Users and reviewers of %s see personal data %s.\n", g.Name, map[bool]string{true: "masked", false: "in full"}[on])
		})
	})
}
