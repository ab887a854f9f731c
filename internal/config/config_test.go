package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/configuration.md")

func valid() Config {
	return Config{Addr: "127.0.0.1:0", DataDir: "data", MaxUploadFiles: 1, MaxFileMiB: 1, MaxPages: 1, MaxMegapixels: 1}
}

func TestValidate(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Fatalf("a valid configuration: %v", err)
	}
	tests := map[string]func(*Config){
		"ANYCHECK_ADDR":            func(c *Config) { c.Addr = "8080" },
		"ANYCHECK_PUBLIC_URL":      func(c *Config) { c.PublicURL = "anycheck.example" },
		"ANYCHECK_DATA_DIR":        func(c *Config) { c.DataDir = "" },
		"ANYCHECK_DATABASE_URL":    func(c *Config) { c.DatabaseURL = "mysql://x" },
		"ANYCHECK_OUTBOUND_ALLOW":  func(c *Config) { c.OutboundAllow = []string{"10.0.0.1"} },
		"ANYCHECK_TRUSTED_PROXIES": func(c *Config) { c.TrustedProxies = []string{"proxy.example"} },
		"ANYCHECK_OIDC_ISSUER":     func(c *Config) { c.OIDCIssuer = "http://login.example" },
		"ANYCHECK_OIDC_CLIENT_ID":  func(c *Config) { c.OIDCIssuer, c.OIDCClientID = "http://127.0.0.1:1", "" },
		"ANYCHECK_OIDC_EMAIL_DOMAINS": func(c *Config) {
			c.OIDCIssuer, c.OIDCEmailDomains = "https://x", []string{"a@b"}
		},
		"ANYCHECK_LIST_SOURCES":    func(c *Config) { c.ListSources = []string{"ofac", "own=http://lists.example"} },
		"ANYCHECK_SECRET_KEY":      func(c *Config) { c.SecretKey = "short" },
		"ANYCHECK_MAX_PAGES":       func(c *Config) { c.MaxPages = 0 },
		"ANYCHECK_FACE_MATCH":      func(c *Config) { c.FaceMatch = 1.2 },
		"ANYCHECK_LIVENESS_REVIEW": func(c *Config) { c.LivenessReview = 1.5 },
		"ANYCHECK_LIVENESS_PASS":   func(c *Config) { c.LivenessPass = -0.1 },
		"ANYCHECK_WORKERS":         func(c *Config) { c.Workers = -2 },
	}
	all := valid()
	for name, spoil := range tests {
		c := valid()
		spoil(&c)
		spoil(&all)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := all.Validate()
	for name := range tests {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("all problems together do not name %s:\n%v", name, err)
		}
	}
}

func TestReviewLiesBelowMatch(t *testing.T) {
	c := valid()
	c.FaceMatch, c.FaceReview = 0.4, 0.5
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "ANYCHECK_FACE_REVIEW") {
		t.Errorf("review above match: %v", err)
	}
	c.FaceReview = 0.4
	if err := c.Validate(); err != nil {
		t.Errorf("review at match: %v", err)
	}
}

func TestSecretsNeverShown(t *testing.T) {
	c := valid()
	c.AdminPassword, c.SecretKey, c.DatabaseURL = "hunter2", strings.Repeat("k", 32), "postgres://u:p@h/d"
	dump := fmt.Sprint(c.Redacted())
	for _, secret := range []string{c.AdminPassword, c.SecretKey, c.DatabaseURL} {
		if strings.Contains(dump, secret) {
			t.Errorf("the dump shows a secret: %s", dump)
		}
	}
	if c.Redacted()["ANYCHECK_ADDR"] != c.Addr {
		t.Error("the dump lacks what is no secret")
	}
}

func TestReadSecretFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"ANYCHECK_ADMIN_PASSWORD_FILE": file, "ANYCHECK_SECRET_KEY_FILE": file, "ANYCHECK_ADDR_FILE": file}
	c := Config{SecretKey: "set already"}
	if err := c.ReadSecretFiles(func(k string) string { return env[k] }); err != nil {
		t.Fatal(err)
	}
	if c.AdminPassword != "from a file" || c.SecretKey != "set already" || c.Addr != "" {
		t.Errorf("got %+v", c.Redacted())
	}
	env["ANYCHECK_ADMIN_PASSWORD_FILE"] = file + ".gone"
	if err := new(Config).ReadSecretFiles(func(k string) string { return env[k] }); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestKeys(t *testing.T) {
	c := valid()
	c.DataDir = t.TempDir()
	first, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Keys()
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the kept secret changed: %v", err)
	}
	if reflect.DeepEqual(first.Tokens, first.Links) {
		t.Error("one key for two uses")
	}
	if info, err := os.Stat(filepath.Join(c.DataDir, "secret.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret.key: %v, %v", info.Mode(), err)
	}
	c.SecretKey = strings.Repeat("x", 32)
	if other, _ := c.Keys(); reflect.DeepEqual(first, other) {
		t.Error("the configured secret is not used")
	}
}

// docs/configuration.md is generated from the struct: go test ./internal/config -update
func TestDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Configuration\n\nEvery setting has a default; none is needed to start. Each can be an environment variable or a flag of the same name\n" +
		"(`ANYCHECK_DATA_DIR` is `--data-dir`). A secret can also come from a file: `ANYCHECK_ADMIN_PASSWORD_FILE=/run/secrets/admin`.\n\n" +
		"| variable | default | meaning |\n| --- | --- | --- |\n")
	typ := reflect.TypeFor[Config]()
	for i := range typ.NumField() {
		tag := typ.Field(i).Tag
		secret := ""
		if _, ok := tag.Lookup("secret"); ok {
			secret = " (secret)"
		}
		def := tag.Get("default")
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", tag.Get("env"), secret, def, tag.Get("help"))
	}
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != b.String() {
		t.Errorf("docs/configuration.md is not what the code says; run go test ./internal/config -update (%v)", err)
	}
}
