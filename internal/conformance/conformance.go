// Package conformance runs the known part of AnyCheck's API contract against a
// server, ours or another, and says what differs. It makes a folder and, when
// it is given pictures, one verification; it deletes nothing that it did not
// make.
//
// It must not know how this server works: it speaks HTTP only.
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	Same    Outcome = "same"
	Differs Outcome = "differs"
	Skipped Outcome = "skipped"
)

// Check is one part of the contract.
type Check struct {
	Name        string   `json:"name"`
	Outcome     Outcome  `json:"outcome"`
	Differences []string `json:"differences,omitempty"` // paths and kinds, never values
	Reason      string   `json:"reason,omitempty"`      // why it was skipped
}

// Options say what to run against.
type Options struct {
	BaseURL string
	APIKey  string
	// Card and Selfie are pictures for one KTP_SELFIE verification, which costs
	// credits there; without them that part is skipped.
	Card, Selfie []byte
	// Poll is the wait between looks at a running verification; 0: 500 ms.
	Poll   time.Duration
	Client *http.Client // nil: one with a time-out of 60 s
}

const (
	maxAnswer  = 8 << 20
	waitAtMost = 5 * time.Minute
)

// ErrKey is a key that opens nothing.
var ErrKey = errors.New("the server refuses the API key")

// Ready tells whether there is something to compare with: the error of a server
// that does not answer, or ErrKey.
func Ready(ctx context.Context, o Options) error {
	r := newRunner(o)
	a := r.call(ctx, http.MethodGet, "/services", nil)
	if a == nil {
		return r.broken
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden ||
		slices.Contains([]string{"UNAUTHORIZED", "INVALID_API_KEY", "API_KEY_EXPIRED", "FORBIDDEN"}, a.get("error_code")) {
		return ErrKey
	}
	return nil
}

// Run makes every check, in order, and tells each as it ends.
func Run(ctx context.Context, o Options, done func(Check)) []Check {
	r := newRunner(o)
	var checks []Check
	for _, c := range contract {
		r.found, r.skip = nil, ""
		c.run(ctx, r)
		check := Check{Name: c.name, Outcome: Same, Differences: r.found, Reason: r.skip}
		switch {
		case len(r.found) > 0:
			check.Outcome, check.Reason = Differs, ""
		case r.skip != "":
			check.Outcome = Skipped
		}
		checks = append(checks, check)
		done(check)
	}
	return checks
}

// runner makes the calls of one run and keeps what later checks need.
type runner struct {
	Options
	found []string
	skip  string
	// broken is why the last call without an answer had none.
	broken error

	service, folder, group, result, verification string
	paths                                        []string
	walked                                       []string // statuses that the verification went through
}

func newRunner(o Options) *runner {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: time.Minute}
	}
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	return &runner{Options: o}
}

func (r *runner) differ(format string, args ...any) {
	r.found = append(r.found, fmt.Sprintf(format, args...))
}

// answer is what a call brought.
type answer struct {
	status int
	header http.Header
	body   json.RawMessage
}

// call sends a request; without an answer it differs and is nil.
func (r *runner) call(ctx context.Context, method, path string, body io.Reader, header ...string) *answer {
	req, err := http.NewRequestWithContext(ctx, method, r.BaseURL+path, body)
	if err != nil {
		r.broken = err
		r.differ("%s %s: the address cannot be used", method, path)
		return nil
	}
	req.Header.Set("X-API-Key", r.APIKey)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			req.Header.Del(header[i])
		}
	}
	res, err := r.Client.Do(req)
	if err != nil {
		r.broken = err
		r.differ("%s %s: no answer", method, path)
		return nil
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		r.broken = err
		r.differ("%s %s: the answer broke off", method, path)
		return nil
	}
	return &answer{res.StatusCode, res.Header, data}
}

// want calls and compares status and shape; nil when they differ.
func (r *runner) want(ctx context.Context, method, path string, body any, status int, s shape, header ...string) *answer {
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			r.differ("%s %s: %v", method, path, err)
			return nil
		}
		in = bytes.NewReader(data)
	}
	a := r.call(ctx, method, path, in, header...)
	if a == nil {
		return nil
	}
	return r.compare(method+" "+plain(path), a, status, s)
}

func (r *runner) compare(what string, a *answer, status int, s shape) *answer {
	if a.status != status {
		r.differ("%s: status %d, want %d", what, a.status, status)
		return nil
	}
	if !json.Valid(a.body) {
		r.differ("%s: the body is no JSON", what)
		return nil
	}
	differences := s.check("$", a.body)
	for _, d := range differences {
		r.differ("%s: %s", what, d)
	}
	if len(differences) > 0 {
		return nil
	}
	return a
}

// plain takes ids out of a path.
func plain(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if uuidForm.MatchString(p) {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}

// get picks a value out of an answer by keys; "" when it is not there.
func (a *answer) get(keys ...string) string {
	var v any
	if a == nil || json.Unmarshal(a.body, &v) != nil {
		return ""
	}
	for _, k := range keys {
		switch at := v.(type) {
		case map[string]any:
			v = at[k]
		case []any:
			if len(at) == 0 {
				return ""
			}
			v = at[0]
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// member is a value of an answer's object as it came.
func (a *answer) member(name string) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(a.body, &m) != nil {
		return nil
	}
	return m[name]
}

// serviceID finds the identity-card service in a list of services.
func serviceID(a *answer) string {
	var l struct {
		Items []struct{ ID, Code string } `json:"items"`
	}
	if a == nil || json.Unmarshal(a.body, &l) != nil {
		return ""
	}
	for _, s := range l.Items {
		if s.Code == "KTP_VERIFICATION" {
			return s.ID
		}
	}
	return ""
}

// wantError calls with something wrong and compares code and shape; the HTTP
// number is not known.
func (r *runner) wantError(ctx context.Context, method, path string, body any, codes []string, header ...string) {
	data, _ := json.Marshal(body)
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(data)
	}
	a := r.call(ctx, method, path, in, header...)
	if a == nil {
		return
	}
	what := method + " " + plain(path)
	if a.status < 400 {
		r.differ("%s: status %d, want an error", what, a.status)
		return
	}
	for _, d := range errorShape.check("$", a.body) {
		r.differ("%s: %s", what, d)
	}
	if code := a.get("error_code"); len(codes) > 0 {
		for _, c := range codes {
			if c == code {
				return
			}
		}
		r.differ("%s: error_code differs from %s", what, strings.Join(codes, " or "))
	}
}

func (r *runner) upload(ctx context.Context) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("file_category", "VERIFICATION_INPUT_FILE")
	for i, data := range [][]byte{r.Card, r.Selfie} {
		w, err := form.CreateFormFile("files", []string{"ktp.jpg", "selfie.jpg"}[i])
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			r.differ("POST /uploads: %v", err)
			return
		}
	}
	_ = form.Close()
	a := r.call(ctx, http.MethodPost, "/uploads", &body, "Content-Type", form.FormDataContentType())
	if a == nil || r.compare("POST /uploads", a, http.StatusCreated, uploadShape) == nil {
		return
	}
	var up struct {
		Files []struct {
			Path string `json:"path"`
		} `json:"files"`
	}
	if err := json.Unmarshal(a.body, &up); err != nil || len(up.Files) != 2 {
		r.differ("POST /uploads: %d files came back, want 2", len(up.Files))
		return
	}
	r.paths = []string{up.Files[0].Path, up.Files[1].Path}
}

// wait reads the verification until it moves no more by itself.
func (r *runner) wait(ctx context.Context) *answer {
	ctx, cancel := context.WithTimeout(ctx, waitAtMost)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			r.differ("GET /verifications/{id}: not settled after %s", waitAtMost)
			return nil
		case <-timer.C:
		}
		a := r.want(ctx, http.MethodGet, "/verifications/"+r.verification, nil, http.StatusOK, verificationShape)
		if a == nil {
			return nil
		}
		if s := a.get("status"); len(r.walked) == 0 || r.walked[len(r.walked)-1] != s {
			r.walked = append(r.walked, s)
		}
		switch a.get("status") {
		case "IN_QUEUE", "IN_PROGRESS":
			timer.Reset(r.Poll)
		default:
			return a
		}
	}
}

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}
