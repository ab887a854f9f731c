package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

type privacyCmd struct {
	Sweep privacySweepCmd `cmd:"" help:"Erase what groups keep no longer; a server does this hourly."`
	Keep  privacyKeepCmd  `cmd:"" help:"Show or set how many days a group keeps data."`
}

// Help is shown below the command's flags.
func (privacyCmd) Help() string {
	return `Examples:
  anycheck privacy keep 0198c0de-… --result 365 --files 30
  anycheck privacy sweep --dry-run`
}

type privacySweepCmd struct {
	DryRun bool `name:"dry-run" help:"Only show what would be erased."`
}

func (c privacySweepCmd) Run(e *env) error {
	return e.withPlatform(func(p *app.Platform) error {
		type row struct {
			Class     verification.DataClass `json:"class"`
			ResultID  uuid.UUID              `json:"result_id"`
			GroupID   uuid.UUID              `json:"group_id"`
			CreatedAt time.Time              `json:"created_at"`
			Days      int                    `json:"days"`
		}
		rows := []row{}
		err := p.SweepRetention(e.ctx, c.DryRun, func(class verification.DataClass, x verification.Expiry) {
			rows = append(rows, row{class, x.ResultID, x.GroupID, x.CreatedAt, x.Days})
		})
		if err != nil {
			return err
		}
		return e.print(rows, func(w io.Writer) {
			verb := "erased"
			if c.DryRun {
				verb = "would be erased"
			}
			text := [][]string{{"CLASS", "RESULT", "GROUP", "MADE", "KEPT"}}
			for _, r := range rows {
				text = append(text, []string{string(r.Class), r.ResultID.String(), r.GroupID.String(), r.CreatedAt.Format(time.DateOnly), fmt.Sprint(r.Days, " days")})
			}
			table(w, text)
			fmt.Fprintf(w, "%d %s\n", len(rows), verb)
		})
	})
}

type privacyKeepCmd struct {
	Group  string `arg:"" help:"Id of the group (anycheck group list)."`
	Result *int   `placeholder:"DAYS" help:"Days until a result is erased with everything; 0: never."`
	Files  *int   `placeholder:"DAYS" help:"Days until its pictures are erased, while what was read stays; 0: never."`
}

func (c privacyKeepCmd) Run(e *env) error {
	group, err := uuid.Parse(c.Group)
	if err != nil {
		return fault.New(fault.Invalid, "The group is no UUID.")
	}
	return e.withPlatform(func(p *app.Platform) error {
		set := map[verification.DataClass]int{}
		for class, n := range map[verification.DataClass]*int{verification.ResultData: c.Result, verification.FileData: c.Files} {
			if n != nil {
				set[class] = *n
			}
		}
		days, err := p.KeepFor(e.ctx, group, set)
		if err != nil {
			return err
		}
		return e.print(days, func(w io.Writer) {
			for _, class := range verification.DataClasses() {
				kept := "for ever"
				if n, ok := days[class]; ok {
					kept = fmt.Sprint(n, " days")
				}
				fmt.Fprintf(w, "%-8s %s\n", class, kept)
			}
		})
	})
}
