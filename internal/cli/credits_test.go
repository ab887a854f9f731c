package cli

import (
	"strings"
	"testing"
)

func TestCreditCommands(t *testing.T) {
	dir := t.TempDir()
	must[any](t, dir, "group", "add", "Retail", "--organization", "Bank", "--credits", "50")
	must[any](t, dir, "user", "add", "ana@example.com", "--group", "Retail")
	key := must[struct{ Prefix string }](t, dir, "key", "add", "shop", "--user", "ana@example.com")
	type quota struct {
		Monthly *int64 `json:"monthly_credits"`
		Used    int64  `json:"used_credits"`
	}
	if q := must[quota](t, dir, "user", "quota", "ana@example.com", "500"); q.Monthly == nil || *q.Monthly != 500 {
		t.Errorf("quota %+v", q)
	}
	if _, out, _ := run(t, dir, "user", "quota", "ana@example.com"); !strings.Contains(out, "500 credits") {
		t.Errorf("user quota: %s", out)
	}
	if q := must[quota](t, dir, "user", "quota", "ana@example.com", "none"); q.Monthly != nil {
		t.Errorf("quota %+v", q)
	}
	if rows := must[[]any](t, dir, "group", "usage", "Retail", "--by", "service,user", "--per", "day"); len(rows) != 0 {
		t.Errorf("usage of nothing: %v", rows)
	}
	must[any](t, dir, "group", "limit", "Retail", "100")
	must[any](t, dir, "group", "limit", "Retail", "default")
	must[any](t, dir, "key", "limit", key.Prefix, "0")
	for _, args := range [][]string{
		{"user", "quota", "ana@example.com", "many"}, {"user", "quota", "ana@example.com", "--", "-1"},
		{"group", "limit", "Retail", "fast"}, {"group", "usage", "Retail", "--from", "yesterday"}, {"group", "usage", "--by", "colour"},
	} {
		if code, _, errOut := run(t, dir, args...); code != 2 {
			t.Errorf("%v exits with %d: %s", args, code, errOut)
		}
	}
	for _, args := range [][]string{{"key", "limit", "ack_live_NONE", "5"}, {"group", "usage", "Nobody"}, {"user", "quota", "nobody@example.com"}} {
		if code, _, errOut := run(t, dir, args...); code != 4 {
			t.Errorf("%v exits with %d: %s", args, code, errOut)
		}
	}
}
