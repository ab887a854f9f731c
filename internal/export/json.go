// Package export writes what is known of one verification into files that
// leave the platform: JSON for programs, a workbook for people.
//
// It must not know where the files go, nor how the evidence came about.
package export

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/verification"
)

// Exporter implements verification.Exporter.
type Exporter struct{}

// JSON writes one indented object: the verification, its output and checks,
// and the evidence of every step as it was kept. The same report gives the
// same bytes.
func (Exporter) JSON(r verification.Report) ([]byte, error) {
	v := r.Verification
	doc := document{
		Verification: header{
			ID: v.ID, Service: service{v.ServiceID, v.ServiceName}, FolderID: v.FolderID, ResultID: v.ResultID,
			Test: v.Test(), Status: v.Status, VerificationType: v.Config.Type, FraudDetection: v.Config.FraudDetection, Attempt: v.Attempt,
			TotalFiles: v.TotalFiles, TotalPages: v.TotalPages, CreditUsed: v.CreditUsed,
			CreatedAt: v.CreatedAt.UTC(), StartDate: utc(v.StartDate), EndDate: utc(v.EndDate), Consent: v.Consent,
		},
		OutputStatus: v.OutputStatus,
		Policy:       verification.PolicyVersion,
		Output:       v.Output,
		Checks:       list(r.Checks),
		Models:       list(r.Models),
		Lists:        list(r.Lists),
		Steps:        []step{},
		Evidence:     r.Evidence,
	}
	if d, ok := v.ExecutionTime(); ok {
		s := d.Seconds()
		doc.Verification.ExecutionTime = &s
	}
	for _, s := range r.Steps {
		doc.Steps = append(doc.Steps, step{s.Name, s.StartedAt.UTC(), s.EndedAt.UTC(), s.EndedAt.Sub(s.StartedAt).Seconds()})
	}
	if doc.Evidence == nil {
		doc.Evidence = map[verification.StepName]json.RawMessage{}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type document struct {
	Verification header                                    `json:"verification"`
	OutputStatus verification.OutputStatus                 `json:"output_status"`
	Policy       string                                    `json:"policy_version"` // of the rules that decided
	Output       json.RawMessage                           `json:"output"`
	Checks       []verification.Check                      `json:"checks"`
	Models       []string                                  `json:"models"`
	Lists        []string                                  `json:"lists"`
	Steps        []step                                    `json:"steps"`
	Evidence     map[verification.StepName]json.RawMessage `json:"evidence"`
}

type header struct {
	ID               uuid.UUID           `json:"id"`
	Service          service             `json:"service"`
	FolderID         uuid.UUID           `json:"folder_id"`
	ResultID         uuid.UUID           `json:"result_id"`
	Test             bool                `json:"test"` // the evidence is made up
	Status           verification.Status `json:"status"`
	VerificationType verification.Type   `json:"verification_type"`
	FraudDetection   bool                `json:"fraud_detection"`
	Attempt          int                 `json:"attempt"`
	TotalFiles       int                 `json:"total_files"`
	TotalPages       int                 `json:"total_pages"`
	CreditUsed       int64               `json:"credit_used"`
	CreatedAt        time.Time           `json:"created_at"`
	StartDate        *time.Time          `json:"start_date"`
	EndDate          *time.Time          `json:"end_date"`
	ExecutionTime    *float64            `json:"execution_time"` // seconds

	Consent *verification.Consent `json:"consent"` // as the caller told of it
}

type service struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

type step struct {
	Name      verification.StepName `json:"name"`
	StartedAt time.Time             `json:"started_at"`
	EndedAt   time.Time             `json:"ended_at"`
	Seconds   float64               `json:"seconds"`
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// list makes an empty list of none, so that it is [] and not null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
