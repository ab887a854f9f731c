package screening

import (
	"cmp"
	"math"
	"strings"
)

// explain says which parts met how and what each fact added.
func (x *Index) explain(tokens []queryToken, q Query, m *match) []Evidence {
	ref := x.names[m.name]
	e := &x.entities[ref.entity]
	listed := x.tokens[ref.first : ref.first+uint32(ref.count)]
	out := make([]Evidence, 0, m.pairCount+5)
	var usedQ, usedL [maxTokens]bool
	met := float32(0)
	for _, p := range m.pairs[:m.pairCount] {
		var asked, found []string
		for k := p.q; k < p.q+p.qn; k++ {
			usedQ[k] = true
			asked = append(asked, tokens[k].text)
		}
		for k := p.l; k < p.l+p.ln; k++ {
			usedL[k] = true
			found = append(found, x.words[listed[k].word].text)
		}
		met += p.points
		out = append(out, Evidence{Fact: "name", Query: strings.Join(asked, " "), Listed: strings.Join(found, " "),
			How: how(p, tokens, listed), Points: points(p.points)})
	}
	var missing, extra []string
	for i, t := range tokens {
		if !usedQ[i] && t.class != classParticle {
			extra = append(extra, t.text)
		}
	}
	for j, l := range listed {
		if !usedL[j] && l.class != classParticle {
			missing = append(missing, x.words[l.word].text)
		}
	}
	if len(missing)+len(extra) > 0 {
		text := "only in the query"
		switch {
		case len(missing) > 0 && len(extra) > 0:
			text = "met nothing"
		case len(missing) > 0:
			text = "only in the list"
		}
		out = append(out, Evidence{Fact: "name", Query: strings.Join(extra, " "), Listed: strings.Join(missing, " "), How: text, Points: points(m.namePoints - met)})
	}
	if m.date != 0 {
		var best Evidence
		born := x.born(e)
		if m.twin > 0 {
			born = x.born(&x.entities[m.twin-1])
		}
		for i, d := range born {
			if p, text := compareDates(q.BirthDate, d); i == 0 || p > best.Points {
				best = Evidence{Fact: "birth_date", Query: q.BirthDate.String(), Listed: d.String(), How: text, Points: p}
			}
		}
		if best.Points = points(m.date); m.twin > 0 {
			best.How += ", from entry " + x.text(x.entities[m.twin-1].id) + " of the same name"
		}
		out = append(out, best)
	}
	if m.gender != 0 {
		text := "same"
		if m.gender < 0 {
			text = "other"
		}
		out = append(out, Evidence{Fact: "gender", Query: string(q.Gender), Listed: string(cmp.Or(genders[e.gender], otherGender(q.Gender, m.gender))), How: text, Points: points(m.gender)})
	}
	if m.place != 0 {
		text := "a place in common"
		listed := x.sets[e.places]
		switch {
		case m.place < 0:
			text = "another country"
			if len(listed) == 0 {
				listed = x.sets[e.countries]
			}
		case m.place < placeAgrees:
			text = "same country"
		}
		out = append(out, Evidence{Fact: "birth_place", Query: q.Place, Listed: strings.Join(listed, "; "), How: text, Points: points(m.place)})
	}
	if m.rule != "" {
		out = append(out, Evidence{Fact: "rule", How: m.rule})
	}
	return out
}

func how(p pair, tokens []queryToken, listed []nameToken) string {
	switch {
	case p.qn > 1:
		return "written apart in the query"
	case p.ln > 1:
		return "written apart in the list"
	case tokens[p.q].class == classInitial || listed[p.l].class == classInitial,
		tokens[p.q].class == classParticle && listed[p.l].class != classParticle:
		return "initial"
	case p.points < 0:
		return "similar, but another name"
	case p.alike == abbreviated:
		return "abbreviation"
	case p.alike == 1:
		return "same"
	case p.alike >= sameSound:
		return "another spelling"
	}
	return "similar spelling"
}

func points(p float32) float64 { return math.Round(float64(p)*100) / 100 }

// otherGender is the gender that another entry of the person gave: what was
// asked for when it agreed.
func otherGender(asked Gender, points float32) Gender {
	if points > 0 {
		return asked
	}
	if asked == Male {
		return Female
	}
	return Male
}
