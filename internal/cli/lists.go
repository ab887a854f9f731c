package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"anycheck/internal/app"
	"anycheck/internal/audit"
	"anycheck/internal/watchlist"
)

type listsCmd struct {
	Import  listsImportCmd  `cmd:"" help:"Import list files: OFAC SDN XML or CSV (with its alt, add and comments files in the same call), UN and EU XML, FollowTheMoney NDJSON, OpenSanctions targets.simple.csv, DTTOT and DPPSPM as .xls or .xlsx, our own CSV (docs/lists.md). The format is found by content."`
	Update  listsUpdateCmd  `cmd:"" help:"Download lists and import what has changed."`
	Sources listsSourcesCmd `cmd:"" help:"Show where lists can be downloaded, and what became of the last time."`
	List    listsListCmd    `cmd:"" help:"Show imported lists, and which versions are searched."`
	Diff    listsDiffCmd    `cmd:"" help:"Show which entities were added, removed and changed between two versions of a list."`
	Back    listsBackCmd    `cmd:"" name:"rollback" help:"Search an earlier version of a list again; the one before the present one by default."`
}

type listsImportCmd struct {
	Files []string `arg:"" type:"existingfile" help:"List files."`
	Name  string   `help:"Name for lists that carry none: letters, digits, _ - . and :. Default: the file's name."`
	Force bool     `help:"Import a list even when its file has not as many records as it says, or it has lost more than a tenth of its entities, names or dates of birth."`
}

func (c listsImportCmd) Run(e *env) error {
	var total int64
	var files []watchlist.File
	bar := e.bar(-1, "reading")
	for _, path := range c.Files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			total += info.Size()
		}
		files = append(files, watchlist.File{Name: path, Data: io.TeeReader(f, bar)})
	}
	bar.ChangeMax64(total)
	lists, report, err := watchlist.Parse(e.ctx, files, watchlist.Options{Name: c.Name, Force: c.Force})
	_ = bar.Finish()
	if err != nil {
		return err
	}
	return e.withPlatform(func(p *app.Platform) error {
		var rows []watchlist.UpdatedList
		for i, l := range lists {
			saved, err := p.Lists.Import(e.ctx, l, c.Force)
			if err != nil {
				return err
			}
			rows = append(rows, watchlist.UpdatedList{ListReport: report.Lists[i], Import: saved})
			audit.Of(e.ctx).Detail("list", l.Name)
			audit.Of(e.ctx).Detail("version", strconv.Itoa(saved.Version))
			if err := e.record(p, nil); err != nil {
				return err
			}
			e.beginRecord() // for the next one
		}
		audit.Of(e.ctx).Drop()
		return e.print(rows, func(w io.Writer) {
			for _, r := range rows {
				printImported(w, r)
			}
		})
	})
}

// printImported tells what an import came to.
func printImported(w io.Writer, l watchlist.UpdatedList) {
	if l.Import.Unchanged {
		fmt.Fprintf(w, "%s: unchanged since version %d\n", l.Name, l.Import.Version)
		return
	}
	fmt.Fprintf(w, "%s version %d: %d entities, %d names; %s\n", l.Name, l.Import.Version, l.Entities, l.Names, l.Import.Changes)
	for _, reason := range sortedKeys(l.Skipped) {
		fmt.Fprintf(w, "  %d skipped: %s\n", l.Skipped[reason], reason)
	}
	for _, warning := range l.Warnings {
		fmt.Fprintf(w, "  %s\n", warning)
	}
}

type listsListCmd struct{}

func (listsListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		lists, err := p.Lists.Versions(e.ctx)
		if err != nil {
			return err
		}
		type row struct {
			ID         string    `json:"id"`
			Name       string    `json:"name"`
			Version    int       `json:"version"`
			Entities   int       `json:"entities"`
			Checksum   string    `json:"checksum"`
			ImportedAt time.Time `json:"imported_at"`
			CheckedAt  time.Time `json:"checked_at"`
			Active     bool      `json:"active"`
		}
		rows, text := []row{}, [][]string{{"LIST", "VERSION", "ENTITIES", "IMPORTED", "AGE", "STATE", "CHECKSUM"}}
		for _, l := range lists {
			state := "replaced"
			if l.Active {
				state = "searched"
			}
			rows = append(rows, row{l.ID.String(), l.Name, l.Version, l.Entities, l.Checksum, l.ImportedAt, l.CheckedAt, l.Active})
			text = append(text, []string{l.Name, strconv.Itoa(l.Version), strconv.Itoa(l.Entities), l.ImportedAt.Format(time.DateTime), fmt.Sprintf("%d days", int(time.Since(l.CheckedAt)/(24*time.Hour))), state, l.Checksum[:min(12, len(l.Checksum))]})
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}

type listsDiffCmd struct {
	Name string `arg:"" help:"Name of the list."`
	From int    `help:"Older version. Default: the one before --to."`
	To   int    `help:"Newer version. Default: the newest."`
}

// Help is shown below the command's flags.
func (listsDiffCmd) Help() string {
	return `Entities are shown by their ids.

Examples:
  anycheck lists diff un_sc
  anycheck lists diff un_sc --from 3 --to 7 --json`
}

func (c listsDiffCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		d, err := p.Lists.Diff(e.ctx, c.Name, c.From, c.To)
		if err != nil {
			return err
		}
		return e.print(d, func(w io.Writer) {
			fmt.Fprintf(w, "%s: version %d against %d: %d added, %d removed, %d changed\n", c.Name, d.To, d.From, len(d.Added), len(d.Removed), len(d.Changed))
			for _, group := range []struct {
				sign string
				ids  []string
			}{{"+", d.Added}, {"-", d.Removed}, {"~", d.Changed}} {
				for _, id := range group.ids {
					fmt.Fprintln(w, group.sign, id)
				}
			}
		})
	})
}

type listsBackCmd struct {
	Name string `arg:"" help:"Name of the list."`
	To   int    `help:"Version to search. Default: the one before the present one."`
}

// Help is shown below the command's flags.
func (listsBackCmd) Help() string {
	return `Running servers take the version up within seconds. The newer versions stay;
"rollback --to" goes forward as well.

Examples:
  anycheck lists rollback un_sc
  anycheck lists rollback un_sc --to 7`
}

func (c listsBackCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		l, err := p.Lists.Rollback(e.ctx, c.Name, c.To)
		if err != nil {
			return err
		}
		audit.Of(e.ctx).Detail("list", l.Name)
		audit.Of(e.ctx).Detail("version", strconv.Itoa(l.Version))
		return e.print(map[string]any{"name": l.Name, "version": l.Version, "entities": l.Entities}, func(w io.Writer) {
			fmt.Fprintf(w, "%s: version %d is searched (%d entities, imported %s)\n", l.Name, l.Version, l.Entities, l.ImportedAt.Format(time.DateOnly))
		})
	})
}
