package app_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/export"
)

// A card that was read twice, screened and judged: its bundle holds both
// attempts and proves itself, and the log that it comes from is whole.
func TestEvidenceOfACard(t *testing.T) {
	s := start(t, nil, nil)
	p := draw(t)
	const head = "id,name,aliases,birth_date,gender,country,positions,source\n"
	importList(t, s, head+"X-1,"+p.person.Name+",,"+p.person.Output()["birth_date"]+",,id,Minister,test\n")
	c, owner := newCaller(t, s.key(t)), s.admin(t)
	ctx := t.Context()
	v := c.verify(t, c.request("KTP_PEP", c.upload(t, p.card)[0], ""))
	if v.Status != client.Completed {
		t.Fatalf("%+v", v)
	}
	if _, err := c.RetryVerification(ctx, v.ID, true); err != nil {
		t.Fatal(err)
	}
	v, err := c.Wait(ctx, v.ID, nil)
	if err != nil || v.Status != client.Completed {
		t.Fatalf("%+v, %v", v, err)
	}
	screening, err := c.Screening(ctx, v.ID)
	if err != nil || len(screening.Hits) == 0 {
		t.Fatalf("%+v, %v", screening, err)
	}
	if _, err := c.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: screening.Hits[0].EntityID, Reason: "another person of this name"}); err != nil {
		t.Fatal(err)
	}
	for _, url := range v.InputFileURL["ktp_file"] {
		if err := c.Download(ctx, url, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := c.Evidence(ctx, v.ResultID, &b); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("ANYCHECK_TEST_KEEP"); keep != "" {
		_ = os.WriteFile(keep, b.Bytes(), 0o600)
	}
	found, err := export.CheckBundle(bytes.NewReader(b.Bytes()), int64(b.Len()), audit.Keys{s.Audit.PublicKey()})
	if err != nil || len(found.Findings) > 0 || !found.KeyTrusted {
		t.Errorf("the bundle: %+v, %v", found, err)
	}
	records, err := owner.AuditRecords(ctx, client.AuditFilter{ObjectID: v.ID}, client.Page{Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]int{}
	for _, r := range records.Items {
		actions[r.Action]++
	}
	if actions["verification.created"] != 1 || actions["verification.retried"] != 1 || actions["hit.dismissed"] != 1 || actions["personal_data.viewed"] == 0 {
		t.Errorf("records of the verification: %v", actions)
	}
	if err := s.Auth.SetDisabled(ctx, adminEmail, false); err != nil { // outside of a request: nothing to record
		t.Fatal(err)
	}
	log, err := s.Audit.Verify(ctx, "", nil, nil)
	if err != nil || len(log.Findings) > 0 {
		t.Errorf("the log: %+v, %v", log, err)
	}
	all, err := owner.AuditRecords(ctx, client.AuditFilter{}, client.Page{Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all.Items {
		for _, value := range r.Details {
			if strings.Contains(value, p.person.NIK) || strings.Contains(value, p.person.Name) {
				t.Errorf("%s has personal data", r.Action)
			}
		}
	}
}
