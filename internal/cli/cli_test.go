package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"anycheck/internal/onnx/onnxtest"
	"anycheck/internal/specimen"
)

// run executes a command on a data folder of the test's own.
func run(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = Run(t.Context(), append([]string{"--data-dir", dir}, args...), &out, &errOut)
	return code, out.String(), errOut.String()
}

// must runs a command with --json that has to succeed.
func must[T any](t *testing.T, dir string, args ...string) (v T) {
	t.Helper()
	code, out, errOut := run(t, dir, append([]string{"--json"}, args...)...)
	if code != 0 {
		t.Fatalf("%v exits with %d: %s", args, code, errOut)
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v: %v in %s", args, err, out)
	}
	return v
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	g := must[struct{ ID string }](t, dir, "group", "add", "Retail", "--organization", "Bank", "--credits", "50")
	must[any](t, dir, "group", "credit", g.ID, "25")
	groups := must[[]struct {
		Name, Organization string
		Credits            int64
	}](t, dir, "group", "list")
	if len(groups) != 1 || groups[0].Name != "Retail" || groups[0].Organization != "Bank" || groups[0].Credits != 75 {
		t.Errorf("groups %+v", groups)
	}
	u := must[struct{ Password string }](t, dir, "user", "add", "ana@example.com", "--group", "Retail", "--role", "organization-owner")
	if len(u.Password) < 10 {
		t.Errorf("no password was made: %+v", u)
	}
	key := must[struct{ Key, Prefix string }](t, dir, "key", "add", "shop", "--user", "ana@example.com", "--scopes", "verifications:read", "--expires", "90d")
	must[any](t, dir, "key", "revoke", key.Prefix)
	if test := must[struct{ Key, Mode string }](t, dir, "key", "add", "staging", "--user", "ana@example.com", "--mode", "test"); !strings.HasPrefix(test.Key, "ack_test_") || test.Mode != "test" {
		t.Errorf("test key %+v", test)
	}
	if code, _, errOut := run(t, dir, "key", "add", "staging", "--user", "ana@example.com", "--mode", "sandbox"); code != 2 {
		t.Errorf("an unknown mode: %d %s", code, errOut)
	}
	if groups := must[[]any](t, dir, "group", "list"); len(groups) != 1 {
		t.Errorf("the sandbox is listed: %v", groups)
	}
	if keys := must[[]struct{ Mode string }](t, dir, "key", "list"); len(keys) != 2 || keys[0].Mode != "test" || keys[1].Mode != "live" {
		t.Errorf("keys %+v", keys)
	}
	code, out, _ := run(t, dir, "key", "list")
	if code != 0 || !strings.Contains(out, key.Prefix) || !strings.Contains(out, "revoked") || strings.Contains(out, key.Key) {
		t.Errorf("key list: %d\n%s", code, out)
	}
	must[any](t, dir, "user", "disable", "ana@example.com")
	if _, out, _ := run(t, dir, "user", "list"); !strings.Contains(out, "disabled") {
		t.Errorf("user list:\n%s", out)
	}
	must[any](t, dir, "service", "disable", "KTP_VERIFICATION")
	if _, out, _ := run(t, dir, "service", "list"); !strings.Contains(out, "off") {
		t.Errorf("service list:\n%s", out)
	}
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	picture := write(t, dir, "text.jpg", []byte("no picture"))
	tests := []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", []string{"--help"}, 0, ""},
		{"an unknown command", []string{"dance"}, 2, "dance"},
		{"a setting that is wrong", []string{"--addr", "nowhere", "version"}, 2, "ANYCHECK_ADDR"},
		{"a number below none", []string{"group", "credit", "Retail", "-5"}, 2, "anycheck: -5: a number cannot be negative here.\n"},
		{"master keys that are none", []string{"--master-keys", "junk", "user", "list"}, 2, "anycheck: ANYCHECK_MASTER_KEYS: is no Tink keyset of AES256-GCM keys in JSON\n"},
		{"master keys of another kind", []string{"--master-keys", `{"primaryKeyId":1,"key":[{"keyData":{"typeUrl":"type.googleapis.com/google.crypto.tink.HmacKey","value":"AAAA","keyMaterialType":"SYMMETRIC"},"status":"ENABLED","keyId":1,"outputPrefixType":"TINK"}]}`,
			"user", "list"}, 2, "ANYCHECK_MASTER_KEYS: "},
		{"an unknown user", []string{"user", "disable", "nobody@example.com"}, 4, ""},
		{"an unknown group", []string{"user", "add", "a@example.com", "--group", "nobody"}, 4, "group"},
		{"an unknown role", []string{"user", "add", "a@example.com", "--role", "king"}, 2, "role"},
		{"a text for a picture", []string{"verify", "--ktp", picture}, 2, "picture"},
		{"a file that is not there", []string{"verify", "--ktp", picture + ".gone"}, 2, ""},
		{"no server", []string{"demo", "--url", "http://127.0.0.1:1"}, 7, "127.0.0.1:1"},
		{"a list's name that is none", []string{"lists", "import", "--name", "a b", write(t, dir, "own.csv", []byte("id,name\nA,Wirandaka\n"))}, 2, "name of a list"},
		{"a broken list", []string{"lists", "import", picture}, 2, "text.jpg"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := run(t, dir, tt.args...)
			if code != tt.code || !strings.Contains(errOut, tt.says) {
				t.Errorf("exits with %d\n%s%s", code, out, errOut)
			}
		})
	}
}

func TestHelpShowsExamples(t *testing.T) {
	_, out, _ := run(t, t.TempDir(), "--help")
	for _, want := range []string{"Examples:", "anycheck serve", "Exit codes", "ANYCHECK_DATA_DIR"} {
		if !strings.Contains(out, want) {
			t.Errorf("--help lacks %q", want)
		}
	}
}

var (
	words  = regexp.MustCompile(`"[^"]*"|\S+`)
	beyond = regexp.MustCompile(` +[#>|].*`) // of an example: what the shell does
)

// Every command shows examples of itself, and each can be typed as it stands.
func TestCommandsShowExamples(t *testing.T) {
	t.Chdir(t.TempDir()) // no file that an example names is there
	parser, err := kong.New(&root{})
	if err != nil {
		t.Fatal(err)
	}
	showExamples(parser)
	leaves := map[string]bool{}
	for _, leaf := range parser.Model.Leaves(false) {
		name := commandName(leaf)
		leaves[name] = true
		_, text, _ := strings.Cut(leaf.Detail, "Examples:\n")
		if text == "" || strings.Count(leaf.Detail, "Examples:") != 1 {
			t.Errorf("%s --help: %q", name, leaf.Detail)
			continue
		}
		for line := range strings.Lines(text) {
			_, command, _ := strings.Cut(beyond.ReplaceAllString(strings.TrimSpace(line), ""), "anycheck ")
			var args []string
			for _, word := range words.FindAllString(command, -1) {
				args = append(args, strings.Trim(word, `"`))
			}
			parser, err := kong.New(&root{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(args); !strings.HasPrefix(command, name) || err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %q: %v", name, line, err)
			}
		}
	}
	for name := range examples {
		if !leaves[name] {
			t.Errorf("%q is no command", name)
		}
	}
}

func TestModelsList(t *testing.T) {
	models := must[[]struct{ Name, State string }](t, t.TempDir(), "models", "list")
	for _, m := range models {
		if m.Name == "ktp_ctc_v2" && m.State == "embedded" {
			return
		}
	}
	t.Errorf("the card reader is not embedded: %+v", models)
}

// A drawn card, read by the commands that need no download.
func TestVerifyAndBench(t *testing.T) {
	dir := t.TempDir()
	person := specimen.People(1, 3)[0]
	photo, err := specimen.Photograph(specimen.Card(person, nil), specimen.Easy, 3).Picture.EncodeJPEG(90)
	if err != nil {
		t.Fatal(err)
	}
	card := write(t, dir, "card.jpg", photo)
	csv := write(t, dir, "invented.csv", []byte("id,name,aliases,birth_date,gender,country,positions,source\nX-1,"+person.Name+",,"+person.Output()["birth_date"]+",,id,Minister,test\n"))
	must[any](t, dir, "lists", "import", csv)

	v := must[struct {
		Status       string
		OutputStatus string `json:"output_status"`
		Output       struct {
			KTP map[string]string
			PEP struct {
				IsPEP bool `json:"is_pep"`
			}
		}
	}](t, dir, "verify", "--ktp", card, "--pep")
	if v.Status != "COMPLETED" || v.Output.KTP["nik"] != person.NIK || v.Output.KTP["name"] != person.Name || !v.Output.PEP.IsPEP || v.OutputStatus != "PARTIALLY_NOT_VERIFIED" {
		t.Errorf("verify: %+v", v)
	}
	code, out, _ := run(t, dir, "verify", "--ktp", card)
	if code != 0 || !strings.Contains(out, person.Name) || !strings.Contains(out, "VERIFIED") {
		t.Errorf("verify for people: %d\n%s", code, out)
	}

	truth, err := json.Marshal(map[string]any{"cards": []any{map[string]any{"file": "card.jpg", "level": 1, "expected": person.Output()}}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "truth.json", truth)
	line := must[struct {
		File       string
		Fields     map[string]string
		Confidence map[string]float64
		MS         float64
	}](t, dir, "bench", "ktp", dir)
	if line.File != "card.jpg" || line.Fields["nik"] != person.NIK || line.Confidence["nik"] < 0.5 || line.MS <= 0 {
		t.Errorf("bench ktp: %+v", line)
	}
	queries := write(t, dir, "queries.csv", []byte("qid,set,category,name,birth_date,gender,birth_place,expected,note\nq1,id_pep,plain,"+person.Name+","+person.Output()["birth_date"]+",,,X-1,\nq2,neg_id,none,SOMEBODY UNRELATED,1950-01-01,,,,\n"))
	code, out, errOut := run(t, dir, "--json", "bench", "screening", queries)
	if code != 0 || !strings.HasPrefix(out, `{"qid":"q1","hits":[{"id":"X-1","score":`) || strings.Count(out, "\n") != 2 {
		t.Errorf("bench screening: %d\n%s%s", code, out, errOut)
	}
}

func TestBenchFaces(t *testing.T) {
	r := onnxtest.Open(t)
	for _, name := range []string{"yunet_n_640", "mobilefacenet_128"} {
		onnxtest.Model(t, r, name)
	}
	t.Setenv("ANYCHECK_MODELS_DIR", onnxtest.ModelsDir(t))
	dir := t.TempDir()
	a, err := specimen.Face(0, specimen.Variation{}).EncodeJPEG(90)
	if err != nil {
		t.Fatal(err)
	}
	b, err := specimen.Face(0, specimen.Variation{Yaw: 6, Light: 20}).EncodeJPEG(90)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "a.jpg", a)
	write(t, dir, "b.jpg", b)
	pairs := write(t, dir, "pairs.csv", []byte("a,b,same\na.jpg,b.jpg,1\n"))
	line := must[struct {
		A, B, Outcome string
		Score         *float64
	}](t, dir, "bench", "faces", pairs)
	if line.A != "a.jpg" || line.B != "b.jpg" || line.Outcome != "MATCH" || line.Score == nil || *line.Score < 90 {
		t.Errorf("bench faces: %+v", line)
	}
	wrong := write(t, dir, "wrong.csv", []byte("left,right\na.jpg,b.jpg\n"))
	if code, _, errOut := run(t, dir, "bench", "faces", wrong); code != 2 || !strings.Contains(errOut, "a,b,same") {
		t.Errorf("a CSV without its columns: %d %s", code, errOut)
	}
}
