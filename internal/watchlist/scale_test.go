package watchlist_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"anycheck/internal/blob"
	"anycheck/internal/screening"
	"anycheck/internal/store"
	"anycheck/internal/watchlist"
)

// syllables and given make invented names: some parts common, some rare, as
// on lists.
var (
	syllables = strings.Fields("ka ri mo sa ta na li su wi do ra ha en ar ti yo bu man din ger vol sky tan wan el us fa gi")
	given     = strings.Fields("muhammad ahmad abdul siti nur sri dewi agus putri wahyu eko budi dwi tri ali hasan rahman hidayat setiawan ibrahim ismail yusuf santoso wibowo maria jose ivan sergei anna juan carlos kim lee wang chen khan")
)

// invented makes persons who do not exist, with one to three names, a date and
// a place of birth each.
func invented(n int) []screening.Entity {
	r := rand.New(rand.NewPCG(7, 1))
	part := func() string {
		if r.IntN(3) == 0 {
			return given[r.IntN(len(given))]
		}
		var b strings.Builder
		for range 2 + r.IntN(3) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		return b.String()
	}
	out := make([]screening.Entity, n)
	for i := range out {
		parts := make([]string, 2+r.IntN(3))
		for j := range parts {
			parts[j] = part()
		}
		e := screening.Entity{ID: fmt.Sprintf("P-%d", i), Schema: screening.Person, Gender: screening.Male, Datasets: []string{"invented"},
			Names: []screening.Name{{Text: strings.Join(parts, " "), Kind: screening.Primary}}, Places: []string{part() + ", Indonesia"},
			BirthDates: []screening.PartialDate{{Year: 1940 + r.IntN(65), Month: 1 + r.IntN(12), Day: 1 + r.IntN(28)}},
			Countries:  []string{"id"}, Topics: []string{"role.pep"}, Positions: []string{"Member of the council"}, URL: fmt.Sprintf("https://example.org/%d", i)}
		for range r.IntN(3) {
			other := slices.Clone(parts)
			other[r.IntN(len(other))] = part()
			e.Names = append(e.Names, screening.Name{Text: strings.Join(other, " "), Kind: screening.Alias})
		}
		out[i] = e
	}
	return out
}

// BenchmarkLibrary measures a process that loads an imported list of so many
// persons, answers four clients, and goes on answering while the next version
// is loaded: time until ready, memory of the index and of the process at most,
// CPU a query, and how long the slowest in a hundred and the slowest waited.
func BenchmarkLibrary(b *testing.B) {
	for _, n := range []int{9_000, 111_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkLibrary(b, n) })
	}
}

func benchmarkLibrary(b *testing.B, n int) {
	ctx := b.Context()
	db, err := store.Open(ctx, "", b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	files, err := blob.OpenLocal(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer files.Close()
	importVersion := func(checksum string, persons []screening.Entity) {
		l := screening.List{Name: "invented", Checksum: strings.Repeat(checksum, 64), Entities: persons}
		if _, err := watchlist.NewLibrary(db, files, time.Now).Import(ctx, l, false); err != nil {
			b.Fatal(err)
		}
	}
	persons := invented(n)
	asked := make([]screening.Query, min(n, 20_000))
	for i := range asked {
		e := persons[i*(n/len(asked))]
		asked[i] = screening.Query{Name: strings.ToUpper(e.Names[0].Text), BirthDate: e.BirthDates[0], Gender: e.Gender, Place: e.Places[0]}
	}
	importVersion("a", persons)
	persons = nil
	debug.FreeOSMemory()
	// The kernel's high-water mark starts anew: making the persons is no part.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("MiB/process counts the making of the persons: %v", err)
	}
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		library := watchlist.NewLibrary(db, files, time.Now)
		start := time.Now()
		x, err := library.Index(ctx)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/ready")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB/index")
		report := func(what string, until <-chan struct{}) {
			waits, cpu := clients(b, x, asked, until)
			b.ReportMetric(cpu.Seconds()*1e3/float64(len(waits)), "ms-cpu/query"+what)
			b.ReportMetric(float64(waits[len(waits)*99/100])/1e6, "ms-p99"+what)
			b.ReportMetric(float64(waits[len(waits)-1])/1e6, "ms-max"+what)
		}
		done := make(chan struct{})
		time.AfterFunc(5*time.Second, func() { close(done) })
		report("", done)
		loaded := make(chan struct{})
		next := watchlist.NewLibrary(db, files, time.Now)
		go func() {
			defer close(loaded)
			if _, err := next.Index(ctx); err != nil {
				b.Error(err)
			}
		}()
		report("-loading", loaded)
		runtime.KeepAlive(x)
	}
	status, _ := os.ReadFile("/proc/self/status")
	if _, peak, ok := strings.Cut(string(status), "VmHWM:"); ok {
		var kib float64
		if _, err := fmt.Sscan(peak, &kib); err == nil {
			b.ReportMetric(kib/1024, "MiB/process")
		}
	}
}

// clients asks from four sides until the channel closes; waits are sorted.
func clients(b *testing.B, x *screening.Index, asked []screening.Query, until <-chan struct{}) (waits []time.Duration, cpu time.Duration) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	before := cpuTime()
	for c := range 4 {
		wg.Go(func() {
			var mine []time.Duration
			for i := c; ; i += 4 {
				select {
				case <-until:
					mu.Lock()
					defer mu.Unlock()
					waits = append(waits, mine...)
					return
				default:
				}
				start := time.Now()
				x.Search(b.Context(), asked[i%len(asked)], 10)
				mine = append(mine, time.Since(start))
				runtime.Gosched() // a server gives way after each request
			}
		})
	}
	wg.Wait()
	slices.Sort(waits)
	return waits, cpuTime() - before
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The invented persons are found again, in a list of some size.
func TestInventedPersonsAreFound(t *testing.T) {
	persons := invented(3000)
	x := screening.Build([]screening.List{{Name: "invented", Entities: persons}})
	for i := 0; i < len(persons); i += 50 {
		e := persons[i]
		hits := x.Search(t.Context(), screening.Query{Name: strings.ToUpper(e.Names[0].Text), BirthDate: e.BirthDates[0]}, 1)
		if len(hits) != 1 || hits[0].EntityID != e.ID {
			t.Errorf("person %d is not the first hit", i)
		}
	}
}
