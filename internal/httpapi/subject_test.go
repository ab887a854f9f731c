package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/audit"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

const someNIK = "3174084107870501"

// later is a Privacy whose clock is ahead.
func (p *platform) later(by time.Duration) *verification.Privacy {
	return verification.NewPrivacy(verification.NewProcessor(p.db, p.blobs, nil, nil, []byte("key"), func() time.Time { return time.Now().Add(by) }, nil))
}

// A person's export has every result about it in the organization, each as a
// bundle of its own, and leaves a record for each.
func TestExportSubject(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	p.importList(t, "Ratna Kertanegara Wirayuda")
	owner, _ := p.member(t, "owner", tenant.OrganizationOwner)
	second, err := owner.CreateGroup(ctx, "Second", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.auth.SetMasking(ctx, p.a.group, true); err != nil { // for users of the group, not for owners
		t.Fatal(err)
	}
	elsewhere, err := owner.CreateAPIKey(ctx, client.NewAPIKey{Name: "second", GroupID: second.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.db.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: uuid.New(), GroupID: uuid.MustParse(second.ID), Kind: ledger.TopUp, Credits: 10, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	about := client.NewScreening{Name: "RATNA KERTANEGARA WIRAYUDA", BirthDate: "1987-07-01", NIK: someNIK}
	screen := func(key string, n client.NewScreening) string {
		t.Helper()
		v, err := p.client(t, client.WithAPIKey(key)).Screen(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		return v.ResultID
	}
	want := []string{screen(p.a.key, about), screen(elsewhere.Key, about), screen(p.a.key, about)}
	screen(p.a.key, client.NewScreening{Name: "SOMEBODY ELSE", NIK: "3174084107870502"})
	screen(p.b.key, about) // another organization's
	if found, err := owner.ResultsOf(ctx, someNIK); err != nil || !slices.Equal(found, want) {
		t.Errorf("found %v, %v, want %v", found, err, want)
	}

	var zipped bytes.Buffer
	records := p.trail(t, func() {
		if err := owner.ExportSubject(ctx, someNIK, &zipped); err != nil {
			t.Fatal(err)
		}
	})
	if got := said(records); got != "subject.exported user result ok; subject.exported user result ok; subject.exported user result ok" {
		t.Errorf("left %q", got)
	}
	for i, r := range records {
		if r.Object.ID != want[i] || r.Organization != p.a.group.OrganizationID.String() || strings.Contains(fmt.Sprint(r), someNIK) {
			t.Errorf("record %+v", r)
		}
	}
	check, err := export.CheckBundle(bytes.NewReader(zipped.Bytes()), int64(zipped.Len()), audit.Keys{p.audit.PublicKey()})
	if err != nil || len(check.Findings) > 0 || !check.KeyTrusted || fmt.Sprint(check.ResultIDs) != fmt.Sprint(want) {
		t.Fatalf("check %+v, %v", check, err)
	}
	files := unzip(t, zipped.Bytes())
	for _, id := range want {
		single := unzip(t, p.do("GET", "/results/"+id+"/evidence.zip", "", "X-API-Key", map[bool]string{true: elsewhere.Key, false: p.a.key}[id == want[1]]).Body.Bytes())
		var paths, alone []string
		for name := range files {
			if rest, ok := strings.CutPrefix(name, "results/"+id+"/"); ok && !strings.Contains(rest, "/") {
				paths = append(paths, rest)
			}
		}
		for name := range single {
			if !strings.Contains(name, "/") {
				alone = append(alone, name)
			}
		}
		slices.Sort(paths)
		slices.Sort(alone)
		if !slices.Equal(paths, alone) || !strings.Contains(files["index.html"], "results/"+id+"/report.html") {
			t.Errorf("result %s has %q, its bundle %q", id, paths, alone)
		}
		// The export is in its own proof.
		if !slices.ContainsFunc(keysWith(files, "results/"+id+"/files/"), func(name string) bool { return strings.Contains(files[name], `"subject.exported"`) }) {
			t.Errorf("the export of %s is not in its audit records", id)
		}
	}
	var m export.SubjectManifest
	if err := json.Unmarshal([]byte(files["manifest.json"]), &m); err != nil || len(m.Results) != 3 || m.MadeBy.Kind != audit.User || strings.Contains(files["manifest.json"]+files["index.html"], someNIK) {
		t.Errorf("manifest %+v, %v", m, err)
	}

	// One that is erased meanwhile is not in it.
	x, err := p.server.Evidence.Subject(ctx, tenant.Actor{User: p.a.user}, someNIK)
	if err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if err := x.Write(ctx, &rest, func(context.Context) error {
		_, err := owner.EraseResult(ctx, want[1], "SUBJECT_REQUEST")
		if client.IsCode(err, "NOT_FOUND") { // erased before the first, asked for again
			return nil
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	check, err = export.CheckBundle(bytes.NewReader(rest.Bytes()), int64(rest.Len()), nil)
	if err != nil || len(check.Findings) > 0 || fmt.Sprint(check.ResultIDs) != fmt.Sprint([]string{want[0], want[2]}) {
		t.Errorf("with one erased on the way: %+v, %v", check, err)
	}
	key := p.key(t, tenant.KeyScopes()...)
	w := p.do("POST", "/privacy/subjects/export", `{"nik":"`+someNIK+`"}`, "X-API-Key", key)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/zip" || !strings.Contains(w.Header().Get("Content-Disposition"), "subject-export.zip") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	check, err = export.CheckBundle(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()), nil)
	if err != nil || len(check.Findings) > 0 || fmt.Sprint(check.ResultIDs) != fmt.Sprint([]string{want[0], want[2]}) {
		t.Errorf("a key of the first group gets %+v, %v", check, err)
	}
	if strings.Contains(p.log.String(), someNIK) {
		t.Error("the log has the NIK")
	}
}

// keysWith are the names that begin with a prefix.
func keysWith(files map[string]string, prefix string) (names []string) {
	for name := range files {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

func TestExportSubjectRefused(t *testing.T) {
	p := newPlatform(t)
	p.importList(t, "Ratna Kertanegara Wirayuda")
	if _, err := p.client(t, client.WithAPIKey(p.b.key)).Screen(t.Context(), client.NewScreening{Name: "RATNA", NIK: someNIK}); err != nil {
		t.Fatal(err)
	}
	all := p.key(t, tenant.KeyScopes()...)
	const route = "/privacy/subjects/export"
	for _, tt := range []struct {
		name, body string
		header     []string
		status     int
		code       fault.Code
		fields     []string
	}{
		{"nobody known here", `{"nik":"` + someNIK + `"}`, nil, 404, fault.CodeNotFound, nil},
		{"no NIK", `{"nik":"317408410787050"}`, nil, 400, fault.CodeInvalidRequest, []string{"nik"}},
		{"nothing", `{}`, nil, 400, fault.CodeInvalidRequest, []string{"nik"}},
		{"null", `{"nik":null}`, nil, 400, fault.CodeInvalidRequest, []string{"nik"}},
		{"a number", `{"nik":3174084107870501}`, nil, 400, fault.CodeInvalidRequest, []string{"nik"}},
		{"a field too many", `{"name":"x"}`, nil, 400, fault.CodeInvalidRequest, []string{"name", "nik"}},
		{"a list", `[]`, nil, 400, fault.CodeInvalidRequest, nil},
		{"no JSON", `nik`, nil, 400, fault.CodeInvalidRequest, nil},
		{"too much", `{"nik":"` + strings.Repeat("3", 1<<20) + `"}`, nil, 413, fault.CodeFileTooLarge, nil},
		{"another type", `{"nik":"x"}`, []string{"Content-Type", "text/plain"}, 400, fault.CodeInvalidRequest, nil},
		{"without the right to erase", `{"nik":"x"}`, []string{"X-API-Key", p.key(t, tenant.DownloadFiles, tenant.SeePersonalData)}, 403, fault.CodeForbidden, nil},
		{"without files", `{"nik":"x"}`, []string{"X-API-Key", p.key(t, tenant.EraseResults, tenant.SeePersonalData)}, 403, fault.CodeForbidden, nil},
		{"without personal data", `{"nik":"x"}`, []string{"X-API-Key", p.key(t, tenant.EraseResults, tenant.DownloadFiles)}, 403, fault.CodeForbidden, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := append([]string{"X-API-Key", all}, tt.header...)
			w := p.do("POST", route, tt.body, header...)
			wantProblem(t, w, tt.status, tt.code, tt.fields...)
			if strings.Contains(w.Body.String(), "31740841") {
				t.Errorf("the answer repeats the NIK: %s", w.Body)
			}
		})
	}
}

// An export whose record cannot be written shows nothing.
func TestExportSubjectIsRecordedFirst(t *testing.T) {
	p := newPlatform(t)
	p.importList(t, "Ratna Kertanegara Wirayuda")
	if _, err := p.client(t, client.WithAPIKey(p.a.key)).Screen(t.Context(), client.NewScreening{Name: "RATNA", NIK: someNIK}); err != nil {
		t.Fatal(err)
	}
	key := p.key(t, tenant.KeyScopes()...)
	p.do("GET", "/services", "", "X-API-Key", key) // its use is recorded once in an hour
	p.server.Audit = brokenAudit{p.server.Audit}
	w := p.do("POST", "/privacy/subjects/export", `{"nik":"`+someNIK+`"}`, "X-API-Key", key)
	wantProblem(t, w, http.StatusInternalServerError, fault.CodeInternal)
}

// What was read stays when its pictures' time is over, and so does its bundle.
func TestEvidenceWithoutPictures(t *testing.T) {
	p := newPlatform(t)
	v := p.verify(t)
	if w := p.do("POST", "/verifications/"+v.ID.String()+"/cancel", ""); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	if err := p.db.SetRetention(t.Context(), tenant.Everything(), p.a.group.ID, verification.FileData, 1); err != nil {
		t.Fatal(err)
	}
	swept := 0
	if err := p.later(48*time.Hour).Sweep(t.Context(), false, func(verification.DataClass, verification.Expiry) { swept++ }); err != nil || swept != 1 {
		t.Fatalf("swept %d, %v", swept, err)
	}
	w := p.do("GET", "/results/"+v.ResultID.String()+"/evidence.zip", "")
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if check, err := export.CheckBundle(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()), nil); err != nil || len(check.Findings) > 0 {
		t.Errorf("check %+v, %v", check, err)
	}
}

func TestRetentionDays(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	owner, me := p.member(t, "owner", tenant.OrganizationOwner)
	group := p.a.group.ID.String()
	if got, err := owner.Retention(ctx, group); err != nil || got.Result != nil || got.Files != nil || got.Uploads == nil || *got.Uploads != 7 {
		t.Errorf("by default %+v, %v", got, err)
	}
	if got, err := owner.SetRetention(ctx, group, client.Retention{Result: ptr(365), Uploads: ptr(2)}); err != nil || *got.Result != 365 || got.Files != nil || *got.Uploads != 2 {
		t.Errorf("set %+v, %v", got, err)
	}
	header, route := p.bearer(t, me.Email), "/groups/"+group+"/retention"
	for body, field := range map[string]string{
		`{"result":null,"files":null,"uploads":0}`:     "uploads",
		`{"result":null,"files":null,"uploads":36501}`: "uploads",
		`{"result":null,"files":null,"uploads":"7"}`:   "uploads",
		`{"files":null,"uploads":7}`:                   "result",
	} {
		wantProblem(t, p.do("PUT", route, body, header...), http.StatusBadRequest, fault.CodeInvalidRequest, field)
	}
	if got, err := owner.Retention(ctx, group); err != nil || *got.Result != 365 || *got.Uploads != 2 {
		t.Errorf("refusals changed it to %+v, %v", got, err)
	}
	// Who does not know the third class sets its default.
	if w := p.do("PUT", route, `{"result":30,"files":null}`, header...); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"result":30,"files":null,"uploads":7}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
