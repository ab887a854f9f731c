package onnx

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"

	"anycheck/internal/nn"
)

//go:embed manifest.json
var builtinManifest []byte

// Role is a job that the service gives to one or more models.
type Role string

// The roles. All but RoleLiveness are held by exactly one model; the models of
// RoleLiveness are separate opinions on the same face, of which the code takes
// those that are installed.
const (
	RoleCardReader   Role = "card_reader"
	RoleTextReader   Role = "text_reader"
	RoleTextDetector Role = "text_detector"
	RoleFaceDetector Role = "face_detector"
	RoleFaceEmbedder Role = "face_embedder"
	RoleLiveness     Role = "liveness"
)

// roleTasks is what a model must be able to do to hold a role.
var roleTasks = map[Role]nn.Task{
	RoleCardReader:   nn.TaskTextRecognition,
	RoleTextReader:   nn.TaskTextRecognition,
	RoleTextDetector: nn.TaskTextDetection,
	RoleFaceDetector: nn.TaskFaceDetection,
	RoleFaceEmbedder: nn.TaskFaceEmbedding,
	RoleLiveness:     nn.TaskLiveness,
}

// taskDecodings is which output layouts make sense for a task.
var taskDecodings = map[nn.Task][]nn.Decoding{
	nn.TaskTextRecognition: {nn.DecodeCTC},
	nn.TaskTextDetection:   {nn.DecodeDBNet},
	nn.TaskFaceDetection:   {nn.DecodeYuNet},
	nn.TaskFaceEmbedding:   {nn.DecodeEmbedding},
	nn.TaskLiveness:        {nn.DecodeMiniFASNet, nn.DecodeCelebASpoof},
}

// Manifest lists the models that the service knows and what each is used for.
type Manifest struct {
	// Roles maps a job to the names of the models that do it.
	Roles  map[Role][]string `json:"roles,omitempty"`
	Models []nn.Spec         `json:"models,omitempty"`
}

const (
	manifestName     = "manifest.json"
	maxManifestBytes = 1 << 20
	maxModels        = 256
	maxModelBytes    = 1 << 30
)

var (
	namePattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// ParseManifest reads a manifest of at most 1 MiB and checks each entry for
// itself. Whether its roles point at models that exist is checked once it is
// merged with the built-in one. Unknown keys are errors, to catch typing
// mistakes; the error names every wrong entry.
func ParseManifest(r io.Reader) (Manifest, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxManifestBytes+1))
	if err != nil {
		return Manifest{}, err
	}
	if len(data) > maxManifestBytes {
		return Manifest{}, fmt.Errorf("the manifest is larger than %d bytes", maxManifestBytes)
	}
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("the manifest is not valid JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Manifest{}, errors.New("the manifest has text after its end")
	}
	if len(m.Models) > maxModels {
		return Manifest{}, fmt.Errorf("the manifest has more than %d models", maxModels)
	}
	var problems []error
	seen := map[string]bool{}
	for i, s := range m.Models {
		if err := checkSpec(s); err != nil {
			problems = append(problems, fmt.Errorf("model %d (%q): %w", i+1, s.Name, err))
		}
		if seen[s.Name] {
			problems = append(problems, fmt.Errorf("model %q is listed twice", s.Name))
		}
		seen[s.Name] = true
	}
	for _, role := range slices.Sorted(maps.Keys(m.Roles)) {
		names := m.Roles[role]
		switch {
		case roleTasks[role] == "":
			problems = append(problems, fmt.Errorf("role %q is not known", role))
		case len(names) == 0:
			problems = append(problems, fmt.Errorf("role %q names no model", role))
		case len(names) > 1 && role != RoleLiveness:
			problems = append(problems, fmt.Errorf("role %q takes one model, not %d", role, len(names)))
		}
	}
	return m, errors.Join(problems...)
}

// merge lays an operator's manifest over the built-in one: models and roles
// of the same name replace, others are added.
func (m Manifest) merge(over Manifest) (Manifest, error) {
	out := Manifest{Roles: maps.Clone(m.Roles), Models: slices.Clone(m.Models)}
	for _, s := range over.Models {
		if i := slices.IndexFunc(out.Models, func(o nn.Spec) bool { return o.Name == s.Name }); i >= 0 {
			out.Models[i] = s
		} else {
			out.Models = append(out.Models, s)
		}
	}
	maps.Copy(out.Roles, over.Roles)
	return out, out.checkRoles()
}

// checkRoles makes sure that every role is held by models that can do it.
func (m Manifest) checkRoles() error {
	for role, task := range roleTasks {
		if len(m.Roles[role]) == 0 {
			return fmt.Errorf("role %q names no model", role)
		}
		for _, name := range m.Roles[role] {
			i := slices.IndexFunc(m.Models, func(s nn.Spec) bool { return s.Name == name })
			if i < 0 {
				return fmt.Errorf("role %q names model %q, which the manifest does not list", role, name)
			}
			if got := m.Models[i].Task; got != task {
				return fmt.Errorf("role %q needs a model for %s, but %q is for %s", role, task, name, got)
			}
		}
	}
	return nil
}

// checkSpec holds what must be true of every entry so that the code using it
// never has to ask.
func checkSpec(s nn.Spec) error {
	var problems []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	bad(namePattern.MatchString(s.Name), "name must be 1-64 of a-z, 0-9, _, . and -")
	bad(slices.Contains(taskDecodings[s.Task], s.Decoding), "decoding %q does not fit task %q", s.Decoding, s.Task)
	bad(s.Version != "", "version is missing")
	bad(plainFile(s.File), "file must be a plain file name")
	bad(s.Bytes > 0 && s.Bytes <= maxModelBytes, "bytes must be 1..%d", maxModelBytes)
	bad(sha256Pattern.MatchString(s.SHA256), "sha256 must be 64 lower-case hex digits")
	bad(s.Licence.ID != "", `licence.id is missing (write "unknown" if it is)`)
	bad(slices.Contains([]string{"yes", "no", "unknown"}, s.Licence.Commercial), "licence.commercial must be yes, no or unknown")
	for _, u := range slices.Concat(s.URLs, s.DictionaryURLs) {
		bad(webAddress(u), "address %q must be http or https", u)
	}

	in := s.Input
	bad(in.Name != "", "input.name is missing")
	bad(in.Colour == nn.RGB || in.Colour == nn.BGR, "input.colour must be RGB or BGR")
	bad(in.Width >= 0 && in.Width <= 4096 && in.Height >= 0 && in.Height <= 4096, "input sides must be 0..4096")
	bad(in.Multiple >= 0 && in.Multiple <= 256, "input.multiple must be 0..256")
	bad(in.Stretch == 0 || in.Stretch >= 0.5 && in.Stretch <= 4, "input.stretch must be 0.5..4")
	bad(in.LongSide >= 0 && in.LongSide <= 4096, "input.long_side must be 0..4096")
	bad(in.Scale > 0, "input.scale must be above 0")
	for _, std := range in.Std {
		bad(std > 0, "input.std must be above 0")
	}
	bad(in.Crop >= 0 && in.Crop <= 16, "input.crop must be 0..16")

	switch s.Task {
	case nn.TaskTextRecognition:
		bad(in.Height > 0, "a text recogniser needs input.height")
		bad(plainFile(s.Dictionary), "dictionary must be a plain file name")
		bad(sha256Pattern.MatchString(s.DictionarySHA256), "dictionary_sha256 must be 64 lower-case hex digits")
		bad(s.Dictionary != s.File, "dictionary and file must differ")
	case nn.TaskTextDetection:
		bad(in.LongSide > 0 && in.Multiple > 0, "a text detector needs input.long_side and input.multiple")
	case nn.TaskFaceDetection, nn.TaskLiveness:
		bad(in.Width > 0 && in.Height > 0, "input.width and input.height are missing")
	case nn.TaskFaceEmbedding:
		bad(in.Width > 0 && in.Height > 0, "input.width and input.height are missing")
		bad(len(in.Landmarks) == 5, "a face embedder needs five input.landmarks")
	}
	if s.Task == nn.TaskLiveness {
		bad(in.Crop > 0, "a liveness model needs input.crop")
	}
	bad(s.Output != "" || s.Decoding == nn.DecodeYuNet, "output is missing")
	for _, name := range requiredThresholds[s.Task] {
		_, ok := s.Thresholds[name]
		bad(ok, "threshold %q is missing", name)
	}
	for name, v := range s.Thresholds {
		bad(!math.IsNaN(v) && math.Abs(v) <= 100, "threshold %q is out of range", name)
	}
	return errors.Join(problems...)
}

// requiredThresholds are the operating points that code reads for a task.
var requiredThresholds = map[nn.Task][]string{
	nn.TaskTextDetection: {"binarise", "box", "unclip"},
	nn.TaskFaceDetection: {"score", "primary_score", "nms_iou", "orientation"},
	nn.TaskFaceEmbedding: {"match", "review"},
	nn.TaskLiveness:      {"pass", "review"},
}

// plainFile reports whether s names a file directly in a folder. "manifest.json"
// and partial downloads keep their names to themselves.
func plainFile(s string) bool {
	return s != "" && len(s) <= 128 && s == filepath.Base(s) && filepath.IsLocal(s) && s[0] != '.' &&
		s != manifestName && filepath.Ext(s) != partialSuffix
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
