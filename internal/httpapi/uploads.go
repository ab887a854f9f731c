package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

const (
	// An upload must have arrived after this long, however slow the link.
	uploadTimeout = 10 * time.Minute
	// maxFormValue bounds file_category and each of file_passwords, in bytes.
	maxFormValue = 1 << 10
	// multipartOverhead is room for the parts that are not files, and headers.
	multipartOverhead = 1 << 20
)

type upload struct {
	ObjectID     uuid.UUID                 `json:"object_id" format:"uuid" doc:"Id of the upload."`
	FileCategory verification.FileCategory `json:"file_category" enum:"VERIFICATION_INPUT_FILE,PROFILE_PICTURE" doc:"What the files are for."`
	Files        []uploadedFile            `json:"files" doc:"The files, in the order they were sent."`
	Test         bool                      `json:"test" doc:"Whether they were sent with a test key."`
}

type uploadedFile struct {
	Path      string `json:"path" doc:"What configuration.files takes."`
	URL       string `json:"url" doc:"Address of the file, valid for an hour."`
	PageCount int    `json:"page_count" example:"1" doc:"How many pages it has; 1 for a picture."`
}

func (s *server) uploadRoutes() {
	text := &huma.Schema{Type: huma.TypeString}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"file_category", "files"}, Properties: map[string]*huma.Schema{
		"file_category":  {Type: huma.TypeString, Enum: []any{string(verification.InputFile), string(verification.ProfilePicture)}, Description: "What the files are for."},
		"files":          {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Description: "The files, repeated."},
		"file_passwords": {Type: huma.TypeArray, Items: text, Description: "Password of each file, in the same order; empty for none."},
	}}
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[upload](), true, "")
	s.handleRaw(callers, huma.Operation{
		OperationID: "uploadFiles", Method: http.MethodPost, Path: "/uploads", Tags: []string{"Uploads"},
		Metadata:    recorded(audit.FileUploaded, "upload"),
		Summary:     "Upload files",
		Description: "JPEG, PNG, WebP, TIFF and PDF, told apart by content. Either all files are kept or none.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}},
		Parameters:  []*huma.Param{keyParameter},
		Responses:   map[string]*huma.Response{"201": {Description: "Created", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}},
	}, s.upload)
}

// viewUpload shows an upload with links that start with base.
func (s *server) viewUpload(base links, up verification.Upload) upload {
	view := upload{ObjectID: up.ID, FileCategory: up.Category, Files: []uploadedFile{}, Test: up.Test()}
	for _, f := range up.Files {
		view.Files = append(view.Files, uploadedFile{f.Path, s.signer.url(base, f.Path), f.Pages})
	}
	return view
}

func (s *server) upload(w http.ResponseWriter, r *http.Request) error {
	// Not every writer has deadlines; the server's own hold there.
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(uploadTimeout))
	_ = rc.SetWriteDeadline(time.Now().Add(2 * uploadTimeout))
	r.Body = http.MaxBytesReader(w, r.Body, int64(s.Limits.FilesPerUpload)*s.Limits.FileBytes+multipartOverhead)

	form := uploadForm{dir: s.SpoolDir, limits: s.Limits, hash: callOf(r.Context()).key != ""}
	defer form.remove()
	if err := form.read(r); err != nil {
		// A caller that is still sending would not see the answer.
		_, _ = io.Copy(io.Discard, r.Body)
		return err
	}
	// The files are decoded now; a deadline passing meanwhile would end the request.
	_ = rc.SetReadDeadline(time.Time{})

	asked, err := form.asked()
	if err != nil {
		return err
	}
	return onceRaw(s, w, r, huma.Operation{Method: http.MethodPost, Path: "/uploads"}, asked, http.StatusCreated, func(ctx context.Context) (upload, error) {
		up, err := s.UseCases.Upload(ctx, actorOf(ctx), form.category, form.incoming())
		if err := s.record(ctx, err); err != nil {
			return upload{}, err
		}
		return s.viewUpload(callOf(ctx).base, up), nil
	})
}

// uploadForm is a multipart upload, its files spooled to disk.
type uploadForm struct {
	dir    string
	limits verification.Limits
	// hash asks for the files' hashes, to tell whether the same is sent again.
	hash bool

	category  verification.FileCategory
	passwords []string
	files     []spooledFile
}

type spooledFile struct {
	name, path string
	sum        []byte // SHA-256, when it was asked for
}

// asked is what the form asks for, the same for the same files.
func (f *uploadForm) asked() ([]byte, error) {
	type file struct {
		Name string
		Sum  []byte
	}
	asked := struct {
		Category  verification.FileCategory
		Passwords []string
		Files     []file
	}{Category: f.category, Passwords: f.passwords}
	for _, s := range f.files {
		asked.Files = append(asked.Files, file{s.name, s.sum})
	}
	return json.Marshal(asked)
}

// read takes the parts one by one, in any order.
func (f *uploadForm) read(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return fault.New(fault.Invalid, "The body must be multipart/form-data.")
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { // a wrapped one means that the last boundary is missing
			break
		}
		if err != nil {
			return bodyFault(err)
		}
		if err := f.take(part); err != nil {
			return err
		}
	}
	if f.category == "" {
		return fault.Field("file_category", "is required")
	}
	if len(f.passwords) > len(f.files) {
		return fault.Field("file_passwords", "there are %d for %d files", len(f.passwords), len(f.files))
	}
	return nil
}

func (f *uploadForm) take(part *multipart.Part) error {
	switch name := part.FormName(); name {
	case "file_category":
		if f.category != "" {
			return fault.Field(name, "is given twice")
		}
		value, err := formValue(part)
		f.category = verification.FileCategory(value)
		return err
	case "file_passwords":
		field := name + "[" + strconv.Itoa(len(f.passwords)) + "]"
		if len(f.passwords) == f.limits.FilesPerUpload {
			return fault.Field(field, "there are at most %d files", f.limits.FilesPerUpload)
		}
		value, err := formValue(part)
		f.passwords = append(f.passwords, value)
		return err
	case "files":
		return f.spool(part)
	case "":
		return fault.New(fault.Invalid, "The body has a part without a name.")
	default:
		return fault.Field(fmt.Sprintf("%.64s", name), "is not a field of this request")
	}
}

// spool writes a file part to disk, up to its limit.
func (f *uploadForm) spool(part *multipart.Part) error {
	if len(f.files) == f.limits.FilesPerUpload {
		return fault.Field("files", "takes at most %d files", f.limits.FilesPerUpload)
	}
	out, err := os.CreateTemp(f.dir, "upload-*")
	if err != nil {
		return err
	}
	field := "files[" + strconv.Itoa(len(f.files)) + "]"
	f.files = append(f.files, spooledFile{name: part.FileName(), path: out.Name()})
	var into io.Writer = out
	sum := sha256.New()
	if f.hash {
		into = io.MultiWriter(out, sum)
	}
	n, err := io.Copy(into, partReader{io.LimitReader(part, f.limits.FileBytes+1)})
	f.files[len(f.files)-1].sum = sum.Sum(nil)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err == nil && n > f.limits.FileBytes {
		return fault.New(fault.TooLarge, "A file is larger than %d MiB.", f.limits.FileBytes>>20).
			WithField(field, "is larger than %d MiB", f.limits.FileBytes>>20)
	}
	return err
}

// incoming pairs files with passwords.
func (f *uploadForm) incoming() []verification.IncomingFile {
	list := make([]verification.IncomingFile, 0, len(f.files))
	for i, file := range f.files {
		in := verification.IncomingFile{Name: file.name, Open: func() (io.ReadCloser, error) { return os.Open(file.path) }}
		if i < len(f.passwords) {
			in.Password = f.passwords[i]
		}
		list = append(list, in)
	}
	return list
}

// remove deletes the spooled files.
func (f *uploadForm) remove() {
	for _, file := range f.files {
		_ = os.Remove(file.path) // what stays is swept with the spool
	}
}

// formValue reads a short text.
func formValue(part *multipart.Part) (string, error) {
	b, err := io.ReadAll(io.LimitReader(part, maxFormValue+1))
	switch {
	case err != nil:
		return "", bodyFault(err)
	case len(b) > maxFormValue:
		return "", fault.Field(part.FormName(), "has more than %d bytes", maxFormValue)
	}
	return string(b), nil
}

// partReader tells a fault of the caller's body from one of our own disk.
type partReader struct{ r io.Reader }

// Read reads the part.
func (p partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyFault(err)
	}
	return n, err
}

// bodyFault says what broke the reading of a body.
func bodyFault(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return fault.New(fault.TooLarge, "The body is larger than %d MiB.", tooLarge.Limit>>20)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.Timeout, "The body did not arrive within %s.", uploadTimeout)
	}
	return fault.New(fault.Invalid, "The body is not complete multipart/form-data.")
}
