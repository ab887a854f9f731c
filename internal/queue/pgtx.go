package queue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// openTx shows River a transaction that database/sql has begun on the
// connection, and that database/sql will end.
type openTx struct{ conn *pgx.Conn }

var _ pgx.Tx = openTx{}

var errForeignTx = errors.New("queue: the transaction belongs to its opener")

// onPgx gives River, which speaks pgx, the transaction that runs on conn.
func onPgx(conn *sql.Conn, fn func(tx pgx.Tx) error) error {
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("queue: the transaction is on %T, want pgx", driver)
		}
		return fn(openTx{c.Conn()})
	})
}

func (openTx) Begin(context.Context) (pgx.Tx, error) { return nil, errForeignTx }
func (openTx) Commit(context.Context) error          { return errForeignTx }
func (openTx) Rollback(context.Context) error        { return errForeignTx }
func (openTx) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (t openTx) Conn() *pgx.Conn                     { return t.conn }

func (t openTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, rows)
}

func (t openTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

func (t openTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, sql)
}

func (t openTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

func (t openTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

func (t openTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}
