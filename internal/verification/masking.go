package verification

import (
	"bytes"
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/ktp"
	"anycheck/internal/screening"
	"anycheck/internal/tenant"
)

// Seen is a verification as one caller may see it. What shows verifications
// takes this type, so that nothing is shown by oversight.
type Seen struct{ Verification }

// InFull is for who may see everything: the operator at the command line.
func (v Verification) InFull() Seen { return Seen{v} }

// For hides what the actor may not see: texts that tell who a person is, and
// files, which show the same.
func (v Verification) For(a tenant.Actor) Seen {
	full := a.Can(tenant.SeePersonalData)
	if !full {
		v.Output, v.InputConfig = masked(v.Output), masked(v.InputConfig)
		v.WebhookMetadata = nil // a caller's own, whatever it is
		v.Consent = v.Consent.masked()
	}
	if !full || !a.Can(tenant.DownloadFiles) {
		v.OutputPath, v.Config.Files = "", maps.Clone(v.Config.Files)
		for field := range v.Config.Files {
			v.Config.Files[field] = nil
		}
	}
	if !full || !a.Can(tenant.ExportResults) {
		v.ExportPath = ""
	}
	return Seen{v}
}

// plainTexts are the texts of output and input_config that do not tell who
// somebody is. All other texts are masked, those of later versions too.
var plainTexts = []string{
	"face_match_confidence_level", "verification_type", "gender", "as_of",
	"ktp.gender", "ktp.nationality", "ktp.province", "ktp.regency",
	"pep.screened_at", "pep.lists.name", "pep.lists.version", "pep.lists.imported_at",
	"pep.matches.entity_id", "pep.matches.topics", "pep.matches.datasets", "pep.matches.matched_on",
	"pep.dismissed.entity_id", "pep.dismissed.topics", "pep.dismissed.datasets", "pep.dismissed.matched_on",
	"pep.dismissed.by", "pep.dismissed.at", "pep.dismissed.expires_at",
}

// masked is a JSON value with its personal texts masked; what is no JSON is
// hidden altogether.
func masked(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return nil
	}
	m := masker{dec: json.NewDecoder(bytes.NewReader(raw))}
	m.dec.UseNumber()
	if err := m.value(nil); err != nil {
		return json.RawMessage("null")
	}
	return m.out.Bytes()
}

// plainEvent are the fields of an event that do not tell who somebody is.
var plainEvent = []string{"event", "timestamp", "id", "sequence", "verification_id", "result_id", "folder_id", "previous_status", "status", "output_status",
	"service", "error", "execution_time", "credit_used", "test"}

// maskedEvent masks the body of an event as For masks its verification.
func maskedEvent(body []byte) ([]byte, error) {
	var e map[string]json.RawMessage
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	for field, raw := range e {
		switch field {
		case "output":
			e[field] = masked(raw)
		case "matches", "lists": // as in output.pep
			m := masker{dec: json.NewDecoder(bytes.NewReader(raw))}
			m.dec.UseNumber()
			if err := m.value([]string{"pep", field}); err != nil {
				return nil, err
			}
			e[field] = m.out.Bytes()
		case "webhook_metadata":
			e[field] = json.RawMessage("{}")
		default:
			if !slices.Contains(plainEvent, field) {
				e[field] = json.RawMessage("null")
			}
		}
	}
	return json.Marshal(e)
}

// For hides what receivers answered, which may repeat what they were
// sent, from an actor that may not see personal data.
func (d DeliveryAttempt) For(a tenant.Actor) DeliveryAttempt {
	if !a.Can(tenant.SeePersonalData) && len(d.Answer) > 0 {
		d.Answer = []byte(hidden)
	}
	return d
}

// masker copies JSON token by token, so that keys keep their order.
type masker struct {
	dec *json.Decoder
	out bytes.Buffer
}

func (m *masker) value(at []string) error {
	token, err := m.dec.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		return m.nested(t, at)
	case string:
		if !slices.Contains(plainTexts, strings.Join(at, ".")) {
			t = maskText(at, t)
		}
		token = t
	}
	return m.write(token)
}

func (m *masker) write(v any) error {
	b, err := json.Marshal(v)
	m.out.Write(b)
	return err
}

func (m *masker) nested(open json.Delim, at []string) error {
	m.out.WriteRune(rune(open))
	for i := 0; m.dec.More(); i++ {
		if i > 0 {
			m.out.WriteByte(',')
		}
		within := at // elements of a list are called as the list is
		if open == '{' {
			key, err := m.dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			if err := m.write(name); err != nil {
				return err
			}
			m.out.WriteByte(':')
			within = append(slices.Clone(at), name)
		}
		if err := m.value(within); err != nil {
			return err
		}
	}
	end, err := m.dec.Token()
	if err != nil {
		return err
	}
	m.out.WriteRune(rune(end.(json.Delim)))
	return nil
}

const hidden = "***"

var (
	isoDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	words   = regexp.MustCompile(`\S+`)
)

// maskText leaves what helps to tell rows apart and nothing that names a
// person: the region of a NIK, the year of a date, initials.
func maskText(at []string, s string) string {
	name := ""
	if len(at) > 0 {
		name = at[len(at)-1]
	}
	switch {
	case s == "":
		return ""
	case name == "nik" && len(s) == 16:
		return s[:4] + strings.Repeat("*", 12)
	case isoDate.MatchString(s):
		return s[:4] + "-**-**"
	case name == "name":
		return words.ReplaceAllStringFunc(s, func(w string) string {
			_, n := utf8.DecodeRuneInString(w)
			return w[:n] + hidden
		})
	case len(at) > 1 && at[0] == "files":
		return maskPath(s)
	}
	return hidden
}

// maskPath hides the caller's own name of an uploaded file, which is often
// that of the person.
func maskPath(s string) string {
	dir, base := path.Split(s)
	if len(base) < 36 || uuid.Validate(base[:36]) != nil {
		return hidden
	}
	return dir + base[:36] + "_" + hidden
}

// For hides the names in a screening from an actor that may not see them.
// Which entities were hit stays visible: without that nothing can be judged.
func (s Screen) For(a tenant.Actor) Screen {
	if a.Can(tenant.SeePersonalData) {
		return s
	}
	s.Hits, s.Dismissed = slices.Clone(s.Hits), maps.Clone(s.Dismissed)
	for i := range s.Hits {
		h := &s.Hits[i]
		h.Name, h.URL, h.Explanation = maskText([]string{"name"}, h.Name), "", slices.Clone(h.Explanation)
		for j, e := range h.Explanation {
			h.Explanation[j] = screening.Evidence{Fact: e.Fact, How: e.How, Points: e.Points}
		}
	}
	for id, d := range s.Dismissed {
		d.Reason = hidden
		s.Dismissed[id] = d
	}
	return s
}

// For hides corrected values and the reason from an actor that may not see
// personal data.
func (r Review) For(a tenant.Actor) Review {
	if a.Can(tenant.SeePersonalData) {
		return r
	}
	r.Reason, r.Fields = hidden, maps.Clone(r.Fields)
	for f, c := range r.Fields {
		r.Fields[f] = FieldChange{maskField(f, c.From), maskField(f, c.To)}
	}
	return r
}

// maskField masks a value as it is masked in output.ktp.
func maskField(f ktp.Field, value *string) *string {
	at := []string{"ktp", string(f)}
	if value == nil || slices.Contains(plainTexts, strings.Join(at, ".")) {
		return value
	}
	s := maskText(at, *value)
	return &s
}
