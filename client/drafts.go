package client

import (
	"context"
	"net/http"
	"net/url"
)

// Submitted is what came of one draft of SubmitDrafts: Verification or Error.
type Submitted struct {
	ID           string        `json:"id"`
	Verification *Verification `json:"verification"`
	Error        *SubmitError  `json:"error"`
}

// SubmitError says why a draft could not be submitted.
type SubmitError struct {
	ErrorCode string       `json:"error_code"`
	Message   string       `json:"message"`
	Errors    []FieldError `json:"errors"`
}

// CreateDraft keeps a verification to be completed later. Its configuration
// may be incomplete, or nil.
func (c *Client) CreateDraft(ctx context.Context, n NewVerification) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications/drafts", nil, n, &v)
	return v, err
}

// UpdateDraft replaces what a draft holds; it stays in its folder and result.
func (c *Client) UpdateDraft(ctx context.Context, id string, n NewVerification) (Verification, error) {
	body := struct {
		NewVerification
		FolderID string `json:"folder_id,omitempty"` // may be left out here
	}{n, n.FolderID}
	var v Verification
	err := c.call(ctx, http.MethodPut, "/verifications/drafts/"+url.PathEscape(id), nil, body, &v)
	return v, err
}

// SubmitDraft sends a draft in; it comes back IN_QUEUE.
func (c *Client) SubmitDraft(ctx context.Context, id string) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications/drafts/"+url.PathEscape(id)+"/submit", nil, nil, &v)
	return v, err
}

// SubmitDrafts sends in up to 100 drafts. Each is submitted or refused by
// itself; the answers are in the order of ids.
func (c *Client) SubmitDrafts(ctx context.Context, ids []string) (List[Submitted], error) {
	var l List[Submitted]
	err := c.call(ctx, http.MethodPost, "/verifications/drafts/submit", nil, map[string][]string{"ids": ids}, &l)
	return l, err
}
