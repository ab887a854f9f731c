// Package config is the one place that knows the program's settings: what
// they are called, what they default to, and what makes them valid.
//
// It must not open, connect or create anything but the signing key's file.
package config

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Config holds every setting. The tags are read by the command line (flag,
// env, default) and by the generated docs/configuration.md.
type Config struct {
	Addr           string   `env:"ANYCHECK_ADDR" default:"127.0.0.1:8080" help:"Address the API listens on. Port 0 takes a free one."`
	PublicURL      string   `name:"public-url" env:"ANYCHECK_PUBLIC_URL" help:"Address under which clients reach the API, for the links it gives out. Default: what the request was sent to."`
	DataDir        string   `env:"ANYCHECK_DATA_DIR" default:"data" type:"path" help:"Folder for the database, files, models and keys."`
	DatabaseURL    string   `name:"database-url" env:"ANYCHECK_DATABASE_URL" secret:"" help:"PostgreSQL address (postgres://…). Default: SQLite in the data folder. Nodes that share a database must share the data folder's blobs too."`
	ModelsDir      string   `env:"ANYCHECK_MODELS_DIR" type:"path" help:"Folder with model files, read before anything is downloaded."`
	ONNXRuntimeLib string   `name:"onnxruntime-lib" env:"ANYCHECK_ONNXRUNTIME_LIB" type:"path" help:"ONNX Runtime library to use. Default: an installed one, else the one in the binary."`
	OutboundAllow  []string `env:"ANYCHECK_OUTBOUND_ALLOW" placeholder:"CIDR" help:"Networks that webhooks may reach besides public ones, comma-separated CIDRs."`
	TrustedProxies []string `env:"ANYCHECK_TRUSTED_PROXIES" placeholder:"CIDR" help:"Networks of the proxies in front, comma-separated CIDRs: their X-Forwarded-For says who is calling. Default: whoever connects."`
	ListSources    []string `env:"ANYCHECK_LIST_SOURCES" placeholder:"NAME" help:"Watch lists to download, comma-separated: names of built-in sources (anycheck lists sources) or name=https://…. The server asks each once a day, anycheck lists update at once. Default: none, nothing is downloaded."`
	AdminEmail     string   `env:"ANYCHECK_ADMIN_EMAIL" default:"admin@anycheck.local" help:"E-mail address of the first administrator."`
	AdminPassword  string   `env:"ANYCHECK_ADMIN_PASSWORD" secret:"" help:"Password of the first administrator. Default: a random one, printed once."`
	InitialCredits int64    `env:"ANYCHECK_INITIAL_CREDITS" default:"10000" help:"Credits the first group starts with."`
	SecretKey      string   `env:"ANYCHECK_SECRET_KEY" secret:"" help:"Secret that signs tokens, file links and the audit log, 32 characters or more; the same on every node. Default: made once, kept in the data folder."`
	MasterKeys     string   `env:"ANYCHECK_MASTER_KEYS" secret:"" help:"Tink keyset in JSON (AES256-GCM) under which personal data are encrypted; the same on every node. Without it they cannot be read again. Default: made once, kept in the data folder (anycheck master-key)."`
	Workers        int      `env:"ANYCHECK_WORKERS" default:"0" help:"Verifications worked on at once. 0: one per core; -1: none, a node that serves the API only."`
	MaxUploadFiles int      `env:"ANYCHECK_MAX_UPLOAD_FILES" default:"10" help:"Files in one upload."`
	MaxFileMiB     int      `name:"max-file-mib" env:"ANYCHECK_MAX_FILE_MIB" default:"20" help:"Size of one file, in MiB."`
	MaxPages       int      `env:"ANYCHECK_MAX_PAGES" default:"50" help:"Pages of one file."`
	MaxMegapixels  int      `env:"ANYCHECK_MAX_MEGAPIXELS" default:"50" help:"Size of one picture or page, in megapixels."`
	FaceMatch      float64  `env:"ANYCHECK_FACE_MATCH" default:"0" help:"Similarity from which faces match. 0: the model's own (0.40, FAR 0.1-0.3 %)."`
	FaceReview     float64  `env:"ANYCHECK_FACE_REVIEW" default:"0" help:"Similarity from which faces go to review instead of no match. 0: the model's own (0.30, FAR 2-3 %)."`
	LivenessPass   float64  `env:"ANYCHECK_LIVENESS_PASS" default:"0" help:"Liveness score from which a selfie passes. 0: the model's own (0.60)."`
	LivenessReview float64  `env:"ANYCHECK_LIVENESS_REVIEW" default:"0" help:"Liveness score from which a selfie is doubtful instead of rejected. 0: the model's own (0.40)."`
	RatePerKey     int64    `env:"ANYCHECK_RATE_PER_KEY" default:"30000" help:"Calls a minute of one API key or signed-in person, on each node. 0: any number. A key can be given its own number."`
	RatePerGroup   int64    `env:"ANYCHECK_RATE_PER_GROUP" default:"60000" help:"Calls a minute of one group, on each node. 0: any number. A group can be given its own number."`
	RatePerAddress int64    `env:"ANYCHECK_RATE_PER_ADDRESS" default:"6000" help:"Calls a minute of one network address that do not prove who is calling: sign-ins, file links, wrong credentials. 0: any number. Behind a proxy, set ANYCHECK_TRUSTED_PROXIES."`
	LogLevel       string   `env:"ANYCHECK_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"What is logged: debug, info, warn or error."`

	OIDCIssuer       string   `name:"oidc-issuer" env:"ANYCHECK_OIDC_ISSUER" help:"OpenID Connect provider for single sign-on, e.g. https://login.microsoftonline.com/<tenant id>/v2.0. Default: none. Needs ANYCHECK_PUBLIC_URL."`
	OIDCClientID     string   `name:"oidc-client-id" env:"ANYCHECK_OIDC_CLIENT_ID" help:"This installation's client id at the provider."`
	OIDCClientSecret string   `name:"oidc-client-secret" env:"ANYCHECK_OIDC_CLIENT_SECRET" secret:"" help:"Its client secret."`
	OIDCScopes       []string `name:"oidc-scopes" env:"ANYCHECK_OIDC_SCOPES" default:"openid,email,profile" help:"What is asked of the provider, comma-separated."`
	OIDCEmailDomains []string `name:"oidc-email-domains" env:"ANYCHECK_OIDC_EMAIL_DOMAINS" placeholder:"DOMAIN" help:"Domains whose e-mail addresses the provider is trusted with, comma-separated; addresses of others then find no account. Entra ID needs it. Default: only addresses that the provider says it has verified."`
}

// Networks are the parsed OutboundAllow.
func (c Config) Networks() ([]netip.Prefix, error) {
	return networks("ANYCHECK_OUTBOUND_ALLOW", c.OutboundAllow)
}

// Proxies are the parsed TrustedProxies.
func (c Config) Proxies() ([]netip.Prefix, error) {
	return networks("ANYCHECK_TRUSTED_PROXIES", c.TrustedProxies)
}

func networks(name string, texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, s := range texts {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a network like 10.0.0.0/8", name, s)
		}
		list = append(list, p)
	}
	return list, nil
}

// checkOIDC reports what is wrong with the provider's settings.
func (c Config) checkOIDC(wrong func(format string, args ...any)) {
	if c.OIDCIssuer == "" {
		return
	}
	u, err := url.Parse(c.OIDCIssuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		wrong("ANYCHECK_OIDC_ISSUER: %q is not an https address", c.OIDCIssuer)
	}
	if c.OIDCClientID == "" {
		wrong("ANYCHECK_OIDC_CLIENT_ID: is needed with ANYCHECK_OIDC_ISSUER")
	}
	if c.PublicURL == "" {
		wrong("ANYCHECK_PUBLIC_URL: is needed with ANYCHECK_OIDC_ISSUER: the provider sends people back to it")
	}
	for _, d := range c.OIDCEmailDomains {
		if d = strings.TrimSpace(d); d == "" || strings.ContainsAny(d, "@ ") {
			wrong("ANYCHECK_OIDC_EMAIL_DOMAINS: %q is not a domain like bank.example", d)
		}
	}
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// ReadSecretFiles fills each empty secret setting from the file that
// <name>_FILE names, as container platforms hand them over.
func (c *Config) ReadSecretFiles(getenv func(string) string) error {
	var errs []error
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if _, ok := f.Tag.Lookup("secret"); !ok || v.Field(i).String() != "" {
			continue
		}
		name := f.Tag.Get("env") + "_FILE"
		path := getenv(name)
		if path == "" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		v.Field(i).SetString(strings.TrimSpace(string(data)))
	}
	return errors.Join(errs...)
}

// Validate reports everything that is wrong at once.
func (c Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		wrong("ANYCHECK_ADDR: %q is not host:port", c.Addr)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			wrong("ANYCHECK_PUBLIC_URL: %q is not an http(s) address", c.PublicURL)
		}
	}
	if c.DataDir == "" {
		wrong("ANYCHECK_DATA_DIR: must not be empty")
	}
	if c.DatabaseURL != "" && !strings.HasPrefix(c.DatabaseURL, "postgres://") && !strings.HasPrefix(c.DatabaseURL, "postgresql://") {
		wrong("ANYCHECK_DATABASE_URL: must start with postgres://")
	}
	if _, err := c.Networks(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.Proxies(); err != nil {
		errs = append(errs, err)
	}
	c.checkOIDC(wrong)
	for _, s := range c.ListSources {
		// What names are built in is known where the lists are read.
		name, address, own := strings.Cut(s, "=")
		u, err := url.Parse(address)
		if strings.TrimSpace(name) == "" || own && (err != nil || u.Scheme != "https" || u.Host == "") {
			wrong("ANYCHECK_LIST_SOURCES: entry %q is neither a name nor name=https://…", name)
		}
	}
	if c.SecretKey != "" && len(c.SecretKey) < 32 {
		wrong("ANYCHECK_SECRET_KEY: must have at least 32 characters")
	}
	for name, n := range map[string]int{"ANYCHECK_MAX_UPLOAD_FILES": c.MaxUploadFiles, "ANYCHECK_MAX_FILE_MIB": c.MaxFileMiB,
		"ANYCHECK_MAX_PAGES": c.MaxPages, "ANYCHECK_MAX_MEGAPIXELS": c.MaxMegapixels} {
		if n < 1 {
			wrong("%s: must be at least 1", name)
		}
	}
	for name, v := range map[string]float64{"ANYCHECK_FACE_MATCH": c.FaceMatch, "ANYCHECK_FACE_REVIEW": c.FaceReview,
		"ANYCHECK_LIVENESS_PASS": c.LivenessPass, "ANYCHECK_LIVENESS_REVIEW": c.LivenessReview} {
		if !(v >= 0 && v < 1) {
			wrong("%s: must be 0 or more and less than 1", name)
		}
	}
	for review, pair := range map[string][2]float64{"ANYCHECK_FACE_REVIEW": {c.FaceReview, c.FaceMatch},
		"ANYCHECK_LIVENESS_REVIEW": {c.LivenessReview, c.LivenessPass}} {
		if pair[0] > 0 && pair[1] > 0 && pair[0] > pair[1] {
			wrong("%s: must not be above the limit of a match or pass", review)
		}
	}
	if c.RatePerKey < 0 || c.RatePerGroup < 0 || c.RatePerAddress < 0 {
		wrong("ANYCHECK_RATE_PER_KEY, ANYCHECK_RATE_PER_GROUP and ANYCHECK_RATE_PER_ADDRESS must not be negative")
	}
	if c.Workers < -1 || c.InitialCredits < 0 {
		wrong("ANYCHECK_WORKERS must be -1 or more and ANYCHECK_INITIAL_CREDITS not negative")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// Redacted is the configuration with its secrets masked, for printing.
func (c Config) Redacted() map[string]string {
	out := map[string]string{}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		text := fmt.Sprint(v.Field(i).Interface())
		if _, secret := f.Tag.Lookup("secret"); secret && text != "" {
			text = "(set)"
		}
		out[f.Tag.Get("env")] = text
	}
	return out
}

// Keys are the secrets derived from the one secret (HKDF-SHA256, RFC 5869),
// one for each use, so that none can stand in for another.
type Keys struct {
	Tokens []byte // signs access tokens
	Links  []byte // signs file links
	NIKs   []byte // hashes the NIKs of known faces
	// Answers seals what is kept for calls with an Idempotency-Key.
	Answers []byte
	Audit   []byte // signs checkpoints of the audit log and evidence
}

// Keys reads the configured secret, or makes one on first use and keeps it in
// the data folder.
func (c Config) Keys() (Keys, error) {
	secret := c.SecretKey
	if secret == "" {
		var err error
		if secret, err = keptSecret(filepath.Join(c.DataDir, "secret.key"), "with another one all sign-ins and links end", func() (string, error) {
			raw := make([]byte, 32)
			rand.Read(raw)
			return hex.EncodeToString(raw), nil
		}); err != nil {
			return Keys{}, fmt.Errorf("signing key: %w", err)
		}
	}
	tokens, err := hkdf.Key(sha256.New, []byte(secret), nil, "anycheck access tokens", 32)
	if err != nil {
		return Keys{}, err
	}
	links, err := hkdf.Key(sha256.New, []byte(secret), nil, "anycheck file links", 32)
	if err != nil {
		return Keys{}, err
	}
	niks, err := hkdf.Key(sha256.New, []byte(secret), nil, "anycheck known NIKs", 32)
	if err != nil {
		return Keys{}, err
	}
	answers, err := hkdf.Key(sha256.New, []byte(secret), nil, "anycheck kept answers", 32)
	if err != nil {
		return Keys{}, err
	}
	audit, err := hkdf.Key(sha256.New, []byte(secret), nil, "anycheck audit log", 32)
	return Keys{Tokens: tokens, Links: links, NIKs: niks, Answers: answers, Audit: audit}, err
}

// MasterKeyset reads the keyset that wraps data keys, Tink's JSON: the
// configured one, or one that make makes on first use and that is kept in the
// data folder.
func (c Config) MasterKeyset(make func() ([]byte, error)) ([]byte, error) {
	if c.MasterKeys != "" {
		return []byte(c.MasterKeys), nil
	}
	text, err := keptSecret(c.masterFile(), "without it no personal data can be read again", func() (string, error) {
		data, err := make()
		return string(data), err
	})
	if err != nil {
		return nil, fmt.Errorf("master keys: %w", err)
	}
	return []byte(text), nil
}

func (c Config) masterFile() string { return filepath.Join(c.DataDir, "master.keys") }

// ReplaceMasterKeyset writes the keyset in place of the one in the data
// folder. A configured keyset is the operator's to change: Invalid.
func (c Config) ReplaceMasterKeyset(data []byte) error {
	if c.MasterKeys != "" {
		return errors.New("the master keys are configured; change them where they are kept")
	}
	tmp, err := os.CreateTemp(c.DataDir, ".master-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(data); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), c.masterFile())
}

// keptSecret reads a file of at least 32 characters, or makes it once; without
// says what a lost one means.
func keptSecret(path, without string, make func() (string, error)) (string, error) {
	data, err := os.ReadFile(path)
	if err == nil && len(data) >= 32 {
		return string(data), nil
	}
	if err == nil {
		return "", fmt.Errorf("%s is too short; restore it: %s", path, without)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret, err := make()
	if err != nil {
		return "", err
	}
	// Link only succeeds for the first of two processes that start together.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.WriteString(secret); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return "", err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	data, err = os.ReadFile(path)
	return string(data), err
}
