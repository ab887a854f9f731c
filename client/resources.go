package client

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// FileCategory says what an upload is for.
type FileCategory string

// The categories.
const (
	InputFile      FileCategory = "VERIFICATION_INPUT_FILE"
	ProfilePicture FileCategory = "PROFILE_PICTURE"
)

// File is a file to upload.
type File struct {
	Name     string
	Content  io.Reader
	Password string // of a locked PDF; empty for none
}

// Upload sends files; either all are kept or none. Contents are streamed and
// read once: ctx bounds how long that takes.
func (c *Client) Upload(ctx context.Context, category FileCategory, files ...File) (Upload, error) {
	header, err := c.credentials(ctx, "")
	if err != nil {
		return Upload{}, err
	}
	body, pipe := io.Pipe()
	defer body.Close() // ends the goroutine, whatever happened
	form := multipart.NewWriter(pipe)
	go func() { pipe.CloseWithError(writeForm(form, category, files)) }()
	var up Upload
	err = c.send(ctx, http.MethodPost, "/uploads", nil, header, func(r *http.Request) {
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Body, r.ContentLength = body, -1
	}, &up)
	return up, err
}

func writeForm(form *multipart.Writer, category FileCategory, files []File) error {
	if err := form.WriteField("file_category", string(category)); err != nil {
		return err
	}
	for _, f := range files {
		if err := form.WriteField("file_passwords", f.Password); err != nil {
			return err
		}
	}
	for _, f := range files {
		part, err := form.CreateFormFile("files", f.Name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(part, f.Content); err != nil {
			return err
		}
	}
	return form.Close()
}

// CreateFolder makes a folder in the caller's group.
func (c *Client) CreateFolder(ctx context.Context, name string) (Folder, error) {
	var f Folder
	err := c.call(ctx, http.MethodPost, "/folders", nil, map[string]string{"name": name}, &f)
	return f, err
}

// Folder gives one folder.
func (c *Client) Folder(ctx context.Context, id string) (Folder, error) {
	var f Folder
	err := c.get(ctx, "/folders/"+url.PathEscape(id), nil, &f)
	return f, err
}

// UpdateFolder changes a folder.
func (c *Client) UpdateFolder(ctx context.Context, id string, change FolderChange) (Folder, error) {
	var f Folder
	err := c.call(ctx, http.MethodPatch, "/folders/"+url.PathEscape(id), nil, change, &f)
	return f, err
}

// DeleteFolder removes an empty folder.
func (c *Client) DeleteFolder(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/folders/"+url.PathEscape(id), nil, nil, nil)
}

// Folders lists a group's folders, newest first. An empty search finds all.
func (c *Client) Folders(ctx context.Context, groupID, search string, p Page) (List[Folder], error) {
	q := p.query()
	if search != "" {
		q.Set("search", search)
	}
	var l List[Folder]
	err := c.get(ctx, "/groups/"+url.PathEscape(groupID)+"/folders", q, &l)
	return l, err
}

// FolderResults lists a folder's results, newest first.
func (c *Client) FolderResults(ctx context.Context, folderID string, p Page) (List[Result], error) {
	var l List[Result]
	err := c.get(ctx, "/folders/"+url.PathEscape(folderID)+"/results", p.query(), &l)
	return l, err
}

// Result gives one result.
func (c *Client) Result(ctx context.Context, id string) (Result, error) {
	var r Result
	err := c.get(ctx, "/results/"+url.PathEscape(id), nil, &r)
	return r, err
}

// ResultFilter limits Results; empty fields do not.
type ResultFilter struct {
	FolderID string
	Status   Status // of at least one of its verifications
}

// Results lists the results that the caller sees, newest first.
func (c *Client) Results(ctx context.Context, f ResultFilter, p Page) (List[Result], error) {
	q := p.query()
	if f.FolderID != "" {
		q.Set("folder_id", f.FolderID)
	}
	if f.Status != "" {
		q.Set("status", string(f.Status))
	}
	var l List[Result]
	err := c.get(ctx, "/results", q, &l)
	return l, err
}

// Services lists the services of the installation.
func (c *Client) Services(ctx context.Context) (List[Service], error) {
	var l List[Service]
	err := c.get(ctx, "/services", nil, &l)
	return l, err
}

// Service gives one service.
func (c *Client) Service(ctx context.Context, id string) (Service, error) {
	var s Service
	err := c.get(ctx, "/services/"+url.PathEscape(id), nil, &s)
	return s, err
}

// FormFields lists the fields that a service's configuration takes.
func (c *Client) FormFields(ctx context.Context, serviceID string) (List[FormField], error) {
	var l List[FormField]
	err := c.get(ctx, "/services/"+url.PathEscape(serviceID)+"/form-fields", nil, &l)
	return l, err
}

// CreateVerification sends in a verification; it comes back IN_QUEUE.
func (c *Client) CreateVerification(ctx context.Context, n NewVerification) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications", nil, n, &v)
	return v, err
}

// Verification gives one verification.
func (c *Client) Verification(ctx context.Context, id string) (Verification, error) {
	var v Verification
	err := c.get(ctx, "/verifications/"+url.PathEscape(id), nil, &v)
	return v, err
}

// Verifications lists a result's verifications, oldest first.
func (c *Client) Verifications(ctx context.Context, resultID string, p Page) (VerificationList, error) {
	q := p.query()
	q.Set("result_id", resultID)
	var l VerificationList
	err := c.get(ctx, "/verifications", q, &l)
	return l, err
}

// RetryVerification runs a failed verification again, or with force any
// finished one.
func (c *Client) RetryVerification(ctx context.Context, id string, force bool) (Verification, error) {
	var v Verification
	q := url.Values{"force": {strconv.FormatBool(force)}}
	err := c.call(ctx, http.MethodPost, "/verifications/"+url.PathEscape(id)+"/retry", q, nil, &v)
	return v, err
}

// CancelVerification stops a verification that has not ended.
func (c *Client) CancelVerification(ctx context.Context, id string) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications/"+url.PathEscape(id)+"/cancel", nil, nil, &v)
	return v, err
}

// Events lists the transitions of a verification, oldest first.
func (c *Client) Events(ctx context.Context, verificationID string) (List[Event], error) {
	var l List[Event]
	err := c.get(ctx, "/verifications/"+url.PathEscape(verificationID)+"/events", nil, &l)
	return l, err
}

// Job gives one job, by an id of Verification.ExternalJobID.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	var j Job
	err := c.get(ctx, "/jobs/"+url.PathEscape(id), nil, &j)
	return j, err
}

// Wait reads a verification until its status is settled, first every 0.2
// seconds, then less and less often, every 5 seconds at the end. seen, unless
// nil, gets every reading. ctx bounds how long Wait waits.
func (c *Client) Wait(ctx context.Context, verificationID string, seen func(Verification)) (Verification, error) {
	const first, most = 200 * time.Millisecond, 5 * time.Second
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause := first; ; pause = min(pause*3/2, most) {
		select {
		case <-ctx.Done():
			return Verification{}, ctx.Err()
		case <-timer.C:
		}
		v, err := c.Verification(ctx, verificationID)
		if err != nil {
			return Verification{}, err
		}
		if seen != nil {
			seen(v)
		}
		if v.Status.Settled() {
			return v, nil
		}
		timer.Reset(pause)
	}
}

func (p Page) query() url.Values {
	q := url.Values{}
	if p.Offset != 0 {
		q.Set("page_offset", strconv.Itoa(p.Offset))
	}
	if p.Size != 0 {
		q.Set("page_size", strconv.Itoa(p.Size))
	}
	return q
}
