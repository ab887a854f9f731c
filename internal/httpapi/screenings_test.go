package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/watchlist"
)

// importList makes a list with persons born on 1987-07-01; the id of a person
// is its place.
func (p *platform) importList(t *testing.T, names ...string) {
	t.Helper()
	csv := "id,schema,name,birth_date,topics\n"
	for i, n := range names {
		csv += "E-" + string(rune('1'+i)) + ",person," + n + ",1987-07-01,role.pep\n"
	}
	lists, _, err := watchlist.Parse(t.Context(), []watchlist.File{{Name: "officials.csv", Data: strings.NewReader(csv)}}, watchlist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.lists.Import(t.Context(), lists[0], true); err != nil {
		t.Fatal(err)
	}
	if err := p.lists.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestScreenings(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	c := p.client(t, client.WithAPIKey(p.a.key))
	// Without lists nothing was searched, and the answer says so.
	v, err := c.Screen(ctx, client.NewScreening{Name: "Ratna Kertanegara"})
	if err != nil || v.OutputStatus == nil || *v.OutputStatus != "PARTIALLY_NOT_VERIFIED" || v.Checks[0].Code != "NO_WATCH_LISTS" {
		t.Fatalf("without lists: %+v, %v", v, err)
	}
	p.importList(t, "Ratna Kertanegara Wirayuda", "Bambang Tirtayasa")
	v, err = c.Screen(ctx, client.NewScreening{Name: "RATNA KERTANEGARA WIRAYUDA", BirthDate: "1987-07-01", Gender: "FEMALE", NIK: "3174084107870501"})
	if err != nil || v.Status != client.Completed || v.CreditUsed != 1 || v.Checks[0].Code != "WATCH_LIST_MATCH" || !strings.Contains(string(v.Output), `"entity_id":"E-1"`) {
		t.Fatalf("screened: %+v, %v", v, err)
	}
	s, err := c.Screening(ctx, v.ID)
	if err != nil || len(s.Hits) != 1 || !s.Hits[0].Alert || s.Hits[0].Dismissed != nil || len(s.Hits[0].Explanation) == 0 || len(s.Lists) != 1 {
		t.Errorf("hits %+v, %v", s, err)
	}
	if at := s.ScreenedAt; !at.Equal(at.Truncate(time.Microsecond)) {
		t.Errorf("screened_at %s is finer than what is stored", at)
	}
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	v, err = c.DismissHit(ctx, v.ID, client.NewDismissal{EntityID: "E-1", Reason: "born elsewhere", ExpiresAt: &later})
	if err != nil || *v.OutputStatus != "VERIFIED" {
		t.Errorf("dismissed: %+v, %v", v, err)
	}
	if s, err = c.Screening(ctx, v.ID); err != nil || s.Hits[0].Dismissed == nil || s.Hits[0].Dismissed.Reason != "born elsewhere" || !s.Hits[0].Dismissed.ExpiresAt.Equal(later) {
		t.Errorf("hits after the dismissal %+v, %v", s, err)
	}
	if v, err = c.TakeBackDismissal(ctx, v.ID, "E-1"); err != nil || *v.OutputStatus != "PARTIALLY_NOT_VERIFIED" {
		t.Errorf("taken back: %+v, %v", v, err)
	}
	wantProblem(t, p.asB("GET", "/verifications/"+v.ID+"/screening", ""), http.StatusNotFound, fault.CodeNotFound)

	lists, err := c.WatchLists(ctx)
	if err != nil || lists.Total != 1 || lists.Items[0].Name != "officials" || lists.Items[0].Version != 1 || lists.Items[0].Entities != 2 || lists.Items[0].AgeDays != 0 {
		t.Errorf("lists %+v, %v", lists, err)
	}
	w := p.do("GET", "/metrics", "", "X-API-Key", "")
	for _, want := range []string{`anycheck_watch_list_age_seconds{list="officials"} `, `anycheck_watch_list_version{list="officials"} 1`, `anycheck_watch_list_entities{list="officials"} 2`, "process_"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(strings.ToUpper(w.Body.String()), "RATNA") {
		t.Error("a name is in the metrics")
	}
}

func TestBadScreenings(t *testing.T) {
	p := newPlatform(t)
	for body, field := range map[string]string{
		`{}`:                                     "name",
		`{"name":""}`:                            "name",
		`{"name":"A","birth_date":"1987-02-30"}`: "birth_date",
		`{"name":"A","gender":"L"}`:              "gender",
		`{"name":"A","as_of":"yesterday"}`:       "as_of",
		`{"name":"A","nik":"x"}`:                 "nik",
		`{"name":"A","colour":"red"}`:            "colour",
		`{"name":"A","webhook_url":"ftp://x"}`:   "webhook_url",
	} {
		e := decode[problem](t, p.do("POST", "/screenings", body), http.StatusBadRequest)
		if len(e.Errors) != 1 || e.Errors[0].Field != field {
			t.Errorf("%s: %+v", body, e)
		}
	}
	if got := decode[list[folder]](t, p.do("GET", "/groups/"+p.a.group.ID.String()+"/folders", ""), http.StatusOK); got.Total > 1 {
		t.Errorf("%d folders after refusals", got.Total)
	}
	wantProblem(t, p.do("POST", "/screenings", `{"name":"A","folder_id":"0198c0de-0000-7000-8000-000000000000"}`), http.StatusNotFound, fault.CodeNotFound, "folder_id")
}
