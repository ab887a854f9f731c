package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
)

// linkLife is how long the address of a file works after it was asked for.
const linkLife = time.Hour

// downloadTimeout is how long a download may take on a slow link.
const downloadTimeout = 15 * time.Minute

const filePath = "/files/{path}"

// signer makes and checks addresses of files that need no other proof.
type signer struct {
	key []byte
	now func() time.Time
}

// links is what the addresses of files in an answer begin with, and whom they
// are given to: who downloads with one counts as them. until is set once a
// request: an answer that is kept and then given has the same addresses.
type links struct {
	address string // scheme and host
	holder  audit.Actor
	until   time.Time // when they stop to work
}

// url is the address of a stored file, whose path starts with files/.
func (s signer) url(l links, path string) string {
	u := url.URL{Path: "/" + path}
	expires, holder := strconv.FormatInt(l.until.Unix(), 10), string(l.holder.Kind)+"."+l.holder.ID
	return l.address + u.EscapedPath() + "?" + url.Values{"expires": {expires}, "for": {holder}, "signature": {s.sign(u.Path, expires, holder)}}.Encode()
}

// sign binds method, path, expiry and holder; the lines cannot run into one
// another, because expires is checked to be a number and comes from us with
// the holder.
func (s signer) sign(path, expires, holder string) string {
	mac := hmac.New(sha256.New, s.key)
	fmt.Fprintf(mac, "anycheck file 2\nGET\n%s\n%s\n%s", expires, holder, path)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// check tells whether an address is one of ours and still works.
func (s signer) check(path, expires, holder, signature string) error {
	at, err := strconv.ParseInt(expires, 10, 64)
	genuine := hmac.Equal([]byte(signature), []byte(s.sign(path, expires, holder)))
	if err != nil || !genuine || !s.now().Before(time.Unix(at, 0)) {
		return fault.New(fault.Forbidden, "This file address has expired or was changed. Read the verification again to get a new one.")
	}
	return nil
}

func (s *server) fileRoutes() {
	text := &huma.Schema{Type: huma.TypeString}
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	s.handleRaw(anyone, huma.Operation{
		OperationID: "downloadFile", Method: http.MethodGet, Path: filePath, Tags: []string{"Uploads"},
		Metadata:    recorded(audit.FileDownloaded, ""),
		Summary:     "Download a file",
		Description: "The signed address in url, input_file_url, output_file_url or export_file_url. It works for an hour and needs no other proof; take it as it is.",
		Parameters: []*huma.Param{
			{Name: "path", In: "path", Required: true, Schema: text, Description: "Path of the file, with its slashes."},
			{Name: "expires", In: "query", Required: true, Schema: text, Description: "When the address stops to work, unix seconds."},
			{Name: "for", In: "query", Required: true, Schema: text, Description: "Whom the address was given to."},
			{Name: "signature", In: "query", Required: true, Schema: text, Description: "Proof that the address was given out."},
		},
		Responses: map[string]*huma.Response{
			"200": {Description: "The file, as an attachment", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: binary}}},
			"403": s.problemResponse("The address has expired or was changed"),
		},
	}, s.download)
}

func (s *server) download(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if err := s.signer.check(r.URL.Path, q.Get("expires"), q.Get("for"), q.Get("signature")); err != nil {
		audit.Of(r.Context()).Drop() // anybody can make up an address
		return err
	}
	downloaded(audit.Of(r.Context()), strings.TrimPrefix(r.URL.Path, "/"), q.Get("for"))
	name := strings.TrimPrefix(r.URL.Path, "/")
	f, err := s.UseCases.OpenFile(r.Context(), name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := s.record(r.Context(), nil); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", mediaType(name))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(name)}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	// Not every writer has deadlines; the server's own hold there.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTimeout))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, f); err != nil {
		// A normal end would make half a file look whole.
		callOf(r.Context()).err = fault.Wrap(err, fault.Unavailable, "The download broke off.")
		panic(http.ErrAbortHandler)
	}
	return nil
}

// downloaded says in the record whose file it is and who takes it. Paths are
// files/{organization}/{group}/uploads/{id}_{name of the caller's} or
// files/{organization}/{group}/results/{result}/{verification}/{attempt}/{name of ours}.
func downloaded(e *audit.Entry, name, holder string) {
	kind, id, _ := strings.Cut(holder, ".")
	e.Actor = audit.Actor{Kind: audit.ActorKind(kind), ID: id}
	e.Detail("via", "link")
	parts := strings.Split(name, "/")
	if len(parts) < 5 {
		return
	}
	organization, _ := uuid.Parse(parts[1])
	group, _ := uuid.Parse(parts[2])
	about := func(objectType, text string) {
		if object, err := uuid.Parse(text); err == nil {
			e.About(organization, group, objectType, object)
		}
	}
	switch {
	case parts[3] == "uploads":
		text, _, _ := strings.Cut(parts[4], "_")
		about("file", text) // without the name, which may be a person's
	case parts[3] == "results" && len(parts) == 8:
		about("verification", parts[5])
		e.Detail("attempt", parts[6])
		kind, _, dated := strings.Cut(parts[7], "-")
		if dated {
			kind += path.Ext(parts[7])
		}
		e.Detail("file", kind)
	}
}

// mediaType goes by the name's ending. Whatever it is, it is served as an
// attachment that browsers neither guess at nor run.
func mediaType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return "application/json"
	case ".xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".tif", ".tiff":
		return "image/tiff"
	case ".heic":
		return "image/heic"
	case ".pdf":
		return "application/pdf"
	}
	return "application/octet-stream"
}
