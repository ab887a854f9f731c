package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
)

type feedRequest struct {
	After string `query:"after" maxLength:"64" doc:"The cursor of the last answer; absent: from the beginning."`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"500" doc:"Number of events."`
}

type feed struct {
	Items   []object `json:"items" doc:"Events in order, each as its webhook has it: event, timestamp, id, sequence, verification_id and so on. Where no webhook was sent, output, output_status, error, execution_time and credit_used are the present ones, and null or 0 for what lies before the present attempt's end; matches and lists of an alert are empty."`
	Next    string   `json:"next" doc:"Cursor behind the last event: ask for after=… when there may be more. Empty when there was never an event."`
	HasMore bool     `json:"has_more" doc:"Whether there are more right now."`
}

func (s *server) feedRoute() {
	handle(s, callers, huma.Operation{OperationID: "listFeed", Method: http.MethodGet, Path: "/events", Metadata: recorded(audit.DataViewed, "feed"), Tags: []string{"Webhooks"},
		Summary:     "Everything that has happened, in order and without gaps",
		Description: "What webhooks tell, for a client that asks instead of listening or that has missed some. An event that was answered once keeps its place for ever, and none appears before it later."},
		func(ctx context.Context, in *feedRequest) (*output[feed], error) {
			place, err := s.signer.place(in.After)
			if err != nil {
				return nil, err
			}
			items, more, err := s.UseCases.Feed(ctx, actorOf(ctx), place, in.Limit)
			f := feed{Items: make([]object, 0, len(items)), Next: in.After, HasMore: more}
			for _, i := range items {
				f.Items = append(f.Items, object(i.Body))
				f.Next = s.signer.cursor(i.Place)
			}
			return &output[feed]{Body: f}, err
		})
}

const cursorTag = 8 // bytes

// cursor writes a place so that nobody can read from it how much happens on
// the platform, or make one up: a tag of the place, and the place under a mask
// made of the tag.
func (s signer) cursor(place int64) string {
	var plain [8]byte
	binary.BigEndian.PutUint64(plain[:], uint64(place))
	tag := s.cursorMAC("place", plain[:])
	return base64.RawURLEncoding.EncodeToString(append(tag, s.masked(tag, plain)...))
}

// place reads a cursor; the empty one is the beginning.
func (s signer) place(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	place, err := s.readCursor(cursor)
	if err != nil {
		return 0, fault.Field("after", "is no cursor of this installation").WithCode(fault.CodeInvalidValue)
	}
	return place, nil
}

func (s signer) readCursor(cursor string) (int64, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != cursorTag+8 {
		return 0, errors.New("not a cursor")
	}
	tag := raw[:cursorTag]
	plain := s.masked(tag, [8]byte(raw[cursorTag:]))
	if !hmac.Equal(tag, s.cursorMAC("place", plain)) {
		return 0, errors.New("not ours")
	}
	return int64(binary.BigEndian.Uint64(plain)), nil
}

func (s signer) masked(tag []byte, b [8]byte) []byte {
	for i, m := range s.cursorMAC("mask", tag) {
		b[i] ^= m
	}
	return b[:]
}

func (s signer) cursorMAC(use string, b []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("event cursor " + use + " "))
	mac.Write(b)
	return mac.Sum(nil)[:cursorTag]
}
