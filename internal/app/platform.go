// Package app builds the program from its rooms and owns their lives. It is
// the only room that knows them all.
//
// It must not hold rules: what happens is decided in the core.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/blob"
	"anycheck/internal/config"
	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
	"anycheck/internal/watchlist"
)

// Platform is what needs neither models nor a port to listen on: database,
// files, accounts, watch lists.
type Platform struct {
	Auth  *auth.Service
	Audit *audit.Log
	Lists *watchlist.Library

	cfg   config.Config
	keys  config.Keys
	log   *slog.Logger
	db    *store.DB
	blobs *blob.Local
}

// OpenPlatform creates or opens the data folder and migrates the database.
func OpenPlatform(ctx context.Context, cfg config.Config, log *slog.Logger) (*Platform, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The data folder cannot be used")
	}
	keys, err := cfg.Keys()
	if err != nil {
		return nil, err
	}
	blobs, err := blob.OpenLocal(filepath.Join(cfg.DataDir, "blobs"))
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, cfg.DatabaseURL, cfg.DataDir, store.Options{Logger: log})
	if err != nil {
		return nil, errors.Join(err, blobs.Close())
	}
	return &Platform{
		Auth: auth.New(db, keys.Tokens, time.Now), Audit: audit.NewLog(db, audit.NewSigner(keys.Audit), time.Now), Lists: watchlist.NewLibrary(db, blobs, time.Now),
		cfg: cfg, keys: keys, log: log, db: db, blobs: blobs,
	}, nil
}

// Close ends the database and the file store.
func (p *Platform) Close() error { return errors.Join(p.db.Close(), p.blobs.Close()) }

// TopUp gives credits to a group.
func (p *Platform) TopUp(ctx context.Context, group uuid.UUID, credits int64, note string) error {
	if credits <= 0 {
		return fault.Field("credits", "must be a positive number")
	}
	return p.db.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: uuid.Must(uuid.NewV7()), GroupID: group, Kind: ledger.TopUp, Credits: credits, CreatedAt: time.Now(), Note: note})
}

// Services lists the catalogue with the operator's state.
func (p *Platform) Services(ctx context.Context) ([]verification.Service, error) {
	list := verification.Catalogue()
	for i := range list {
		state, err := p.db.ServiceState(ctx, list[i].Code)
		if err != nil {
			return nil, err
		}
		list[i].ServiceState = state
	}
	return list, nil
}

// SetServiceEnabled switches a service on or off for the whole platform.
func (p *Platform) SetServiceEnabled(ctx context.Context, code string, on bool) error {
	return p.db.SetServiceEnabled(ctx, code, on, "command line", time.Now())
}

// Bootstrapped tells of the first administrator.
type Bootstrapped struct {
	Made     bool
	Email    string
	Password string // set when it was made up: to be shown once
}

// bootstrap makes the first administrator and its group's credits on an empty
// platform.
func (p *Platform) bootstrap(ctx context.Context) (Bootstrapped, error) {
	if p.cfg.AdminPassword != "" {
		if err := auth.CheckPassword(p.cfg.AdminPassword); err != nil {
			return Bootstrapped{}, fmt.Errorf("ANYCHECK_ADMIN_PASSWORD: %w", err)
		}
	}
	u, shown, made, err := p.Auth.Bootstrap(ctx, p.cfg.AdminEmail, p.cfg.AdminPassword, func(g tenant.Group) error {
		if p.cfg.InitialCredits == 0 {
			return nil
		}
		// The id is made of the group's: a second start cannot give them again.
		err := p.db.AppendEntry(ctx, tenant.Everything(), ledger.Entry{ID: uuid.NewSHA1(g.ID, []byte("initial credits")), GroupID: g.ID,
			Kind: ledger.TopUp, Credits: p.cfg.InitialCredits, CreatedAt: time.Now(), Note: "first group"})
		if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) && fault.From(err).Code == fault.CodeAlreadyExists {
			return nil
		}
		return err
	})
	if err != nil || !made {
		return Bootstrapped{}, err
	}
	e := audit.Begin(audit.UserCreated, "user").As(audit.System)
	e.About(u.OrganizationID, u.GroupID, "user", u.ID)
	e.Detail("role", string(u.Role))
	if err := p.Audit.Append(ctx, e); err != nil {
		p.log.Error("the audit record of the first administrator cannot be written", "error", err) // its password must still be shown
	}
	return Bootstrapped{Made: true, Email: u.Email, Password: shown}, nil
}
