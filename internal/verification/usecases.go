package verification

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// UseCases is what callers can do with verifications, folders and files.
type UseCases struct {
	store        Store
	blobs        Blobs
	documents    Documents
	capabilities Capabilities
	outbound     Outbound
	limits       Limits
	sandbox      Sandbox
	lifecycle
}

// Limits bound what a caller may send.
type Limits struct {
	FilesPerUpload int
	FileBytes      int64
	PagesPerFile   int
}

// DefaultLimits are 10 files of 20 MiB and 50 pages.
var DefaultLimits = Limits{FilesPerUpload: 10, FileBytes: 20 << 20, PagesPerFile: 50}

// Ports are what the use cases stand on.
type Ports struct {
	Store        Store
	Blobs        Blobs
	Documents    Documents
	Capabilities Capabilities
	Outbound     Outbound
	Limits       Limits
	Now          func() time.Time
	// Sandbox scripts what test keys send in; nil: they cannot send anything in.
	Sandbox Sandbox
}

// NewUseCases connects the use cases to their ports.
func NewUseCases(p Ports) *UseCases {
	return &UseCases{store: p.Store, blobs: p.Blobs, documents: p.Documents, capabilities: p.Capabilities,
		outbound: p.Outbound, limits: p.Limits, sandbox: p.Sandbox, lifecycle: lifecycle{now: Storable(p.Now)}}
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Services lists the catalogue with the operator's state.
func (u *UseCases) Services(ctx context.Context, a tenant.Actor) ([]Service, error) {
	if err := a.Require(tenant.ReadServices); err != nil {
		return nil, err
	}
	list := Catalogue()
	for i := range list {
		state, err := u.store.ServiceState(ctx, list[i].Code)
		if err != nil {
			return nil, err
		}
		list[i].ServiceState = state
	}
	return list, nil
}

// Service gives one service of the catalogue.
func (u *UseCases) Service(ctx context.Context, a tenant.Actor, id uuid.UUID) (Service, error) {
	if err := a.Require(tenant.ReadServices); err != nil {
		return Service{}, err
	}
	return u.service(ctx, id)
}

func (u *UseCases) service(ctx context.Context, id uuid.UUID) (Service, error) {
	for _, s := range Catalogue() {
		if s.ID == id {
			state, err := u.store.ServiceState(ctx, s.Code)
			s.ServiceState = state
			return s, err
		}
	}
	return Service{}, fault.New(fault.NotFound, "There is no service with this id.")
}

// Unavailable tells, for each type of a service that cannot run here, which
// models it misses.
func (u *UseCases) Unavailable(s Service) map[Type][]string {
	off := map[Type][]string{}
	if s.Code != KTPService {
		return off
	}
	for _, t := range Types() {
		if missing := u.capabilities.Missing(t); len(missing) > 0 {
			off[t] = missing
		}
	}
	return off
}

// NewVerification is a request to verify.
type NewVerification struct {
	ServiceID       uuid.UUID
	FolderID        uuid.UUID
	ResultID        *uuid.UUID // joins an existing result; nil makes a new one
	Configuration   json.RawMessage
	WebhookURL      string
	WebhookMetadata json.RawMessage
	Consent         *Consent // nil: none is told of

	newFolder *Folder // in place of FolderID: made with the verification
}

const maxMetadata = 8 << 10

// Create accepts a verification: the row, its jobs, its event, its
// reservation and its place in the queue are one transaction.
func (u *UseCases) Create(ctx context.Context, a tenant.Actor, n NewVerification) (Verification, error) {
	return u.create(ctx, a, n, queued)
}

// queueing says whether the queue takes a verification, or the caller runs it
// at once; if that dies, the sweep finds it.
type queueing bool

const (
	queued queueing = true
	runNow queueing = false
)

func (u *UseCases) create(ctx context.Context, a tenant.Actor, n NewVerification, q queueing) (Verification, error) {
	v, service, err := u.prepare(ctx, a, n)
	if err != nil {
		return Verification{}, err
	}
	if err := u.complete(ctx, &v, service); err != nil {
		return Verification{}, err
	}
	err = u.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		v := &v
		v.Status = Draft // also when the transaction runs again
		if n.newFolder != nil {
			if err := tx.InsertFolder(ctx, a.Scope(), *n.newFolder); err != nil {
				return err
			}
		}
		if err := placeInResult(ctx, tx, a.Scope(), n, *v); err != nil {
			return err
		}
		if err := useFiles(ctx, tx, *v); err != nil {
			return err
		}
		if err := u.enqueue(ctx, tx, a, v, Submit, u.begin, q); err != nil {
			return err
		}
		return answered(ctx, tx, *v)
	})
	return v, err
}

// prepare makes a draft of a request, with all that even a draft needs.
func (u *UseCases) prepare(ctx context.Context, a tenant.Actor, n NewVerification) (v Verification, service Service, err error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return v, service, err
	}
	if service, err = u.offered(ctx, n.ServiceID); err != nil {
		return v, service, err
	}
	folder, err := u.folderOf(ctx, a, n)
	if err != nil {
		return v, service, fieldOf(err, "folder_id", "there is no such folder")
	}
	result := newID()
	if n.ResultID != nil {
		r, err := u.store.Result(ctx, a.Scope(), *n.ResultID)
		if err == nil && r.FolderID != folder.ID {
			err = fault.New(fault.NotFound, "There is no such result in this folder.")
		}
		if err != nil {
			return v, service, fieldOf(err, "result_id", noSuchResult)
		}
		result = r.ID
	}
	metadata, secret, err := u.webhook(n)
	if err != nil {
		return v, service, err
	}
	now := u.now()
	consent, err := n.Consent.checked(now)
	if err != nil {
		return v, service, err
	}
	v = Verification{
		ID: newID(), Tenancy: folder.Tenancy, ServiceID: service.ID, ServiceName: service.Name, UserID: a.User.ID,
		FolderID: folder.ID, ResultID: result, Status: Draft, Attempt: 1, InputConfig: n.Configuration,
		WebhookURL: n.WebhookURL, WebhookMetadata: metadata, WebhookSecret: secret,
		Consent: consent, CreditCost: folder.price(service), CreatedAt: now, UpdatedAt: now,
	}
	if a.Key != nil {
		v.APIKey = &KeyRef{ID: a.Key.ID, Name: a.Key.Name, Prefix: a.Key.Prefix}
	}
	return v, service, nil
}

func (u *UseCases) folderOf(ctx context.Context, a tenant.Actor, n NewVerification) (Folder, error) {
	if n.newFolder != nil {
		return *n.newFolder, nil
	}
	return u.store.PlainFolder(ctx, a.Scope(), n.FolderID)
}

// offered is a service that is switched on.
func (u *UseCases) offered(ctx context.Context, id uuid.UUID) (Service, error) {
	service, err := u.service(ctx, id)
	if err != nil {
		return Service{}, fieldOf(err, "service_id", "there is no such service")
	}
	if !service.Enabled {
		return Service{}, fault.Field("service_id", "this service is switched off").WithCode(fault.CodeInvalidValue)
	}
	return service, nil
}

// recheck completes what was prepared some time ago.
func (u *UseCases) recheck(ctx context.Context, v *Verification) error {
	service, err := u.offered(ctx, v.ServiceID)
	if err != nil {
		return err
	}
	return u.complete(ctx, v, service)
}

// complete checks all that a verification of a service needs to run.
func (u *UseCases) complete(ctx context.Context, v *Verification, service Service) error {
	cfg, err := ParseConfiguration(service.Form, v.InputConfig)
	if err != nil {
		return err
	}
	if cfg.Person != nil {
		if err := cfg.Person.ahead(u.now()); err != nil {
			return err
		}
	}
	if missing := u.missing(v.Tenancy, cfg.Type); len(missing) > 0 {
		return fault.New(fault.Unavailable, "%s cannot run here: not installed: %s (anycheck models pull).", cfg.Type, strings.Join(missing, ", "))
	}
	v.TotalPages, v.TotalFiles, err = u.countPages(ctx, v.Tenancy, cfg)
	if err != nil {
		return err
	}
	if v.Test() {
		if err := u.rehearse(cfg); err != nil {
			return err
		}
	}
	v.Config, v.CreditCost = cfg, v.price(service)
	return nil
}

// missing are the models without which a type cannot run; tests need none.
func (u *UseCases) missing(t Tenancy, of Type) []string {
	if t.Test() {
		return nil
	}
	return u.capabilities.Missing(of)
}

// placeInResult keeps the result of a new verification where that is new too;
// one that is there may be erased meanwhile.
func placeInResult(ctx context.Context, tx Store, scope tenant.Scope, n NewVerification, v Verification) error {
	if n.ResultID != nil {
		return fieldOf(tx.JoinResult(ctx, scope, v.ResultID), "result_id", noSuchResult)
	}
	return tx.InsertResult(ctx, scope, Result{ID: v.ResultID, Tenancy: v.Tenancy, FolderID: v.FolderID, CreatedAt: v.CreatedAt})
}

// enqueue moves v into the queue, by transition or begin: with it come jobs, a
// task and a reservation.
func (u *UseCases) enqueue(ctx context.Context, tx Store, a tenant.Actor, v *Verification, t Trigger,
	move func(context.Context, Store, tenant.Scope, *Verification, Trigger, string, ...Job) error, q queueing) error {
	now, scope := u.now(), a.Scope()
	job := func(kind JobKind) Job {
		return Job{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Attempt: v.Attempt, Kind: kind, Status: InQueue, CreatedAt: now, UpdatedAt: now}
	}
	jobs := []Job{job(OCRJob)}
	v.OCRJobIDs = []uuid.UUID{jobs[0].ID}
	if v.Config.FraudDetection {
		jobs = append(jobs, job(FraudJob))
		v.FraudJobIDs = []uuid.UUID{jobs[1].ID}
	}
	if err := move(ctx, tx, scope, v, t, a.Name(), jobs...); err != nil {
		return err
	}
	if q == queued {
		if err := tx.Enqueue(ctx, Task{Kind: ProcessTask, ID: v.ID}); err != nil {
			return err
		}
	}
	// Last: it locks the group's balance, and others of the group wait for it.
	return u.book(ctx, tx, scope, v, ledger.Reserve, now)
}

func (v Verification) entry(kind ledger.Kind, at time.Time) ledger.Entry {
	return ledger.Entry{ID: newID(), GroupID: v.GroupID, VerificationID: &v.ID, Attempt: v.Attempt, Kind: kind, Credits: v.CreditCost, CreatedAt: at}
}

// countPages finds the configuration's files in the verification's own group.
// A file of somebody else is as good as none.
func (u *UseCases) countPages(ctx context.Context, owner Tenancy, cfg Configuration) (pages, files int, err error) {
	found, err := u.store.Files(ctx, tenant.WithinGroup(owner.OrganizationID, owner.GroupID), cfg.Paths()...)
	if err != nil {
		return 0, 0, err
	}
	err = checkFiles(cfg, func(path string) string {
		f, there := found[path]
		pages, files = pages+f.Pages, files+1
		switch {
		case !there:
			return noSuchFile
		case f.Category != InputFile:
			return fmt.Sprintf("this file was uploaded as %s, not as %s", f.Category, InputFile)
		}
		return ""
	})
	return pages, files, err
}

const noSuchResult = "there is no such result in this folder"

const noSuchFile = "there is no uploaded file with this path"

// checkFiles asks of each file of a configuration what is wrong with it, ""
// being nothing.
func checkFiles(cfg Configuration, wrongWith func(path string) string) error {
	wrong := fault.New(fault.Invalid, "The configuration names a file that cannot be used.")
	for _, field := range slices.Sorted(maps.Keys(cfg.Files)) {
		for i, path := range cfg.Files[field] {
			if message := wrongWith(path); message != "" {
				wrong.WithField(fmt.Sprintf("configuration.files.%s[%d]", field, i), "%s", message)
			}
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

// useFiles keeps a verification's files from being swept as unused. One that was
// swept since it was looked at is a field error.
func useFiles(ctx context.Context, tx Store, v Verification) error {
	used, err := tx.UseFiles(ctx, tenant.WithinGroup(v.OrganizationID, v.GroupID), v.Config.Paths()...)
	if err != nil {
		return err
	}
	return checkFiles(v.Config, func(path string) string {
		if !slices.Contains(used, path) {
			return noSuchFile
		}
		return ""
	})
}

// webhook checks the caller's address and takes the secret out of the metadata.
func (u *UseCases) webhook(n NewVerification) (metadata json.RawMessage, secret string, err error) {
	if n.WebhookURL != "" {
		if err := u.outbound.CheckURL(n.WebhookURL); err != nil {
			return nil, "", fault.Field("webhook_url", "%s", fault.From(err).Message)
		}
	}
	if len(n.WebhookMetadata) == 0 || string(n.WebhookMetadata) == "null" {
		return nil, "", nil
	}
	if len(n.WebhookMetadata) > maxMetadata {
		return nil, "", fault.Field("webhook_metadata", "must have at most %d bytes", maxMetadata)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(n.WebhookMetadata, &m); err != nil {
		return nil, "", fault.Field("webhook_metadata", "must be an object")
	}
	if raw, ok := m["webhook_secret"]; ok {
		if err := json.Unmarshal(raw, &secret); err != nil || secret == "" {
			return nil, "", fault.Field("webhook_metadata.webhook_secret", "must be a text that is not empty")
		}
		if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
			if key, err := base64.StdEncoding.DecodeString(encoded); err != nil || len(key) == 0 {
				return nil, "", fault.Field("webhook_metadata.webhook_secret", "must have base64 after whsec_")
			}
		}
		delete(m, "webhook_secret")
	}
	metadata, err = json.Marshal(m)
	return metadata, secret, err
}

// Get gives one verification.
func (u *UseCases) Get(ctx context.Context, a tenant.Actor, id uuid.UUID) (Verification, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return Verification{}, err
	}
	return u.store.Verification(ctx, a.Scope(), id)
}

// List gives a page of a result's verifications, how many the result has and
// the status over all of them.
func (u *UseCases) List(ctx context.Context, a tenant.Actor, result uuid.UUID, p Page) (items []Verification, total int, overall Status, err error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return nil, 0, "", err
	}
	items, members, err := u.store.Verifications(ctx, a.Scope(), result, p)
	if err != nil {
		return nil, 0, "", err
	}
	return items, len(members), Overall(members), nil
}

// Events gives a verification's transitions, oldest first.
func (u *UseCases) Events(ctx context.Context, a tenant.Actor, id uuid.UUID) ([]Event, error) {
	if _, err := u.Get(ctx, a, id); err != nil {
		return nil, err
	}
	return u.store.Events(ctx, a.Scope(), id)
}

// Job gives a job record.
func (u *UseCases) Job(ctx context.Context, a tenant.Actor, id uuid.UUID) (Job, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return Job{}, err
	}
	return u.store.Job(ctx, a.Scope(), id)
}

// Cancel stops a verification that has not ended. A running step ends first;
// nothing of it is kept and nothing is charged.
func (u *UseCases) Cancel(ctx context.Context, a tenant.Actor, id uuid.UUID) (Verification, error) {
	return u.change(ctx, a, id, func(ctx context.Context, tx Store, v *Verification) error {
		return u.cancel(ctx, tx, a.Scope(), v, a.Name())
	})
}

// change loads a verification and changes it in one transaction.
func (u *UseCases) change(ctx context.Context, a tenant.Actor, id uuid.UUID, fn func(context.Context, Store, *Verification) error) (Verification, error) {
	return u.changeAs(ctx, a, tenant.WriteVerifications, id, fn)
}

// changeAs is change for what needs another permission.
func (u *UseCases) changeAs(ctx context.Context, a tenant.Actor, needed tenant.Permission, id uuid.UUID, fn func(context.Context, Store, *Verification) error) (Verification, error) {
	if err := a.Require(needed); err != nil {
		return Verification{}, err
	}
	var v Verification
	err := u.store.InTx(ctx, func(ctx context.Context, tx Store) (err error) {
		if v, err = tx.LockVerification(ctx, a.Scope(), id); err != nil {
			return err
		}
		if err := fn(ctx, tx, &v); err != nil {
			return err
		}
		return answered(ctx, tx, v)
	})
	return v, err
}

// fieldOf names the request field that a NotFound is about.
func fieldOf(err error, field, message string) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return fault.New(fault.NotFound, "%s: %s.", field, message).WithField(field, "%s", message)
}
