package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"anycheck/internal/config"
	"anycheck/internal/document"
	"anycheck/internal/face"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/onnx"
	"anycheck/internal/outbound"
	"anycheck/internal/verification"
)

// Engines are the parts that look at pictures.
type Engines struct {
	Runtime   *onnx.Runtime
	Documents *document.Opener
	Cards     *ktp.Reader
	Faces     *face.Matcher
	policy    face.Policy
}

func modelOptions(cfg config.Config) onnx.Options {
	return onnx.Options{
		LibraryPath: cfg.ONNXRuntimeLib, CacheDir: filepath.Join(cfg.DataDir, "runtime"),
		ModelsDir: cfg.ModelsDir, StoreDir: filepath.Join(cfg.DataDir, "models"),
		Client: outbound.NewTrusted(),
	}
}

// Models opens the manifest without the runtime: to list and to pull.
func Models(cfg config.Config) (*onnx.Models, error) { return onnx.NewModels(modelOptions(cfg)) }

// OpenEngines loads the runtime and the card reader; the other models load
// when they are first used, those that are missing turn off what needs them.
func OpenEngines(cfg config.Config, log *slog.Logger) (*Engines, error) {
	rt, err := onnx.Open(modelOptions(cfg))
	if err != nil {
		return nil, err
	}
	if lib, err := rt.Library(); err != nil {
		log.Warn("no ONNX Runtime: nothing that needs a model works", "error", err)
	} else {
		for _, passed := range lib.PassedOver {
			log.Warn("an installed ONNX Runtime cannot be used", "reason", passed)
		}
	}
	reader, err := rt.Model(rt.Role(onnx.RoleCardReader)[0])
	if err != nil {
		return nil, errors.Join(err, rt.Close())
	}
	regions, err := openRegions(context.Background(), cfg)
	if err != nil {
		return nil, errors.Join(err, rt.Close())
	}
	docs := document.DefaultOptions
	docs.Picture.MaxBytes = int64(cfg.MaxFileMiB) << 20
	docs.Picture.MaxPixels = cfg.MaxMegapixels * 1e6
	docs.MaxPages = cfg.MaxPages
	docs.Parallel = max(docs.Parallel, cfg.Workers)
	docs.CacheDir = filepath.Join(cfg.DataDir, "runtime", "pdf")
	return &Engines{
		Runtime: rt, Documents: document.New(docs), Cards: ktp.NewReader(reader).WithRegions(regions),
		Faces: matcher(rt, facePolicy(cfg)), policy: facePolicy(cfg),
	}, nil
}

// facePolicy is the default one with the operator's operating points.
func facePolicy(cfg config.Config) face.Policy {
	p := face.DefaultPolicy
	p.Operating = face.Operating{Match: cfg.FaceMatch, Review: cfg.FaceReview, LivenessPass: cfg.LivenessPass, LivenessReview: cfg.LivenessReview}
	return p
}

func matcher(rt *onnx.Runtime, p face.Policy) *face.Matcher {
	return face.NewMatcher(rt, face.Roles{
		Detector: rt.Role(onnx.RoleFaceDetector)[0], Embedder: rt.Role(onnx.RoleFaceEmbedder)[0], Liveness: rt.Role(onnx.RoleLiveness),
	}, p)
}

// PhotoMatcher compares two photos of people instead of a card and a selfie:
// both sides are held to the limits of a selfie.
func (e *Engines) PhotoMatcher() *face.Matcher {
	p := e.policy
	p.CardFaceWidth = p.SelfieFaceWidth
	return matcher(e.Runtime, p)
}

// Close frees the models and the PDF reader.
func (e *Engines) Close() error { return errors.Join(e.Documents.Close(), e.Runtime.Close()) }

// Missing implements verification.Capabilities.
func (e *Engines) Missing(t verification.Type) []string {
	var needed []string
	if t.WithCard() {
		needed = e.Runtime.Role(onnx.RoleCardReader)
	}
	if t.WithSelfie() {
		needed = append(needed, e.Runtime.Role(onnx.RoleFaceDetector)...)
		needed = append(needed, e.Runtime.Role(onnx.RoleFaceEmbedder)...)
	}
	var missing []string
	for _, name := range needed {
		if e.Runtime.Available(name) != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// Pipeline connects the engines to the watch lists.
func (e *Engines) Pipeline(lists verification.Screener) *verification.Pipeline {
	return verification.NewPipeline(e.Documents, e.Cards, e.Faces, lists, time.Now)
}

var (
	_ verification.Documents    = (*document.Opener)(nil)
	_ verification.CardReader   = (*ktp.Reader)(nil)
	_ verification.FaceMatcher  = (*face.Matcher)(nil)
	_ verification.Capabilities = (*Engines)(nil)
)

// ReadPicture decodes the first page of a file, for the benchmarks.
func (e *Engines) ReadPicture(ctx context.Context, data []byte) (*imaging.Picture, error) {
	p, _, err := e.Documents.Page(ctx, data, 0)
	return p, err
}
