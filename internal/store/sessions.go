package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

const noSession = "There is no such session."

const sessionColumns = `sessions.id, sessions.user_id, sessions.user_agent, sessions.network, sessions.created_at, sessions.last_seen_at`

func sessionFields(n *auth.Session) []any {
	return []any{&n.ID, &n.UserID, &n.UserAgent, &n.Network, at{&n.CreatedAt}, at{&n.LastSeenAt}}
}

// Session implements auth.Store.
func (s *store) Session(ctx context.Context, id uuid.UUID) (auth.Session, tenant.User, error) {
	var u tenant.User
	n, err := one(ctx, s, func(r row) (n auth.Session, err error) {
		err = r.Scan(append(sessionFields(&n), userFields(&u)...)...)
		return n, err
	}, noSession, `SELECT `+sessionColumns+`, `+userColumns+` FROM sessions JOIN users u ON u.id = sessions.user_id
		WHERE sessions.id = $1 AND sessions.revoked_at IS NULL`, id)
	if err != nil {
		return auth.Session{}, tenant.User{}, err
	}
	return n, u, nil
}

// TouchSession implements auth.Store.
func (s *store) TouchSession(ctx context.Context, id uuid.UUID, at time.Time) error {
	return s.change(ctx, noSession, `UPDATE sessions SET last_seen_at = $2 WHERE id = $1`, id, micros(at))
}

// Sessions implements auth.Store.
func (s *store) Sessions(ctx context.Context, scope tenant.Scope, user uuid.UUID, now time.Time) ([]auth.Session, error) {
	return all(ctx, s, func(r row) (n auth.Session, err error) {
		err = r.Scan(sessionFields(&n)...)
		return n, err
	}, `SELECT `+sessionColumns+` FROM sessions JOIN users ON users.id = sessions.user_id
		WHERE `+inScope+` AND sessions.user_id = $3 AND sessions.revoked_at IS NULL AND EXISTS
			(SELECT 1 FROM refresh_tokens t WHERE t.session_id = sessions.id AND t.used_at IS NULL AND t.expires_at > $4)
		ORDER BY sessions.last_seen_at DESC, sessions.id DESC`, scoped(scope, user, micros(now))...)
}

// EndSession implements auth.Store.
func (s *store) EndSession(ctx context.Context, scope tenant.Scope, id uuid.UUID, now time.Time) error {
	return s.change(ctx, noSession, `UPDATE sessions SET revoked_at = $4 WHERE id = $3 AND revoked_at IS NULL
		AND user_id IN (SELECT id FROM users WHERE `+inScope+`)`, scoped(scope, id, micros(now))...)
}

// RevokeSessions implements auth.Store.
func (s *store) RevokeSessions(ctx context.Context, user, except uuid.UUID, now time.Time) error {
	_, err := s.exec(ctx, `UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL`, user, except, micros(now))
	return err
}

// SessionOwner implements auth.Store.
func (s *store) SessionOwner(ctx context.Context, session uuid.UUID) (tenant.User, error) {
	return one(ctx, s, scanUser, noSession, `SELECT `+userColumns+` FROM sessions JOIN users u ON u.id = sessions.user_id WHERE sessions.id = $1`, session)
}

// InsertSession implements auth.Store.
func (s *store) InsertSession(ctx context.Context, n auth.Session, first auth.RefreshToken) error {
	return s.atomically(ctx, func(tx *store) error {
		_, err := tx.exec(ctx, `INSERT INTO sessions (id, user_id, user_agent, network, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			n.ID, n.UserID, n.UserAgent, n.Network, micros(n.CreatedAt), micros(n.LastSeenAt))
		if err != nil {
			return err
		}
		return tx.insertRefreshToken(ctx, n.ID, first)
	})
}

func (s *store) insertRefreshToken(ctx context.Context, session uuid.UUID, t auth.RefreshToken) error {
	_, err := s.exec(ctx, `INSERT INTO refresh_tokens (id, session_id, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		t.ID, session, t.Hash, micros(t.CreatedAt), micros(t.ExpiresAt))
	return err
}

// RotateRefreshToken implements auth.Store. A token that was used before is
// ErrReused even when it has expired since.
func (s *store) RotateRefreshToken(ctx context.Context, old []byte, next auth.RefreshToken, now time.Time) (uuid.UUID, error) {
	var session uuid.UUID
	var reused bool
	err := s.atomically(ctx, func(tx *store) error {
		// Of two callers with one token, the second waits here for the first
		// and then finds the token used.
		n, err := tx.exec(ctx, `UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2
			AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = refresh_tokens.session_id AND sessions.revoked_at IS NULL)`, old, micros(now))
		if err != nil {
			return err
		}
		var used sql.NullInt64
		session, err = one(ctx, tx, func(r row) (id uuid.UUID, err error) {
			err = r.Scan(&id, &used)
			return id, err
		}, noSession, `SELECT session_id, used_at FROM refresh_tokens WHERE hash = $1`, old)
		if err != nil {
			return err
		}
		switch reused = n == 0 && used.Valid; {
		case reused:
			return tx.RevokeSession(ctx, session, now) // committed, though the caller gets an error
		case n == 0:
			return fault.New(fault.NotFound, noSession)
		}
		return tx.insertRefreshToken(ctx, session, next)
	})
	switch {
	case err != nil:
		return uuid.Nil, err
	case reused:
		return session, auth.ErrReused
	}
	return session, nil
}

// RevokeSession implements auth.Store.
func (s *store) RevokeSession(ctx context.Context, session uuid.UUID, now time.Time) error {
	_, err := s.exec(ctx, `UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, session, micros(now))
	return err
}

// SessionOfToken implements auth.Store.
func (s *store) SessionOfToken(ctx context.Context, hash []byte) (uuid.UUID, error) {
	return one(ctx, s, value[uuid.UUID], noSession, `SELECT session_id FROM refresh_tokens WHERE hash = $1`, hash)
}
