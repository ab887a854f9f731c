package verification

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
)

// Service is one kind of verification that the platform offers.
type Service struct {
	ID          uuid.UUID // the same on every installation
	Code        string
	Name        string
	Description string
	Category    Category
	Cost        int64 // credits for one verification
	ActionType  string
	ActionParam string
	Form        []Field
	ServiceState
}

// ServiceState is the part of a service that the operator changes.
type ServiceState struct {
	Enabled   bool
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	UpdatedBy string
}

// Category groups services.
type Category struct {
	ID   uuid.UUID
	Name string
	Type string
}

// The services by code.
const (
	KTPService    = "KTP_VERIFICATION" // an identity card
	PersonService = "PERSON_SCREENING" // a person without documents
)

// Type is the verification_type of a configuration.
type Type string

// The types of the KTP service.
const (
	KTP          Type = "KTP"
	KTPPEP       Type = "KTP_PEP"
	KTPSelfie    Type = "KTP_SELFIE"
	KTPSelfiePEP Type = "KTP_SELFIE_PEP"
	// PersonPEP is what the person service does; it has no choice of types.
	PersonPEP Type = "PERSON_PEP"
)

// Types lists the types of the KTP service.
func Types() []Type { return []Type{KTP, KTPPEP, KTPSelfie, KTPSelfiePEP} }

// WithSelfie tells whether faces are compared.
func (t Type) WithSelfie() bool { return t == KTPSelfie || t == KTPSelfiePEP }

// WithScreening tells whether the watch lists are searched.
func (t Type) WithScreening() bool { return t == KTPPEP || t == KTPSelfiePEP || t == PersonPEP }

// WithCard tells whether there is a card to read.
func (t Type) WithCard() bool { return t != PersonPEP }

// Catalogue lists the services, without the operator's state.
func Catalogue() []Service {
	types := make([]string, 0, len(Types()))
	for _, t := range Types() {
		types = append(types, string(t))
	}
	images := []string{"image/jpeg", "image/png", "image/webp", "image/tiff", "application/pdf"}
	return []Service{{
		ID:          uuid.MustParse("01930000-0000-7000-8000-000000000001"),
		Code:        KTPService,
		Name:        "KTP & PEP",
		Description: "Reads an Indonesian identity card, checks it against its own rules, compares its portrait with a selfie and screens the name against watch lists.",
		Category:    Category{ID: uuid.MustParse("01930000-0000-7000-8000-000000000100"), Name: "Document verification", Type: "DOCUMENT_VERIFICATION"},
		Cost:        10,
		ActionType:  "SCREEN",
		ActionParam: "ktp-verification",
		Form: []Field{
			{Name: "verification_type", Label: "Type of verification", Type: EnumField, Required: true, Enum: types},
			{Name: "files.ktp_file", Label: "Photo of the identity card", Type: FileField, Required: true, Accept: images, MaxFiles: 1},
			{Name: "files.selfie_file", Label: "Selfie", Type: FileField, Accept: images, MaxFiles: 1,
				RequiredWhen: &Condition{Field: "verification_type", In: []string{string(KTPSelfie), string(KTPSelfiePEP)}}},
			{Name: "fraud_detection", Label: "Look for signs of tampering", Type: BooleanField},
		},
	}, {
		ID:          personService,
		Code:        PersonService,
		Name:        "Person screening",
		Description: "Screens a person against the watch lists by name, date of birth, gender and place of birth, without documents.",
		Category:    Category{ID: uuid.MustParse("01930000-0000-7000-8000-000000000101"), Name: "Screening", Type: "SCREENING"},
		Cost:        1,
		ActionType:  "SCREEN",
		ActionParam: "person-screening",
		Form: []Field{
			{Name: "name", Label: "Name", Type: TextField, Required: true},
			{Name: "birth_date", Label: "Date of birth (YYYY-MM-DD, YYYY-MM or YYYY)", Type: DateField},
			{Name: "gender", Label: "Gender", Type: EnumField, Enum: []string{"MALE", "FEMALE"}},
			{Name: "birth_place", Label: "Place of birth", Type: TextField},
			{Name: "nik", Label: "NIK, to recognise the person again", Type: TextField},
			{Name: "as_of", Label: "Search the lists of this day (YYYY-MM-DD)", Type: DateField},
			{Name: "monitor", Label: "Search again whenever lists change (default true, not with as_of)", Type: BooleanField},
		},
	}}
}

var personService = uuid.MustParse("01930000-0000-7000-8000-000000000002")

// FieldType says what a form field takes.
type FieldType string

// The field types.
const (
	EnumField    FieldType = "enum"
	FileField    FieldType = "file"
	BooleanField FieldType = "boolean"
	TextField    FieldType = "text"
	DateField    FieldType = "date"
)

// Field is one entry of a service's form. The same list is shown by
// GET /services/{id}/form-fields and validates a configuration.
type Field struct {
	Name         string // dotted path inside the configuration
	Label        string
	Type         FieldType
	Required     bool
	RequiredWhen *Condition // the field is required, and allowed, only then
	Enum         []string
	Accept       []string // media types
	MaxFiles     int
}

// Condition holds when another field has one of some values.
type Condition struct {
	Field string   `json:"field"`
	In    []string `json:"in"`
}

// Configuration is what a request asks for, after validation.
type Configuration struct {
	Type           Type
	Files          map[string][]string // form field without "files." → paths
	FraudDetection bool
	Person         *Person `json:",omitempty"` // of the person service
}

// Paths are the files that the configuration names, each once, in order.
func (c Configuration) Paths() []string {
	paths := slices.Concat(slices.Collect(maps.Values(c.Files))...)
	slices.Sort(paths)
	return slices.Compact(paths)
}

// ParseConfiguration validates raw against the form; the error lists every
// field that is wrong, in the form's order, unknown keys last.
func ParseConfiguration(form []Field, raw json.RawMessage) (Configuration, error) {
	p := formParser{values: map[string]any{}, cfg: Configuration{Files: map[string][]string{}}}
	if err := p.read(form, raw); err != nil {
		return Configuration{}, err
	}
	if !slices.ContainsFunc(form, func(f Field) bool { return f.Name == "verification_type" }) {
		p.cfg.Type, p.cfg.Person = PersonPEP, &Person{}
	}
	for _, k := range p.scalars {
		p.wrong(k, "must be an object")
	}
	for _, f := range form {
		p.field(f)
	}
	p.refuseStrange()
	if err := p.refusal(); err != nil {
		return Configuration{}, err
	}
	return p.cfg, nil
}

// checkKeys is what a draft must keep to: no key that the form does not have.
func checkKeys(form []Field, raw json.RawMessage) error {
	p := formParser{values: map[string]any{}}
	if err := p.read(form, raw); err != nil {
		return err
	}
	p.refuseStrange()
	return p.refusal()
}

// maxText bounds a text of a form, in characters.
const maxText = 300

type formParser struct {
	values  map[string]any // by the names of the form
	scalars []string       // keys that should hold fields and do not
	strange []string       // names that the form does not have
	cfg     Configuration
	errs    []fault.FieldError
	// badValues counts errors that are about a value outside its list.
	badValues int
}

// read takes a configuration apart.
func (p *formParser) read(form []Field, raw json.RawMessage) error {
	var top map[string]any
	if err := json.Unmarshal(raw, &top); err != nil || top == nil {
		return fault.Field("configuration", "must be an object")
	}
	for _, k := range slices.Sorted(maps.Keys(top)) {
		v := top[k]
		group := slices.ContainsFunc(form, func(f Field) bool { return strings.HasPrefix(f.Name, k+".") })
		nested, object := v.(map[string]any)
		switch {
		case group && object:
			for nk, nv := range nested {
				p.values[k+"."+nk] = nv
			}
		case group:
			p.scalars = append(p.scalars, k)
		case strings.Contains(k, "."): // or it would pass for a nested field
			p.strange = append(p.strange, k)
		default:
			p.values[k] = v
		}
	}
	for name := range p.values {
		if !slices.ContainsFunc(form, func(f Field) bool { return f.Name == name }) {
			p.strange = append(p.strange, name)
		}
	}
	slices.Sort(p.strange)
	return nil
}

func (p *formParser) refuseStrange() {
	for _, name := range p.strange {
		p.wrong(name, "is not a field of this service")
	}
}

// refusal is the error with all that is wrong, nil for nothing.
func (p *formParser) refusal() error {
	if len(p.errs) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "The configuration has %d field(s) that cannot be used.", len(p.errs))
	e.Fields = p.errs
	if p.badValues == len(p.errs) {
		e.Code = fault.CodeInvalidValue
	}
	return e
}

func (p *formParser) wrong(name, format string, args ...any) {
	p.errs = append(p.errs, fault.FieldError{Field: "configuration." + name, Message: fmt.Sprintf(format, args...)})
}

func (p *formParser) field(f Field) {
	v, present := p.values[f.Name]
	required := f.Required
	if c := f.RequiredWhen; c != nil {
		other := string(p.cfg.Type)
		required = slices.Contains(c.In, other)
		if present && !required && other != "" {
			p.wrong(f.Name, "is not used when %s is %s", c.Field, other)
			return
		}
	}
	if !present {
		if required {
			p.wrong(f.Name, "is required")
		}
		return
	}
	switch f.Type {
	case EnumField:
		s, ok := v.(string)
		if !ok || !slices.Contains(f.Enum, s) {
			p.wrong(f.Name, "must be one of %s", strings.Join(f.Enum, ", "))
			p.badValues++
			return
		}
		if f.Name == "gender" {
			p.cfg.Person.Gender = screening.Gender(strings.ToLower(s))
			return
		}
		p.cfg.Type = Type(s)
	case TextField, DateField:
		s, ok := v.(string)
		switch s = strings.Join(strings.Fields(s), " "); {
		case !ok:
			p.wrong(f.Name, "must be a text")
		case s == "" && required:
			p.wrong(f.Name, "must not be empty")
		case hasControl(s) || utf8.RuneCountInString(s) > maxText:
			p.wrong(f.Name, "must have at most %d characters and no control characters", maxText)
		default:
			if message := p.cfg.Person.set(f.Name, s); message != "" {
				p.wrong(f.Name, "%s", message)
			}
		}
	case BooleanField:
		b, ok := v.(bool)
		if !ok {
			p.wrong(f.Name, "must be true or false")
			return
		}
		if f.Name == "monitor" {
			p.cfg.Person.Once = !b
			return
		}
		p.cfg.FraudDetection = b
	case FileField:
		list, ok := v.([]any)
		switch {
		case !ok:
			p.wrong(f.Name, "must be a list of file paths")
			return
		case len(list) == 0 && required:
			p.wrong(f.Name, "needs a file")
			return
		case len(list) > f.MaxFiles:
			p.wrong(f.Name, "takes at most %d file(s), got %d", f.MaxFiles, len(list))
			return
		}
		key := strings.TrimPrefix(f.Name, "files.")
		for i, item := range list {
			path, ok := item.(string)
			if !ok || path == "" || hasControl(path) {
				p.wrong(fmt.Sprintf("%s[%d]", f.Name, i), "must be a path that POST /uploads gave")
				continue
			}
			p.cfg.Files[key] = append(p.cfg.Files[key], path)
		}
	}
}
