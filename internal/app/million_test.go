package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"anycheck/client"
	"anycheck/internal/app"
	"anycheck/internal/auth"
	"anycheck/internal/config"
	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/store/pgtest"
)

// BenchmarkMillion is the latency of creating and of listing by result while
// 1,000,000 verifications are in the database, at 200 calls a second, begun on
// time whatever the server does: lists, creations, and the two in turn, for 15
// seconds each after as long a warm-up. The node serves the API only.
func BenchmarkMillion(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkMillion(b, "") })
	b.Run("postgres", func(b *testing.B) { benchmarkMillion(b, pgtest.URL(b)) })
}

func benchmarkMillion(b *testing.B, url string) {
	const rate, seconds, results = 200, 15, 400_000
	cfg, c, wanted := serveBench(b, url)
	create := func(ctx context.Context) error {
		_, err := c.CreateVerification(ctx, wanted)
		return err
	}
	first, err := c.CreateVerification(b.Context(), wanted)
	if err != nil {
		b.Fatal(err)
	}
	plans := fillMillion(b, cfg, first.ID, results)

	list := func(ctx context.Context) error {
		l, err := c.Verifications(ctx, seeded(rand.IntN(results)), client.Page{})
		if err == nil && (l.Total < 2 || len(l.Items) != l.Total) {
			err = fmt.Errorf("%d of %d", len(l.Items), l.Total)
		}
		return err
	}
	for b.Loop() {
		for _, load := range []struct {
			name  string // "" is not counted
			calls map[string]func(context.Context) error
		}{
			{"", map[string]func(context.Context) error{"list": list, "create": create}},
			{"list", map[string]func(context.Context) error{"list": list}},
			{"create", map[string]func(context.Context) error{"create": create}},
			{"both", map[string]func(context.Context) error{"list": list, "create": create}},
		} {
			names := slices.Sorted(maps.Keys(load.calls))
			took := map[string]*latencies{"list": {}, "create": {}}
			var wg sync.WaitGroup
			tick := time.NewTicker(time.Second / rate)
			for i := range rate * seconds {
				<-tick.C
				due, name := time.Now(), names[i%len(names)]
				wg.Go(func() { took[name].add(due, load.calls[name](b.Context())) })
			}
			tick.Stop()
			wg.Wait()
			for _, name := range names {
				p50, p99, err := took[name].at()
				if err != nil {
					b.Fatal(name, err)
				}
				if load.name == "both" {
					name += "-of-both"
				}
				if load.name != "" {
					b.ReportMetric(p50, name+"-p50-ms")
					b.ReportMetric(p99, name+"-p99-ms")
				}
			}
		}
	}
	for _, p := range plans {
		b.Log(p)
	}
}

// serveBench runs a node that serves the API only until the benchmark ends, and
// gives a client with an API key and what it may create.
func serveBench(b *testing.B, url string) (config.Config, *client.Client, client.NewVerification) {
	cfg := testConfig(b.TempDir(), onnxtest.ModelsDir(b))
	cfg.DatabaseURL, cfg.Workers, cfg.InitialCredits, cfg.RatePerKey, cfg.RatePerGroup = url, -1, 1_000_000, 1_000_000, 1_000_000
	server, err := app.NewServer(b.Context(), cfg, slog.New(slog.DiscardHandler), app.ServerOptions{Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		<-ended
		server.Close()
	})
	u, err := server.Auth.UserByEmail(b.Context(), adminEmail)
	if err != nil {
		b.Fatal(err)
	}
	_, key, err := server.Auth.CreateKey(b.Context(), u, auth.NewKey{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	c, err := client.New(server.URL(), client.WithAPIKey(key))
	if err != nil {
		b.Fatal(err)
	}
	services, err := c.Services(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	folder, err := c.CreateFolder(b.Context(), "Cases")
	if err != nil {
		b.Fatal(err)
	}
	person := services.Items[slices.IndexFunc(services.Items, func(s client.Service) bool { return s.Code == "PERSON_SCREENING" })].ID
	return cfg, c, client.NewVerification{ServiceID: person, FolderID: folder.ID, Configuration: map[string]any{"name": "Ratna Kertanegara"}}
}

// BenchmarkCreate is how many verifications one process accepts a second when
// eight callers ask for the next as soon as they are answered, and the CPU of
// that in this process: server and callers, not the database beside it.
func BenchmarkCreate(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkCreate(b, "") })
	b.Run("postgres", func(b *testing.B) { benchmarkCreate(b, pgtest.URL(b)) })
}

func benchmarkCreate(b *testing.B, url string) {
	_, c, wanted := serveBench(b, url)
	create := func(n int) {
		var left atomic.Int64
		left.Store(int64(n))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for left.Add(-1) >= 0 {
					if _, err := c.CreateVerification(b.Context(), wanted); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	create(400) // PostgreSQL plans the first runs of each statement on each connection anew
	b.ResetTimer()
	before := cpuTime(b)
	create(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creations/s")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// latencies gathers how long calls took since they were due.
type latencies struct {
	mu   sync.Mutex
	ms   []float64
	errs []error
}

func (l *latencies) add(due time.Time, err error) {
	took := float64(time.Since(due).Microseconds()) / 1000
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ms = append(l.ms, took)
	if err != nil {
		l.errs = append(l.errs, err)
	}
}

func (l *latencies) at() (p50, p99 float64, err error) {
	slices.Sort(l.ms)
	if len(l.errs) > 0 {
		err = fmt.Errorf("%d of %d failed: %w", len(l.errs), len(l.ms), l.errs[0])
	}
	return l.ms[len(l.ms)/2], l.ms[len(l.ms)*99/100], err
}

// seeded is the id of a result that fillMillion makes.
func seeded(n int) string { return fmt.Sprintf("%08x-0000-7000-8000-000000000000", n) }

// fillMillion copies a verification and its result, event and ledger entry
// until there are a million, 2.5 to a result, and gives the plans of the two
// statements that listing and creating depend on.
func fillMillion(b *testing.B, cfg config.Config, like string, results int) (plans []string) {
	b.Helper()
	driver, source := "pgx", cfg.DatabaseURL
	numbers := func(n int) string { return fmt.Sprintf(`s AS (SELECT i FROM generate_series(0, %d) AS i)`, n-1) }
	hex := func(expr string) string { return `lpad(to_hex(` + expr + `), 8, '0')` }
	explain, checkpoint := "EXPLAIN ", "CHECKPOINT"
	if source == "" {
		driver, source = "sqlite", filepath.Join(cfg.DataDir, "anycheck.db")+"?_pragma=busy_timeout(60000)&_pragma=synchronous(OFF)"
		numbers = func(n int) string {
			return fmt.Sprintf(`s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < %d)`, n-1)
		}
		hex = func(expr string) string { return `printf('%08x', ` + expr + `)` }
		explain, checkpoint = "EXPLAIN QUERY PLAN ", "PRAGMA wal_checkpoint(TRUNCATE)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	columns := func(table string) []string {
		rows, err := db.Query("SELECT * FROM " + table + " LIMIT 0")
		if err != nil {
			b.Fatal(err)
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			b.Fatal(err)
		}
		return names
	}
	// copyRows inserts n copies of one row with some columns replaced.
	copyRows := func(table, where string, n int, replace map[string]string) {
		names := columns(table)
		values := make([]string, len(names))
		for i, name := range names {
			if values[i] = "t." + name; replace[name] != "" {
				values[i] = replace[name]
			}
		}
		_, err := db.Exec(fmt.Sprintf(`WITH RECURSIVE %s INSERT INTO %s (%s) SELECT %s FROM s, (SELECT * FROM %s WHERE %s LIMIT 1) t`,
			numbers(n), table, strings.Join(names, ", "), strings.Join(values, ", "), table, where), like)
		if err != nil {
			b.Fatalf("%s: %v", table, err)
		}
	}
	const million = 1_000_000
	id := func(kind int) string { return hex("i") + fmt.Sprintf(` || '-0000-7000-8000-%012d'`, kind) }
	result := hex(fmt.Sprintf("i %% %d", results)) + ` || '-0000-7000-8000-000000000000'`
	copyRows("results", "id = (SELECT result_id FROM verifications WHERE id = $1)", results, map[string]string{"id": id(0)})
	copyRows("verifications", "id = $1", million, map[string]string{"id": id(1), "result_id": result, "status": "'COMPLETED'", "updated_at": "t.updated_at + i", "created_at": "t.created_at + i"})
	copyRows("events", "verification_id = $1", million, map[string]string{"id": id(2), "verification_id": id(1), "place": "1000 + i"})
	if _, err := db.Exec("UPDATE event_places SET last = (SELECT MAX(place) FROM events)"); err != nil {
		b.Fatal(err)
	}
	copyRows("ledger_entries", "verification_id = $1", million, map[string]string{"id": id(3), "verification_id": id(1), "kind": "'SETTLE'"})
	for _, settle := range []string{"ANALYZE", checkpoint} {
		if _, err := db.Exec(settle); err != nil {
			b.Fatal(err)
		}
	}
	syscall.Sync() // or commits wait for gigabytes to reach the disk
	for _, q := range []string{
		`SELECT * FROM verifications WHERE ('*' = '*' OR organization_id = '*') AND ('*' = '*' OR group_id = '*') AND result_id = '` + seeded(7) + `' ORDER BY created_at, id LIMIT 10 OFFSET 0`,
		`SELECT id FROM results WHERE id = '` + seeded(7) + `'`,
	} {
		rows, err := db.Query(explain + q)
		if err != nil {
			b.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
			cells := make([]any, len(names))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rows.Scan(cells...); err != nil {
				b.Fatal(err)
			}
			plans = append(plans, fmt.Sprint(*cells[len(cells)-1].(*any)))
		}
		rows.Close()
	}
	return plans
}
