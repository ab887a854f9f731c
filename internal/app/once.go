package app

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// Once is a verification of files without a server.
type Once struct {
	Type           verification.Type
	Files          map[string][]byte // form field → file
	Names          map[string]string // form field → name of the file
	Passwords      map[string]string // form field → password of the file
	FraudDetection bool
}

// configuration is what would ask a server for the same.
func (o Once) configuration() any {
	files := map[string][]string{}
	for field := range o.Files {
		files[field] = []string{o.Names[field]}
	}
	return struct {
		Type           verification.Type   `json:"verification_type"`
		Files          map[string][]string `json:"files"`
		FraudDetection bool                `json:"fraud_detection"`
	}{o.Type, files, o.FraudDetection}
}

// Verify runs the pipeline on files that are at hand and keeps nothing. The
// files pass the same gate as an upload. watch may be nil.
func Verify(ctx context.Context, engines *Engines, lists verification.Screener, o Once, watch func(verification.StepName, time.Duration)) (verification.Verification, verification.Report, error) {
	now := time.Now()
	service := verification.Catalogue()[0]
	v := verification.Verification{
		ID: uuid.Must(uuid.NewV7()), ServiceID: service.ID, ServiceName: service.Name, Status: verification.InProgress, Attempt: 1,
		StartDate: &now, CreatedAt: now, Config: verification.Configuration{Type: o.Type, FraudDetection: o.FraudDetection},
	}
	if missing := engines.Missing(o.Type); len(missing) > 0 {
		return v, verification.Report{}, fault.New(fault.Unavailable, "%s cannot run here: not installed: %s (anycheck models pull).", o.Type, strings.Join(missing, ", "))
	}
	files := map[string][]byte{}
	for field, data := range o.Files {
		doc, err := engines.Documents.Inspect(ctx, data, o.Passwords[field])
		if err != nil {
			e := fault.From(err)
			return v, verification.Report{}, fault.Wrap(err, e.Kind, "%s: %s", field, e.Message).WithCode(e.Code)
		}
		if doc.Unlocked != nil {
			data = doc.Unlocked
		}
		files[field] = data
		v.TotalFiles++
		v.TotalPages += doc.Pages
	}
	var err error
	if v.InputConfig, err = json.Marshal(o.configuration()); err != nil {
		return v, verification.Report{}, err
	}
	run := verification.NewRun(v.Config, func(_ context.Context, field string) ([]byte, error) { return files[field], nil }, &inMemory{files: map[string][]byte{}})
	d, steps, err := engines.Pipeline(lists).RunOnce(ctx, run, watch)
	if err != nil {
		return v, verification.Report{}, err
	}
	end := time.Now()
	v.Status, v.EndDate, v.UpdatedAt = verification.Completed, &end, end
	v.Output, v.OutputStatus, v.Checks = d.Output, d.Status, d.Checks
	report, err := run.Report(ctx, v, d, steps)
	return v, report, err
}

// inMemory keeps the artefacts of one run.
type inMemory struct {
	mu    sync.Mutex
	files map[string][]byte
}

func (m *inMemory) Put(_ context.Context, name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = data
	return nil
}

func (m *inMemory) Get(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "There is no such picture.")
	}
	return data, nil
}
