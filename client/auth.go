package client

import (
	"context"
	"net/http"
	"time"
)

// Tokens is a session.
type Tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int    `json:"expires_in"` // seconds
}

// Login signs a person in. The client calls as that person from then on, and
// renews the session by itself.
func (c *Client) Login(ctx context.Context, email, password string) (Tokens, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session(ctx, "/auth/login", map[string]string{"email": email, "password": password})
}

// Refresh trades the refresh token for a new pair now.
func (c *Client) Refresh(ctx context.Context) (Tokens, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session(ctx, "/auth/refresh", map[string]string{"refresh_token": c.refresh})
}

// session starts or renews the session; c.mu is held.
func (c *Client) session(ctx context.Context, path string, in any) (Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := marshal(in)
	if err != nil {
		return Tokens{}, err
	}
	var t Tokens
	if err := c.send(ctx, http.MethodPost, path, nil, nil, jsonBody(body), &t); err != nil {
		return Tokens{}, err
	}
	c.access, c.refresh = t.AccessToken, t.RefreshToken
	c.expires = time.Now().Add(time.Duration(t.ExpiresIn) * time.Second)
	return t, nil
}

// credentials gives the header that proves who is calling. A session whose
// access token is about to end, or is the one that just failed, is renewed.
func (c *Client) credentials(ctx context.Context, failed string) (http.Header, error) {
	h := http.Header{}
	if c.apiKey != "" {
		h.Set("X-API-Key", c.apiKey)
		return h, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ending := !c.expires.IsZero() && time.Until(c.expires) < renewBefore
	if c.refresh != "" && (ending || failed == "Bearer "+c.access) {
		if _, err := c.session(ctx, "/auth/refresh", map[string]string{"refresh_token": c.refresh}); err != nil {
			return nil, err
		}
	}
	if c.access != "" {
		h.Set("Authorization", "Bearer "+c.access)
	}
	return h, nil
}

// Logout ends the session.
func (c *Client) Logout(ctx context.Context) error {
	c.mu.Lock()
	refresh := c.refresh
	c.mu.Unlock()
	err := c.call(ctx, http.MethodPost, "/auth/logout", nil, map[string]string{"refresh_token": refresh}, nil)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.access, c.refresh, c.expires = "", "", time.Time{}
	return nil
}

// AuthMethods tells how people can sign in.
func (c *Client) AuthMethods(ctx context.Context) (AuthMethods, error) {
	var m AuthMethods
	err := c.get(ctx, "/auth/methods", nil, &m)
	return m, err
}

// Profile tells who is calling.
func (c *Client) Profile(ctx context.Context) (Profile, error) {
	var p Profile
	err := c.get(ctx, "/profile", nil, &p)
	return p, err
}
