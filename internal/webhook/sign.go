// Package webhook signs and delivers webhooks by the Standard Webhooks
// specification 1.0.0 (standardwebhooks.com) and says when to try again.
//
// It must not know SQL, the queue or how a connection is made.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of the specification.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	secretPrefix = "whsec_"
	// tolerance is how far the time of a webhook may be from a receiver's clock.
	tolerance = 5 * time.Minute
)

// Headers gives the headers that identify and sign a webhook. id names it over
// all its attempts and has no dot; at is the time of this attempt. The key is
// the secret's bytes, or what follows "whsec_" decoded from base64; a secret
// whose rest is no base64 is taken as it is. Each secret signs; a receiver that
// has one of them finds its signature.
func Headers(id string, at time.Time, body []byte, secrets ...string) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	h := http.Header{}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, timestamp)
	var signatures []string
	for _, secret := range secrets {
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(sign(id, timestamp, body, secret)))
	}
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	return h
}

func sign(id, timestamp string, body []byte, secret string) []byte {
	key := []byte(secret)
	if rest, ok := strings.CutPrefix(secret, secretPrefix); ok {
		if decoded, err := base64.StdEncoding.DecodeString(rest); err == nil {
			key = decoded
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Why Verify refuses a webhook.
var (
	ErrHeaders   = errors.New("webhook: a header is missing or malformed")
	ErrTimestamp = errors.New("webhook: the timestamp is more than 5 minutes away")
	ErrSignature = errors.New("webhook: no signature matches")
)

// Verify is what a receiver does: it takes a body whose signature fits and
// whose timestamp is at most 5 minutes from now.
func Verify(h http.Header, body []byte, secret string, now time.Time) error {
	id, timestamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return ErrHeaders
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return ErrTimestamp
	}
	want := sign(id, timestamp, body, secret)
	for s := range strings.SplitSeq(h.Get(HeaderSignature), " ") {
		encoded, ok := strings.CutPrefix(s, "v1,")
		if !ok {
			continue
		}
		if got, err := base64.StdEncoding.DecodeString(encoded); err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}
