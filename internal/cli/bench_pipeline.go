package cli

import (
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"anycheck/internal/app"
	"anycheck/internal/verification"
)

type benchPipelineCmd struct {
	Runs    int    `default:"20" help:"Verifications to run, one after the other; two more warm up."`
	Samples string `type:"existingdir" help:"Folder with pictures (laid out like shared/samples) instead of the drawn ones."`
}

func (c benchPipelineCmd) Run(e *env) error {
	samples, err := app.DrawnSamples()
	if c.Samples != "" {
		samples, err = app.FolderSamples(c.Samples)
	}
	if err != nil {
		return err
	}
	once := app.Once{Type: verification.KTPSelfie, Files: map[string][]byte{"ktp_file": samples.Card, "selfie_file": samples.Selfie}}
	return e.withEngines(func(engines *app.Engines) error {
		const warmUp = 2
		var whole []time.Duration
		steps := map[verification.StepName]time.Duration{}
		var cpu time.Duration
		bar := e.bar(int64(c.Runs), "verifying")
		for i := range warmUp + c.Runs {
			if i == warmUp {
				clear(steps)
				cpu = -cpuTime()
			}
			start := time.Now()
			if _, _, err := app.Verify(e.ctx, engines, nil, once, func(s verification.StepName, d time.Duration) { steps[s] += d }); err != nil {
				return err
			}
			if i >= warmUp {
				whole = append(whole, time.Since(start))
				_ = bar.Add(1)
			}
		}
		cpu += cpuTime()
		_ = bar.Finish()
		slices.Sort(whole)
		var sum time.Duration
		for _, d := range whole {
			sum += d
		}
		result := struct {
			Runs       int                               `json:"runs"`
			P50        float64                           `json:"p50_ms"`
			P95        float64                           `json:"p95_ms"`
			CPUSeconds float64                           `json:"cpu_seconds"`
			Shares     map[verification.StepName]float64 `json:"step_shares"`
			StepMS     map[verification.StepName]float64 `json:"step_ms"`
		}{c.Runs, ms(whole[len(whole)/2]), ms(whole[len(whole)*95/100]), cpu.Seconds() / float64(c.Runs),
			map[verification.StepName]float64{}, map[verification.StepName]float64{}}
		for s, d := range steps {
			result.Shares[s] = float64(d) / float64(sum)
			result.StepMS[s] = ms(d) / float64(c.Runs)
		}
		return e.print(result, func(w io.Writer) {
			fmt.Fprintf(w, "KTP_SELFIE, %d runs: p50 %.0f ms, p95 %.0f ms, %.2f CPU seconds each\n", c.Runs, result.P50, result.P95, result.CPUSeconds)
			rows := [][]string{{"STEP", "MS", "SHARE"}}
			var rest float64 = 1
			for _, s := range []verification.StepName{verification.StepIntake, verification.StepRead, verification.StepMatch} {
				rows = append(rows, []string{string(s), fmt.Sprintf("%.0f", result.StepMS[s]), fmt.Sprintf("%.0f %%", 100*result.Shares[s])})
				rest -= result.Shares[s]
			}
			rows = append(rows, []string{"gate and decision", fmt.Sprintf("%.0f", rest*ms(sum)/float64(c.Runs)), fmt.Sprintf("%.0f %%", 100*rest)})
			table(w, rows)
		})
	})
}

// cpuTime is what the process has used so far, all threads together.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
