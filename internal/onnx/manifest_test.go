package onnx

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/nn"
)

func TestBuiltinManifest(t *testing.T) {
	m, err := NewModels(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(m.List()); got != 8 {
		t.Errorf("%d models, want 8", got)
	}
	for _, s := range m.List() {
		card := slices.Contains(m.Role(RoleCardReader), s.Spec.Name)
		want := StateMissing
		if card {
			want = StateEmbedded // matches its sha256, or it would not be found
		} else if len(s.Spec.URLs) == 0 {
			t.Errorf("%s is neither embedded nor to be had from anywhere", s.Spec.Name)
		}
		if s.State != want {
			t.Errorf("%s is %s, want %s", s.Spec.Name, s.State, want)
		}
		if s.Spec.Dictionary != "" && !card && len(s.Spec.DictionaryURLs) == 0 {
			t.Errorf("%s: its dictionary is not to be had from anywhere", s.Spec.Name)
		}
		if s.Spec.Licence.Note == "" || s.Spec.Notes == "" {
			t.Errorf("%s lacks a licence note or notes", s.Spec.Name)
		}
	}
	// The embedder's landmarks are ArcFace's: a template with left and right
	// swapped would still validate.
	e, _ := m.Spec(m.Role(RoleFaceEmbedder)[0])
	if lm := e.Input.Landmarks; lm[0][0] >= lm[1][0] || lm[0][1] >= lm[2][1] || lm[3][0] >= lm[4][0] {
		t.Errorf("landmarks %v are not left eye, right eye, nose, left and right mouth corner", lm)
	}
}

// entry is a valid manifest entry for a text recogniser.
func entry(name string) nn.Spec {
	return nn.Spec{
		Name: name, Task: nn.TaskTextRecognition, Version: "1", File: name + ".onnx", Bytes: 5,
		SHA256:  hexSum([]byte("model")),
		Licence: nn.Licence{ID: "MIT", Commercial: "yes"},
		Input:   nn.Input{Name: "x", Height: 48, Colour: nn.BGR, Scale: 255, Mean: [3]float64{.5, .5, .5}, Std: [3]float64{.5, .5, .5}},
		Output:  "y", Decoding: nn.DecodeCTC, Dictionary: name + ".txt", DictionarySHA256: hexSum([]byte("a\n \n")),
	}
}

func writeManifest(t *testing.T, dir string, m Manifest) {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifestName), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOperatorManifest(t *testing.T) {
	dir := t.TempDir()
	over := entry("ktp_ctc_v2")
	writeManifest(t, dir, Manifest{
		Roles:  map[Role][]string{RoleCardReader: {"my_reader"}},
		Models: []nn.Spec{over, entry("my_reader")},
	})
	for name, data := range map[string]string{"my_reader.onnx": "model", "my_reader.txt": "a\n \n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := NewModels(Options{ModelsDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Role(RoleCardReader); !slices.Equal(got, []string{"my_reader"}) {
		t.Errorf("card reader = %v", got)
	}
	if got := m.Role(RoleFaceDetector); !slices.Equal(got, []string{"yunet_n_640"}) {
		t.Errorf("face detector = %v, want the built-in one", got)
	}
	if got, _ := m.Spec("ktp_ctc_v2"); got.Input.Height != 48 {
		t.Error("the built-in entry was not replaced")
	}
	for _, s := range m.List() {
		want := map[string]State{"my_reader": StatePresent, "yunet_n_640": StateMissing}[s.Spec.Name]
		if want != "" && s.State != want {
			t.Errorf("%s is %s, want %s", s.Spec.Name, s.State, want)
		}
		if s.Spec.Name == "ktp_ctc_v2" && s.State == StateEmbedded {
			t.Error("the embedded file serves an entry with another sha256")
		}
	}
	spec, _ := m.Spec("my_reader")
	if got, err := m.classes(spec); err != nil || !slices.Equal(got, []string{"a", " "}) {
		t.Errorf("classes = %q, %v; entries must not be trimmed", got, err)
	}
	spec.AppendSpace = true
	if got, _ := m.classes(spec); !slices.Equal(got, []string{"a", " ", " "}) {
		t.Errorf("classes with the space appended = %q", got)
	}
}

func TestManifestMistakes(t *testing.T) {
	change := func(f func(*nn.Spec)) Manifest {
		s := entry("m")
		f(&s)
		return Manifest{Models: []nn.Spec{s}}
	}
	tests := map[string]struct {
		manifest Manifest
		want     string // part of the message
	}{
		"no sha256":           {change(func(s *nn.Spec) { s.SHA256 = "" }), "sha256"},
		"upper-case sha256":   {change(func(s *nn.Spec) { s.SHA256 = strings.Repeat("A", 64) }), "sha256"},
		"path as file":        {change(func(s *nn.Spec) { s.File = "../../etc/passwd" }), "plain file name"},
		"hidden file":         {change(func(s *nn.Spec) { s.File = ".x" }), "plain file name"},
		"the manifest itself": {change(func(s *nn.Spec) { s.File = "manifest.json" }), "plain file name"},
		"a partial download":  {change(func(s *nn.Spec) { s.File = "x.partial" }), "plain file name"},
		"no size":             {change(func(s *nn.Spec) { s.Bytes = 0 }), "bytes"},
		"huge":                {change(func(s *nn.Spec) { s.Bytes = 1 << 40 }), "bytes"},
		"file address":        {change(func(s *nn.Spec) { s.URLs = []string{"file:///etc/passwd"} }), "http"},
		"task and decoding":   {change(func(s *nn.Spec) { s.Decoding = nn.DecodeYuNet }), "does not fit"},
		"unknown task":        {change(func(s *nn.Spec) { s.Task = "poetry" }), "does not fit"},
		"no licence":          {change(func(s *nn.Spec) { s.Licence.ID = "" }), "licence"},
		"zero std":            {change(func(s *nn.Spec) { s.Input.Std[1] = 0 }), "std"},
		"zero scale":          {change(func(s *nn.Spec) { s.Input.Scale = 0 }), "scale"},
		"a line too wide":     {change(func(s *nn.Spec) { s.Input.Stretch = 5 }), "stretch"},
		"no dictionary":       {change(func(s *nn.Spec) { s.Dictionary = "" }), "dictionary"},
		"one file for both":   {change(func(s *nn.Spec) { s.Dictionary = s.File }), "must differ"},
		"name":                {change(func(s *nn.Spec) { s.Name = "A B" }), "name"},
		"twice":               {Manifest{Models: []nn.Spec{entry("m"), entry("m")}}, "twice"},
		"unknown role":        {Manifest{Roles: map[Role][]string{"boss": {"m"}}}, "not known"},
		"empty role":          {Manifest{Roles: map[Role][]string{RoleLiveness: {}}}, "names no model"},
		"two for one job":     {Manifest{Roles: map[Role][]string{RoleCardReader: {"ktp_ctc_v2", "en_number_mobile_v2"}}}, "takes one"},
		"role without model":  {Manifest{Roles: map[Role][]string{RoleCardReader: {"nobody"}}}, "does not list"},
		"role of other task":  {Manifest{Roles: map[Role][]string{RoleFaceDetector: {"ktp_ctc_v2"}}}, "needs a model for face_detection"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeManifest(t, dir, tt.manifest)
			_, err := NewModels(Options{ModelsDir: dir})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.From(err).Message, tt.want) {
				t.Errorf("error = %v, want Invalid with %q", err, tt.want)
			}
		})
	}
	for name, text := range map[string]string{
		"unknown key": `{"modles": []}`,
		"second text": `{} {}`,
		"not JSON":    `models:`,
		"too large":   `{"models": [` + strings.Repeat(" ", maxManifestBytes) + `]}`,
	} {
		if _, err := ParseManifest(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add(builtinManifest)
	f.Add([]byte(`{"roles":{"liveness":["a"]},"models":[{"name":"a","input":{"std":[1e-400,1,1]}}]}`))
	f.Add([]byte(`{"models":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, s := range m.Models {
			if path := filepath.Join("/models", s.File); filepath.Dir(path) != "/models" {
				t.Errorf("file %q leaves its folder", s.File)
			}
			if s.Bytes <= 0 || s.Bytes > maxModelBytes || len(s.SHA256) != 64 {
				t.Errorf("accepted %+v", s)
			}
			for _, std := range s.Input.Std {
				if !(std > 0) || !(s.Input.Scale > 0) {
					t.Errorf("accepted a division by %v or %v", std, s.Input.Scale)
				}
			}
		}
	})
}
