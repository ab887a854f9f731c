package verification_test

import (
	"context"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/verification"
)

// openOnce decodes each file a single time.
type openOnce struct {
	*engines
	seen map[string]bool
}

func (o openOnce) Page(ctx context.Context, data []byte, page int) (*imaging.Picture, imaging.Info, error) {
	if o.seen[string(data)] {
		return nil, imaging.Info{}, fault.New(fault.Internal, "decoded twice: %s", data)
	}
	o.seen[string(data)] = true
	return o.engines.Page(ctx, data, page)
}

// pictures are artefacts in memory.
type pictures map[string][]byte

func (p pictures) Put(_ context.Context, name string, data []byte) error {
	p[name] = data
	return nil
}

func (p pictures) Get(_ context.Context, name string) ([]byte, error) {
	data, ok := p[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no picture")
	}
	return data, nil
}

// TestFilesAreDecodedOnce: decoding is a tenth of the work, and five steps look
// at the files.
func TestFilesAreDecodedOnce(t *testing.T) {
	e := &engines{}
	pipeline := verification.NewPipeline(openOnce{e, map[string]bool{}}, e, e, e, time.Now)
	open := func(_ context.Context, field string) ([]byte, error) { return []byte(field), nil }
	run := verification.NewRun(verification.Configuration{Type: verification.KTPSelfiePEP, FraudDetection: true}, open, pictures{})
	if _, _, err := pipeline.RunOnce(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	if len(run.Evidence.Inspect.Files) != 2 || run.Evidence.Match == nil {
		t.Errorf("evidence %+v", run.Evidence)
	}
}
