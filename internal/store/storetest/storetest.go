// Package storetest is the one suite that every engine of the store must pass:
// each method's contract, and for each method the proof that another tenant
// sees and changes nothing.
package storetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/store/pgtest"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
)

// SQLite opens an empty store in a folder of the test.
func SQLite(t *testing.T) *store.DB { return open(t, "") }

// Postgres opens an empty store on the test server, or skips the test.
func Postgres(t *testing.T) *store.DB { return open(t, pgtest.URL(t)) }

func open(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	db.SetEnqueuer(taskTable{})
	db.SetVault(newVault(t))
	return db
}

// newVault makes keys of the test's own.
func newVault(t *testing.T) *vault.Master {
	t.Helper()
	keys, err := vault.NewKeyset()
	must(t, err)
	m, err := vault.Open(func() ([]byte, error) { return keys, nil })
	must(t, err)
	return m
}

// Run runs the suite. open gives an empty store; the suite opens few, as its
// tests each have tenants of their own.
func Run(t *testing.T, open func(t *testing.T) *store.DB) {
	db := open(t)
	_, err := tables(t, db).ExecContext(t.Context(), `CREATE TABLE storetest_tasks (kind TEXT NOT NULL, id TEXT NOT NULL)`)
	must(t, err)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *store.DB)
	}{
		{"folders", testFolders}, {"files", testFiles}, {"results", testResults}, {"verifications", testVerifications},
		{"update of a verification", testUpdateVerification}, {"two workers", testTwoWorkers}, {"events", testEvents},
		{"unfinished", testUnfinished}, {"jobs", testJobs}, {"evidence", testEvidence},
		{"known faces", testKnownFaces}, {"erasure of known faces", testKnownFaceIsErased},
		{"sealed data", testSealed}, {"sealing what is older", testSealOlder}, {"resealing faces", testResealFaces}, {"data keys", testDataKeys}, {"erasure", testErasure}, {"retention", testRetention}, {"erase or join", testEraseOrJoin},
		{"unused files", testUnusedFiles}, {"use or delete a file", testUseOrDelete},
		{"watched persons", testWatchedPersons}, {"dismissals", testDismissals},
		{"webhook log", testWebhookLog}, {"webhook rounds", testRounds},
		{"disabled addresses", testDisabledAddresses}, {"webhook secrets", testWebhookSecrets},
		{"event feed", testEventFeed}, {"event feed under writers", testEventFeedRace},
		{"drafts", testDrafts}, {"locked rows", testLock}, {"attempts", testAttempts}, {"reviews", testReviews}, {"reveals", testReveals}, {"review settings", testReviewSettings},
		{"all results", testFindResults}, {"reservations", testReserved},
		{"credits", testCredits}, {"balance race", testBalanceRace}, {"credits both ways", testBothWays},
		{"usage", testUsage}, {"quota", testQuota}, {"quota race", testQuotaRace}, {"rate limits", testRateLimits},
		{"answers", testAnswers}, {"answers race", testAnswersRace},
		{"webhooks", testWebhooks}, {"services", testServices},
		{"watch lists", testWatchLists}, {"transactions", testTransactions}, {"queue", testEnqueue}, {"panic", testPanic},
		{"waiting transactions", testWaitingTransactions},
		{"organizations", testOrganizations}, {"groups", testGroups}, {"users", testUsers}, {"sessions", testSessions},
		{"refresh tokens", testRefreshTokens}, {"concurrent rotation", testConcurrentRotation}, {"API keys", testAPIKeys},
		{"sessions of a user", testSessionsOfUser}, {"changes of users and groups", testChanges}, {"identities", testIdentities},
		{"sign-in attempts", testSignInAttempts}, {"sign-in attempts at once", testConcurrentSignIns},
		{"tenancy", testTenancy}, {"sandbox", testSandbox}, {"test keys", testTestKeys}, {"test keys at once", testTestKeysAtOnce},
		{"audit records", testAuditRecords}, {"audit: whose chain", testAuditPlace}, {"audit in a transaction", testAuditInTransaction},
		{"audit: concurrent writers", testAuditWriters}, {"audit checkpoints", testAuditCheckpoints}, {"audit proof", testAuditProof},
		{"audit: no records yet", testAuditWithoutRecords},
		{"audit: tampering", testAuditTampering},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, db) })
	}
}

// now is a time that survives the store: whole microseconds, UTC.
var now = time.Date(2026, 11, 23, 12, 30, 45, 123456000, time.UTC)

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// world is an organization with a group, a user and its data.
type world struct {
	db    *store.DB
	org   tenant.Organization
	group tenant.Group
	user  tenant.User
	scope tenant.Scope // of the group
}

func newWorld(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{db: db, org: tenant.Organization{ID: newID(), CreatedAt: now}}
	w.org.Name = "Organization " + w.org.ID.String()
	must(t, db.InsertOrganization(t.Context(), w.org))
	w.group, w.user = w.addGroup(t, "Group")
	w.scope = tenant.WithinGroup(w.org.ID, w.group.ID)
	return w
}

func (w *world) addGroup(t *testing.T, name string) (tenant.Group, tenant.User) {
	t.Helper()
	g := tenant.Group{ID: newID(), OrganizationID: w.org.ID, Name: name, WebhookSecret: "whsec_" + name, CreatedAt: now}
	must(t, w.db.InsertGroup(t.Context(), tenant.Everything(), g))
	u := tenant.User{ID: newID(), OrganizationID: w.org.ID, GroupID: g.ID, Email: newID().String() + "@example.org", Name: "User", Role: tenant.GroupUser,
		PasswordHash: "$argon2id$x", CreatedAt: now}
	must(t, w.db.InsertUser(t.Context(), tenant.Everything(), u))
	return g, u
}

func (w *world) tenancy() verification.Tenancy {
	return verification.Tenancy{OrganizationID: w.org.ID, GroupID: w.group.ID}
}

func (w *world) folder(t *testing.T, name string, at time.Time) verification.Folder {
	t.Helper()
	f := verification.Folder{ID: newID(), Tenancy: w.tenancy(), GroupName: w.group.Name, Name: name, CreatedAt: at, CreatedBy: "a@example.org", UpdatedAt: at, UpdatedBy: "a@example.org"}
	must(t, w.db.InsertFolder(t.Context(), w.scope, f))
	return f
}

func (w *world) result(t *testing.T, folder uuid.UUID, at time.Time) verification.Result {
	t.Helper()
	r := verification.Result{ID: newID(), Tenancy: w.tenancy(), FolderID: folder, CreatedAt: at}
	must(t, w.db.InsertResult(t.Context(), w.scope, r))
	return r
}

func (w *world) draft(r verification.Result, at time.Time) verification.Verification {
	return verification.Verification{ID: newID(), Tenancy: w.tenancy(), ServiceID: uuid.NewSHA1(uuid.NameSpaceOID, []byte("service")), ServiceName: "KTP & PEP",
		UserID: w.user.ID, FolderID: r.FolderID, ResultID: r.ID, Status: verification.Draft, Attempt: 1,
		InputConfig: json.RawMessage(`{"a": 1,  "b":[]}`), Config: verification.Configuration{Type: verification.KTP, Files: map[string][]string{"ktp_file": {"files/x"}}},
		CreditCost: 10, CreatedAt: at, UpdatedAt: at}
}

// verification makes one in a folder and result of its own.
func (w *world) verification(t *testing.T) verification.Verification {
	t.Helper()
	return w.verificationIn(t, w.result(t, w.folder(t, "Folder", now).ID, now), now)
}

func (w *world) verificationIn(t *testing.T, r verification.Result, at time.Time) verification.Verification {
	t.Helper()
	v := w.draft(r, at)
	must(t, w.db.InsertVerification(t.Context(), w.scope, v, nil))
	return v
}

// happen appends an event to a verification that stays as it is.
func happen(ctx context.Context, s verification.Store, scope tenant.Scope, v verification.Verification, e *verification.Event) error {
	e.ID, e.VerificationID = newID(), v.ID
	return s.UpdateVerification(ctx, scope, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v, e)
}

func (w *world) topUp(t *testing.T, credits int64) {
	t.Helper()
	must(t, w.db.AppendEntry(t.Context(), tenant.Everything(), ledger.Entry{ID: newID(), GroupID: w.group.ID, Kind: ledger.TopUp, Credits: credits, CreatedAt: now}))
}

func (w *world) balance(t *testing.T) int64 {
	t.Helper()
	g, err := w.db.Group(t.Context(), w.scope, w.group.ID)
	must(t, err)
	return g.Balance
}

// strangers are the scopes that must not reach what w has.
func (w *world) strangers(t *testing.T) map[string]tenant.Scope {
	t.Helper()
	sibling, _ := w.addGroup(t, "Sibling "+newID().String())
	other := newWorld(t, w.db)
	return map[string]tenant.Scope{
		"another organization":        tenant.WithinOrganization(other.org.ID),
		"another organization, group": other.scope,
		"another group":               tenant.WithinGroup(w.org.ID, sibling.ID),
		"this group elsewhere":        tenant.WithinGroup(other.org.ID, w.group.ID),
		"the zero scope":              {},
	}
}

// insiders are the scopes that reach it.
func (w *world) insiders() map[string]tenant.Scope {
	return map[string]tenant.Scope{"the group": w.scope, "the organization": tenant.WithinOrganization(w.org.ID), "everything": tenant.Everything()}
}

// taskTable is a queue that is one table, so that the suite sees what a
// transaction left in it.
type taskTable struct{}

func (taskTable) EnqueueTx(ctx context.Context, conn *sql.Conn, tx *sql.Tx, task verification.Task) error {
	if conn == nil {
		return fmt.Errorf("no connection")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO storetest_tasks (kind, id) VALUES ($1, $2)`, string(task.Kind), task.ID.String())
	return err
}

// tables looks past the store into its tables.
func tables(t *testing.T, db *store.DB) *sql.DB {
	t.Helper()
	if db.Pool() == nil {
		return db.RiverSQLite()
	}
	q := stdlib.OpenDBFromPool(db.Pool())
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func tasks(t *testing.T, db *store.DB, id uuid.UUID) int {
	t.Helper()
	return count(t, db, `SELECT COUNT(*) FROM storetest_tasks WHERE id = $1`, id.String())
}

func count(t *testing.T, db *store.DB, query string, args ...any) int {
	t.Helper()
	var n int
	must(t, tables(t, db).QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind checks an error's kind and, when it is not empty, its code.
func wantKind(t *testing.T, what string, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if !fault.Is(err, kind) || code != "" && fault.From(err).Code != code {
		t.Errorf("%s: %v, want %s", what, err, fault.MeaningOf(kind).Code)
	}
}

// same compares values of which every field counts.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
