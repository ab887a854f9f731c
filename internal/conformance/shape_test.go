package conformance

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	s := object(k("id", uuidShape()), k("at", timeShape()), k("level", orNull(text("LOW", "HIGH"))), k("items", listOf(object(k("n", number())))),
		k("files", mapOf(listOf(address()))), optional("more", boolean()))
	const id = `"3c90c3cc-0d44-4b50-8888-8dd25736052a"`
	good := `{"id":` + id + `,"at":"2023-11-07T05:31:56Z","level":null,"items":[{"n":1,"x":2}],"files":{"a":["https://x"]},"new":true,"more":false}`
	if d := s.check("$", json.RawMessage(good)); len(d) > 0 {
		t.Errorf("what conforms differs: %v", d)
	}
	for _, tt := range []struct{ from, to, want string }{
		{`"id":` + id, `"id":"7"`, "$.id: is no UUID"},
		{`"id":` + id, `"id":7`, "$.id: is number, want a UUID"},
		{`"id":` + id + ",", ``, "$.id: is missing"},
		{`56Z"`, `56+07:00"`, "$.at: is no RFC 3339 time in UTC that ends in Z"},
		{`"level":null`, `"level":"MID"`, "$.level: is none of LOW, HIGH"},
		{`{"n":1,"x":2}`, `{"n":null}`, "$.items[0].n: is null, want a number"},
		{`"https://x"`, `"x"`, "$.files.a[0]: is no http(s) address"},
		{`"more":false`, `"more":"no"`, "$.more: is text, want true or false"},
		{`"at":"2023-11-07T05:31:56Z","level":null`, `"level":null,"at":"2023-11-07T05:31:56Z"`, "$.level: stands elsewhere than in the contract's order"},
		{good, `[]`, "$: is list, want an object"},
		{good, `null`, "$: is null, want an object"},
		{good, ``, "$: is missing"},
	} {
		d := s.check("$", json.RawMessage(strings.Replace(good, tt.from, tt.to, 1)))
		if !slices.Contains(d, tt.want) {
			t.Errorf("%s for %s: %v, want %s", tt.to, tt.from, d, tt.want)
		}
	}
}

func FuzzShape(f *testing.F) {
	f.Add([]byte(`{"total":1,"overall_status":"DRAFT","items":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if json.Valid(data) {
			verificationsShape.check("$", data)
			errorShape.check("$", data)
		}
	})
}
