package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// WebhookTolerance is how old, or how far ahead, a webhook may be.
const WebhookTolerance = 5 * time.Minute

// WebhookEvent is the body of a webhook.
type WebhookEvent struct {
	Event           string          `json:"event"` // verification.status_changed, screening.alert
	Timestamp       time.Time       `json:"timestamp"`
	ID              string          `json:"id"`       // the same for every attempt to deliver
	Sequence        int             `json:"sequence"` // per verification
	VerificationID  string          `json:"verification_id"`
	ResultID        string          `json:"result_id"`
	FolderID        string          `json:"folder_id"`
	PreviousStatus  Status          `json:"previous_status"`
	Status          Status          `json:"status"`
	OutputStatus    *string         `json:"output_status"`
	Service         Ref             `json:"service"`
	Output          json.RawMessage `json:"output"`
	Error           *Failure        `json:"error"`
	WebhookMetadata map[string]any  `json:"webhook_metadata"`
	ExecutionTime   *float64        `json:"execution_time"`
	CreditUsed      int64           `json:"credit_used"`
	// Matches and Lists are of a screening.alert: the new or changed hits. It
	// has no status and no output.
	Matches []Match    `json:"matches"`
	Lists   []ListUsed `json:"lists"`
	Test    bool       `json:"test"` // of a test key, or a sample of nobody
}

// Match is a hit as the output has it.
type Match struct {
	EntityID  string   `json:"entity_id"`
	Name      string   `json:"name"`
	Score     float64  `json:"score"`
	Topics    []string `json:"topics"`
	Datasets  []string `json:"datasets"`
	MatchedOn []string `json:"matched_on"`
	URL       string   `json:"url"`
}

// ErrSignature is the answer to a webhook that cannot be trusted.
var ErrSignature = errors.New("anycheck: the webhook cannot be trusted")

// VerifyWebhook checks that body is a webhook signed with secret and at most
// tolerance old (Standard Webhooks 1.0.0; WebhookTolerance is usual). The key
// is the secret's bytes, or what follows whsec_ decoded as base64. The body
// must be the bytes as they came; only then is it safe to decode a
// WebhookEvent from it.
func VerifyWebhook(secret string, headers http.Header, body []byte, tolerance time.Duration) error {
	return verifyWebhook(secret, headers, body, tolerance, time.Now())
}

func verifyWebhook(secret string, headers http.Header, body []byte, tolerance time.Duration, now time.Time) error {
	if secret == "" {
		return fmt.Errorf("%w: the secret is empty", ErrSignature)
	}
	key := []byte(secret)
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil || len(key) == 0 {
			return fmt.Errorf("%w: the secret is not base64 after whsec_", ErrSignature)
		}
	}
	id, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return fmt.Errorf("%w: webhook-id or webhook-timestamp is missing", ErrSignature)
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return fmt.Errorf("%w: its time is more than %s away", ErrSignature, tolerance)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	want := mac.Sum(nil)
	for signature := range strings.FieldsSeq(headers.Get("webhook-signature")) {
		encoded, ok := strings.CutPrefix(signature, "v1,")
		if !ok {
			continue
		}
		if got, err := base64.StdEncoding.DecodeString(encoded); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return fmt.Errorf("%w: no signature fits", ErrSignature)
}
