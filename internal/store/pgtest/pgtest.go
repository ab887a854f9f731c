// Package pgtest gives tests a database of their own on a PostgreSQL server
// that somebody else runs. It must not know what is kept in it.
package pgtest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Server is the environment variable with the address of a server on which
// tests may make databases (scripts/postgres-test.sh start).
const Server = "ANYCHECK_TEST_POSTGRES_URL"

// URL makes an empty database, dropped at the end of the test, and gives its
// address. Without a server the test is skipped.
func URL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Server)
	if server == "" {
		t.Skip("needs PostgreSQL: run make test")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(Server + " is not a URL")
	}
	name := "test_" + strings.ToLower(rand.Text())
	run(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { run(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	u.Path = "/" + name
	return u.String()
}

func run(t testing.TB, server, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // cleanups run after the test's end
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to the test server: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
