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

// SessionUser implements auth.Store.
func (s *store) SessionUser(ctx context.Context, session uuid.UUID) (tenant.User, error) {
	return one(ctx, s, scanUser, noSession, `SELECT `+userColumns+` FROM sessions JOIN users u ON u.id = sessions.user_id
		WHERE sessions.id = $1 AND sessions.revoked_at IS NULL`, session)
}

// SessionOwner implements auth.Store.
func (s *store) SessionOwner(ctx context.Context, session uuid.UUID) (tenant.User, error) {
	return one(ctx, s, scanUser, noSession, `SELECT `+userColumns+` FROM sessions JOIN users u ON u.id = sessions.user_id WHERE sessions.id = $1`, session)
}

// InsertSession implements auth.Store.
func (s *store) InsertSession(ctx context.Context, n auth.Session, first auth.RefreshToken) error {
	return s.atomically(ctx, func(tx *store) error {
		_, err := tx.exec(ctx, `INSERT INTO sessions (id, user_id, created_at) VALUES ($1, $2, $3)`, n.ID, n.UserID, micros(n.CreatedAt))
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

func (s *store) revokeSessions(ctx context.Context, user uuid.UUID, now time.Time) error {
	_, err := s.exec(ctx, `UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL`, user, micros(now))
	return err
}

// SessionOfToken implements auth.Store.
func (s *store) SessionOfToken(ctx context.Context, hash []byte) (uuid.UUID, error) {
	return one(ctx, s, value[uuid.UUID], noSession, `SELECT session_id FROM refresh_tokens WHERE hash = $1`, hash)
}
