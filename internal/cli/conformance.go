package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"anycheck/internal/conformance"
	"anycheck/internal/fault"
	"anycheck/internal/specimen"
)

type conformanceCmd struct {
	BaseURL string `required:"" name:"base-url" placeholder:"URL" help:"Server to run against."`
	APIKey  string `required:"" name:"api-key" env:"ANYCHECK_API_KEY" placeholder:"KEY" help:"API key there, with all scopes."`
	Card    string `type:"existingfile" placeholder:"FILE" help:"Photo of an identity card, for one verification; it costs credits there."`
	Selfie  string `type:"existingfile" placeholder:"FILE" help:"Selfie that goes with the card."`
	Drawn   bool   `help:"Verify with a card and a selfie that are drawn for the occasion."`
}

// Help is shown below the command's flags.
func (conformanceCmd) Help() string {
	return `Runs the public contract of AnyCheck against a server and prints what differs, so that
both systems can be compared before a client moves. It makes one folder; with pictures
it makes one verification of the type KTP_SELFIE. Differences name paths and kinds,
never values. The exit code is 0 when nothing differs and 12 when something does; 3 and 7
when nothing was compared, because the key is refused or nobody answers.

Examples:
  anycheck conformance --base-url https://anycheck.example --api-key "$KEY"
  anycheck conformance --base-url http://127.0.0.1:8080 --api-key "$KEY" --drawn --json`
}

// errDiffers ends `anycheck conformance` when the server differs.
var errDiffers = errors.New("the server differs from the contract")

// exitDiffers is its exit code.
const exitDiffers = 12

func (c conformanceCmd) Run(e *env) error {
	if (c.Card == "") != (c.Selfie == "") {
		return fault.New(fault.Invalid, "--card and --selfie go together.")
	}
	if _, err := newClient("--base-url", c.BaseURL); err != nil {
		return err
	}
	o := conformance.Options{BaseURL: c.BaseURL, APIKey: c.APIKey}
	err := conformance.Ready(e.ctx, o)
	if errors.Is(err, conformance.ErrKey) {
		err = fault.New(fault.Unauthenticated, "The server refuses the API key.")
	}
	if err != nil {
		return err
	}
	switch {
	case c.Card != "":
		if o.Card, err = os.ReadFile(c.Card); err == nil {
			o.Selfie, err = os.ReadFile(c.Selfie)
		}
	case c.Drawn:
		p := specimen.People(1, 1)[0]
		if o.Card, err = specimen.Photograph(specimen.Card(p, specimen.Portrait(p.Identity, specimen.Studio(p))), specimen.Easy, 1).Picture.EncodeJPEG(90); err == nil {
			o.Selfie, err = specimen.Face(p.Identity, specimen.Variation{Yaw: 6, Light: 20, Smile: 0.3, Scene: 3}).EncodeJPEG(90)
		}
	}
	if err != nil {
		return err
	}
	bar := e.bar(-1, "asking")
	checks := conformance.Run(e.ctx, o, func(conformance.Check) { _ = bar.Add(1) })
	_ = bar.Finish()
	if err := e.ctx.Err(); err != nil {
		return err
	}
	err = e.print(checks, func(w io.Writer) {
		for _, check := range checks {
			line := fmt.Sprintf("%-8s %s", check.Outcome, check.Name)
			if check.Reason != "" {
				line += " (" + check.Reason + ")"
			}
			fmt.Fprintln(w, line)
			for _, d := range check.Differences {
				fmt.Fprintln(w, "           ", d)
			}
		}
		fmt.Fprintln(w, conformance.Summary(checks))
	})
	if err != nil {
		return err
	}
	for _, check := range checks {
		if check.Outcome == conformance.Differs {
			return errDiffers
		}
	}
	return nil
}
