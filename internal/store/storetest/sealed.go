package storetest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/store"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// testSealed: what tells of a person cannot be read in the tables, and is gone
// with its key.
func testSealed(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	v := w.draft(w.result(t, w.folder(t, "F", now).ID, now), now)
	const secret = "3174080107870501"
	v.InputConfig, v.Config.Person = json.RawMessage(`{"name":"`+secret+`"}`), &verification.Person{Name: secret}
	v.Status, v.WebhookMetadata, v.WebhookSecret = verification.Completed, json.RawMessage(`{"a":"`+secret+`"}`), secret
	v.Consent = &verification.Consent{Text: secret, Version: "1", GivenAt: now}
	must(t, db.InsertVerification(ctx, w.scope, v))
	v.Output, v.Checks = json.RawMessage(`{"nik":"`+secret+`"}`), []verification.Check{{Message: secret}}
	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v))
	must(t, db.SaveEvidence(ctx, w.scope, v.ID, 1, verification.StepRead, v.Output, now))
	must(t, db.SaveWatched(ctx, w.scope, verification.Watched{VerificationID: v.ID, Subject: []byte("s"), Query: screening.Query{Name: secret}, ScreenedAt: now}))
	got, err := db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	same(t, "read back", got, v)
	for table, content := range dump(t, db) {
		if strings.Contains(content, secret) {
			t.Errorf("the table %s can be read", table)
		}
	}

	// What is moved to another row is no good there.
	_, err = tables(t, db).ExecContext(ctx, `UPDATE verifications SET output = checks WHERE id = $1`, v.ID)
	must(t, err)
	if _, err := db.Verification(ctx, w.scope, v.ID); err == nil {
		t.Error("a value was read from another column")
	}
	must(t, db.UpdateVerification(ctx, w.scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v))

	owner := vault.Owner{Organization: w.org.ID, Group: w.group.ID, ID: v.ResultID}
	must(t, db.DestroyDataKeys(ctx, []vault.Owner{owner}, now.Add(time.Hour)))
	got, err = db.Verification(ctx, w.scope, v.ID)
	must(t, err)
	if got.Output != nil || got.InputConfig != nil || got.Checks != nil || got.Config.Person != nil || got.Consent != nil || got.WebhookSecret != "" || got.Status != v.Status {
		t.Errorf("without its key: %+v", got)
	}
	evidence, err := db.Evidence(ctx, w.scope, v.ID, 1)
	must(t, err)
	if len(evidence[verification.StepRead]) != 0 {
		t.Errorf("evidence without its key: %s", evidence[verification.StepRead])
	}
	wantKind(t, "writing under a destroyed key", db.SaveEvidence(ctx, w.scope, v.ID, 1, verification.StepMatch, v.Output, now), fault.NotFound, "")
	_, err = db.DataKey(ctx, owner, true)
	wantKind(t, "a new key for an erased owner", err, fault.NotFound, "")
}

// testDataKeys: a key is made once, is one tenant's, and can be wrapped anew.
func testDataKeys(t *testing.T, db *store.DB) {
	ctx := t.Context()
	w := newWorld(t, db)
	o := vault.Owner{Organization: w.org.ID, Group: w.group.ID, ID: newID()}
	_, err := db.DataKey(ctx, o, false)
	wantKind(t, "before it is made", err, fault.NotFound, "")
	first, err := db.DataKey(ctx, o, true)
	must(t, err)
	again, err := db.DataKey(ctx, o, true)
	must(t, err)
	same(t, "asked for again", again, first)
	stranger := o
	stranger.Organization, stranger.Group = newWorld(t, db).org.ID, newWorld(t, db).group.ID
	if _, err := db.DataKey(ctx, stranger, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("for a stranger: %v", err)
	}
	var wrapped int
	for after := ""; ; {
		last, n, err := db.RewrapDataKeys(ctx, after, 2, func(owner string, w []byte) ([]byte, error) {
			if owner == o.ID.String() {
				wrapped++
				return []byte("new"), nil
			}
			return w, nil
		})
		must(t, err)
		if n == 0 {
			break
		}
		after = last
	}
	if again, err = db.DataKey(ctx, o, false); err != nil || wrapped != 1 || string(again) != "new" {
		t.Errorf("wrapped anew %d times as %q, %v", wrapped, again, err)
	}
}
