package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Attempt is one run of a verification and what came of it.
type Attempt struct {
	Attempt       int             `json:"attempt"`
	Status        Status          `json:"status"`
	StartDate     *time.Time      `json:"start_date"`
	EndDate       *time.Time      `json:"end_date"`
	Output        json.RawMessage `json:"output"`
	OutputStatus  *string         `json:"output_status"`
	Checks        []Check         `json:"checks"`
	Error         *Failure        `json:"error"`
	OutputFileURL *string         `json:"output_file_url"`
	ExportFileURL *string         `json:"export_file_url"`
	ExternalJobID ExternalJobs    `json:"external_job_id"`
	RetriedAt     *time.Time      `json:"retried_at"` // nil for the current one
	RetriedBy     *string         `json:"retried_by"`
}

// The decisions of a review.
const (
	Approve = "approve" // what is open is in order
	Reject  = "reject"  // the verdict becomes NOT_VERIFIED
	Correct = "correct" // take corrected fields; the review stays open
	Reopen  = "reopen"  // take a COMPLETED one up again
)

// NewReview is a reviewer's decision. Fields are corrected or confirmed values
// of output.ktp by name; nil where nothing can be read.
type NewReview struct {
	Decision string             `json:"decision"`
	Reason   string             `json:"reason"`
	Fields   map[string]*string `json:"fields,omitempty"`
}

// Review is one decision of one person.
type Review struct {
	ID             string                 `json:"id"`
	Attempt        int                    `json:"attempt"`
	Decision       string                 `json:"decision"` // also fraud_continue, fraud_reject
	Reason         string                 `json:"reason"`
	Fields         map[string]FieldChange `json:"fields"`
	Closed         bool                   `json:"closed"` // it took effect
	Reviewer       string                 `json:"reviewer"`
	PreviousStatus Status                 `json:"previous_status"`
	Status         Status                 `json:"status"`
	OutputStatus   *string                `json:"output_status"`
	CreatedAt      time.Time              `json:"created_at"`
}

// FieldChange is a value before and after a correction.
type FieldChange struct {
	From *string `json:"from"`
	To   *string `json:"to"`
}

// GroupSettings are the settings of a group.
type GroupSettings struct {
	Review ReviewSettings `json:"review"`
}

// ReviewSettings say what a person must look at before it is COMPLETED: NEVER,
// ON_INCONCLUSIVE or ALWAYS.
type ReviewSettings struct {
	APIKey    string     `json:"api_key"`   // for what API keys create
	Dashboard string     `json:"dashboard"` // for what signed-in persons create
	FourEyes  bool       `json:"four_eyes"`
	UpdatedAt *time.Time `json:"updated_at"`
	UpdatedBy *string    `json:"updated_by"`
}

// GroupSettingsChange is what UpdateGroupSettings changes; nil leaves a setting
// as it is.
type GroupSettingsChange struct {
	Review *ReviewSettingsChange `json:"review,omitempty"`
}

// ReviewSettingsChange is the review's part of it.
type ReviewSettingsChange struct {
	APIKey    *string `json:"api_key,omitempty"`
	Dashboard *string `json:"dashboard,omitempty"`
	FourEyes  *bool   `json:"four_eyes,omitempty"`
}

// Attempts lists the attempts of a verification, oldest first.
func (c *Client) Attempts(ctx context.Context, verificationID string) (List[Attempt], error) {
	var l List[Attempt]
	err := c.get(ctx, "/verifications/"+url.PathEscape(verificationID)+"/attempts", nil, &l)
	return l, err
}

// Review decides what the pipeline left open.
func (c *Client) Review(ctx context.Context, verificationID string, n NewReview) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications/"+url.PathEscape(verificationID)+"/review", nil, n, &v)
	return v, err
}

// Reviews lists what persons decided about a verification, oldest first.
func (c *Client) Reviews(ctx context.Context, verificationID string) (List[Review], error) {
	var l List[Review]
	err := c.get(ctx, "/verifications/"+url.PathEscape(verificationID)+"/reviews", nil, &l)
	return l, err
}

// DecideFraud lets a verification that is FRAUD_DETECTED go on, or ends it.
func (c *Client) DecideFraud(ctx context.Context, verificationID string, goOn bool, reason string) (Verification, error) {
	body := map[string]string{"decision": "reject", "reason": reason}
	if goOn {
		body["decision"] = "continue"
	}
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications/"+url.PathEscape(verificationID)+"/fraud-decision", nil, body, &v)
	return v, err
}

// GroupSettings gives the settings of a group.
func (c *Client) GroupSettings(ctx context.Context, groupID string) (GroupSettings, error) {
	var s GroupSettings
	err := c.get(ctx, "/groups/"+url.PathEscape(groupID)+"/settings", nil, &s)
	return s, err
}

// UpdateGroupSettings changes the settings of a group; owners of its
// organization may.
func (c *Client) UpdateGroupSettings(ctx context.Context, groupID string, change GroupSettingsChange) (GroupSettings, error) {
	var s GroupSettings
	err := c.call(ctx, http.MethodPatch, "/groups/"+url.PathEscape(groupID)+"/settings", nil, change, &s)
	return s, err
}
