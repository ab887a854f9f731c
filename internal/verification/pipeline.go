package verification

import (
	"context"
	"encoding/json"
	"fmt"

	"anycheck/internal/face"
	"anycheck/internal/imaging"
)

// FaceMatcher compares the portrait on a card with a selfie.
type FaceMatcher interface {
	Compare(ctx context.Context, card, selfie *imaging.Picture) (face.Comparison, error)
}

// Pipeline knows the steps and the engines they use.
type Pipeline struct {
	documents Documents
	faces     FaceMatcher
	lists     Screener
}

// OpenInput gives the bytes of the file in a form field, nil when the field is
// empty.
type OpenInput func(ctx context.Context, field string) ([]byte, error)

// Artefacts keeps the pictures that a step makes for later steps and reports.
type Artefacts interface {
	Put(ctx context.Context, name string, data []byte) error
	Get(ctx context.Context, name string) ([]byte, error)
}

// Run is one pass over one verification's files.
type Run struct {
	Config    Configuration
	Evidence  Evidence
	files     OpenInput
	artefacts Artefacts
}

// Evidence is what the steps found; each part is nil until its step has run.
type Evidence struct{}

func (e *Evidence) load(step StepName, data json.RawMessage) error { return fmt.Errorf("unknown") }
func (e *Evidence) dump(step StepName) (json.RawMessage, error)    { return nil, nil }

// Steps lists the steps of a configuration in the order they run.
func (p *Pipeline) Steps(cfg Configuration) []StepName { return nil }

// Do runs one step.
func (p *Pipeline) Do(ctx context.Context, step StepName, r *Run) error { return nil }

// Decision is what follows from the evidence.
type Decision struct {
	Checks []Check
	Output json.RawMessage
	Status OutputStatus
}

// Decide weighs the evidence.
func Decide(cfg Configuration, e Evidence) (Decision, error) { return Decision{}, nil }

func (r *Run) report(ctx context.Context, v Verification, d Decision, kept map[StepName]json.RawMessage) (Report, error) {
	return Report{}, nil
}
