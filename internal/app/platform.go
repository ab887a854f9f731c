// Package app builds the program from its rooms and owns their lives. It is
// the only room that knows them all.
//
// It must not hold rules: what happens is decided in the core.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/blob"
	"anycheck/internal/config"
	"anycheck/internal/export"
	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/queue"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/vault"
	"anycheck/internal/verification"
	"anycheck/internal/watchlist"
)

// Platform is what needs neither models nor a port to listen on: database,
// files, accounts, watch lists.
type Platform struct {
	Auth  *auth.Service
	Audit *audit.Log
	Lists *watchlist.Library

	cfg    config.Config
	keys   config.Keys
	log    *slog.Logger
	db     *store.DB
	folder *blob.Local
	blobs  verification.Blobs // folder, with the files of persons encrypted
	master *vault.Master
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
	master, err := openMaster(cfg)
	if err != nil {
		return nil, errors.Join(err, db.Close(), blobs.Close())
	}
	db.SetVault(master)
	return &Platform{
		Auth: auth.New(db, keys.Tokens, time.Now), Audit: audit.NewLog(db, audit.NewSigner(keys.Audit), time.Now), Lists: watchlist.NewLibrary(db, blobs, time.Now),
		cfg: cfg, keys: keys, log: log, db: db, folder: blobs, blobs: vault.Files{Blobs: blobs, Keys: db, Master: master}, master: master,
	}, nil
}

// Close ends the database and the file store.
func (p *Platform) Close() error { return errors.Join(p.db.Close(), p.folder.Close()) }

// commandLine is who does what the operator does at the terminal.
const commandLine = "command line"

// TopUp gives credits to a group.
func (p *Platform) TopUp(ctx context.Context, group uuid.UUID, credits int64, note string) error {
	if credits <= 0 {
		return fault.Field("credits", "must be a positive number")
	}
	return p.db.AppendEntry(ctx, tenant.EveryTenant(), ledger.Entry{ID: uuid.Must(uuid.NewV7()), GroupID: group, Kind: ledger.TopUp, Credits: credits, CreatedAt: time.Now(), Note: note, Actor: commandLine})
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
	return p.db.SetServiceEnabled(ctx, code, on, commandLine, time.Now())
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

// eraser erases from the command line; the files' deletion is queued for the
// next server, should this process die.
func (p *Platform) eraser() (*verification.Privacy, error) {
	jobs, err := p.openQueue()
	if err != nil {
		return nil, err
	}
	p.db.SetEnqueuer(jobs)
	return verification.NewPrivacy(verification.NewProcessor(p.db, p.blobs, nil, nil, p.keys.NIKs, time.Now, nil)), nil
}

// SweepRetention erases what groups keep no longer; dry only tells.
func (p *Platform) SweepRetention(ctx context.Context, dry bool, tell func(verification.DataClass, verification.Expiry)) error {
	e, err := p.eraser()
	if err != nil {
		return err
	}
	return e.Sweep(ctx, dry, tell)
}

// ExportSubject writes everything that an organization keeps about a person to
// w; NotFound when that is nothing. Each result leaves the audit record that ctx
// carries.
func (p *Platform) ExportSubject(ctx context.Context, organization uuid.UUID, nik string, w io.Writer) error {
	process := verification.NewProcessor(p.db, p.blobs, nil, export.Exporter{}, p.keys.NIKs, time.Now, nil)
	cases := verification.NewUseCases(verification.Ports{Store: p.db, Blobs: p.blobs, Now: time.Now})
	operator := tenant.Actor{User: tenant.User{OrganizationID: organization, Role: tenant.OrganizationOwner, Email: commandLine}}
	x, err := verification.NewDossiers(cases, process, p.Audit, export.Exporter{}).Subject(ctx, operator, nik)
	if err != nil {
		return err
	}
	return x.Write(ctx, w, func(ctx context.Context) error { return p.Audit.Append(ctx, audit.Of(ctx)) })
}

// KeepFor sets how many days a group keeps classes of data, and gives all.
func (p *Platform) KeepFor(ctx context.Context, group uuid.UUID, days map[verification.DataClass]int) (map[verification.DataClass]int, error) {
	e, err := p.eraser()
	if err != nil {
		return nil, err
	}
	operator := tenant.Actor{User: tenant.User{Role: tenant.SuperAdmin, Email: commandLine}}
	return e.SetRetention(ctx, operator, group, days)
}

func (p *Platform) openQueue() (*queue.Jobs, error) {
	o := queue.Options{Processors: p.cfg.Workers, Logger: p.log}
	if db := p.db.RiverSQLite(); db != nil {
		return queue.NewSQLite(db, o)
	}
	return queue.NewPostgres(p.db.Pool(), o)
}

// MasterKeys lists the ids of the master keys, the one that wraps first.
func (p *Platform) MasterKeys() []uint32 { return p.master.Keys() }

// RotateMasterKey makes a new master key and wraps every data key and every known
// face with it.
// Running servers go on; the old master keys stay until they are pruned. It
// can be run again after it was cut off. done is told how many keys it wrapped.
func (p *Platform) RotateMasterKey(ctx context.Context, done func(keys int)) error {
	data, err := p.cfg.MasterKeyset(vault.NewKeyset)
	if err == nil {
		data, err = vault.Rotated(data)
	}
	if err == nil {
		err = p.cfg.ReplaceMasterKeyset(data)
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The master keys cannot be rotated")
	}
	return p.rewrap(ctx, done)
}

// PruneMasterKeys wraps every data key and face with the newest master key and forgets
// the others.
func (p *Platform) PruneMasterKeys(ctx context.Context, done func(keys int)) error {
	if err := p.rewrap(ctx, done); err != nil {
		return err
	}
	data, err := p.cfg.MasterKeyset(vault.NewKeyset)
	if err == nil {
		data, err = vault.Pruned(data)
	}
	if err == nil {
		err = p.cfg.ReplaceMasterKeyset(data)
	}
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The master keys cannot be pruned")
	}
	p.master, err = openMaster(p.cfg)
	return err
}

func openMaster(cfg config.Config) (*vault.Master, error) {
	m, err := vault.Open(func() ([]byte, error) { return cfg.MasterKeyset(vault.NewKeyset) })
	if err != nil && cfg.MasterKeys != "" {
		return nil, fault.Wrap(err, fault.Invalid, "ANYCHECK_MASTER_KEYS: is no Tink keyset of AES256-GCM keys in JSON")
	}
	return m, err
}

func (p *Platform) rewrap(ctx context.Context, done func(keys int)) error {
	master, err := openMaster(p.cfg)
	if err != nil {
		return err
	}
	p.master = master
	for _, rewrap := range []func(after string) (last string, n int, err error){
		func(after string) (string, int, error) {
			return p.db.RewrapDataKeys(ctx, after, 500, master.Rewrap)
		},
		func(after string) (string, int, error) {
			return p.db.ResealFaces(ctx, after, 500, master.Reseal)
		},
	} {
		for after := ""; ; {
			last, n, err := rewrap(after)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			done(n)
			after = last
		}
	}
	return nil
}

// Person is whom a verification is about.
type Person struct {
	ResultID string `json:"result_id"`
	Name     string `json:"name"`
	NIK      string `json:"nik"`
}

// PersonOf reads from a verification whom it is about; nil when it is erased or
// nothing was read.
func (p *Platform) PersonOf(ctx context.Context, verificationID string) (*Person, error) {
	id, err := uuid.Parse(verificationID)
	if err != nil {
		return nil, nil
	}
	v, err := p.db.Verification(ctx, tenant.Everything(), id)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := &Person{ResultID: v.ResultID.String()}
	if asked := v.Config.Person; asked != nil {
		found.Name, found.NIK = asked.Name, asked.NIK
		return found, nil
	}
	var out struct {
		KTP struct {
			Name, NIK string
		} `json:"ktp"`
	}
	if err := json.Unmarshal(v.Output, &out); err != nil {
		return nil, nil // it has not ended: nothing was read
	}
	found.Name, found.NIK = out.KTP.Name, out.KTP.NIK
	return found, nil
}
