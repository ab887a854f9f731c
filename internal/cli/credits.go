package cli

import (
	"fmt"
	"io"
	"strconv"

	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

type groupUsageCmd struct {
	Group string   `arg:"" optional:"" help:"Group, by name or id. Default: all."`
	From  string   `help:"First day (UTC), like 2026-11-01. Default: the first of the month."`
	To    string   `help:"Last day. Default: today."`
	Per   string   `enum:"day,month" default:"month" help:"Length of a period: day or month."`
	By    []string `enum:"service,user,group" default:"group" help:"What rows tell apart: service, user, group; comma-separated."`
}

func (c groupUsageCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		q := verification.UsageQuery{From: c.From, To: c.To, Interval: verification.Interval(c.Per)}
		for _, by := range c.By {
			q.By = append(q.By, verification.UsagePart(by))
		}
		if c.Group != "" {
			g, err := p.Auth.Group(e.ctx, c.Group)
			if err != nil {
				return err
			}
			q.GroupID = &g.ID
		}
		usage, err := p.Usage(e.ctx, q)
		if err != nil {
			return err
		}
		type row struct {
			Period   string `json:"period"`
			Service  string `json:"service,omitempty"`
			User     string `json:"user,omitempty"`
			Group    string `json:"group,omitempty"`
			Attempts int64  `json:"attempts"`
			Reserved int64  `json:"reserved"`
			Used     int64  `json:"used"`
			Released int64  `json:"released"`
		}
		name := func(p *verification.Part) string {
			if p == nil {
				return ""
			}
			return p.Name
		}
		rows, text := []row{}, [][]string{{"PERIOD", "SERVICE", "USER", "GROUP", "ATTEMPTS", "RESERVED", "USED", "RELEASED"}}
		for _, u := range usage {
			r := row{u.Period, name(u.Service), name(u.User), name(u.Group), u.Attempts, u.Reserved, u.Settled, u.Released}
			rows = append(rows, r)
			line := []string{r.Period, r.Service, r.User, r.Group}
			for _, n := range []int64{r.Attempts, r.Reserved, r.Used, r.Released} {
				line = append(line, strconv.FormatInt(n, 10))
			}
			text = append(text, line)
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}

// numberOr reads a number, or the word that stands for none.
func numberOr(field, text, none string) (*int64, error) {
	if text == none {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fault.Field(field, "must be a whole number, or %s", none)
	}
	return &n, nil
}

type userQuotaCmd struct {
	Email   string `arg:"" help:"E-mail address."`
	Credits string `arg:"" optional:"" help:"Credits of a calendar month (UTC), or none. Without it the quota is shown."`
}

func (c userQuotaCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		u, err := p.Auth.UserByEmail(e.ctx, c.Email)
		if err != nil {
			return err
		}
		q, err := p.Quota(e.ctx, u.ID)
		if err == nil && c.Credits != "" {
			var n *int64
			if n, err = numberOr("credits", c.Credits, "none"); err == nil {
				q, err = p.SetQuota(e.ctx, u.ID, n)
			}
		}
		if err != nil {
			return err
		}
		return e.print(map[string]any{"email": u.Email, "monthly_credits": q.Monthly, "used_credits": q.Used}, func(w io.Writer) {
			limit := "any number of credits"
			if q.Monthly != nil {
				limit = fmt.Sprintf("%d credits", *q.Monthly)
			}
			fmt.Fprintf(w, "%s may use %s in a month and has used %d in this one.\n", u.Email, limit, q.Used)
		})
	})
}

type groupLimitCmd struct {
	Group string `arg:"" help:"Group, by name or id."`
	Calls string `arg:"" help:"Calls a minute on each node, 0 for any number, or default."`
}

func (c groupLimitCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		return e.setLimit(p, verification.RateSubject{ID: g.ID}, c.Calls)
	})
}

type keyLimitCmd struct {
	Key   string `arg:"" help:"Prefix or id of the key."`
	Calls string `arg:"" help:"Calls a minute on each node, 0 for any number, or default."`
}

func (c keyLimitCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		id, err := p.KeyID(e.ctx, c.Key)
		if err != nil {
			return err
		}
		return e.setLimit(p, verification.RateSubject{Key: true, ID: id}, c.Calls)
	})
}

func (e *env) setLimit(p *app.Platform, s verification.RateSubject, calls string) error {
	n, err := numberOr("calls", calls, "default")
	if err == nil {
		err = p.SetRateLimit(e.ctx, s, n)
	}
	if err != nil {
		return err
	}
	return e.print(map[string]any{"id": s.ID, "per_minute": n}, func(w io.Writer) {
		fmt.Fprintln(w, "Set. Running servers take it up within ten seconds.")
	})
}
