package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// shape says what a JSON value must be. An object may have more keys than the
// contract knows, anywhere: additions are welcome, the known ones must be
// there, in their order, with their types.
type shape struct {
	kind   string   // object, list, text, number, bool, any, uuid, time, url
	null   bool     // or null
	keys   []key    // of an object, in order
	item   *shape   // of a list, or of each value of an object without keys
	values []string // a text is one of these
}

type key struct {
	name     string
	is       shape
	optional bool
}

func text(values ...string) shape    { return shape{kind: "text", values: values} }
func number() shape                  { return shape{kind: "number"} }
func boolean() shape                 { return shape{kind: "bool"} }
func uuidShape() shape               { return shape{kind: "uuid"} }
func timeShape() shape               { return shape{kind: "time"} }
func address() shape                 { return shape{kind: "url"} }
func listOf(s shape) shape           { return shape{kind: "list", item: &s} }
func mapOf(s shape) shape            { return shape{kind: "object", item: &s} }
func object(keys ...key) shape       { return shape{kind: "object", keys: keys} }
func orNull(s shape) shape           { s.null = true; return s }
func k(name string, s shape) key     { return key{name: name, is: s} }
func optional(n string, s shape) key { return key{name: n, is: s, optional: true} }

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// check compares a JSON value with its shape; each difference names the path,
// never the value: answers hold personal data.
func (s shape) check(path string, data json.RawMessage) (differences []string) {
	differ := func(format string, args ...any) []string {
		return append(differences, path+": "+fmt.Sprintf(format, args...))
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return differ("is missing")
	}
	got := kindOf(data)
	if got == "null" {
		if s.null || s.kind == "any" {
			return nil
		}
		return differ("is null, want %s", s)
	}
	want := s.kind
	switch s.kind {
	case "any":
		return nil
	case "uuid", "time", "url":
		want = "text"
	}
	if got != want {
		return differ("is %s, want %s", got, s)
	}
	switch want {
	case "text":
		return s.checkText(path, data)
	case "list":
		var items []json.RawMessage
		if err := json.Unmarshal(data, &items); err != nil {
			return differ("cannot be read")
		}
		for i, item := range items {
			differences = append(differences, s.item.check(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	case "object":
		return s.checkObject(path, data)
	}
	return differences
}

func (s shape) checkText(path string, data []byte) []string {
	var value string
	if err := json.Unmarshal(data, &value); err != nil {
		return []string{path + ": cannot be read"}
	}
	wrong := ""
	switch s.kind {
	case "uuid":
		if !uuidForm.MatchString(value) {
			wrong = "is no UUID"
		}
	case "time":
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil || !strings.HasSuffix(value, "Z") {
			wrong = "is no RFC 3339 time in UTC that ends in Z"
		}
	case "url":
		if !strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "http://") {
			wrong = "is no http(s) address"
		}
	default:
		if len(s.values) > 0 && !slices.Contains(s.values, value) {
			wrong = "is none of " + strings.Join(s.values, ", ")
		}
	}
	if wrong == "" {
		return nil
	}
	return []string{path + ": " + wrong}
}

func (s shape) checkObject(path string, data []byte) (differences []string) {
	names, values, err := members(data)
	if err != nil {
		return []string{path + ": cannot be read"}
	}
	if s.item != nil {
		for i, name := range names {
			differences = append(differences, s.item.check(path+"."+name, values[i])...)
		}
		return differences
	}
	last := -1
	for _, k := range s.keys {
		i := slices.Index(names, k.name)
		switch {
		case i < 0 && !k.optional:
			differences = append(differences, path+"."+k.name+": is missing")
			continue
		case i < 0:
			continue
		case i < last:
			differences = append(differences, path+"."+k.name+": stands elsewhere than in the contract's order")
		}
		last = max(last, i)
		differences = append(differences, k.is.check(path+"."+k.name, values[i])...)
	}
	return differences
}

// members are an object's keys and values in their order.
func members(data []byte) (names []string, values []json.RawMessage, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := t.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, nil, err
		}
		names, values = append(names, name), append(values, value)
	}
	return names, values, nil
}

func kindOf(data []byte) string {
	switch data[0] {
	case '{':
		return "object"
	case '[':
		return "list"
	case '"':
		return "text"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// String names a shape for people.
func (s shape) String() string {
	name := map[string]string{"uuid": "a UUID", "time": "a time", "url": "an address", "any": "anything", "text": "a text", "list": "a list", "object": "an object", "bool": "true or false", "number": "a number"}[s.kind]
	if s.null {
		name += " or null"
	}
	return name
}
