package cli

import (
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"

	"anycheck/internal/app"
	"anycheck/internal/nn"
	"anycheck/internal/onnx"
)

type modelsCmd struct {
	List modelsListCmd `cmd:"" help:"Show each model with its state and licence."`
	Pull modelsPullCmd `cmd:"" help:"Fetch models that are missing, checked against their SHA-256; resumes a download that was cut off."`
}

type modelsListCmd struct{}

func (modelsListCmd) Run(e *env) error {
	models, err := app.Models(e.cfg)
	if err != nil {
		return err
	}
	type row struct {
		Name    string     `json:"name"`
		Task    nn.Task    `json:"task"`
		Version string     `json:"version"`
		State   onnx.State `json:"state"`
		Origin  string     `json:"origin"`
		Path    string     `json:"path"`
		Bytes   int64      `json:"bytes"`
		SHA256  string     `json:"sha256"`
		Licence nn.Licence `json:"licence"`
	}
	rows, text := []row{}, [][]string{{"MODEL", "TASK", "STATE", "SIZE", "LICENCE", "COMMERCIAL USE"}}
	for _, m := range models.List() {
		s := m.Spec
		rows = append(rows, row{s.Name, s.Task, s.Version, m.State, m.Origin, m.Path, s.Bytes, s.SHA256, s.Licence})
		text = append(text, []string{s.Name, string(s.Task), string(m.State), fmt.Sprintf("%.1f MB", float64(s.Bytes)/1e6), s.Licence.ID, s.Licence.Commercial})
	}
	return e.print(rows, func(w io.Writer) { table(w, text) })
}

type modelsPullCmd struct {
	Names      []string `arg:"" optional:"" help:"Models to fetch. Default: all that are missing."`
	BestEffort bool     `help:"Report what could not be fetched, but exit 0: the service runs without it."`
}

func (c modelsPullCmd) Run(e *env) error {
	models, err := app.Models(e.cfg)
	if err != nil {
		return err
	}
	names := c.Names
	if len(names) == 0 {
		for _, m := range models.List() {
			if m.State != onnx.StateEmbedded && m.State != onnx.StatePresent {
				names = append(names, m.Spec.Name)
			}
		}
	}
	type row struct {
		Name  string `json:"name"`
		Error string `json:"error,omitempty"`
	}
	rows := []row{}
	var first error
	for _, name := range names {
		r := row{Name: name}
		if err := e.pull(models, name); err != nil {
			r.Error = err.Error()
			fmt.Fprintf(e.err, "anycheck: model %s: %v\n", name, err)
			if first == nil {
				first = err
			}
		}
		rows = append(rows, r)
	}
	if err := e.print(rows, func(w io.Writer) {
		if len(names) == 0 {
			fmt.Fprintln(w, "Every model is installed.")
		}
		for _, r := range rows {
			if r.Error == "" {
				fmt.Fprintf(w, "%s installed\n", r.Name)
			}
		}
	}); err != nil {
		return err
	}
	if c.BestEffort {
		return nil
	}
	return first
}

func (e *env) pull(models *onnx.Models, name string) error {
	bar := e.bar(-1, name)
	defer bar.Finish()
	return models.Pull(e.ctx, name, func(done, total int64) {
		bar.ChangeMax64(total)
		_ = bar.Set64(done) // a bar that cannot be drawn is no reason to stop
	})
}

// bar draws progress on a terminal's standard error and nothing elsewhere.
func (e *env) bar(total int64, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(e.err), progressbar.OptionSetDescription(what),
		progressbar.OptionSetVisibility(!e.json && isTerminal(e.err)), progressbar.OptionClearOnFinish(), progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true))
}
