package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// AuditRecord tells who did what. It never holds personal data.
type AuditRecord struct {
	Sequence  int64             `json:"sequence"`
	At        time.Time         `json:"at"`
	Actor     AuditActor        `json:"actor"`
	GroupID   *string           `json:"group_id"`
	Action    string            `json:"action"` // e.g. personal_data.viewed
	Object    AuditObject       `json:"object"`
	RequestID string            `json:"request_id"`
	Address   string            `json:"address"` // network of the caller
	Outcome   string            `json:"outcome"` // ok, or an error code
	Details   map[string]string `json:"details"`
	Hash      string            `json:"hash"`
}

// AuditActor is a user (by id), an API key (by prefix), or system,
// command_line or unknown.
type AuditActor struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// AuditObject is what a record is about.
type AuditObject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// AuditFilter picks records; what is empty does not count.
type AuditFilter struct {
	From, Until          time.Time // Until is not included
	ActorID, Action      string
	ObjectType, ObjectID string
}

// AuditRecords lists the organization's audit log, newest first, for its
// owners.
func (c *Client) AuditRecords(ctx context.Context, f AuditFilter, p Page) (List[AuditRecord], error) {
	q := p.query()
	for name, value := range map[string]string{"actor_id": f.ActorID, "action": f.Action, "object_type": f.ObjectType, "object_id": f.ObjectID} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"from": f.From, "until": f.Until} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	var l List[AuditRecord]
	err := c.get(ctx, "/audit", q, &l)
	return l, err
}

// Evidence writes the evidence bundle of a result, a ZIP file, to w. Check it
// with `anycheck evidence verify`. ctx bounds how long that takes.
func (c *Client) Evidence(ctx context.Context, resultID string, w io.Writer) error {
	header, err := c.credentials(ctx, "")
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+"/results/"+url.PathEscape(resultID)+"/evidence.zip", nil)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	return c.fetch(r, w)
}
