package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"anycheck/internal/app"
	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/screening"
)

// told passes on what is logged about lists.
type told chan slog.Record

func (t told) Enabled(context.Context, slog.Level) bool { return true }
func (t told) WithAttrs([]slog.Attr) slog.Handler       { return t }
func (t told) WithGroup(string) slog.Handler            { return t }
func (t told) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "watch list") {
		t <- r
	}
	return nil
}

// A server asks its sources after the start; one that fails leaves the other.
func TestServerUpdatesLists(t *testing.T) {
	source := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			_, _ = w.Write([]byte("<html>Rahasia</html>"))
			return
		}
		_, _ = w.Write([]byte("id,name,birth_date\nA,Wirandaka Suklentang,1965-03-12\n"))
	}))
	defer source.Close()
	cfg := testConfig(t.TempDir(), onnxtest.ModelsDir(t))
	cfg.ListSources = []string{"broken=" + source.URL + "/broken?token=Rahasia", "mine=" + source.URL + "/list"}
	logged := make(told, 10)
	s, err := app.NewServer(t.Context(), cfg, slog.New(logged), app.ServerOptions{Lists: source.Client()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for _, want := range []string{"a source of watch lists failed", "watch list imported"} {
		r := <-logged
		r.Attrs(func(a slog.Attr) bool {
			if strings.Contains(a.String(), "Rahasia") {
				t.Errorf("the log repeats what is secret: %v", a)
			}
			return true
		})
		if !strings.Contains(r.Message, want) {
			t.Errorf("logged %q, want %q", r.Message, want)
		}
	}
	found, err := s.Lists.Screen(t.Context(), screening.Query{Name: "Wirandaka Suklentang", BirthDate: screening.PartialDate{Year: 1965, Month: 3, Day: 12}})
	if err != nil || len(found.Hits) != 1 {
		t.Errorf("after the update: %+v, %v", found, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestServerRefusesUnknownSources(t *testing.T) {
	cfg := testConfig(t.TempDir(), onnxtest.ModelsDir(t))
	cfg.ListSources = []string{"nobody"}
	_, err := app.NewServer(t.Context(), cfg, slog.New(slog.DiscardHandler), app.ServerOptions{})
	if err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("an unknown source: %v", err)
	}
}
