package httpapi

import (
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
)

func (s *server) evidenceRoutes() {
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	s.handleRaw(callers, huma.Operation{
		OperationID: "downloadEvidence", Method: http.MethodGet, Path: "/results/{id}/evidence.zip", Tags: []string{"Results"},
		Metadata: recorded(audit.Exported, "result"),
		Summary:  "Everything that is kept of a result, as one file that proves itself",
		Description: "A ZIP with the files under their SHA-256, the evidence of each step and attempt, events and decisions, the audit records with their proof up to a signed checkpoint, " +
			"a page for people and a signed manifest. anycheck evidence verify checks it without a connection.",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Schema: id("").Schema(nil), Description: "Its id."}},
		Responses: map[string]*huma.Response{
			"200":     {Description: "The bundle, as an attachment", Content: map[string]*huma.MediaType{"application/zip": {Schema: binary}}},
			"default": s.problemResponse("Error"),
		},
	}, s.evidence)
}

func (s *server) evidence(w http.ResponseWriter, r *http.Request) error {
	result, err := uuid.Parse(r.PathValue("id"))
	if err != nil || len(r.PathValue("id")) != len(result.String()) {
		return fault.Field("id", "must be %s", uuidDescription).WithCode(fault.CodeInvalidID)
	}
	bundle, err := s.Evidence.Collect(r.Context(), actorOf(r.Context()), result)
	if err != nil {
		return err
	}
	// Before the proof, so that this export is in it.
	if err := s.record(r.Context(), nil); err != nil {
		return err
	}
	if err := bundle.Seal(r.Context()); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "evidence-" + result.String() + ".zip"}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	// Not every writer has deadlines; the server's own hold there.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTimeout))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if err := bundle.Write(r.Context(), w); err != nil {
		// A normal end would make half a bundle look whole.
		callOf(r.Context()).err = fault.Wrap(err, fault.Unavailable, "The download broke off.")
		panic(http.ErrAbortHandler)
	}
	return nil
}
