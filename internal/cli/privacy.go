package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

type privacyCmd struct {
	Sweep  privacySweepCmd  `cmd:"" help:"Erase what groups keep no longer; a server does this hourly."`
	Keep   privacyKeepCmd   `cmd:"" help:"Show or set how many days a group keeps data."`
	Export privacyExportCmd `cmd:"" help:"Write everything that is kept about a person into one file."`
	Report privacyReportCmd `cmd:"" help:"Whose data were shown since a time, which fields, when and to whom."`
}

// Help is shown below the command's flags.
func (privacyCmd) Help() string {
	return `Examples:
  anycheck privacy keep Retail --result 365 --files 30
  anycheck privacy sweep --dry-run
  anycheck privacy export person.zip --organization 0198c0de-… --nik-file nik.txt
  anycheck privacy report --since 72h`
}

type privacySweepCmd struct {
	DryRun bool `name:"dry-run" help:"Only show what would be erased."`
}

func (c privacySweepCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		type row struct {
			Class     verification.DataClass `json:"class"`
			ResultID  uuid.UUID              `json:"result_id,omitzero"`
			FileID    uuid.UUID              `json:"file_id,omitzero"` // of an unused upload
			GroupID   uuid.UUID              `json:"group_id"`
			CreatedAt time.Time              `json:"created_at"`
			Days      int                    `json:"days"`
		}
		rows := []row{}
		err := p.SweepRetention(e.ctx, c.DryRun, func(class verification.DataClass, x verification.Expiry) {
			rows = append(rows, row{class, x.ResultID, x.FileID, x.GroupID, x.CreatedAt, x.Days})
		})
		if err != nil {
			return err
		}
		return e.print(rows, func(w io.Writer) {
			verb := "erased"
			if c.DryRun {
				verb = "would be erased"
			}
			text := [][]string{{"CLASS", "RESULT OR FILE", "GROUP", "MADE", "KEPT"}}
			for _, r := range rows {
				what := r.ResultID
				if r.FileID != uuid.Nil {
					what = r.FileID
				}
				text = append(text, []string{string(r.Class), what.String(), r.GroupID.String(), r.CreatedAt.Format(time.DateOnly), fmt.Sprint(r.Days, " days")})
			}
			table(w, text)
			fmt.Fprintf(w, "%d %s\n", len(rows), verb)
		})
	})
}

type privacyKeepCmd struct {
	Group   string `arg:"" help:"Group, by name or id."`
	Result  *int   `placeholder:"DAYS" help:"Days until a result is erased with everything; 0: never."`
	Files   *int   `placeholder:"DAYS" help:"Days until its pictures are erased, while what was read stays; 0: never."`
	Uploads *int   `placeholder:"DAYS" help:"Days until an uploaded file is erased that no verification ever used; 0: 7, as without a word."`
}

func (c privacyKeepCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		g, err := p.Auth.Group(e.ctx, c.Group)
		if err != nil {
			return err
		}
		set := map[verification.DataClass]int{}
		for class, n := range map[verification.DataClass]*int{verification.ResultData: c.Result, verification.FileData: c.Files, verification.UploadData: c.Uploads} {
			if n != nil {
				set[class] = *n
			}
		}
		audit.Of(e.ctx).About(g.OrganizationID, g.ID, "group", g.ID)
		if len(set) == 0 {
			audit.Of(e.ctx).Drop() // only shown
		}
		days, err := p.KeepFor(e.ctx, g.ID, set)
		if f := (*fault.Error)(nil); errors.As(err, &f) && len(f.Fields) == 1 {
			return fault.Wrap(err, f.Kind, "--%s %s.", f.Fields[0].Field, f.Fields[0].Message)
		}
		if err != nil {
			return err
		}
		var kept client.Retention
		lines := []struct {
			class verification.DataClass
			days  **int
		}{{verification.ResultData, &kept.Result}, {verification.FileData, &kept.Files}, {verification.UploadData, &kept.Uploads}}
		for _, l := range lines {
			if n, ok := days[l.class]; ok {
				*l.days = &n
			}
		}
		return e.print(kept, func(w io.Writer) {
			for _, l := range lines {
				text := "for ever"
				if *l.days != nil {
					text = fmt.Sprint(**l.days, " days")
				}
				fmt.Fprintf(w, "%-8s %s\n", strings.ToLower(string(l.class)), text)
			}
		})
	})
}

type privacyExportCmd struct {
	Out          string `arg:"" help:"ZIP file to write; one that is there already stays."`
	Organization string `required:"" help:"Whose results (id of the organization, anycheck group list)."`
	NIKFile      string `name:"nik-file" required:"" type:"existingfile" help:"File with the person's NIK: a command line would stay in the shell's history."`
}

// Help is shown below the command's flags.
func (privacyExportCmd) Help() string {
	return `Each result has a folder of its own, as GET /results/{id}/evidence.zip has it; index.html is for people,
manifest.json for programs. Each result leaves an audit record. anycheck evidence verify checks the file.

Examples:
  anycheck privacy export person.zip --organization 0198c0de-… --nik-file nik.txt
  anycheck privacy export person.zip --organization 0198c0de-… --nik-file /dev/stdin`
}

// maxNIKFile is more than any NIK with its line end has, in bytes.
const maxNIKFile = 256

func (c privacyExportCmd) Run(e *env) error {
	organization, err := uuid.Parse(c.Organization)
	if err != nil {
		return fault.New(fault.Invalid, "The organization is no UUID.")
	}
	nik, err := readShort(c.NIKFile, maxNIKFile)
	if err != nil {
		return err
	}
	return e.withPlatform(func(p *app.Platform) (err error) {
		f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "The file cannot be made, or is there already.")
		}
		if err = errors.Join(p.ExportSubject(e.ctx, organization, nik, f), f.Close()); err != nil {
			return errors.Join(err, os.Remove(c.Out)) // half an export helps nobody
		}
		return e.print(map[string]string{"file": c.Out}, func(w io.Writer) { fmt.Fprintln(w, "written:", c.Out) })
	})
}

// readShort reads the text of a small file, without what surrounds it.
func readShort(path string, max int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, max))
	return strings.TrimSpace(string(text)), err
}

type privacyReportCmd struct {
	Since        string `required:"" help:"From this time on: 2026-11-23, 2026-11-23T12:00:00Z, or 24h for the last day."`
	Until        string `help:"Before this time. Default: now."`
	Organization string `help:"Only this organization's chain (id)."`
	Actor        string `help:"Only what this user (id) or API key (prefix) saw."`
	Persons      bool   `help:"Name the persons, as far as they are not erased. The output is personal data then."`
}

// Help is shown below the command's flags.
func (privacyReportCmd) Help() string {
	return `Whose data were shown, which fields, when and to whom, by the audit log: what a notice
of a breach needs within three days (UU PDP 27/2022, article 46).

Examples:
  anycheck privacy report --since 72h
  anycheck privacy report --since 2026-11-20 --actor ack_live_ABCDEFGH --persons --json`
}

func (c privacyReportCmd) Run(e *env) error {
	f := audit.Filter{ActorID: c.Actor}
	var err error
	if f.From, err = moment(c.Since, "--since"); err != nil {
		return err
	}
	if f.Until, err = moment(c.Until, "--until"); err != nil {
		return err
	}
	if f.Until == nil {
		now := time.Now()
		f.Until = &now
	}
	return e.withPlatform(func(p *app.Platform) error {
		type row struct {
			audit.Exposure
			Person *app.Person `json:"person,omitempty"`
		}
		bar := e.bar(-1, "reading the log")
		var x audit.Exposures
		for seen := 0; ; {
			records, total, err := p.Audit.Find(e.ctx, f, seen, 1000)
			if err != nil {
				return err
			}
			for _, r := range records {
				if c.Organization == "" || r.Organization == c.Organization {
					x.Add(r)
				}
			}
			_ = bar.Add(len(records))
			if seen += len(records); seen >= total || len(records) == 0 {
				break
			}
		}
		_ = bar.Finish()
		rows := []row{}
		for _, exposure := range x.List() {
			r := row{Exposure: exposure}
			if c.Persons && exposure.Object.Type == "verification" {
				if r.Person, err = p.PersonOf(e.ctx, exposure.Object.ID); err != nil {
					return err
				}
			}
			rows = append(rows, r)
		}
		return e.print(rows, func(w io.Writer) {
			for _, r := range rows {
				who := r.Object.Type + " " + r.Object.ID
				if r.Person != nil {
					who += fmt.Sprintf(" (%s, NIK %s)", r.Person.Name, r.Person.NIK)
				}
				var actors []string
				for _, a := range r.Actors {
					actors = append(actors, strings.TrimSpace(string(a.Kind)+" "+a.ID))
				}
				fmt.Fprintf(w, "%s\n  fields    %s\n  when      %s to %s, %d times\n  by        %s\n  networks  %s\n", who, strings.Join(r.Fields, ", "),
					r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339), r.Times, strings.Join(actors, ", "), strings.Join(r.Addresses, ", "))
			}
			fmt.Fprintf(w, "%d objects were shown\n", len(rows))
		})
	})
}
