package watchlist

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"anycheck/internal/screening"
)

// ftmEntity is a FollowTheMoney entity: every property is a list of texts.
type ftmEntity struct {
	ID         string                     `json:"id"`
	Caption    string                     `json:"caption"`
	Schema     string                     `json:"schema"`
	Datasets   []string                   `json:"datasets"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// ftmSchemas are the schemas that have a name of their own. The others are
// relations (Ownership, Sanction, Family), addresses and documents.
var ftmSchemas = map[string]screening.Schema{
	"Person": screening.Person, "LegalEntity": screening.Unknown,
	"Organization": screening.Organization, "Company": screening.Organization, "PublicBody": screening.Organization,
	"Vessel": screening.Vessel, "Airplane": screening.Aircraft,
}

// parseFTM reads FollowTheMoney entities, one JSON object a line.
func parseFTM(b *builder, s *source) error {
	lines := bufio.NewScanner(s.in)
	lines.Buffer(make([]byte, 64<<10), maxRecordBytes*8)
	datasets := map[string]bool{}
	for lines.Scan() {
		s.line++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		s.rows++
		var f ftmEntity
		if err := json.Unmarshal(line, &f); err != nil {
			return errors.New("the line is no FollowTheMoney entity in JSON")
		}
		schema, ok := ftmSchemas[f.Schema]
		if !ok {
			b.skip("schema " + schemaWord(f.Schema))
			continue
		}
		e, err := ftmToEntity(f, schema)
		if err != nil {
			return err
		}
		if len(e.Datasets) == 0 {
			e.Datasets = []string{b.list.Name}
		}
		for _, d := range e.Datasets {
			datasets[d] = true
		}
		if err := b.add(s, e); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		s.line++
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("the line is longer than %d bytes", maxRecordBytes*8)
		}
		return err
	}
	if len(datasets) == 1 {
		for d := range datasets {
			if goodName(d) {
				b.list.Name = d
			}
		}
	}
	return nil
}

// schemaWord keeps a foreign schema's name short and plain enough to report.
func schemaWord(s string) string {
	if s == "" || len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "unknown"
	}
	return s
}

func ftmToEntity(f ftmEntity, schema screening.Schema) (screening.Entity, error) {
	var broken error
	get := func(properties ...string) (out []string) {
		for _, p := range properties {
			raw, ok := f.Properties[p]
			if !ok {
				continue
			}
			var values []string
			if err := json.Unmarshal(raw, &values); err != nil {
				broken = errors.New("a property is no list of texts")
			}
			out = append(out, values...)
		}
		return out
	}
	e := screening.Entity{
		ID: f.ID, Schema: schema, Datasets: f.Datasets,
		Topics: get("topics"), Countries: get("country", "nationality", "citizenship"),
		Places: get("birthPlace"), Positions: get("position"), Programs: get("program", "programId"),
	}
	e.Names = append(e.Names, screening.Name{Text: f.Caption, Kind: screening.Primary})
	for _, group := range []struct {
		kind       screening.NameKind
		properties []string
	}{
		{screening.Primary, []string{"name"}},
		{screening.Alias, []string{"alias", "previousName"}},
		{screening.Weak, []string{"weakAlias"}},
	} {
		for _, n := range get(group.properties...) {
			e.Names = append(e.Names, screening.Name{Text: n, Kind: group.kind})
		}
	}
	for _, d := range get("birthDate") {
		if date, err := screening.ParseDate(d); err == nil {
			e.BirthDates = append(e.BirthDates, date)
		}
	}
	for _, g := range get("gender") {
		e.Gender = gender(g)
	}
	for _, n := range get("notes") {
		e.Remarks = n
		break
	}
	for _, u := range get("sourceUrl", "wikipediaUrl") {
		if strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://") {
			e.URL = u
			break
		}
	}
	for _, w := range get("wikidataId") {
		if e.URL == "" {
			e.URL = "https://www.wikidata.org/wiki/" + w
		}
	}
	return e, broken
}
