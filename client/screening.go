package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// NewScreening asks about a person without documents. Only Name is needed;
// dates are YYYY-MM-DD.
type NewScreening struct {
	Name            string          `json:"name"`
	BirthDate       string          `json:"birth_date,omitempty"` // or YYYY-MM, or YYYY
	Gender          string          `json:"gender,omitempty"`     // MALE, FEMALE
	BirthPlace      string          `json:"birth_place,omitempty"`
	NIK             string          `json:"nik,omitempty"`
	AsOf            string          `json:"as_of,omitempty"`   // the lists of a day
	Monitor         *bool           `json:"monitor,omitempty"` // search again when lists change; default true
	FolderID        string          `json:"folder_id,omitempty"`
	ResultID        string          `json:"result_id,omitempty"`
	WebhookURL      string          `json:"webhook_url,omitempty"`
	WebhookMetadata json.RawMessage `json:"webhook_metadata,omitempty"`
	Consent         *Consent        `json:"consent,omitempty"`
}

// Screening is what the watch lists say of a verification's person now.
type Screening struct {
	Asked      []string   `json:"asked"`
	ScreenedAt time.Time  `json:"screened_at"`
	Lists      []ListUsed `json:"lists"`
	Hits       []Hit      `json:"hits"`
}

// ListUsed is a list version that was searched.
type ListUsed struct {
	Name       string    `json:"name"`
	Version    string    `json:"version"`
	ImportedAt time.Time `json:"imported_at"`
}

// Hit is a listed entity that may be the person. It counts when Alert is set
// and Dismissed is nil.
type Hit struct {
	EntityID    string     `json:"entity_id"`
	Name        string     `json:"name"`
	Score       float64    `json:"score"` // 0..1
	Topics      []string   `json:"topics"`
	Datasets    []string   `json:"datasets"`
	MatchedOn   []string   `json:"matched_on"`
	URL         string     `json:"url"`
	Alert       bool       `json:"alert"`
	Dismissed   *Dismissed `json:"dismissed"`
	Explanation []Reason   `json:"explanation"`
}

// Dismissed says who set a hit aside.
type Dismissed struct {
	By        string     `json:"by"`
	Reason    string     `json:"reason"`
	At        time.Time  `json:"at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

// Reason is one fact's share of a score, in natural logarithms of likelihood
// ratios.
type Reason struct {
	Fact   string  `json:"fact"`
	Query  string  `json:"query"`
	Listed string  `json:"listed"`
	How    string  `json:"how"`
	Points float64 `json:"points"`
}

// NewDismissal sets a hit aside; ExpiresAt nil means for good.
type NewDismissal struct {
	EntityID  string     `json:"entity_id"`
	Reason    string     `json:"reason"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// WatchList is a list that is searched.
type WatchList struct {
	Name       string    `json:"name"`
	Version    int       `json:"version"`
	Entities   int       `json:"entities"`
	Checksum   string    `json:"checksum"`
	ImportedAt time.Time `json:"imported_at"`
	CheckedAt  time.Time `json:"checked_at"`
	AgeDays    int       `json:"age_days"`
}

// Screen screens a person; it comes back COMPLETED, or NEED_REVIEW where the
// group's review policy asks for a person.
func (c *Client) Screen(ctx context.Context, n NewScreening) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/screenings", nil, n, &v)
	return v, err
}

// Screening gives a verification's hits with their reasons.
func (c *Client) Screening(ctx context.Context, verificationID string) (Screening, error) {
	var s Screening
	err := c.get(ctx, "/verifications/"+url.PathEscape(verificationID)+"/screening", nil, &s)
	return s, err
}

// DismissHit sets a hit aside for this person.
func (c *Client) DismissHit(ctx context.Context, verificationID string, n NewDismissal) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodPost, "/verifications/"+url.PathEscape(verificationID)+"/dismissals", nil, n, &v)
	return v, err
}

// TakeBackDismissal lets a dismissed hit count again.
func (c *Client) TakeBackDismissal(ctx context.Context, verificationID, entityID string) (Verification, error) {
	var v Verification
	err := c.call(ctx, http.MethodDelete, "/verifications/"+url.PathEscape(verificationID)+"/dismissals/"+url.PathEscape(entityID), nil, nil, &v)
	return v, err
}

// WatchLists gives the lists that are searched.
func (c *Client) WatchLists(ctx context.Context) (List[WatchList], error) {
	var l List[WatchList]
	err := c.get(ctx, "/lists", url.Values{"page_size": {"100"}}, &l)
	return l, err
}
