package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/httpapi"
	"anycheck/internal/verification"
)

type verifyCmd struct {
	KTP      string `name:"ktp" required:"" type:"existingfile" help:"Photo or scan of the card: JPEG, PNG, WebP, TIFF or PDF."`
	Selfie   string `type:"existingfile" help:"Selfie to compare the portrait with."`
	PEP      bool   `name:"pep" help:"Screen the name against the imported watch lists."`
	Fraud    bool   `help:"Look for traces of editing in the files."`
	Password string `env:"ANYCHECK_FILE_PASSWORD" help:"Password of a protected PDF."`
	Evidence bool   `help:"With --json: add the evidence of every step."`
}

// Help is shown below the command's flags.
func (verifyCmd) Help() string {
	return `Examples:
  anycheck verify --ktp card.jpg
  anycheck verify --ktp card.pdf --password secret --selfie me.jpg --pep --json`
}

func (c verifyCmd) Run(e *env) error {
	once := app.Once{Type: c.kind(), Files: map[string][]byte{}, Names: map[string]string{}, Passwords: map[string]string{}, FraudDetection: c.Fraud}
	for field, path := range map[string]string{"ktp_file": c.KTP, "selfie_file": c.Selfie} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err == nil && info.Size() > int64(e.cfg.MaxFileMiB)<<20 {
			err = fault.New(fault.TooLarge, "%s: the file is larger than %d MiB.", field, e.cfg.MaxFileMiB)
		}
		if err != nil {
			return err
		}
		if once.Files[field], err = os.ReadFile(path); err != nil {
			return fault.Wrap(err, fault.Invalid, "%s: the file cannot be read", field)
		}
		once.Names[field], once.Passwords[field] = filepath.Base(path), c.Password
	}
	var v verification.Verification
	var report verification.Report
	run := func(engines *app.Engines, lists verification.Screener) (err error) {
		v, report, err = app.Verify(e.ctx, engines, lists, once, nil)
		return err
	}
	err := e.withEngines(func(engines *app.Engines) error {
		if !c.PEP {
			return run(engines, nil)
		}
		return e.withPlatform(func(p *app.Platform) error { return run(engines, p.Lists) })
	})
	if err != nil {
		return err
	}
	var shown any = httpapi.View(v)
	if c.Evidence {
		shown = struct {
			Verification any `json:"verification"`
			Evidence     any `json:"evidence"`
		}{shown, report.Evidence}
	}
	return e.print(shown, func(w io.Writer) { printVerdict(w, v, report) })
}

func (c verifyCmd) kind() verification.Type {
	t := verification.KTP
	if c.Selfie != "" {
		t += "_SELFIE"
	}
	if c.PEP {
		t += "_PEP"
	}
	return t
}

func printVerdict(w io.Writer, v verification.Verification, r verification.Report) {
	fmt.Fprintf(w, "%s\n\n", v.OutputStatus)
	rows := [][]string{}
	for _, f := range r.Fields {
		value, confidence := "(not read)", ""
		if f.Value != nil {
			value = *f.Value
			confidence = fmt.Sprintf("%.2f", *f.Confidence)
		}
		rows = append(rows, []string{f.Label, value, confidence, f.Note})
	}
	table(w, rows)
	fmt.Fprintln(w)
	rows = rows[:0]
	for _, c := range r.Checks {
		if c.Outcome != verification.Skipped {
			rows = append(rows, []string{string(c.Outcome), c.Name, c.Code, c.Message})
		}
	}
	table(w, rows)
	if m := r.Match; m != nil && m.Score != nil {
		fmt.Fprintf(w, "\nFaces: %.1f of 100 (%s), cosine %.3f\n", *m.Score, m.Level, *m.Similarity)
	}
	for _, h := range r.Hits {
		fmt.Fprintf(w, "Watch list: %.2f %s (%s; %s)\n", h.Score, h.Name, h.EntityID, strings.Join(h.MatchedOn, ", "))
	}
	if d, ok := v.ExecutionTime(); ok {
		fmt.Fprintf(w, "\n%.2f s; models %s", d.Seconds(), strings.Join(r.Models, ", "))
		if len(r.Lists) > 0 {
			fmt.Fprintf(w, "; lists %s", strings.Join(r.Lists, ", "))
		}
		fmt.Fprintln(w)
	}
}
