package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/fault"
)

type health struct {
	Status string `json:"status" enum:"ok" doc:"Always ok; trouble is answered with an error."`
}

func (s *server) healthRoutes() {
	tags := []string{"Operation"}
	ok := &output[health]{Body: health{Status: "ok"}}
	handle(s, anyone, huma.Operation{OperationID: "livez", Method: http.MethodGet, Path: "/livez", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "Whether the process runs"},
		func(context.Context, *struct{}) (*output[health], error) { return ok, nil })
	handle(s, anyone, huma.Operation{OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "Whether it can take requests"},
		func(ctx context.Context, _ *struct{}) (*output[health], error) {
			err := s.Ready(ctx)
			var known *fault.Error
			if err != nil && !errors.As(err, &known) {
				err = fault.Wrap(err, fault.Unavailable, "Not ready yet.")
			}
			return ok, err
		})
}
