package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/watchlist"
)

type listsUpdateCmd struct {
	Names []string `arg:"" optional:"" help:"Sources: configured or built-in names, or name=https://…. Default: all that are configured."`
	Force bool     `help:"Import what has not changed at the source too, files that have not as many records as they say, and lists that have lost more than a tenth of their entities, names or dates of birth."`
}

// Help is shown below the command's flags.
func (listsUpdateCmd) Help() string {
	return `A source that fails does not stop the others; its last good version stays in use
and the exit code is that of the first failure.

Examples:
  anycheck lists update ofac un eu
  anycheck lists update dttot=https://example.go.id/dttot.xlsx
  ANYCHECK_LIST_SOURCES=ofac,un,eu anycheck lists update --json`
}

// updateRow is what --json prints of a source.
type updateRow struct {
	watchlist.Update
	Error string `json:"error,omitempty"`
}

func (c listsUpdateCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		sources, err := c.sources(p)
		if err != nil {
			return err
		}
		updater := p.ListUpdater(nil)
		rows := []updateRow{}
		var failed []error
		for _, s := range sources {
			var bar *progressbar.ProgressBar
			done, err := updater.Update(e.ctx, s, watchlist.UpdateOptions{Force: c.Force, Progress: func(n, total int64) {
				if bar == nil {
					bar = e.bar(total, s.Name)
				}
				_ = bar.Set64(n) // a bar that cannot be drawn is no reason to stop
			}})
			if bar != nil {
				_ = bar.Finish()
			}
			row := updateRow{Update: done}
			if err != nil {
				row.Outcome, row.Error = "failed", watchlist.Reason(err)
				failed = append(failed, err)
			}
			rows = append(rows, row)
			if e.ctx.Err() != nil {
				break
			}
		}
		err = e.print(rows, func(w io.Writer) {
			for _, r := range rows {
				switch {
				case r.Error != "":
					fmt.Fprintf(w, "%s: failed: %s\n", r.Source, r.Error)
				case len(r.Lists) == 0:
					fmt.Fprintf(w, "%s: unchanged at the source\n", r.Source)
				}
				for _, l := range r.Lists {
					printImported(w, l)
				}
			}
		})
		if err == nil && len(failed) > 0 {
			first := fault.From(failed[0])
			err = fault.New(first.Kind, "%d of %d sources failed: %s", len(failed), len(sources), failedNames(rows))
		}
		return errors.Join(err, e.ctx.Err())
	})
}

func failedNames(rows []updateRow) string {
	var names []string
	for _, r := range rows {
		if r.Error != "" {
			names = append(names, r.Source)
		}
	}
	return strings.Join(names, ", ")
}

// sources are those asked for: a configured one goes before a built-in one of
// the same name.
func (c listsUpdateCmd) sources(p *app.Platform) ([]watchlist.Source, error) {
	configured, err := p.ListSources()
	if err != nil {
		return nil, err
	}
	if len(c.Names) == 0 {
		if len(configured) == 0 {
			return nil, fault.New(fault.Invalid, "No source is configured: name some (anycheck lists update ofac un eu) or set ANYCHECK_LIST_SOURCES; anycheck lists sources shows those built in.")
		}
		return configured, nil
	}
	var specs []string
	for _, name := range c.Names {
		for _, s := range configured {
			if s.Name == name {
				name = s.Name + "=" + s.URL
			}
		}
		specs = append(specs, name)
	}
	return watchlist.ParseSources(specs)
}

type listsSourcesCmd struct{}

// sourceRow is what --json prints of a source; the address is without its
// query, which may be secret.
type sourceRow struct {
	Name       string     `json:"name"`
	Configured bool       `json:"configured"`
	Address    string     `json:"address"`
	Publisher  string     `json:"publisher,omitempty"`
	Terms      string     `json:"terms,omitempty"`
	TriedAt    *time.Time `json:"tried_at"`
	DoneAt     *time.Time `json:"done_at"` // last imported or found unchanged
	Failed     string     `json:"failed,omitempty"`
}

func (listsSourcesCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		configured, err := p.ListSources()
		if err != nil {
			return err
		}
		all := configured
		for _, b := range watchlist.BuiltInSources() {
			if !hasSource(configured, b.Name) {
				all = append(all, b)
			}
		}
		updater := p.ListUpdater(nil)
		rows, text := []sourceRow{}, [][]string{{"SOURCE", "ASKED DAILY", "LAST UPDATE", "PUBLISHER", "TERMS", "ADDRESS"}}
		for _, s := range all {
			state, err := updater.State(e.ctx, s)
			if err != nil {
				return err
			}
			row := sourceRow{s.Name, hasSource(configured, s.Name), s.Shown(), s.Publisher, s.Terms, at(state.TriedAt), at(state.DoneAt), state.Failed}
			rows = append(rows, row)
			daily, last := "no", "never"
			if row.Configured {
				daily = "yes"
			}
			if row.DoneAt != nil {
				last = row.DoneAt.Local().Format(time.DateTime)
			}
			if row.Failed != "" {
				last += " (failed since)"
			}
			text = append(text, []string{row.Name, daily, last, row.Publisher, row.Terms, row.Address})
		}
		return e.print(rows, func(w io.Writer) {
			table(w, text)
			for _, r := range rows {
				if r.Failed != "" {
					fmt.Fprintf(w, "%s: %s\n", r.Name, r.Failed)
				}
			}
		})
	})
}

func hasSource(sources []watchlist.Source, name string) bool {
	for _, s := range sources {
		if s.Name == name {
			return true
		}
	}
	return false
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
