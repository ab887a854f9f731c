package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"anycheck/internal/app"
	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/verification"
	"anycheck/internal/watchlist"
)

type screenCmd struct {
	Name      string   `required:"" help:"The person's name, as on a card or as people write it."`
	BirthDate string   `placeholder:"YYYY-MM-DD" help:"Date of birth; YYYY-MM or YYYY when that is all that is known."`
	Gender    string   `enum:"male,female," default:"" help:"male or female."`
	Place     string   `help:"Place of birth."`
	All       bool     `help:"Search organizations, vessels and aircraft too."`
	Limit     int      `default:"5" help:"Show at most so many hits (1 to 100)."`
	Lists     []string `type:"existingfile" sep:"none" help:"Search these list files instead of the imported lists; repeat for several."`
	AsOf      string   `placeholder:"YYYY-MM-DD" help:"Search the imported lists as they were at the end of this day (UTC)."`
	Against   string   `help:"Compare with this one name instead of the lists."`
}

// Help is shown below the command's flags.
func (screenCmd) Help() string {
	return `The exit code is 0 when nothing alerts and 10 when a hit does.

Examples:
  anycheck screen --name "H. Budi Santoso, S.E." --birth-date 1970-03-12 --gender male --place Semarang
  anycheck screen --name "Moh. Soeharto" --lists sdn.csv --lists alt.csv --json
  anycheck screen --name "Moh. Soeharto" --as-of 2026-06-30
  anycheck screen --name "Achmad Jusuf" --against "Ahmad Yusuf"`
}

// errAlert ends `anycheck screen` when a hit alerts.
var errAlert = errors.New("a hit alerts")

// exitAlert is its exit code.
const exitAlert = 10

// screenAnswer is what --json prints.
type screenAnswer struct {
	Alert bool             `json:"alert"`
	Hits  []screening.Hit  `json:"hits"`
	Lists []screening.List `json:"lists"`
}

func (c screenCmd) Run(e *env) error {
	person, err := c.person()
	if err != nil {
		return err
	}
	q := screening.Query{Name: person.Name, BirthDate: person.BirthDate, Gender: person.Gender, Place: person.BirthPlace, AllSchemas: c.All}
	if c.Limit < 1 || c.Limit > 100 {
		return fault.New(fault.Invalid, "--limit is not between 1 and 100.")
	}
	var index *screening.Index
	if c.Against != "" {
		q.AllSchemas = true
		index = screening.BuildName(c.Against)
	} else if person.AsOf != nil {
		if index, err = c.pastIndex(e, *person.AsOf); err != nil {
			return err
		}
	} else if index, err = listIndex(e, c.Lists); err != nil {
		return err
	}
	answer := screenAnswer{Hits: index.Search(e.ctx, q, c.Limit), Lists: index.Lists()}
	if answer.Hits == nil {
		answer.Hits = []screening.Hit{}
	}
	for _, h := range answer.Hits {
		answer.Alert = answer.Alert || h.Alert
	}
	if err := e.print(answer, func(w io.Writer) { c.text(w, answer) }); err != nil {
		return err
	}
	if answer.Alert {
		return errAlert
	}
	return e.ctx.Err()
}

// person is whom the flags name, by the rules of the person service.
func (c screenCmd) person() (verification.Person, error) {
	values := map[string]string{"name": c.Name}
	flags := map[string]string{"name": "--name"}
	for _, f := range []struct{ field, flag, value string }{
		{"birth_date", "--birth-date", c.BirthDate}, {"gender", "--gender", strings.ToUpper(c.Gender)},
		{"birth_place", "--place", c.Place}, {"as_of", "--as-of", c.AsOf},
	} {
		flags[f.field] = f.flag
		if f.value != "" {
			values[f.field] = f.value
		}
	}
	p, err := verification.AskedPerson(values, time.Now())
	var wrong *fault.Error
	if errors.As(err, &wrong) && len(wrong.Fields) > 0 {
		var all []string
		for _, f := range wrong.Fields {
			all = append(all, flags[strings.TrimPrefix(f.Field, "configuration.")]+" "+f.Message)
		}
		err = fault.New(fault.Invalid, "%s.", strings.Join(all, "; "))
	}
	return p, err
}

func (c screenCmd) text(w io.Writer, a screenAnswer) {
	if c.Against == "" {
		var searched []string
		for _, l := range a.Lists {
			searched = append(searched, listed(l))
		}
		fmt.Fprintf(w, "searched: %s\n", strings.Join(searched, ", "))
	}
	if len(a.Hits) == 0 {
		fmt.Fprintln(w, "nothing alike was found")
	}
	for i, h := range a.Hits {
		what := "no alert"
		if h.Alert {
			what = "ALERT"
		}
		fmt.Fprintf(w, "\n%d. %s  %s  score %.3f  %s\n", i+1, h.Name, h.EntityID, h.Score, what)
		if c.Against == "" {
			fmt.Fprintf(w, "   %s; lists: %s\n", strings.Join(h.Topics, ", "), strings.Join(h.Datasets, ", "))
		}
		if h.URL != "" {
			fmt.Fprintf(w, "   %s\n", h.URL)
		}
		rows := [][]string{}
		for _, ev := range h.Explanation {
			points := fmt.Sprintf("%+.2f", ev.Points)
			if ev.Fact == "rule" {
				points = ""
			}
			rows = append(rows, []string{"   " + ev.Fact, points, ev.Query, ev.Listed, ev.How})
		}
		table(w, append([][]string{{"   FACT", "POINTS", "ASKED", "LISTED", "HOW"}}, rows...))
	}
}

// listed names a list, and its version when it is an imported one.
func listed(l screening.List) string {
	if l.ImportedAt.IsZero() {
		return l.Name
	}
	return fmt.Sprintf("%s version %s (imported %s)", l.Name, l.Version, l.ImportedAt.Format(time.DateOnly))
}

// pastIndex is the index of the lists of a day.
func (c screenCmd) pastIndex(e *env, end time.Time) (index *screening.Index, err error) {
	err = e.withPlatform(func(p *app.Platform) error {
		index, err = p.Lists.IndexAsOf(e.ctx, end)
		return err
	})
	if err == nil && index.Len() == 0 {
		err = fault.New(fault.Unavailable, "No list was imported by %s.", c.AsOf)
	}
	return index, err
}

// listIndex makes an index of list files, or takes the imported lists.
func listIndex(e *env, paths []string) (index *screening.Index, err error) {
	if len(paths) > 0 {
		lists, err := readLists(e, paths)
		return screening.Build(lists), err
	}
	err = e.withPlatform(func(p *app.Platform) error {
		index, err = p.Lists.Index(e.ctx)
		return err
	})
	if err == nil && index.Len() == 0 {
		err = fault.New(fault.Unavailable, "There is no list to search: import one (anycheck lists import) or give --lists.")
	}
	return index, err
}

func readLists(e *env, paths []string) ([]screening.List, error) {
	var files []watchlist.File
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		files = append(files, watchlist.File{Name: path, Data: f})
	}
	lists, _, err := watchlist.Parse(e.ctx, files, watchlist.Options{})
	return lists, err
}
