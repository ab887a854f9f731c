package audit_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

func record() audit.Record {
	e := audit.Begin(audit.DataViewed, "verification")
	e.By(tenant.Actor{User: tenant.User{ID: uuid.New(), OrganizationID: uuid.New(), GroupID: uuid.New(), Role: tenant.GroupUser}})
	e.Settle()
	e.Named(uuid.NewString())
	e.Stamp("request-1", "192.0.2.7:80", time.Now())
	return e.Record
}

// No detail takes a person's name or number, whatever its key.
func TestDetailsTakeNoPersonalData(t *testing.T) {
	keys := []string{"attempt", "count", "credits", "from", "offset", "to", "version", "folder_id", "key_id", "result_id", "user_id", "verification_id",
		"expires_at", "since", "until", "checksum", "decision", "file", "force", "format", "list", "mode", "prefix", "reason_code", "role", "service", "status", "via", "fields", "scopes"}
	for _, key := range keys {
		for _, value := range []string{"BUDI SANTOSO", "Siti Aminah, S.E.", "3174084107870501", "nik3174084107870501", "budi@example.com", "Jl. Merdeka No. 1", "a\nb", strings.Repeat("x", 300)} {
			r := record()
			r.Details = map[string]string{key: value}
			if err := r.Check(); !fault.Is(err, fault.Internal) || strings.Contains(err.Error(), value) {
				t.Errorf("%s takes %q: %v", key, value, err)
			}
		}
	}
	for _, key := range []string{"name", "nik", "email", "reason", "note", "address", "", "Count"} {
		r := record()
		r.Details = map[string]string{key: "1"}
		if r.Check() == nil {
			t.Errorf("the key %q is allowed", key)
		}
	}
	good := record()
	good.Details = map[string]string{"count": "3", "role": "GROUP_USER", "scopes": "verifications:read,folders:read", "checksum": strings.Repeat("1", 64),
		"expires_at": "2027-01-31T00:00:00Z", "key_id": uuid.NewString()}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	if err := record().Check(); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*audit.Record){
		"no organization":     func(r *audit.Record) { r.Organization = "" },
		"no time":             func(r *audit.Record) { r.At = time.Time{} },
		"a group's name":      func(r *audit.Record) { r.Group = "Retail" },
		"an actor's address":  func(r *audit.Record) { r.Actor.ID = "budi@example.com" },
		"no actor":            func(r *audit.Record) { r.Actor = audit.Actor{} },
		"an action in words":  func(r *audit.Record) { r.Action = "looked at it" },
		"a file name":         func(r *audit.Record) { r.Object.ID = "files/KTP BUDI.jpg" },
		"a NIK as object":     func(r *audit.Record) { r.Object.ID = "3174084107870501" },
		"a NIK as request id": func(r *audit.Record) { r.RequestID = "3174084107870501" },
		"a sentence":          func(r *audit.Record) { r.Outcome = "it went well" },
	} {
		r := record()
		if change(&r); r.Check() == nil {
			t.Errorf("%s is allowed", what)
		}
	}
}

func TestTruncateAddress(t *testing.T) {
	for in, want := range map[string]string{"203.0.113.77:4711": "203.0.113.0/24", "203.0.113.77": "203.0.113.0/24", "[2001:db8:1:2::5]:80": "2001:db8:1::/48",
		"[::ffff:203.0.113.7]:1": "203.0.113.0/24", "[fe80::1%eth0]:1": "fe80::/48", "": "", "pipe": "", "@": ""} {
		if got := audit.TruncateAddress(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

// Every field is part of the hash, and none can pass for its neighbour.
func TestHashCoversEverything(t *testing.T) {
	base := record()
	base.Details = map[string]string{"count": "1"}
	seen := map[audit.Hash]string{base.Content(): "base"}
	for what, change := range map[string]func(*audit.Record){
		"organization": func(r *audit.Record) { r.Organization = uuid.NewString() },
		"sequence":     func(r *audit.Record) { r.Sequence++ },
		"time":         func(r *audit.Record) { r.At = r.At.Add(time.Microsecond) },
		"actor kind":   func(r *audit.Record) { r.Actor.Kind = audit.Key },
		"actor":        func(r *audit.Record) { r.Actor.ID += "x" },
		"group":        func(r *audit.Record) { r.Group += "x" },
		"action":       func(r *audit.Record) { r.Action += "x" },
		"type":         func(r *audit.Record) { r.Object.Type += "x" },
		"object":       func(r *audit.Record) { r.Object.ID += "x" },
		"request":      func(r *audit.Record) { r.RequestID += "x" },
		"address":      func(r *audit.Record) { r.Address += "x" },
		"outcome":      func(r *audit.Record) { r.Outcome += "x" },
		"shifted":      func(r *audit.Record) { r.Object.ID, r.RequestID = r.Object.ID+r.RequestID[:1], r.RequestID[1:] },
		"detail":       func(r *audit.Record) { r.Details = map[string]string{"count": "2"} },
		"detail key":   func(r *audit.Record) { r.Details = map[string]string{"offset": "1"} },
		"no detail":    func(r *audit.Record) { r.Details = nil },
	} {
		r := base
		change(&r)
		if other, twice := seen[r.Content()]; twice {
			t.Errorf("%s has the hash of %s", what, other)
		}
		seen[r.Content()] = what
	}
	var back audit.Record
	text, err := json.Marshal(base)
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if err != nil || back.Content() != base.Content() || !reflect.DeepEqual(back, base) {
		t.Errorf("JSON changes the record: %v\n%+v\n%+v", err, back, base)
	}
}

func TestSignaturesAreForOnePurpose(t *testing.T) {
	s := audit.NewSigner([]byte("seed"))
	signature := s.Sign("a", []byte("message"))
	if !s.PublicKey().Verify("a", []byte("message"), signature) || s.PublicKey().Verify("b", []byte("message"), signature) ||
		s.PublicKey().Verify("a", []byte("massage"), signature) || (audit.PublicKey{}).Verify("a", []byte("message"), signature) {
		t.Error("a signature proves what it should not, or not what it should")
	}
	if string(audit.NewSigner([]byte("seed")).PublicKey()) != string(s.PublicKey()) || string(audit.NewSigner([]byte("Seed")).PublicKey()) == string(s.PublicKey()) {
		t.Error("the key is not the seed's")
	}
}

func TestEntry(t *testing.T) {
	var none *audit.Entry // what the core has outside of a request
	none.By(tenant.Actor{})
	none.About(uuid.New(), uuid.Nil, "x", uuid.New())
	none.Detail("count", "1")
	none.Drop()
	none.Ended(fault.New(fault.NotFound, "x"))
	if none.Due() || audit.Of(t.Context()) != nil {
		t.Error("nothing is due")
	}
	e := audit.Begin(audit.VerificationCreated, "verification")
	first := uuid.New()
	e.About(uuid.New(), uuid.New(), "verification", first)
	e.Kept()
	if e.About(uuid.New(), uuid.New(), "verification", first); e.Due() {
		t.Error("the same object needs a second record")
	}
	if e.About(uuid.New(), uuid.New(), "verification", uuid.New()); !e.Due() {
		t.Error("a second object needs no record")
	}
	for kind, due := range map[fault.Kind]bool{fault.Invalid: false, fault.Conflict: false, fault.Exhausted: false, fault.Forbidden: true, fault.NotFound: true,
		fault.Unauthenticated: true, fault.Internal: true, fault.Unavailable: true, fault.Timeout: true} {
		e := audit.Begin(audit.VerificationCreated, "verification")
		if e.Ended(fault.New(kind, "x")); e.Due() != due {
			t.Errorf("kind %d: due %v", kind, e.Due())
		}
	}
}
