package watchlist

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"anycheck/internal/screening"
)

// isSimpleTargets tells the header of OpenSanctions' targets.simple.csv. Its
// columns come and go; these have always been there.
func isSimpleTargets(header []string) bool {
	for _, c := range []string{"id", "schema", "name", "birth_date", "dataset"} {
		if !slices.Contains(header, c) {
			return false
		}
	}
	return true
}

// parseSimpleTargets reads OpenSanctions' targets.simple.csv by its header.
// The file has no topics: who is under sanctions is told by the columns about
// them, who holds office by the name of the list.
func parseSimpleTargets(b *builder, s *source) error {
	in := newRows(s)
	get, width, err := columns(in)
	if err != nil {
		return err
	}
	if b.list.Name == "targets" { // how the file is called at its source
		b.list.Name = "opensanctions"
	}
	office := strings.Contains(b.list.Name, "pep")
	for {
		row, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) != width {
			return fmt.Errorf("the record has %d fields, the header %d", len(row), width)
		}
		if !utf8.ValidString(get(row, "name")) {
			return errors.New("the text is not UTF-8")
		}
		schema, ok := ftmSchemas[get(row, "schema")]
		if !ok {
			b.skip("schema " + schemaWord(get(row, "schema")))
			continue
		}
		e := screening.Entity{
			ID: get(row, "id"), Schema: schema, Datasets: split(get(row, "dataset")), Topics: split(get(row, "topics")),
			Names:     []screening.Name{{Text: get(row, "name"), Kind: screening.Primary}},
			Countries: split(get(row, "countries")), Programs: split(get(row, "program_ids")),
			Remarks: get(row, "sanctions"), URL: "https://www.opensanctions.org/entities/" + get(row, "id") + "/",
		}
		for _, a := range split(get(row, "aliases")) {
			e.Names = append(e.Names, screening.Name{Text: a, Kind: screening.Alias})
		}
		e.BirthDates = b.dates(s, split(get(row, "birth_date")))
		if len(e.Topics) == 0 {
			switch {
			case e.Remarks != "" || len(e.Programs) > 0:
				e.Topics = []string{"sanction"}
			case office && schema == screening.Person:
				e.Topics = []string{"role.pep"}
			default:
				e.Topics = []string{"poi"} // FollowTheMoney's "person of interest"
			}
		}
		if len(e.Datasets) == 0 {
			e.Datasets = []string{b.list.Name}
		}
		if err := b.add(s, e); err != nil {
			return err
		}
	}
}
