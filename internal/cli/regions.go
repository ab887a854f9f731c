package cli

import (
	"fmt"
	"io"
	"os"

	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/ktp"
)

type regionsCmd struct {
	Import regionsImportCmd `cmd:"" help:"Import the districts and villages that cards are read against: a CSV, plain or gzip, with the columns code and name and perhaps first_seen and last_seen; codes as 31.74.01.1001. It replaces the table before; a server uses it from its next start."`
	List   regionsListCmd   `cmd:"" help:"Show what the table in use holds."`
	Show   regionsShowCmd   `cmd:"" help:"Show the names that a code has had and what is directly below it."`
}

// regionsState is what import and list tell.
type regionsState struct {
	Version  string `json:"version"`
	Imported bool   `json:"imported"`
	ktp.Counts
}

func (e *env) printRegions(s regionsState) error {
	return e.print(s, func(w io.Writer) {
		from := "built in"
		if s.Imported {
			from = "imported"
		}
		fmt.Fprintf(w, "version %s, %s\n%d provinces, %d regencies, %d districts, %d villages (a code with two names counts twice)\n",
			s.Version, from, s.Provinces, s.Regencies, s.Districts, s.Villages)
	})
}

type regionsImportCmd struct {
	File string `arg:"" type:"existingfile" help:"CSV or CSV.GZ."`
}

func (c regionsImportCmd) Run(e *env) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	bar := e.bar(-1, "reading")
	if info, err := f.Stat(); err == nil {
		bar.ChangeMax64(info.Size())
	}
	return e.withPlatform(func(p *app.Platform) error {
		regions, err := p.ImportRegions(e.ctx, io.TeeReader(f, bar))
		_ = bar.Finish()
		if err != nil {
			return err
		}
		return e.printRegions(regionsState{regions.Version(), true, regions.Counts()})
	})
}

type regionsListCmd struct{}

func (regionsListCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		regions, imported, err := p.Regions(e.ctx)
		if err != nil {
			return err
		}
		return e.printRegions(regionsState{regions.Version(), imported, regions.Counts()})
	})
}

type regionsShowCmd struct {
	Code string `arg:"" help:"Code of 2, 4, 6 or 10 digits, with or without points."`
}

func (c regionsShowCmd) Run(e *env) error {
	code, ok := ktp.RegionCode(c.Code)
	if !ok {
		return fault.New(fault.Invalid, "The code is not PP, PP.RR, PP.RR.DD or PP.RR.DD.VVVV.")
	}
	return e.withPlatform(func(p *app.Platform) error {
		regions, _, err := p.Regions(e.ctx)
		if err != nil {
			return err
		}
		shown := struct {
			Code   string   `json:"code"`
			Names  []string `json:"names"`
			Within []string `json:"within"`
		}{code, regions.Names(code), regions.Within(code)}
		if len(shown.Names) == 0 {
			return fault.New(fault.NotFound, "The table of regions does not have this code.")
		}
		return e.print(shown, func(w io.Writer) {
			for _, n := range shown.Names {
				fmt.Fprintln(w, n)
			}
			for _, n := range shown.Within {
				fmt.Fprintln(w, " ", n)
			}
		})
	})
}
