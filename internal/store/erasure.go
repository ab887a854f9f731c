package store

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// notErased leaves out the verifications of erased results: their rows stay
// for the ledger and the count of events alone.
const notErased = ` AND NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.result_id = verifications.result_id)`

// EraseResult implements verification.Store.
func (s *store) EraseResult(ctx context.Context, scope tenant.Scope, t verification.Tombstone) error {
	commitments, err := asJSON(t.Commitments)
	if err != nil {
		return err
	}
	return s.atomically(ctx, func(tx *store) error {
		kept, err := tx.unshared(ctx, scope, t.ResultID, t.Files)
		if err != nil {
			return err
		}
		files, err := asJSON(append([]string{}, kept...))
		if err != nil {
			return err
		}
		err = tx.change(ctx, noResult, `INSERT INTO erasures (result_id, organization_id, group_id, folder_id, reason, actor, at, verifications, commitments, files)
			SELECT id, organization_id, group_id, folder_id, $4, $5, $6, $7, $8, $9 FROM results WHERE `+inScope+` AND id = $3`,
			scoped(scope, t.ResultID, t.Reason, t.Actor, micros(t.At), t.Verifications, commitments, files)...)
		if err != nil {
			return taken(err, "This result is erased already.")
		}
		if err := tx.change(ctx, noResult, `UPDATE results SET erased_at = $4 WHERE `+inScope+` AND id = $3`, scoped(scope, t.ResultID, micros(t.At))...); err != nil {
			return err
		}
		for _, table := range []string{"evidence", "watched_persons", "dismissals", "known_faces", "subjects", "attempts", "reviews", "reveals"} {
			if err := tx.deleteOf(ctx, scope, table, t.ResultID); err != nil {
				return err
			}
		}
		if _, err := tx.exec(ctx, `DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE `+inScope+` AND verification_id IN (SELECT id FROM verifications WHERE result_id = $3))`,
			scoped(scope, t.ResultID)...); err != nil {
			return err
		}
		if err := tx.deleteOf(ctx, scope, "deliveries", t.ResultID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE verifications SET input_config = '{}', config = '{}', output = NULL, checks = NULL, output_path = '', export_path = '',
			webhook_url = '', webhook_metadata = NULL, webhook_secret = '', consent = NULL WHERE `+inScope+` AND result_id = $3`, scoped(scope, t.ResultID)...); err != nil {
			return err
		}
		return tx.shred(ctx, scope, t, kept)
	})
}

// deleteOf deletes a table's rows of a result's verifications.
func (s *store) deleteOf(ctx context.Context, scope tenant.Scope, table string, result uuid.UUID) error {
	_, err := s.exec(ctx, `DELETE FROM `+table+` WHERE `+inScope+` AND verification_id IN (SELECT id FROM verifications WHERE result_id = $3)`, scoped(scope, result)...)
	return err
}

// unshared takes a result's uploads from it and gives those that no other result
// uses. The files' rows are locked first: a verification that begins to use
// one is either seen here, or waits and finds it gone.
func (s *store) unshared(ctx context.Context, scope tenant.Scope, result uuid.UUID, files []string) (own []string, err error) {
	if _, err := s.exec(ctx, `DELETE FROM file_uses WHERE `+inScope+` AND result_id = $3`, scoped(scope, result)...); err != nil {
		return nil, err
	}
	for _, f := range slices.Sorted(slices.Values(files)) { // one order for all who lock them
		if _, err := s.exec(ctx, `UPDATE files SET state = state WHERE `+inScope+` AND path = $3`, scoped(scope, f)...); err != nil {
			return nil, err
		}
		used, err := s.exists(ctx, `SELECT 1 FROM file_uses WHERE `+inScope+` AND path = $3`, scoped(scope, f)...)
		if err != nil {
			return nil, err
		}
		if !used {
			own = append(own, f)
		}
	}
	return own, nil
}

// shred destroys the keys of a result and of its uploaded files, and the rows
// that name the files.
func (s *store) shred(ctx context.Context, scope tenant.Scope, t verification.Tombstone, files []string) error {
	owners := []vault.Owner{{Organization: t.OrganizationID, Group: t.GroupID, ID: t.ResultID}}
	for _, f := range files {
		if o, ok := vault.OwnerOf(f); ok {
			owners = append(owners, o)
		}
		if _, err := s.exec(ctx, `DELETE FROM files WHERE `+inScope+` AND path = $3`, scoped(scope, f)...); err != nil {
			return err
		}
	}
	return s.DestroyDataKeys(ctx, owners, t.At)
}

// Tombstone implements verification.Store.
func (s *store) Tombstone(ctx context.Context, scope tenant.Scope, result uuid.UUID) (verification.Tombstone, error) {
	return one(ctx, s, func(r row) (t verification.Tombstone, err error) {
		err = r.Scan(&t.ResultID, &t.OrganizationID, &t.GroupID, &t.FolderID, &t.Reason, &t.Actor, at{&t.At}, &t.Verifications, fromJSON{&t.Commitments}, fromJSON{&t.Files})
		return t, err
	}, "This result is not erased.", `SELECT result_id, organization_id, group_id, folder_id, reason, actor, at, verifications, commitments, files
		FROM erasures WHERE `+inScope+` AND result_id = $3`, scoped(scope, result)...)
}

// FilesDeleted implements verification.Store.
func (s *store) FilesDeleted(ctx context.Context, scope tenant.Scope, result uuid.UUID) error {
	return s.change(ctx, "This result is not erased.", `UPDATE erasures SET files = NULL WHERE `+inScope+` AND result_id = $3`, scoped(scope, result)...)
}

// SaveSubject implements verification.Store.
func (s *store) SaveSubject(ctx context.Context, scope tenant.Scope, id uuid.UUID, subject []byte) error {
	return s.change(ctx, noVerification, `INSERT INTO subjects (verification_id, organization_id, group_id, subject)
		SELECT id, organization_id, group_id, $4 FROM verifications WHERE `+inScope+` AND id = $3
		ON CONFLICT (verification_id) DO UPDATE SET subject = excluded.subject`, scoped(scope, id, subject)...)
}

// ResultsOf implements verification.Store.
func (s *store) ResultsOf(ctx context.Context, scope tenant.Scope, subject []byte) ([]uuid.UUID, error) {
	return all(ctx, s, value[uuid.UUID], `SELECT id FROM results WHERE `+inScope+` AND id IN
		(SELECT v.result_id FROM subjects s JOIN verifications v ON v.id = s.verification_id WHERE s.subject = $3) ORDER BY created_at, id`, scoped(scope, subject)...)
}

// Expired implements verification.Store. Each group is asked for by itself, so
// that an index leads to its oldest results.
func (s *store) Expired(ctx context.Context, scope tenant.Scope, class verification.DataClass, now time.Time, after verification.Expiry, limit int) ([]verification.Expiry, error) {
	type policy struct {
		group uuid.UUID
		days  int
	}
	policies, err := all(ctx, s, func(r row) (p policy, err error) {
		err = r.Scan(&p.group, &p.days)
		return p, err
	}, `SELECT group_id, days FROM retention WHERE `+inScope+` AND class = $3 AND group_id >= $4 ORDER BY group_id`, scoped(scope, class, after.GroupID)...)
	if err != nil {
		return nil, err
	}
	kept := "erased_at IS NULL"
	if class == verification.FileData {
		kept += " AND files_forgotten_at IS NULL"
	}
	var expired []verification.Expiry
	for _, p := range policies {
		if p.group != after.GroupID {
			after = verification.Expiry{} // all of this group
		}
		found, err := all(ctx, s, func(r row) (verification.Expiry, error) {
			e := verification.Expiry{Days: p.days}
			err := r.Scan(&e.ResultID, &e.OrganizationID, &e.GroupID, at{&e.CreatedAt})
			return e, err
		}, `SELECT id, organization_id, group_id, created_at FROM results WHERE `+inScope+` AND group_id = $3 AND created_at < $4 AND `+kept+`
			AND NOT EXISTS (SELECT 1 FROM verifications v WHERE v.result_id = results.id AND v.status IN ($5, $6))
			AND (created_at, id) > ($8, $9) ORDER BY created_at, id LIMIT $7`,
			scoped(scope, p.group, micros(now.Add(-time.Duration(p.days)*24*time.Hour)), verification.InQueue, verification.InProgress, limit-len(expired), micros(after.CreatedAt), after.ResultID)...)
		if err != nil {
			return nil, err
		}
		if expired = append(expired, found...); len(expired) == limit {
			break
		}
	}
	return expired, nil
}

// ForgetFiles implements verification.Store.
func (s *store) ForgetFiles(ctx context.Context, scope tenant.Scope, result uuid.UUID, files []string, at time.Time) (own []string, err error) {
	err = s.atomically(ctx, func(tx *store) error {
		if _, err := tx.Result(ctx, scope, result); err != nil {
			return err
		}
		if own, err = tx.unshared(ctx, scope, result, files); err != nil {
			return err
		}
		var owners []vault.Owner
		for _, f := range own {
			if o, ok := vault.OwnerOf(f); ok {
				owners = append(owners, o)
			}
			if _, err := tx.exec(ctx, `UPDATE files SET state = 'DELETED' WHERE `+inScope+` AND path = $3`, scoped(scope, f)...); err != nil {
				return err
			}
		}
		if err := tx.change(ctx, noResult, `UPDATE results SET files_forgotten_at = $4 WHERE `+inScope+` AND id = $3`, scoped(scope, result, micros(at))...); err != nil {
			return err
		}
		return tx.DestroyDataKeys(ctx, owners, at)
	})
	return own, err
}

// Retention implements verification.Store.
func (s *store) Retention(ctx context.Context, scope tenant.Scope, group uuid.UUID) (map[verification.DataClass]int, error) {
	if _, err := s.Group(ctx, scope, group); err != nil {
		return nil, err
	}
	days := map[verification.DataClass]int{}
	_, err := all(ctx, s, func(r row) (_ struct{}, err error) {
		var class verification.DataClass
		var n int
		err = r.Scan(&class, &n)
		days[class] = n
		return struct{}{}, err
	}, `SELECT class, days FROM retention WHERE `+inScope+` AND group_id = $3`, scoped(scope, group)...)
	return days, err
}

// SetRetention implements verification.Store.
func (s *store) SetRetention(ctx context.Context, scope tenant.Scope, group uuid.UUID, class verification.DataClass, days int) error {
	g, err := s.Group(ctx, scope, group)
	if err != nil {
		return err
	}
	if days == 0 {
		_, err := s.exec(ctx, `DELETE FROM retention WHERE `+inScope+` AND group_id = $3 AND class = $4`, scoped(scope, group, class)...)
		return err
	}
	_, err = s.exec(ctx, `INSERT INTO retention (group_id, class, organization_id, days) VALUES ($1, $2, $3, $4)
		ON CONFLICT (group_id, class) DO UPDATE SET days = excluded.days`, g.ID, class, g.OrganizationID, days)
	return err
}

// KeepResults implements auth.Store.
func (s *store) KeepResults(ctx context.Context, scope tenant.Scope, group uuid.UUID, days int) error {
	return s.SetRetention(ctx, scope, group, verification.ResultData, days)
}

// erasedResult tells a caller who asks for a result that it is erased.
func (s *store) erasedResult(ctx context.Context, scope tenant.Scope, result uuid.UUID) error {
	if _, err := s.Tombstone(ctx, scope, result); err == nil {
		return fault.New(fault.NotFound, "This result is erased.")
	} else if !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}
