package store

import (
	"context"
	"database/sql"
	"sync"
)

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// statements keeps the statements of a pool prepared: SQLite reads and plans
// one anew in about the time it takes to run it. (PostgreSQL's driver keeps
// them by itself.) A statement's rows must be closed before the same
// transaction runs it again.
type statements struct {
	pool   *sql.DB
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

// maxStatements is about how many are kept: the texts of some filters are put together.
const maxStatements = 500

// find gives a statement, nil for none; room tells that another one is kept.
func (p *statements) find(query string) (s *sql.Stmt, room bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byText[query], len(p.byText) < maxStatements
}

// keep gives a statement, and prepares it when it is new, for which it waits
// for a connection. nil: to run it as it is tells what is wrong with it.
func (p *statements) keep(ctx context.Context, query string) *sql.Stmt {
	s, room := p.find(query)
	if s != nil || !room {
		return s
	}
	s, err := p.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.byText[query]; known != nil {
		_ = s.Close() // another one was quicker
		return known
	}
	if p.byText == nil {
		p.byText = map[string]*sql.Stmt{}
	}
	p.byText[query] = s
	return s
}

// within runs a transaction's statements, prepared where they are known.
// What is new is kept by after, once the transaction has given the pool's only
// connection back.
func (p *statements) within(tx *sql.Tx) (in querier, after func(context.Context)) {
	var unknown []string
	in = preparing{tx, func(ctx context.Context, query string) *sql.Stmt {
		s, room := p.find(query)
		if s != nil {
			return tx.StmtContext(ctx, s)
		}
		if room {
			unknown = append(unknown, query)
		}
		return nil
	}}
	return in, func(ctx context.Context) {
		for _, query := range unknown {
			p.keep(ctx, query)
		}
	}
}

// preparing runs what statement gives for a query, or the query itself.
type preparing struct {
	querier
	statement func(ctx context.Context, query string) *sql.Stmt
}

// ExecContext implements querier.
func (p preparing) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return p.querier.ExecContext(ctx, query, args...)
}

// QueryContext implements querier.
func (p preparing) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return p.querier.QueryContext(ctx, query, args...)
}

// QueryRowContext implements querier.
func (p preparing) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := p.statement(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return p.querier.QueryRowContext(ctx, query, args...)
}
