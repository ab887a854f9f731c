package httpapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/danielgtaylor/huma/v2"
)

func (s *server) metricsRoute() {
	s.handleRaw(anyone, huma.Operation{OperationID: "metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"Operation"},
		Metadata:    unrecorded(noPersonalData),
		Summary:     "Metrics in Prometheus' text format",
		Description: "Age and size of each watch list, and the process's own figures. Nothing in it is about persons or tenants.",
		Responses:   map[string]*huma.Response{"200": {Description: "The metrics", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}, func(w http.ResponseWriter, r *http.Request) error {
		lists, err := s.Screenings.SearchedLists(r.Context())
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		for _, l := range lists {
			// The names of lists are letters, digits and underscores.
			metrics.WriteGaugeFloat64(w, fmt.Sprintf("anycheck_watch_list_age_seconds{list=%q}", l.Name), s.Now().Sub(l.CheckedAt).Round(time.Millisecond).Seconds())
			metrics.WriteGaugeUint64(w, fmt.Sprintf("anycheck_watch_list_version{list=%q}", l.Name), uint64(l.Version))
			metrics.WriteGaugeUint64(w, fmt.Sprintf("anycheck_watch_list_entities{list=%q}", l.Name), uint64(l.Entities))
		}
		metrics.WriteProcessMetrics(w)
		return nil
	})
}
