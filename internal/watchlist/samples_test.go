package watchlist_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"anycheck/internal/screening"
	"anycheck/internal/watchlist"
)

// samples is the folder of public lists and labelled queries beside the
// repository; the test is skipped where it is absent.
func samples(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", "samples", "screening")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("needs shared/samples/screening: not on this machine")
	}
	return dir
}

func sampleLists(t testing.TB, paths ...string) ([]screening.List, watchlist.Report) {
	t.Helper()
	dir := samples(t)
	var files []watchlist.File
	for _, p := range paths {
		data, err := os.ReadFile(filepath.Join(dir, "lists", p))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, watchlist.File{Name: p, Data: bytes.NewReader(data)})
	}
	lists, report, err := watchlist.Parse(context.Background(), files, watchlist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return lists, report
}

var allSamples = []string{"ofac-bench/alt.csv", "ofac-bench/sdn.csv", "ofac-bench/add.csv", "ofac-bench/sdn_comments.csv", "un/un_consolidated.xml", "id-pep/id_pep.csv"}

func TestSampleCounts(t *testing.T) {
	lists, report := sampleLists(t, allSamples...)
	want := map[string]map[screening.Schema]int{
		"ofac_sdn": {screening.Person: 4620, screening.Organization: 3673, screening.Vessel: 406, screening.Aircraft: 277},
		"un_sc":    {screening.Person: 730, screening.Organization: 273},
		"id_pep":   {screening.Person: 1546},
	}
	if len(lists) != len(want) {
		t.Fatalf("%d lists", len(lists))
	}
	for _, r := range report.Lists {
		same(t, r.Name, r.Schemas, want[r.Name])
		same(t, r.Name+" skipped", r.Skipped, map[string]int(nil))
	}
	dated := 0
	for _, e := range lists[0].Entities {
		if e.Schema == screening.Person && len(e.BirthDates) > 0 {
			dated++
		}
	}
	if lists[0].Name != "ofac_sdn" || dated < 4200 {
		t.Errorf("%s: %d persons with a date of birth", lists[0].Name, dated)
	}
}

func TestSampleFollowTheMoney(t *testing.T) {
	_, report := sampleLists(t, "id-pep/id_pep.ftm.json", "ftm-samples/yente_zala.entities.ftm.json", "ftm-samples/yente_t1.entities.ftm.json")
	var got []map[screening.Schema]int
	for _, r := range report.Lists {
		got = append(got, r.Schemas)
	}
	same(t, "schemas", got, []map[screening.Schema]int{
		{screening.Person: 1546},
		{screening.Person: 6, screening.Organization: 11},
		{screening.Person: 4, screening.Organization: 2},
	})
	same(t, "skipped", report.Lists[1].Skipped, map[string]int{"schema Sanction": 41, "schema Ownership": 14, "schema Address": 11,
		"schema Family": 4, "schema Directorship": 3, "schema Passport": 1})
}

// TestSampleRecall holds the engine to floors on every second labelled query
// (for time), a little under what was measured on all.
func TestSampleRecall(t *testing.T) {
	lists, _ := sampleLists(t, allSamples...)
	x := screening.Build(lists)
	f, err := os.Open(filepath.Join(samples(t), "queries.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	queries, err := screening.ReadQueries(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(queries) / 2 {
		queries[i] = queries[2*i]
	}
	queries = queries[:len(queries)/2]
	for _, c := range []struct {
		namesOnly                     bool
		top1, recall1, recall01       float64 // at least
		falseAlert, homonym, recallAt float64 // at most, at most, at least
	}{
		{false, 0.99, 0.98, 0.97, 0.003, 0.02, 0.97},
		{true, 0.96, 0.87, 0.78, 0.003, 1, 0.70},
	} {
		lines, err := screening.RunBench(context.Background(), x, queries, c.namesOnly)
		if err != nil {
			t.Fatal(err)
		}
		r := screening.Measure(queries, lines)
		all := r.Groups[0]
		t.Logf("names alone %v: hit@1 %.3f, recall at 1%% FPR %.3f, at 0.1%% %.3f, alerting %.3f, false alerts %.4f, FPR at 95%% recall %.4f",
			c.namesOnly, all.Top1.Value, all.Recall1.Value, all.Recall01.Value, all.RecallAlert.Value, all.FalseAlert.Value, r.FPR95)
		if all.Top1.Value < c.top1 || all.Recall1.Value < c.recall1 || all.Recall01.Value < c.recall01 || all.FalseAlert.Value > c.falseAlert || all.RecallAlert.Value < c.recallAt {
			t.Errorf("names alone %v: %+v", c.namesOnly, all)
		}
		for _, g := range r.Groups {
			if g.Set == "neg_homonym" && g.Category == "" {
				t.Logf("homonyms: alerting %.3f, at the 1%% threshold %.3f", g.FalseAlert.Value, g.False1.Value)
				if g.FalseAlert.Value > c.homonym {
					t.Errorf("homonyms: %+v", g)
				}
			}
		}
	}
}

func BenchmarkSampleSearch(b *testing.B) {
	lists, _ := sampleLists(b, allSamples...)
	x := screening.Build(lists)
	f, err := os.Open(filepath.Join(samples(b), "queries.csv"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	queries, err := screening.ReadQueries(f)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		x.Search(context.Background(), queries[i%len(queries)].Query, 10)
		i++
	}
}

func BenchmarkSampleBuild(b *testing.B) {
	lists, _ := sampleLists(b, allSamples...)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := screening.Build(lists)
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		x = screening.Build(lists)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB/index")
	runtime.KeepAlive(x)
}

func BenchmarkSampleParse(b *testing.B) {
	for b.Loop() {
		sampleLists(b, allSamples...)
	}
}
