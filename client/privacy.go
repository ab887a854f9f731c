package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Erased is what stays of an erased result. The commitments are HMAC-SHA256
// under the receipt's salt.
type Erased struct {
	Reason        string    `json:"reason"` // SUBJECT_REQUEST, CONSENT_WITHDRAWN, RETENTION, MISTAKE, OTHER
	ErasedBy      string    `json:"erased_by"`
	ErasedAt      time.Time `json:"erased_at"`
	Verifications int       `json:"verifications"`
	Commitments   struct {
		NIKs  []string `json:"niks"`
		Files []string `json:"files"`
	} `json:"commitments"`
}

// Receipt is the answer to an erasure. Keep it: the salt is told once.
type Receipt struct {
	ResultID string `json:"result_id"`
	Erased
	Salt string `json:"salt"` // base64
}

// Retention is how many days a group keeps data; nil is for ever, for Uploads
// the default.
type Retention struct {
	Result  *int `json:"result"`
	Files   *int `json:"files"`
	Uploads *int `json:"uploads"` // files that no verification ever used
}

// EraseResult erases a result for ever.
func (c *Client) EraseResult(ctx context.Context, resultID, reason string) (Receipt, error) {
	var r Receipt
	err := c.call(ctx, http.MethodDelete, "/results/"+url.PathEscape(resultID), url.Values{"reason": {reason}}, nil, &r)
	return r, err
}

// ResultsOf lists the results about a person, by NIK.
func (c *Client) ResultsOf(ctx context.Context, nik string) ([]string, error) {
	var r struct {
		ResultIDs []string `json:"result_ids"`
	}
	err := c.call(ctx, http.MethodPost, "/privacy/subjects", nil, map[string]string{"nik": nik}, &r)
	return r.ResultIDs, err
}

// ExportSubject writes everything that is kept about a person to w, by NIK: a ZIP
// file with the evidence bundle of each result. Check it with `anycheck
// evidence verify`. ctx bounds how long that takes.
func (c *Client) ExportSubject(ctx context.Context, nik string, w io.Writer) error {
	header, err := c.credentials(ctx, "")
	if err != nil {
		return err
	}
	body, err := marshal(map[string]string{"nik": nik})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.String()+"/privacy/subjects/export", nil)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	jsonBody(body)(r)
	return c.fetch(r, w)
}

// Retention gives how long a group keeps data.
func (c *Client) Retention(ctx context.Context, groupID string) (Retention, error) {
	var r Retention
	err := c.get(ctx, "/groups/"+url.PathEscape(groupID)+"/retention", nil, &r)
	return r, err
}

// SetRetention sets how long a group keeps data.
func (c *Client) SetRetention(ctx context.Context, groupID string, want Retention) (Retention, error) {
	var r Retention
	err := c.call(ctx, http.MethodPut, "/groups/"+url.PathEscape(groupID)+"/retention", nil, want, &r)
	return r, err
}
