package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// facePlace is where the face of a verification stands. Faces are sealed under the
// master keyset itself, as data keys are: a search opens all of an organization,
// and a look-up of each result's key would cost several times the search. They
// are resealed when the master key changes, and gone with their rows.
func facePlace(verification string) string { return place("known_faces.face", verification) }

// SaveKnownFace implements verification.Store.
func (s *store) SaveKnownFace(ctx context.Context, scope tenant.Scope, f verification.KnownFace) error {
	return s.atomically(ctx, func(tx *store) error {
		if _, err := tx.Verification(ctx, scope, f.VerificationID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM known_faces WHERE `+inScope+` AND verification_id = $3`, scoped(scope, f.VerificationID)...); err != nil || len(f.Face) == 0 {
			return err
		}
		if tx.db.vault == nil {
			return errNoVault
		}
		sealed, err := tx.db.vault.Seal(facePlace(f.VerificationID.String()), f.Face)
		if err != nil {
			return err
		}
		return tx.change(ctx, noVerification, `INSERT INTO known_faces (verification_id, organization_id, group_id, space, owner, face, sealed, at)
			SELECT id, organization_id, group_id, $4, $5, $6, TRUE, $7 FROM verifications WHERE `+inScope+` AND id = $3`,
			scoped(scope, f.VerificationID, f.Space, f.Owner, sealed, micros(f.At))...)
	})
}

// KnownFace implements verification.Store.
func (s *store) KnownFace(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.KnownFace, error) {
	return one(ctx, s, func(r row) (f verification.KnownFace, err error) {
		var sealed bool
		if err := r.Scan(&f.VerificationID, &f.Space, &f.Owner, &f.Face, &sealed, at{&f.At}); err != nil {
			return f, err
		}
		f.Face, err = s.openFace(f.VerificationID.String(), f.Face, sealed)
		return f, err
	}, "No face is known.", `SELECT verification_id, space, owner, face, sealed, at FROM known_faces WHERE `+inScope+` AND verification_id = $3`, scoped(scope, id)...)
}

// openFace opens a face, unless it is one of an older version that lies open.
func (s *store) openFace(verification string, face []byte, sealed bool) ([]byte, error) {
	if !sealed {
		return face, nil
	}
	if s.db.vault == nil {
		return nil, errNoVault
	}
	return s.db.vault.Open(facePlace(verification), face)
}

// EachKnownFace implements verification.Store.
func (s *store) EachKnownFace(ctx context.Context, scope tenant.Scope, organization uuid.UUID, space string, visit func(id uuid.UUID, owner, face []byte)) error {
	rows, err := s.reader().QueryContext(ctx, `SELECT verification_id, owner, face, sealed FROM known_faces
		WHERE `+inScope+` AND organization_id = $3 AND space = $4`, scoped(scope, organization, space)...)
	if err != nil {
		return s.db.dialect.translate(err)
	}
	defer rows.Close()
	var id, owner, kept sql.RawBytes
	var sealed bool
	for rows.Next() {
		if err := rows.Scan(&id, &owner, &kept, &sealed); err != nil {
			return s.db.dialect.translate(err)
		}
		parsed, err := uuid.ParseBytes(id)
		if err != nil {
			return err
		}
		face, err := s.openFace(string(id), kept, sealed)
		if err != nil {
			return err
		}
		visit(parsed, owner, face)
	}
	return s.db.dialect.translate(rows.Err())
}

// sealBatch is how many rows one transaction seals.
const sealBatch = 200

// SealOlder is the operator's, over all tenants: it seals what older versions
// have left open, the embeddings of faces and the reasons of dismissals, and
// tells how many. Run again it finds nothing.
func (s *store) SealOlder(ctx context.Context) (sealed int, err error) {
	if s.db.vault == nil {
		return 0, errNoVault
	}
	for _, batch := range []func(*store, context.Context) (int, error){(*store).sealFaces, (*store).sealDismissals} {
		for {
			var n int
			err := s.atomically(ctx, func(tx *store) (err error) {
				n, err = batch(tx, ctx)
				return err
			})
			if err != nil {
				return sealed, err
			}
			if n == 0 {
				break
			}
			sealed += n
		}
	}
	return sealed, nil
}

func (s *store) sealFaces(ctx context.Context) (int, error) {
	return s.changeFaces(ctx, `SELECT verification_id, face FROM known_faces WHERE NOT sealed LIMIT $1`, s.db.vault.Seal, sealBatch)
}

// ResealFaces is the operator's, over all tenants: it seals up to limit faces
// anew that come after a given verification, and tells the last one and how
// many; none at the end.
func (s *store) ResealFaces(ctx context.Context, after string, limit int, reseal func(where string, sealed []byte) ([]byte, error)) (last string, n int, err error) {
	last = after
	err = s.atomically(ctx, func(tx *store) (err error) {
		n, err = tx.changeFaces(ctx, `SELECT verification_id, face FROM known_faces WHERE sealed AND verification_id > $2 ORDER BY verification_id LIMIT $1`,
			func(where string, sealed []byte) ([]byte, error) {
				last = strings.TrimPrefix(where, facePlace(""))
				return reseal(where, sealed)
			}, limit, after)
		return err
	})
	return last, n, err
}

// changeFaces gives the faces that a query finds another form.
func (s *store) changeFaces(ctx context.Context, query string, change func(where string, face []byte) ([]byte, error), args ...any) (int, error) {
	type face struct {
		id   string
		kept []byte
	}
	found, err := all(ctx, s, func(r row) (f face, err error) {
		err = r.Scan(&f.id, &f.kept)
		return f, err
	}, query, args...)
	if err != nil {
		return 0, err
	}
	for _, f := range found {
		changed, err := change(facePlace(f.id), f.kept)
		if err != nil {
			return 0, err
		}
		// A retry may have replaced it meanwhile.
		if _, err := s.exec(ctx, `UPDATE known_faces SET face = $2, sealed = TRUE WHERE verification_id = $1 AND face = $3`, f.id, changed, f.kept); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

func (s *store) sealDismissals(ctx context.Context) (int, error) {
	type reason struct {
		id, text string
		owner    vault.Owner
	}
	open, err := all(ctx, s, func(r row) (o reason, err error) {
		err = r.Scan(&o.id, &o.owner.Organization, &o.owner.Group, &o.owner.ID, &o.text)
		return o, err
	}, `SELECT d.id, v.organization_id, v.group_id, v.result_id, d.reason FROM dismissals d
		JOIN verifications v ON v.id = d.verification_id WHERE d.reason NOT LIKE $1 LIMIT $2`, sealMark+"%", sealBatch)
	if err != nil {
		return 0, err
	}
	for _, o := range open {
		key, err := s.sealingKey(ctx, o.owner, true)
		if fault.Is(err, fault.NotFound) { // its result is erased
			_, err = s.exec(ctx, `DELETE FROM dismissals WHERE id = $1`, o.id)
		} else if err == nil {
			var sealed *string
			if sealed, err = seal(key, place("dismissals.reason", o.id), &o.text); err == nil {
				_, err = s.exec(ctx, `UPDATE dismissals SET reason = $2 WHERE id = $1`, o.id, sealed)
			}
		}
		if err != nil {
			return 0, err
		}
	}
	return len(open), nil
}
