package watchlist

import (
	"net/url"
	"slices"
	"strings"

	"anycheck/internal/fault"
)

// Source is an address that lists are downloaded from.
type Source struct {
	Name      string `json:"name"`
	URL       string `json:"url"`
	Publisher string `json:"publisher,omitempty"`
	Terms     string `json:"terms,omitempty"` // under which the publisher gives the list
}

// BuiltInSources are those that need only be named. Nothing is downloaded
// before the operator has named it.
//
// PPATK is not among them: each issue of its lists has an address of its own.
func BuiltInSources() []Source {
	return []Source{
		{"ofac", "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/SDN.XML",
			"US Treasury, OFAC: SDN", "public domain"},
		{"un", "https://scsanctions.un.org/resources/xml/en/consolidated.xml",
			"UN Security Council: consolidated list", "free to use, naming the UN"},
		{"eu", "https://webgate.ec.europa.eu/fsd/fsf/public/files/xmlFullSanctionsList_1_1/content?token=dG9rZW4tMjAxNw", // the token is everybody's
			"European Commission: consolidated list of financial sanctions", "free to use, naming the EU"},
		{"opensanctions-sanctions", "https://data.opensanctions.org/datasets/latest/sanctions/targets.simple.csv",
			"OpenSanctions: sanctions of all publishers", "CC BY-NC 4.0; business use needs a licence of OpenSanctions"},
		{"opensanctions-peps", "https://data.opensanctions.org/datasets/latest/peps/targets.simple.csv",
			"OpenSanctions: politically exposed persons", "CC BY-NC 4.0; business use needs a licence of OpenSanctions"},
	}
}

// ParseSources reads sources as they are configured: the name of one that is
// built in, or name=https://….
func ParseSources(specs []string) ([]Source, error) {
	var out []Source
	for _, spec := range specs {
		name, address, own := strings.Cut(strings.TrimSpace(spec), "=")
		s := Source{Name: name, URL: address}
		if !own {
			i := slices.IndexFunc(BuiltInSources(), func(s Source) bool { return s.Name == name })
			if i < 0 {
				return nil, fault.New(fault.Invalid, "There is no built-in source %q; give its address too: name=https://… (anycheck lists sources shows those built in).", name)
			}
			s = BuiltInSources()[i]
		}
		if u, err := url.Parse(s.URL); err != nil || u.Scheme != "https" || u.Host == "" || !sourceName(name) {
			return nil, fault.New(fault.Invalid, "A source is a name of small letters, digits, - and _, or such a name with an address: name=https://….")
		}
		if slices.ContainsFunc(out, func(other Source) bool { return other.Name == name }) {
			return nil, fault.New(fault.Invalid, "The source %s is named twice.", name)
		}
		out = append(out, s)
	}
	return out, nil
}

func sourceName(name string) bool {
	return name != "" && len(name) <= 60 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// Shown is the address without what may be secret in it, a user's password and
// the query.
func (s Source) Shown() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	shown := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		shown += "?…"
	}
	return shown
}
