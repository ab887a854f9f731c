package cli

import (
	"fmt"
	"io"

	"anycheck/internal/app"
	"anycheck/internal/verification"
)

type groupSettingsCmd struct {
	Group     string  `arg:"" help:"Group, by name or id."`
	APIKey    *string `name:"api-key" help:"Which verifications of API keys a person must review: NEVER, ON_INCONCLUSIVE or ALWAYS."`
	Dashboard *string `help:"The same for what signed-in persons create."`
	FourEyes  *bool   `negatable:"" help:"Two reviewers must agree, neither of them the creator."`
}

func (c groupSettingsCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		s, err := p.ReviewSettings(e.ctx, g.ID)
		if err == nil && (c.APIKey != nil || c.Dashboard != nil || c.FourEyes != nil) {
			s, err = p.ChangeReviewSettings(e.ctx, g.ID, verification.ReviewSettingsChange{
				APIKey: (*verification.ReviewPolicy)(c.APIKey), Dashboard: (*verification.ReviewPolicy)(c.Dashboard), FourEyes: c.FourEyes})
		}
		if err != nil {
			return err
		}
		review := map[string]any{"api_key": s.APIKey, "dashboard": s.Dashboard, "four_eyes": s.FourEyes}
		return e.print(map[string]any{"id": g.ID, "review": review}, func(w io.Writer) {
			fmt.Fprintf(w, "Review in %s\n  of what API keys create:            %s\n  of what signed-in persons create:   %s\n  two reviewers must agree:           %v\n", g.Name, s.APIKey, s.Dashboard, s.FourEyes)
		})
	})
}
