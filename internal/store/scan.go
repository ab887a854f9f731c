package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// inScope limits a statement to the caller's scope, which is $1 and $2 of
// every statement. The zero scope is two empty texts and matches nothing; what
// is live leaves out the ids that tenant.SandboxOf makes.
const inScope = inOrganization + ` AND ($2 = '*' OR group_id = $2)`

const (
	inOrganization = `($1 = '*' OR organization_id = $1 OR $1 = 'live' AND substr(organization_id, 15, 1) <> '8')`
	// isOrganization is the same of an organization's own row.
	isOrganization = `($1 = '*' OR id = $1 OR $1 = 'live' AND substr(id, 15, 1) <> '8')`
)

// inScopeOf is inScope for the columns of one of several tables.
func inScopeOf(table string) string {
	return strings.NewReplacer("organization_id", table+".organization_id", "group_id", table+".group_id").Replace(inScope)
}

// scoped puts the scope before a statement's own arguments.
func scoped(s tenant.Scope, args ...any) []any {
	return append([]any{s.Organization(), s.Group()}, args...)
}

// anys makes arguments of a list.
func anys[T any](list []T) []any {
	args := make([]any, len(list))
	for i, v := range list {
		args[i] = v
	}
	return args
}

// row is one row of an answer.
type row interface{ Scan(dest ...any) error }

// one reads a row; none is NotFound with the message.
func one[T any](ctx context.Context, s *store, scan func(row) (T, error), missing string, query string, args ...any) (T, error) {
	v, err := scan(s.reader().QueryRowContext(ctx, query, args...))
	if err != nil {
		var zero T
		return zero, s.named(err, missing)
	}
	return v, nil
}

// all reads every row of an answer.
func all[T any](ctx context.Context, s *store, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.db.dialect.translate(err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, s.db.dialect.translate(err)
		}
		list = append(list, v)
	}
	return list, s.db.dialect.translate(rows.Err())
}

// value scans a row of one column.
func value[T any](r row) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}

// exists asks a query whether it finds anything.
func (s *store) exists(ctx context.Context, query string, args ...any) (bool, error) {
	return one(ctx, s, value[bool], "", "SELECT EXISTS ("+query+")", args...)
}

// exec runs a statement and tells how many rows it changed.
func (s *store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := s.writer().ExecContext(ctx, query, args...)
	if err != nil {
		return 0, s.db.dialect.translate(err)
	}
	return r.RowsAffected()
}

// change runs a statement that must change a row; none is NotFound with the
// message.
func (s *store) change(ctx context.Context, missing, query string, args ...any) error {
	n, err := s.exec(ctx, query, args...)
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "%s", missing)
	}
	return err
}

// named gives a NotFound of the driver its message.
func (s *store) named(err error, missing string) error {
	err = s.db.dialect.translate(err)
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "%s", missing)
	}
	return err
}

// taken gives a unique violation its message.
func taken(err error, message string) error {
	if e := fault.From(err); err != nil && e.Code == fault.CodeAlreadyExists {
		return fault.Wrap(err, fault.Conflict, "%s", message).WithCode(fault.CodeAlreadyExists)
	}
	return err
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func optionalMicros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	n := t.UnixMicro()
	return &n
}

// at scans unix microseconds into a time in UTC.
type at struct{ into *time.Time }

// Scan implements sql.Scanner.
func (a at) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a time is %T, want int64", src)
	}
	*a.into = time.UnixMicro(n).UTC()
	return nil
}

// maybeAt is at for a column that may be NULL.
type maybeAt struct{ into **time.Time }

// Scan implements sql.Scanner.
func (a maybeAt) Scan(src any) error {
	if src == nil {
		*a.into = nil
		return nil
	}
	*a.into = new(time.Time)
	return at{*a.into}.Scan(src)
}

// asJSON is the column's text for v; NULL for what JSON calls null.
func asJSON(v any) (*string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("store: encode %T: %w", v, err)
	}
	s := string(b)
	if s == "null" {
		return nil, nil
	}
	return &s, nil
}

// raw is the column's text for JSON that is kept as it came; NULL for none.
func raw(j json.RawMessage) *string {
	if j == nil {
		return nil
	}
	s := string(j)
	return &s
}

// fromJSON scans a JSON column into what into points to; NULL leaves it.
type fromJSON struct{ into any }

// Scan implements sql.Scanner.
func (j fromJSON) Scan(src any) error {
	switch s := src.(type) {
	case nil:
		return nil
	case string:
		if r, ok := j.into.(*json.RawMessage); ok {
			*r = json.RawMessage(s) // as it came, spaces too
			return nil
		}
		return json.Unmarshal([]byte(s), j.into)
	}
	return fmt.Errorf("store: JSON is %T, want string", src)
}
