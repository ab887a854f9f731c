package client

import (
	"context"
	"crypto/rand"
	"net/http"
)

type idempotencyKey struct{}

// WithIdempotencyKey makes the creating call with ctx safe to repeat: sent
// again with the same key within 24 hours, it is answered as the first time
// and does nothing more. Use one key for one call; NewIdempotencyKey makes one.
//
// An answer to other content is IDEMPOTENCY_CONFLICT. After any error the same
// key can be used again.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// NewIdempotencyKey makes a key that nobody else has.
func NewIdempotencyKey() string { return rand.Text() }

// setIdempotencyKey puts the context's key into a POST.
func setIdempotencyKey(ctx context.Context, r *http.Request) {
	if key, ok := ctx.Value(idempotencyKey{}).(string); ok && r.Method == http.MethodPost {
		r.Header.Set("Idempotency-Key", key)
	}
}
