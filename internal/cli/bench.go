package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"anycheck/internal/app"
	"anycheck/internal/benchpage"
	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
)

type benchCmd struct {
	KTP       benchKTPCmd       `cmd:"" name:"ktp" help:"Field accuracy by level and seconds per card, on a folder with pictures and truth.json."`
	Faces     benchFacesCmd     `cmd:"" help:"TAR at FAR 1% and 0.1%, EER, verdicts and milliseconds per pair, on a CSV with the columns a,b,same or card,selfie,same."`
	Pairs     benchPairsCmd     `cmd:"" help:"F1 on a CSV of labelled pairs of names."`
	Screening benchScreeningCmd `cmd:"" help:"Recall and false positives on a CSV of labelled queries, against the imported lists or --lists."`
	Pipeline  benchPipelineCmd  `cmd:"" help:"Time and CPU seconds of whole KTP_SELFIE verifications, by step."`
}

// withEngines opens the models for one command.
func (e *env) withEngines(fn func(*app.Engines) error) error {
	if err := os.MkdirAll(e.cfg.DataDir, 0o700); err != nil {
		return err
	}
	engines, err := app.OpenEngines(e.cfg, e.log)
	if err != nil {
		return err
	}
	defer engines.Close()
	return fn(engines)
}

// line writes one JSON object on a line of its own.
func (e *env) line(v any) error { return json.NewEncoder(e.out).Encode(v) }

type benchKTPCmd struct {
	Dir    string `arg:"" type:"existingdir" help:"Folder with pictures and truth.json (format: shared/samples/ktp)."`
	Report string `type:"path" placeholder:"FILE" help:"Write a page with figures, plots and pictures (HTML). It shows what the cards say."`
	Fit    bool   `help:"Print the calibration of confidences that fits these cards best."`
}

func (c benchKTPCmd) Run(e *env) error {
	f, err := os.Open(filepath.Join(c.Dir, "truth.json"))
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The folder needs a truth.json")
	}
	defer f.Close()
	truth, err := ktp.ParseTruth(f)
	if err != nil {
		return err
	}
	return e.withEngines(func(engines *app.Engines) error {
		type line struct {
			File       string                `json:"file"`
			Fields     map[ktp.Field]*string `json:"fields"`
			Confidence map[ktp.Field]float64 `json:"confidence"`
			Codes      []ktp.Code            `json:"codes"`
			MS         float64               `json:"ms"`
		}
		var bench ktp.Bench
		var page benchpage.Cards
		bar := e.bar(int64(len(truth)), "reading cards")
		var total time.Duration
		for _, card := range truth {
			picture, err := e.picture(engines, filepath.Join(c.Dir, filepath.Base(card.File)))
			if err != nil {
				return fmt.Errorf("%s: %w", card.File, err)
			}
			start := time.Now()
			reading, err := engines.Cards.Read(e.ctx, picture)
			if err != nil {
				return fmt.Errorf("%s: %w", card.File, err)
			}
			took := time.Since(start)
			total += took
			bench.Add(card, &reading)
			if c.Report != "" {
				if err := page.Add(card, &reading, picture, took); err != nil {
					return err
				}
			}
			if e.json && !c.Fit {
				l := line{File: card.File, Fields: map[ktp.Field]*string{}, Confidence: map[ktp.Field]float64{}, Codes: reading.Codes, MS: ms(took)}
				for _, f := range ktp.Fields {
					v := reading.Value(f)
					l.Fields[f], l.Confidence[f] = v.Value, v.Confidence
				}
				if err := e.line(l); err != nil {
					return err
				}
			}
			_ = bar.Add(1)
		}
		_ = bar.Finish()
		if c.Report != "" {
			if err := e.page(c.Report, func(w io.Writer) error { return page.Write(w, "Reading cards: "+filepath.Base(c.Dir)) }); err != nil {
				return err
			}
		}
		if c.Fit {
			coefficients := bench.Fit()
			return e.print(coefficients, func(w io.Writer) {
				rows := [][]string{{"INPUT", "NOW", "FITTED"}}
				for _, k := range coefficients {
					rows = append(rows, []string{k.Name, fmt.Sprintf("%.3f", k.Now), fmt.Sprintf("%.3f", k.Fitted)})
				}
				table(w, rows)
			})
		}
		if e.json {
			return nil
		}
		if err := bench.Report().WriteText(e.out); err != nil {
			return err
		}
		fmt.Fprintf(e.out, "%.2f seconds per card (decoding not counted), %d cards\n", total.Seconds()/float64(max(1, len(truth))), len(truth))
		return nil
	})
}

// page writes a report to a new file, whole or not at all.
func (e *env) page(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fault.Wrap(err, fault.Invalid, "The report cannot be written")
	}
	fmt.Fprintf(e.err, "report: %s\n", path)
	return nil
}

// picture decodes a file as an upload would be.
func (e *env) picture(engines *app.Engines, path string) (*imaging.Picture, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The file cannot be read")
	}
	return engines.ReadPicture(e.ctx, data)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

type benchFacesCmd struct {
	Pairs  string `arg:"" type:"existingfile" help:"CSV of pairs; paths are relative to it."`
	Report string `type:"path" placeholder:"FILE" help:"Write a page with figures, plots and the pairs that went wrong (HTML)."`
}

func (c benchFacesCmd) Run(e *env) error {
	pairs, cards, err := readPairs(c.Pairs)
	if err != nil {
		return err
	}
	return e.withEngines(func(engines *app.Engines) error {
		type line struct {
			A       string       `json:"a"`
			B       string       `json:"b"`
			Score   *float64     `json:"score"`
			Outcome face.Outcome `json:"outcome"`
		}
		matcher := engines.Faces
		if !cards {
			matcher = engines.PhotoMatcher()
		}
		var page benchpage.Faces
		var scored []face.Pair
		counts := map[bool]map[face.Outcome]int{true: {}, false: {}}
		var total, cpu time.Duration
		bar := e.bar(int64(len(pairs)), "comparing faces")
		for _, p := range pairs {
			result := face.Comparison{Outcome: face.Inconclusive}
			a, errA := e.picture(engines, filepath.Join(filepath.Dir(c.Pairs), p.a))
			b, errB := e.picture(engines, filepath.Join(filepath.Dir(c.Pairs), p.b))
			if err := errors.Join(errA, errB); err != nil {
				// One file that cannot be read is a pair without a score.
				fmt.Fprintf(e.err, "anycheck: %s, %s: %v\n", p.a, p.b, err)
			} else {
				start, used := time.Now(), cpuTime()
				if result, err = matcher.Compare(e.ctx, a, b); err != nil {
					return err
				}
				total += time.Since(start)
				cpu += cpuTime() - used
			}
			scored = append(scored, face.Pair{Same: p.same, Score: result.Score})
			counts[p.same][result.Outcome]++
			if c.Report != "" {
				if err := page.Add(p.a, p.b, p.same, result, a, b); err != nil {
					return err
				}
			}
			if e.json {
				if err := e.line(line{p.a, p.b, result.Score, result.Outcome}); err != nil {
					return err
				}
			}
			_ = bar.Add(1)
		}
		_ = bar.Finish()
		if c.Report != "" {
			if err := e.page(c.Report, func(w io.Writer) error { return page.Write(w, "Matching faces: "+filepath.Base(c.Pairs)) }); err != nil {
				return err
			}
		}
		if e.json {
			return nil
		}
		m := face.Measure(scored)
		fmt.Fprintf(e.out, "%d genuine and %d impostor pairs scored; without a score: %d genuine, %d impostor\n", m.Genuine, m.Impostor, m.GenuineUnscored, m.ImpostorUnscored)
		percent := func(k, n int) string {
			low, high := face.Wilson(k, n)
			return fmt.Sprintf("%d  %.1f %% (%.1f - %.1f)", k, 100*float64(k)/float64(max(n, 1)), 100*low, 100*high)
		}
		fmt.Fprintf(e.out, "AUC %.4f   EER %.2f %% (95 %%: %.2f - %.2f)   TAR at FAR 1 %%: %.3f   TAR at FAR 0.1 %%: %.3f\n",
			m.AUC, 100*m.EER, 100*m.EERLow, 100*m.EERHigh, m.TAR1, m.TAR01)
		rows := [][]string{{"VERDICT (95 %)", "SAME PERSON", "TWO PERSONS"}}
		for _, o := range []face.Outcome{face.Match, face.Review, face.NoMatch, face.Inconclusive} {
			rows = append(rows, []string{string(o), percent(counts[true][o], m.Genuine+m.GenuineUnscored), percent(counts[false][o], m.Impostor+m.ImpostorUnscored)})
		}
		table(e.out, rows)
		fmt.Fprintf(e.out, "%.0f ms and %.0f ms of CPU per pair (decoding not counted)\n", ms(total)/float64(max(1, len(pairs))), ms(cpu)/float64(max(1, len(pairs))))
		return nil
	})
}

type pair struct {
	a, b string
	same bool
}

// readPairs also tells whether the first column holds cards.
func readPairs(path string) (pairs []pair, cards bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil {
		return nil, false, fault.Wrap(err, fault.Invalid, "The pairs cannot be read")
	}
	column := func(names ...string) int {
		return slices.IndexFunc(header, func(h string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(h))) })
	}
	a, b, same := column("a", "card"), column("b", "selfie"), column("same")
	if a < 0 || b < 0 || same < 0 {
		return nil, false, fault.New(fault.Invalid, "The CSV needs the columns a,b,same or card,selfie,same.")
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return pairs, column("card") >= 0, nil
		}
		if err != nil {
			return nil, false, fault.Wrap(err, fault.Invalid, "The pairs cannot be read")
		}
		truth := strings.ToLower(row[same])
		pairs = append(pairs, pair{row[a], row[b], truth == "1" || truth == "true"})
	}
}

type benchScreeningCmd struct {
	Queries string   `arg:"" type:"existingfile" help:"CSV with qid,set,category,name,birth_date,gender,birth_place,expected,note."`
	Lists   []string `type:"existingfile" sep:"none" help:"Search these list files instead of the imported lists; repeat for several."`
	Names   bool     `help:"Ask with the names alone, without birth data."`
	Aliases bool     `help:"With --lists: also take one alias away from every listed person and ask for it (set alias_held_out)."`
	Made    uint64   `placeholder:"SEED" help:"With --lists: also make queries from the lists by rule (sets made_…); the same seed makes the same."`
}

// Help is shown below the command's flags.
func (benchScreeningCmd) Help() string {
	return `Examples:
  anycheck bench screening queries.csv --lists sdn.csv --lists alt.csv --lists un.xml
  anycheck bench screening queries.csv --made 7 --lists sdn.csv --lists un.xml
  anycheck bench screening queries.csv --names --json > hits.jsonl`
}

func (c benchScreeningCmd) Run(e *env) error {
	f, err := os.Open(c.Queries)
	if err != nil {
		return err
	}
	defer f.Close()
	queries, err := screening.ReadQueries(f)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The queries cannot be read: %v.", err)
	}
	var index *screening.Index
	if c.Aliases || c.Made > 0 {
		if len(c.Lists) == 0 {
			return fault.New(fault.Invalid, "--aliases and --made need --lists.")
		}
		lists, err := readLists(e, c.Lists)
		if err != nil {
			return err
		}
		if c.Made > 0 {
			queries = append(queries, screening.Variants(lists, c.Made)...)
		}
		if c.Aliases {
			queries = append(queries, screening.HoldOutAliases(lists)...)
		}
		index = screening.Build(lists)
	} else if index, err = listIndex(e, c.Lists); err != nil {
		return err
	}
	if e.json {
		lines, err := screening.RunBench(e.ctx, index, queries, c.Names)
		for _, l := range lines {
			if err := e.line(l); err != nil {
				return err
			}
		}
		return err
	}
	for _, namesOnly := range []bool{false, true} {
		if c.Names && !namesOnly {
			continue
		}
		start := time.Now()
		lines, err := screening.RunBench(e.ctx, index, queries, namesOnly)
		if err != nil {
			return err
		}
		took := time.Since(start)
		what := "name, birth date, gender and place"
		if namesOnly {
			what = "names alone"
		}
		fmt.Fprintf(e.out, "\n%s: %d queries against %d entities, %.3f ms per query\n", what, len(queries), index.Len(), ms(took)/float64(max(1, len(queries))))
		printScreening(e.out, screening.Measure(queries, lines))
	}
	return nil
}

func printScreening(w io.Writer, r screening.BenchResult) {
	fmt.Fprintf(w, "threshold at 1 %% FPR %.3f, at 0.1 %% FPR %.3f; 95 %% recall needs %.2f %% FPR\n", r.Threshold1, r.Threshold01, 100*r.FPR95)
	rows := [][]string{{"SET", "CATEGORY", "N", "HIT@1", "HIT@5", "RECALL 1 %", "RECALL 0.1 %", "RECALL ALERT", "FALSE 1 %", "FALSE ALERT"}}
	for _, g := range r.Groups {
		rows = append(rows, []string{g.Set, g.Category, fmt.Sprint(max(g.Top1.Of, g.FalseAlert.Of)), rate(g.Top1), rate(g.Top5), rate(g.Recall1), rate(g.Recall01), rate(g.RecallAlert), rate(g.False1), rate(g.FalseAlert)})
	}
	table(w, rows)
	rows = [][]string{{"\nSCORE OF THE FIRST HIT", "QUERIES", "RIGHT"}}
	for _, b := range r.Reliability {
		rows = append(rows, []string{fmt.Sprintf("from %.2f", b.From), fmt.Sprint(b.Right.Of), rate(b.Right)})
	}
	table(w, rows)
}

type benchPairsCmd struct {
	Pairs string `arg:"" type:"existingfile" help:"CSV with case_group,schema,name1,name2,is_match."`
	All   bool   `help:"Pairs of organizations and vessels too, not only of persons."`
}

// pairLine is the score of one pair, in the order of the file's pairs that are
// counted.
type pairLine struct {
	Group string  `json:"case_group"`
	Same  bool    `json:"is_match"`
	Score float64 `json:"score"`
}

func (c benchPairsCmd) Run(e *env) error {
	f, err := os.Open(c.Pairs)
	if err != nil {
		return err
	}
	defer f.Close()
	pairs, err := screening.ReadPairs(f)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The pairs cannot be read: %v.", err)
	}
	if !c.All {
		pairs = slices.DeleteFunc(pairs, func(p screening.LabelledPair) bool { return p.Schema != screening.Person })
	}
	scores := make([]float64, len(pairs))
	for i, p := range pairs {
		scores[i] = screening.Compare(e.ctx, p.One, p.Other)
		if e.json {
			if err := e.line(pairLine{p.Group, p.Same, scores[i]}); err != nil {
				return err
			}
		}
	}
	if e.json || e.ctx.Err() != nil {
		return e.ctx.Err()
	}
	rows := [][]string{{"GROUP", "PAIRS", "BEST F1", "AT SCORE", "PRECISION", "RECALL", "RECALL AT 1 % FPR"}}
	for _, r := range screening.MeasurePairs(pairs, scores) {
		rows = append(rows, []string{r.Group, fmt.Sprint(r.Pairs), fmt.Sprintf("%.3f", r.F1), fmt.Sprintf("%.3f", r.Threshold), rate(r.Precision), rate(r.Recall), rate(r.Recall1)})
	}
	table(e.out, rows)
	return nil
}

// rate prints a share with its 95 % interval, and nothing for a share of none.
func rate(r screening.Rate) string {
	if r.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f (%.3f-%.3f)", r.Value, r.Low, r.High)
}
