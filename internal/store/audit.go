package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/tenant"
)

var _ audit.Store = (*DB)(nil)

// AppendAudit implements audit.Store.
func (s *store) AppendAudit(ctx context.Context, e *audit.Entry) error {
	if s.tx != nil {
		return s.appendAudit(ctx, e)
	}
	return s.db.audits.append(ctx, s, e)
}

// withAudit runs fn and then writes the audit record that the context carries,
// in one transaction: one commit makes both durable, and the chain is locked
// only as long as that takes.
func (s *store) withAudit(ctx context.Context, fn func(tx *store) error) error {
	e := audit.Of(ctx)
	if s.tx != nil || e == nil {
		return s.atomically(ctx, fn)
	}
	var kept bool
	err := s.atomically(ctx, func(tx *store) error {
		if err := fn(tx); err != nil {
			return err
		}
		if kept = e.Due(); !kept {
			return nil
		}
		return tx.appendAudit(ctx, e)
	})
	if err == nil && kept {
		e.Kept()
	}
	return err
}

// appendAudit puts e behind the last record of its chain. It comes last in a
// transaction: until the commit, other writers of the chain wait.
func (s *store) appendAudit(ctx context.Context, e *audit.Entry) error {
	if !e.Located() {
		if err := s.locate(ctx, e); err != nil {
			return err
		}
	}
	r := e.Record
	if err := r.Check(); err != nil {
		return err
	}
	s.takeTurn(ctx, r.Organization)
	head, err := s.nextOf(ctx, r.Organization)
	if err != nil {
		return err
	}
	r.Follow(head.Sequence-1, head.Hash)
	details, err := asJSON(r.Details)
	if err != nil {
		return err
	}
	args := []any{r.Organization, r.Sequence, r.Group, micros(r.At), r.Actor.Kind, r.Actor.ID, r.Action, r.Object.Type, r.Object.ID,
		r.RequestID, r.Address, r.Outcome, details, r.Previous[:], r.Hash[:]}
	const insert = `INSERT INTO audit_records (` + auditColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	const move = `UPDATE audit_chains SET hash = $15 WHERE organization_id = $1`
	if s.db.dialect.writingCTE {
		_, err := s.exec(ctx, `WITH moved AS (`+move+`) `+insert, args...)
		return err
	}
	if _, err := s.exec(ctx, insert, args...); err != nil {
		return err
	}
	_, err = s.exec(ctx, move, args...)
	return err
}

// chained is every chain that has a head, with records or without.
const chained = `SELECT id FROM organizations UNION ALL SELECT '` + audit.Platform + `'`

// nextOf counts a chain on and locks it until the transaction ends; it gives
// the new number and the hash before.
func (s *store) nextOf(ctx context.Context, chain string) (audit.Head, error) {
	const next = `UPDATE audit_chains SET sequence = sequence + 1 WHERE organization_id = $1 RETURNING organization_id, sequence, hash`
	head, err := scanHead(s.in.QueryRowContext(ctx, next, chain))
	if errors.Is(err, sql.ErrNoRows) {
		// What exists had a head from the first: somebody removed it, and its
		// record 1 stays missing.
		if _, err := s.exec(ctx, `INSERT INTO audit_chains (organization_id, sequence, hash)
			SELECT $1, COUNT(*), $2 FROM (`+chained+`) AS made WHERE id = $1 ON CONFLICT (organization_id) DO NOTHING`,
			chain, make([]byte, len(audit.Hash{}))); err != nil {
			return audit.Head{}, err
		}
		head, err = scanHead(s.in.QueryRowContext(ctx, next, chain))
	}
	return head, s.db.dialect.translate(err)
}

// owners says where to look for the organization and group of an object.
var owners = map[string]string{
	"verification": "SELECT organization_id, group_id FROM verifications WHERE " + inScope + " AND id = $3",
	"result":       "SELECT organization_id, group_id FROM results WHERE " + inScope + " AND id = $3",
	"folder":       "SELECT organization_id, group_id FROM folders WHERE " + inScope + " AND id = $3",
	"user":         "SELECT organization_id, group_id FROM users WHERE " + inScope + " AND id = $3",
	"key":          "SELECT organization_id, group_id FROM api_keys WHERE " + inScope + " AND id = $3",
	"group":        "SELECT organization_id, id FROM groups WHERE " + groupInScope + " AND id = $3",
}

// locate finds the chain of an entry: its object's, as far as the actor may
// see that, else the actor's own.
func (s *store) locate(ctx context.Context, e *audit.Entry) error {
	e.Settle()
	query, known := owners[e.Object.Type]
	if !known || e.Scope.Group() != tenant.Any { // who sees one group acts at home
		return nil
	}
	found, err := all(ctx, s, func(r row) (o [2]uuid.UUID, err error) {
		err = r.Scan(&o[0], &o[1])
		return o, err
	}, query, scoped(e.Scope, e.Object.ID)...)
	if err == nil && len(found) == 1 {
		e.Owned(found[0][0], found[0][1])
	}
	return err
}

const auditColumns = `organization_id, sequence, group_id, at, actor_kind, actor_id, action, object_type, object_id, request_id, address, outcome, details, previous, hash`

func scanAudit(r row) (a audit.Record, err error) {
	err = r.Scan(&a.Organization, &a.Sequence, &a.Group, at{&a.At}, &a.Actor.Kind, &a.Actor.ID, &a.Action, &a.Object.Type, &a.Object.ID,
		&a.RequestID, &a.Address, &a.Outcome, fromJSON{&a.Details}, hash{&a.Previous}, hash{&a.Hash})
	return a, err
}

// hash scans a SHA-256. One that somebody has cut is as wrong as any other.
type hash struct{ into *audit.Hash }

// Scan implements sql.Scanner.
func (h hash) Scan(src any) error {
	b, _ := src.([]byte)
	*h.into = audit.Hash{}
	copy(h.into[:], b)
	return nil
}

func scanHead(r row) (h audit.Head, err error) {
	err = r.Scan(&h.Organization, &h.Sequence, hash{&h.Hash})
	return h, err
}

// AuditRecords implements audit.Store.
func (s *store) AuditRecords(ctx context.Context, scope tenant.Scope, f audit.Filter, offset, size int) ([]audit.Record, int, error) {
	where, args := inScope, scoped(scope)
	and := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" AND %s $%d", condition, len(args))
	}
	if scope.OneOrganization() {
		and("organization_id =", scope.Organization()) // said plainly, for the index
	}
	if f.From != nil {
		and("at >=", micros(*f.From))
	}
	if f.Until != nil {
		and("at <", micros(*f.Until))
	}
	for _, c := range []struct{ column, value string }{{"actor_id =", f.ActorID}, {"action =", string(f.Action)},
		{"object_type =", f.ObjectType}, {"object_id =", f.ObjectID}} {
		if c.value != "" {
			and(c.column, c.value)
		}
	}
	total, err := one(ctx, s, value[int], "", `SELECT COUNT(*) FROM audit_records WHERE `+where, args...)
	if err != nil {
		return nil, 0, err
	}
	list, err := all(ctx, s, scanAudit, fmt.Sprintf(`SELECT %s FROM audit_records WHERE %s ORDER BY at DESC, sequence DESC LIMIT $%d OFFSET $%d`,
		auditColumns, where, len(args)+1, len(args)+2), append(args, size, offset)...)
	return list, total, err
}

// AuditTrail implements audit.Store.
func (s *store) AuditTrail(ctx context.Context, scope tenant.Scope, organization string, after int64, limit int) ([]audit.Record, error) {
	return all(ctx, s, scanAudit, `SELECT `+auditColumns+` FROM audit_records WHERE `+inScope+` AND organization_id = $3 AND sequence > $4 ORDER BY sequence LIMIT $5`,
		scoped(scope, organization, after, limit)...)
}

// AuditOf implements audit.Store.
func (s *store) AuditOf(ctx context.Context, scope tenant.Scope, organization string, objectIDs []string, limit int) ([]audit.Record, error) {
	var list []audit.Record
	for _, id := range objectIDs { // a record is about one object
		found, err := all(ctx, s, scanAudit, `SELECT `+auditColumns+` FROM audit_records WHERE `+inScope+` AND organization_id = $3 AND object_id = $4
			ORDER BY sequence LIMIT $5`, scoped(scope, organization, id, limit)...)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	slices.SortFunc(list, func(a, b audit.Record) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return list[:min(len(list), limit)], nil
}

// AuditHeads implements audit.Store.
func (s *store) AuditHeads(ctx context.Context, scope tenant.Scope) ([]audit.Head, error) {
	// The recursion steps from organization to organization in the index.
	return all(ctx, s, scanHead, `WITH RECURSIVE written (organization_id) AS (
			SELECT MIN(organization_id) FROM audit_records
			UNION ALL SELECT (SELECT MIN(organization_id) FROM audit_records r WHERE r.organization_id > written.organization_id) FROM written WHERE organization_id IS NOT NULL),
		every (organization_id) AS (SELECT organization_id FROM written WHERE organization_id IS NOT NULL UNION SELECT organization_id FROM audit_chains WHERE sequence > 0)
		SELECT e.organization_id, COALESCE(c.sequence, 0), c.hash FROM every e LEFT JOIN audit_chains c ON c.organization_id = e.organization_id
		WHERE ($1 = '*' OR e.organization_id = $1 OR $1 = 'live' AND substr(e.organization_id, 15, 1) <> '8') AND $2 = '*' ORDER BY e.organization_id`, scoped(scope)...)
}

// LostAuditHeads implements audit.Store.
func (s *store) LostAuditHeads(ctx context.Context, scope tenant.Scope) ([]string, error) {
	return all(ctx, s, value[string], `SELECT id FROM (`+chained+`) AS made
		WHERE `+isOrganization+` AND $2 = '*' AND NOT EXISTS (SELECT 1 FROM audit_chains WHERE organization_id = id) ORDER BY id`, scoped(scope)...)
}

const checkpointColumns = `organization_id, sequence, hash, at, public_key, signature`

func scanCheckpoint(r row) (c audit.Checkpoint, err error) {
	var key []byte
	err = r.Scan(&c.Organization, &c.Sequence, hash{&c.Hash}, at{&c.At}, &key, &c.Signature)
	c.PublicKey = key
	return c, err
}

// InsertCheckpoint implements audit.Store.
func (s *store) InsertCheckpoint(ctx context.Context, scope tenant.Scope, c audit.Checkpoint) error {
	return s.change(ctx, "There is no chain of this organization.", `INSERT INTO audit_checkpoints (`+checkpointColumns+`)
		SELECT organization_id, $4, $5, $6, $7, $8 FROM audit_chains WHERE `+inOrganization+` AND $2 = '*' AND organization_id = $3
		ON CONFLICT (organization_id, sequence) DO UPDATE SET sequence = excluded.sequence`,
		scoped(scope, c.Organization, c.Sequence, c.Hash[:], micros(c.At), []byte(c.PublicKey), c.Signature)...)
}

const checkpointsInScope = ` FROM audit_checkpoints WHERE ` + inOrganization + ` AND $2 = '*' AND ($3 = '' OR organization_id = $3)`

// Checkpoints implements audit.Store. An empty organization is all of them.
func (s *store) Checkpoints(ctx context.Context, scope tenant.Scope, organization string) ([]audit.Checkpoint, error) {
	return all(ctx, s, scanCheckpoint, `SELECT `+checkpointColumns+checkpointsInScope+` ORDER BY organization_id, sequence`, scoped(scope, organization)...)
}

// LastCheckpoint implements audit.Store.
func (s *store) LastCheckpoint(ctx context.Context, scope tenant.Scope, organization string) (audit.Checkpoint, error) {
	list, err := all(ctx, s, scanCheckpoint, `SELECT `+checkpointColumns+checkpointsInScope+` ORDER BY sequence DESC LIMIT 1`, scoped(scope, organization)...)
	if err != nil || len(list) == 0 {
		return audit.Checkpoint{}, err
	}
	return list[0], nil
}
