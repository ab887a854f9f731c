package idempotency

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestParseKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
		ok     bool
	}{
		{"none", nil, true}, {"one", []string{"a"}, true}, {"the longest", []string{strings.Repeat("~", 255)}, true},
		{"a UUID in quotes", []string{`"8e03978e-40d5-43dd-bc93-6894a57f9324"`}, true},
		{"empty", []string{""}, false}, {"too long", []string{strings.Repeat("a", 256)}, false}, {"two", []string{"a", "a"}, false},
		{"a space", []string{"a b"}, false}, {"a tab", []string{"a\t"}, false}, {"beyond ASCII", []string{"ü"}, false}, {"delete", []string{"a\x7f"}, false},
	} {
		key, err := ParseKey(tt.values)
		if tt.ok != (err == nil) || tt.ok && len(tt.values) == 1 && key != tt.values[0] {
			t.Errorf("%s: %q, %v", tt.name, key, err)
		}
		if err != nil && (!fault.Is(err, fault.Invalid) || fault.From(err).Fields[0].Field != Header) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func newCall(t *testing.T, secret string, w Where, key, request string) *Call {
	t.Helper()
	c, err := NewCall([]byte(secret), w, key, []byte(request), now, func(made any) (Answer, bool) {
		text, ok := made.(string)
		return Answer{201, []byte(text)}, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnswerIsGivenAgain(t *testing.T) {
	w := Where{uuid.New(), uuid.New(), "POST /folders"}
	first := newCall(t, "secret", w, "k", "asked")
	r, ok, err := first.Answered(Answer{201, []byte(`{"name":"BUDI"}`)})
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	if bytes.Contains(r.Sealed, []byte("BUDI")) || r.OrganizationID != w.OrganizationID || r.GroupID != w.GroupID || !r.CreatedAt.Equal(now) {
		t.Errorf("record %+v", r)
	}
	a, err := newCall(t, "secret", w, "k", "asked").Open(r)
	if err != nil || a.Status != 201 || string(a.Body) != `{"name":"BUDI"}` {
		t.Errorf("%+v, %v", a, err)
	}
	for what, c := range map[string]*Call{
		"another request": newCall(t, "secret", w, "k", "asked otherwise"),
		"another secret":  newCall(t, "changed", w, "k", "asked"),
		"another key":     newCall(t, "secret", w, "l", "asked"),
	} {
		if _, err := c.Open(r); err == nil || fault.From(err).Code != fault.CodeIdempotencyConflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.Sealed = r.Sealed[:5]
	if _, err := first.Open(r); err == nil {
		t.Error("a record that is cut off was opened")
	}
}

func TestCallsAreToldApart(t *testing.T) {
	org, group := uuid.New(), uuid.New()
	base := newCall(t, "s", Where{org, group, "POST /a"}, "k", "x")
	for what, other := range map[string]*Call{
		"key":          newCall(t, "s", Where{org, group, "POST /a"}, "l", "x"),
		"route":        newCall(t, "s", Where{org, group, "POST /b"}, "k", "x"),
		"route to key": newCall(t, "s", Where{org, group, "POST /"}, "ak", "x"),
		"group":        newCall(t, "s", Where{org, uuid.New(), "POST /a"}, "k", "x"),
		"organization": newCall(t, "s", Where{uuid.New(), group, "POST /a"}, "k", "x"),
		"installation": newCall(t, "z", Where{org, group, "POST /a"}, "k", "x"),
	} {
		if other.ID() == base.ID() {
			t.Errorf("another %s is the same call", what)
		}
	}
	if again := newCall(t, "s", Where{org, group, "POST /a"}, "k", "y"); again.ID() != base.ID() || again.holder == base.holder {
		t.Error("a second run is not told apart from another call")
	}
}

func TestWhatIsKept(t *testing.T) {
	c := newCall(t, "s", Where{}, "k", "x")
	if _, ok, _ := c.Made(7); ok {
		t.Error("what the route does not show was kept")
	}
	if _, ok, err := c.Made("made"); !ok || err != nil {
		t.Error("not kept:", err)
	}
	if _, ok, _ := c.Answered(Answer{201, []byte("made")}); ok {
		t.Error("the same answer is kept twice")
	}
	if _, ok, _ := c.Answered(Answer{201, []byte("finished")}); !ok {
		t.Error("the final answer does not replace the first")
	}
	if _, ok, _ := c.Answered(Answer{200, make([]byte, MaxAnswer+1)}); ok {
		t.Error("an answer over the limit is kept")
	}
}

func FuzzOpen(f *testing.F) {
	c, err := NewCall([]byte("s"), Where{}, "k", nil, now, nil)
	if err != nil {
		f.Fatal(err)
	}
	r, _, _ := c.record(Answer{201, []byte("x")})
	f.Add(r.Sealed)
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if a, err := c.Open(Record{Request: c.request[:], Sealed: sealed}); err == nil && !bytes.Equal(sealed, r.Sealed) {
			t.Errorf("opened a forged record: %+v", a)
		}
	})
}
