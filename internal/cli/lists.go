package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"anycheck/internal/app"
	"anycheck/internal/watchlist"
)

type listsCmd struct {
	Import  listsImportCmd  `cmd:"" help:"Import list files: OFAC SDN XML or CSV (with its alt, add and comments files in the same call), UN and EU XML, FollowTheMoney NDJSON, OpenSanctions targets.simple.csv, DTTOT and DPPSPM as .xls or .xlsx, our own CSV (docs/lists.md). The format is found by content."`
	Update  listsUpdateCmd  `cmd:"" help:"Download lists and import what has changed."`
	Sources listsSourcesCmd `cmd:"" help:"Show where lists can be downloaded, and what became of the last time."`
	List    listsListCmd    `cmd:"" help:"Show imported lists; the newest version of each name is searched."`
}

type listsImportCmd struct {
	Files []string `arg:"" type:"existingfile" help:"List files."`
	Name  string   `help:"Name for lists that carry none. Default: the file's name."`
	Force bool     `help:"Import a list even when it has lost more than a tenth of its entities."`
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
	lists, report, err := watchlist.Parse(e.ctx, files, watchlist.Options{Name: c.Name})
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
		}
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
		lists, err := p.Lists.Lists(e.ctx)
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
			Active     bool      `json:"active"`
		}
		rows, text := []row{}, [][]string{{"LIST", "VERSION", "ENTITIES", "IMPORTED", "STATE", "CHECKSUM"}}
		for _, l := range lists {
			state := "replaced"
			if l.Active {
				state = "searched"
			}
			rows = append(rows, row{l.ID.String(), l.Name, l.Version, l.Entities, l.Checksum, l.ImportedAt, l.Active})
			text = append(text, []string{l.Name, strconv.Itoa(l.Version), strconv.Itoa(l.Entities), l.ImportedAt.Format(time.DateTime), state, l.Checksum[:min(12, len(l.Checksum))]})
		}
		return e.print(rows, func(w io.Writer) { table(w, text) })
	})
}
