package httpapi

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/verification"
)

// spooled lists what is left in the spool.
func (p *platform) spooled(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(p.spool)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestUpload(t *testing.T) {
	p := newPlatform(t)
	for name, form := range map[string][]string{
		"passwords last":  {"file_category", "VERIFICATION_INPUT_FILE", "files:a b.png", "IMG", "files:b.pdf", "LOCKed", "file_passwords", "", "file_passwords", "open"},
		"passwords first": {"file_passwords", "", "file_passwords", "open", "files:a b.png", "IMG", "files:b.pdf", "LOCKed", "file_category", "VERIFICATION_INPUT_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := p.upload(form...)
			up := decode[upload](t, w, http.StatusCreated)
			if up.FileCategory != verification.InputFile || len(up.Files) != 2 {
				t.Fatalf("%+v", up)
			}
			prefix := "files/" + p.a.group.OrganizationID.String() + "/" + p.a.group.ID.String() + "/uploads/"
			if f := up.Files[0]; !strings.HasPrefix(f.Path, prefix) || !strings.HasSuffix(f.Path, "_a_b.png") || f.PageCount != 1 || !strings.Contains(f.URL, f.Path+"?expires=") {
				t.Errorf("first file %+v", f)
			}
			if up.Files[1].PageCount != 2 {
				t.Errorf("second file %+v", up.Files[1])
			}
			if left := p.spooled(t); len(left) > 0 {
				t.Errorf("left in the spool: %q", left)
			}
		})
	}
}

func TestBadUploads(t *testing.T) {
	p := newPlatform(t)
	const category, input = "file_category", "VERIFICATION_INPUT_FILE"
	big := "IMG" + strings.Repeat("x", int(limits.FileBytes))
	tests := []struct {
		name   string
		form   []string
		status int
		code   fault.Code
		fields []string
	}{
		{"no file", []string{category, input}, 400, fault.CodeInvalidRequest, []string{"files"}},
		{"no category", []string{"files:a", "IMG"}, 400, fault.CodeInvalidRequest, []string{"file_category"}},
		{"a wrong category", []string{category, "SELFIE", "files:a", "IMG"}, 400, fault.CodeInvalidValue, []string{"file_category"}},
		{"two categories", []string{category, input, category, input, "files:a", "IMG"}, 400, fault.CodeInvalidRequest, []string{"file_category"}},
		{"a long category", []string{category, strings.Repeat("x", maxFormValue+1)}, 400, fault.CodeInvalidRequest, []string{"file_category"}},
		{"an unknown part", []string{category, input, "comment", "hello", "files:a", "IMG"}, 400, fault.CodeInvalidRequest, []string{"comment"}},
		{"too many files", []string{category, input, "files:a", "IMG", "files:b", "IMG", "files:c", "IMG", "files:d", "IMG"}, 400, fault.CodeInvalidRequest, []string{"files"}},
		{"too many passwords", []string{category, input, "files:a", "IMG", "file_passwords", "x", "file_passwords", "y"}, 400, fault.CodeInvalidRequest, []string{"file_passwords"}},
		{"a wrong password", []string{category, input, "files:a", "LOCK", "file_passwords", "shut"}, 400, fault.CodeInvalidRequest, []string{"files[0]"}},
		{"a file that is too large", []string{category, input, "files:a", "IMG", "files:b", big}, 413, fault.CodeFileTooLarge, []string{"files[1]"}},
		{"an empty file", []string{category, input, "files:a", ""}, 400, fault.CodeInvalidRequest, []string{"files[0]"}},
		{"a text called .jpg", []string{category, input, "files:a.jpg", "hello"}, 415, fault.CodeUnsupportedFileType, []string{"files[0]"}},
		{"one of two is no picture", []string{category, input, "files:a", "IMG", "files:b", "hello"}, 415, fault.CodeUnsupportedFileType, []string{"files[1]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantProblem(t, p.upload(tt.form...), tt.status, tt.code, tt.fields...)
			if left := p.spooled(t); len(left) > 0 {
				t.Errorf("left in the spool: %q", left)
			}
		})
	}
	body, contentType := multipartBody(category, input, "files:a", "IMG card")
	t.Run("not multipart", func(t *testing.T) {
		wantProblem(t, p.do("POST", "/uploads", `{}`), 400, fault.CodeInvalidRequest)
		wantProblem(t, p.do("POST", "/uploads", body, "Content-Type", "multipart/form-data"), 400, fault.CodeInvalidRequest)
	})
	t.Run("cut off", func(t *testing.T) {
		for n := range len(body) - 4 { // the last bytes are the end of the boundary and its line
			if w := p.do("POST", "/uploads", body[:n], "Content-Type", contentType); w.Code != http.StatusBadRequest {
				t.Fatalf("cut after %d bytes: %d %s", n, w.Code, w.Body)
			}
		}
	})
	t.Run("a body over all limits", func(t *testing.T) {
		padding := strings.Repeat("padding\r\n", (limits.FilesPerUpload*int(limits.FileBytes)+multipartOverhead)/8)
		wantProblem(t, p.do("POST", "/uploads", padding+body, "Content-Type", contentType), 413, fault.CodeFileTooLarge)
	})
	if left := p.spooled(t); len(left) > 0 {
		t.Errorf("left in the spool: %q", left)
	}
}

// FuzzUploadForm looks for bodies that break the reading of a form, leave
// files behind, or are blamed on us.
func FuzzUploadForm(f *testing.F) {
	body, contentType := multipartBody("file_category", "PROFILE_PICTURE", "file_passwords", "x", "files:a.jpg", "IMG")
	boundary := strings.TrimPrefix(contentType, "multipart/form-data; boundary=")
	body = strings.ReplaceAll(body, boundary, "b")
	f.Add(body)
	f.Add(body[:len(body)/2])
	f.Add("--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"../../x\"\r\n\r\nIMG\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"files\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ\r\n--b--\r\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/uploads", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		form := uploadForm{dir: dir, limits: verification.Limits{FilesPerUpload: 2, FileBytes: 100}}
		if err := form.read(r); err != nil && fault.From(err).Kind == fault.Internal {
			t.Errorf("blamed on us: %v", err)
		}
		if n := len(form.incoming()); n > 2 {
			t.Errorf("%d files", n)
		}
		form.remove()
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%d files left", len(left))
		}
	})
}

// A caller that is still sending must get to read why it was refused.
func TestRefusalReachesTheSender(t *testing.T) {
	p := newPlatform(t)
	srv := httptest.NewServer(p.handler)
	defer srv.Close()
	c, err := client.New(srv.URL, client.WithAPIKey(p.a.key))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Upload(t.Context(), client.InputFile, client.File{Name: "big.png", Content: strings.NewReader(strings.Repeat("x", 1<<20))})
	if !client.IsCode(err, "FILE_TOO_LARGE") {
		t.Errorf("a file over its limit: %v", err)
	}
	_, err = c.CreateFolder(t.Context(), strings.Repeat("x", 4<<20))
	if !client.IsCode(err, "FILE_TOO_LARGE") {
		t.Errorf("a body over the limit: %v", err)
	}
}
