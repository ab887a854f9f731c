package store

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// SaveKnownFace implements verification.Store.
func (s *store) SaveKnownFace(ctx context.Context, scope tenant.Scope, f verification.KnownFace) error {
	return s.atomically(ctx, func(tx *store) error {
		if _, err := tx.Verification(ctx, scope, f.VerificationID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM known_faces WHERE `+inScope+` AND verification_id = $3`, scoped(scope, f.VerificationID)...); err != nil || len(f.Face) == 0 {
			return err
		}
		return tx.change(ctx, noVerification, `INSERT INTO known_faces (verification_id, organization_id, group_id, space, owner, face, at)
			SELECT id, organization_id, group_id, $4, $5, $6, $7 FROM verifications WHERE `+inScope+` AND id = $3`,
			scoped(scope, f.VerificationID, f.Space, f.Owner, f.Face, micros(f.At))...)
	})
}

// KnownFace implements verification.Store.
func (s *store) KnownFace(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.KnownFace, error) {
	return one(ctx, s, func(r row) (f verification.KnownFace, err error) {
		err = r.Scan(&f.VerificationID, &f.Space, &f.Owner, &f.Face, at{&f.At})
		return f, err
	}, "No face is known.", `SELECT verification_id, space, owner, face, at FROM known_faces WHERE `+inScope+` AND verification_id = $3`, scoped(scope, id)...)
}

// EachKnownFace implements verification.Store.
func (s *store) EachKnownFace(ctx context.Context, scope tenant.Scope, organization uuid.UUID, space string, visit func(id uuid.UUID, owner, face []byte)) error {
	rows, err := s.reader().QueryContext(ctx, `SELECT verification_id, owner, face FROM known_faces
		WHERE `+inScope+` AND organization_id = $3 AND space = $4`, scoped(scope, organization, space)...)
	if err != nil {
		return s.db.dialect.translate(err)
	}
	defer rows.Close()
	var id, owner, face sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&id, &owner, &face); err != nil {
			return s.db.dialect.translate(err)
		}
		parsed, err := uuid.ParseBytes(id)
		if err != nil {
			return err
		}
		visit(parsed, owner, face)
	}
	return s.db.dialect.translate(rows.Err())
}
