package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// OpenAPI writes the OpenAPI 3.1 document of the installation to w.
func (c *Client) OpenAPI(ctx context.Context, w io.Writer) error {
	return c.document(ctx, "/openapi.json", w)
}

// PostmanCollection writes the same as a Postman collection to w.
func (c *Client) PostmanCollection(ctx context.Context, w io.Writer) error {
	return c.document(ctx, "/postman.json", w)
}

// Reference writes the same as an HTML page for people to w.
func (c *Client) Reference(ctx context.Context, w io.Writer) error {
	return c.document(ctx, "/docs", w)
}

// Metrics writes what GET /metrics tells, in the Prometheus text format, to w.
func (c *Client) Metrics(ctx context.Context, w io.Writer) error {
	return c.document(ctx, "/metrics", w)
}

// document writes a public document to w. No credentials are sent.
func (c *Client) document(ctx context.Context, path string, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.String()+path, nil)
	if err != nil {
		return fmt.Errorf("anycheck: %w", err)
	}
	return c.fetch(r, w)
}
