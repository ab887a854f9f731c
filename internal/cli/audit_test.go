package cli

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	_ "modernc.org/sqlite" // the tables are changed behind the program's back
)

type auditPage struct {
	Total int
	Items []struct {
		Action, Outcome string
		Sequence        int64
		Organization    string `json:"organization_id"`
		Actor           struct{ Kind string }
		Object          struct{ Type, ID string }
		Details         map[string]string
	}
}

func TestCommandsDeclareTheirRecord(t *testing.T) {
	parser, err := kong.New(&root{})
	if err != nil {
		t.Fatal(err)
	}
	leaves := map[string]bool{}
	for _, leaf := range parser.Model.Leaves(false) {
		name := commandName(leaf)
		leaves[name] = true
		if r, ok := commandRecords[name]; !ok || (r.action == "") == (r.none == "") {
			t.Errorf("%q declares %+v: add it to commandRecords", name, r)
		}
	}
	for name := range commandRecords {
		if !leaves[name] {
			t.Errorf("%q is no command", name)
		}
	}
}

func TestCommandsLeaveRecords(t *testing.T) {
	dir := t.TempDir()
	g := must[struct {
		ID             string
		OrganizationID string `json:"organization_id"`
	}](t, dir, "group", "add", "Retail", "--organization", "Bank", "--credits", "50")
	must[any](t, dir, "group", "credit", g.ID, "25", "--note", "for BUDI SANTOSO")
	u := must[struct{ ID string }](t, dir, "user", "add", "budi.santoso@example.com", "--name", "Budi Santoso", "--group", "Retail")
	key := must[struct{ ID, Prefix, Key string }](t, dir, "key", "add", "shop", "--user", "budi.santoso@example.com")
	must[any](t, dir, "key", "revoke", key.Prefix)
	must[any](t, dir, "user", "password", "budi.santoso@example.com")
	must[any](t, dir, "user", "disable", "budi.santoso@example.com")
	must[any](t, dir, "service", "disable", "KTP_VERIFICATION")
	csv := write(t, dir, "invented.csv", []byte("id,name\nX-1,Ratna Kertanegara\n"))
	must[any](t, dir, "lists", "import", csv)
	run(t, dir, "user", "enable", "nobody@example.com")
	run(t, dir, "user", "add", "no address", "--group", "Retail") // refused for its form: no record

	page := must[auditPage](t, dir, "audit", "list")
	var got []string
	for i := len(page.Items) - 1; i >= 0; i-- {
		r := page.Items[i]
		got = append(got, r.Action+" "+r.Outcome)
		if r.Actor.Kind != "command_line" {
			t.Errorf("actor of %s: %s", r.Action, r.Actor.Kind)
		}
		platform := r.Action == "settings.changed" || r.Action == "list.imported" || r.Outcome == "NOT_FOUND"
		if platform != (r.Organization == "platform") || !platform && r.Organization != g.OrganizationID {
			t.Errorf("%s is in the chain %s", r.Action, r.Organization)
		}
	}
	want := "group.created ok, credits.added ok, user.created ok, key.created ok, key.revoked ok, user.password_changed ok, user.disabled ok, settings.changed ok, list.imported ok, user.enabled NOT_FOUND"
	if strings.Join(got, ", ") != want {
		t.Errorf("records %s\nwant %s", strings.Join(got, ", "), want)
	}
	for _, r := range must[auditPage](t, dir, "audit", "list", "--object", u.ID).Items {
		if r.Object.Type != "user" {
			t.Errorf("--object: %+v", r)
		}
	}
	if p := must[auditPage](t, dir, "audit", "list", "--action", "list.imported", "--since", "1h"); p.Total != 1 || p.Items[0].Details["list"] != "invented" || p.Items[0].Details["version"] != "1" {
		t.Errorf("list.imported: %+v", p)
	}
	_, out, _ := run(t, dir, "--json", "audit", "list", "--limit", "1000")
	for _, secret := range []string{"Budi", "budi", "BUDI", "example.com", "Retail", "Bank", "Ratna", key.Key} {
		if strings.Contains(out, secret) {
			t.Errorf("the records have %q", secret)
		}
	}
}

func TestAuditVerify(t *testing.T) {
	dir := t.TempDir()
	must[any](t, dir, "group", "add", "Retail", "--organization", "Bank")
	for range 3 {
		must[any](t, dir, "group", "credit", "Retail", "1")
	}
	_, saved, _ := run(t, dir, "--json", "audit", "checkpoint")
	file := write(t, dir, "saved.json", []byte(saved+saved))
	if code, out, errOut := run(t, dir, "audit", "verify", "--saved", file); code != 0 || !strings.Contains(out, "every record is as it was written") {
		t.Fatalf("verify exits with %d\n%s%s", code, out, errOut)
	}
	_, key, _ := run(t, dir, "audit", "key")
	if len(strings.TrimSpace(key)) != 64 {
		t.Errorf("key %q", key)
	}
	// A new secret key signs with another key; the old one is trusted when it is named.
	args := []string{"--secret-key", strings.Repeat("k", 40), "audit", "verify"}
	if code, out, _ := run(t, dir, args...); code != exitNotIntact || !strings.Contains(out, strings.TrimSpace(key)) {
		t.Errorf("another secret key: %d\n%s", code, out)
	}
	if code, out, _ := run(t, dir, append(args, "--key", strings.TrimSpace(key))...); code != 0 {
		t.Errorf("with the old key trusted: %d\n%s", code, out)
	}
	for what, args := range map[string][]string{"a key that is none": {"--key", "abc"}, "a file that is none": {"--saved", write(t, dir, "text", []byte("hello"))}} {
		if code, _, _ := run(t, dir, append([]string{"audit", "verify"}, args...)...); code != 2 {
			t.Errorf("%s: %d", what, code)
		}
	}
	if code, _, _ := run(t, dir, "audit", "verify", "--organization", "nobody"); code != 4 {
		t.Errorf("an unknown chain: %d", code)
	}

	db, err := sql.Open("sqlite", filepath.Join(dir, "anycheck.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{`DROP TRIGGER audit_records_update`, `UPDATE audit_records SET details = '{"credits":"1000000"}' WHERE organization_id <> 'platform' AND sequence = 2`} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	code, out, _ := run(t, dir, "audit", "verify")
	if code != exitNotIntact || !strings.Contains(out, "record 2: CHANGED") {
		t.Errorf("a changed row: %d\n%s", code, out)
	}
	if code, out, _ := run(t, dir, "--json", "audit", "verify"); code != exitNotIntact || !strings.Contains(out, `"kind": "changed"`) || !strings.Contains(out, `"sequence": 2`) {
		t.Errorf("as JSON: %d\n%s", code, out)
	}
}

// Whose chain is gone as a whole is told, also when checkpoints are gone; who
// has none yet is not.
func TestAuditVerifyMissesChains(t *testing.T) {
	dir := t.TempDir()
	bank := must[struct {
		OrganizationID string `json:"organization_id"`
	}](t, dir, "group", "add", "Retail", "--organization", "Bank")
	must[any](t, dir, "user", "add", "ana@example.com", "--group", "Retail")
	must[any](t, dir, "key", "add", "staging", "--user", "ana@example.com", "--mode", "test") // makes a sandbox, without a record in it
	if code, out, errOut := run(t, dir, "audit", "verify"); code != 0 {
		t.Fatalf("at first: %d\n%s%s", code, out, errOut)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "anycheck.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{`DROP TRIGGER audit_records_delete`, `DELETE FROM audit_records`, `DELETE FROM audit_chains WHERE organization_id <> 'platform'`, `DELETE FROM audit_checkpoints`} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"audit", "verify"}, {"audit", "verify", "--organization", bank.OrganizationID}} {
		code, out, _ := run(t, dir, args...)
		if code != exitNotIntact || !strings.Contains(out, bank.OrganizationID+", record 1: TRUNCATED: the whole chain is gone") {
			t.Errorf("%v: %d\n%s", args, code, out)
		}
	}
}
