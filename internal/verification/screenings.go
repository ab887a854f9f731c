package verification

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/tenant"
)

// Screenings is what callers can do with the watch lists: ask about a person
// without documents, look at hits and set them aside.
type Screenings struct {
	cases   *UseCases
	process *Processor
	lists   WatchListStore
}

// NewScreenings connects the screenings to what makes and runs verifications.
func NewScreenings(cases *UseCases, process *Processor, lists WatchListStore) *Screenings {
	return &Screenings{cases, process, lists}
}

// WatchLists gives the lists that are searched, by name.
func (s *Screenings) WatchLists(ctx context.Context, a tenant.Actor) ([]WatchList, error) {
	if err := a.Require(tenant.ReadServices); err != nil {
		return nil, err
	}
	return s.SearchedLists(ctx)
}

// SearchedLists is WatchLists for the platform's own metrics.
func (s *Screenings) SearchedLists(ctx context.Context) ([]WatchList, error) {
	return s.lists.ActiveWatchLists(ctx)
}

// NewScreening asks about a person.
type NewScreening struct {
	Person          json.RawMessage // the configuration of the person service
	FolderID        *uuid.UUID      // nil: the group's folder of that name, made when needed
	ResultID        *uuid.UUID
	WebhookURL      string
	WebhookMetadata json.RawMessage
	Consent         *Consent
}

const (
	screeningsFolder = "Screenings"
	// A screening takes milliseconds; one that does not is left to the queue.
	screeningTimeout = 30 * time.Second
)

// Screen makes a verification of the person service and runs it at once. When
// it cannot be run now, it is queued and the answer says so. The group's review
// policy holds for it too.
func (s *Screenings) Screen(ctx context.Context, a tenant.Actor, n NewScreening) (Verification, error) {
	if err := a.Require(tenant.WriteVerifications); err != nil {
		return Verification{}, err
	}
	asked := NewVerification{ServiceID: personService, Configuration: n.Person, ResultID: n.ResultID, WebhookURL: n.WebhookURL, WebhookMetadata: n.WebhookMetadata, Consent: n.Consent}
	if n.FolderID != nil {
		asked.FolderID = *n.FolderID
	} else if err := s.folder(ctx, a, &asked); err != nil {
		return Verification{}, err
	}
	v, err := s.cases.create(ctx, a, asked, runNow)
	if asked.newFolder != nil && fault.From(err).Code == fault.CodeAlreadyExists { // another one has made the folder
		asked.FolderID, asked.newFolder = asked.newFolder.ID, nil
		v, err = s.cases.create(ctx, a, asked, runNow)
	}
	if err != nil {
		return Verification{}, err
	}
	// It is accepted: a caller that hangs up does not stop it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), screeningTimeout)
	defer cancel()
	if err := s.process.Process(ctx, v.ID, false); err != nil {
		if err := s.cases.store.Enqueue(ctx, Task{Kind: ProcessTask, ID: v.ID}); err != nil {
			return Verification{}, err // the sweep will find it
		}
	}
	return s.cases.store.Verification(ctx, a.Scope(), v.ID)
}

// folder puts a screening into the group's folder for them, or has that made
// with it: a refused one leaves nothing. The folder's id follows from the
// group, so that two who come first make one; earlier versions gave it any.
func (s *Screenings) folder(ctx context.Context, a tenant.Actor, n *NewVerification) error {
	org, group := a.Home()
	id := screeningsFolderOf(group)
	if _, err := s.cases.store.PlainFolder(ctx, a.Scope(), id); !fault.Is(err, fault.NotFound) {
		n.FolderID = id
		return err
	}
	found, _, err := s.cases.store.Folders(ctx, a.Scope(), group, screeningsFolder, Page{Size: 100})
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Name == screeningsFolder {
			n.FolderID = f.ID
			return nil
		}
	}
	now := s.cases.now()
	n.newFolder = &Folder{ID: id, Tenancy: Tenancy{org, group}, Name: screeningsFolder, CreatedAt: now, CreatedBy: a.Name(), UpdatedAt: now, UpdatedBy: a.Name()}
	return nil
}

// screeningsFolderOf makes an id like newID's: the group's time, and of its
// random bits a hash.
func screeningsFolderOf(group uuid.UUID) uuid.UUID {
	sum := sha256.Sum256(append([]byte("anycheck screenings folder "), group[:]...))
	id := group
	copy(id[6:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80 // RFC 9562: version 7
	return id
}

// Hits gives a verification's screening as it counts now, with every hit and
// its reasons.
func (s *Screenings) Hits(ctx context.Context, a tenant.Actor, id uuid.UUID) (Screen, error) {
	v, err := s.cases.Get(ctx, a, id)
	if err != nil {
		return Screen{}, err
	}
	run, err := s.screenedRun(ctx, a, v)
	if err != nil {
		return Screen{}, err
	}
	return run.Evidence.screened().For(a), nil
}

// screenedRun is the kept run of a verification that has a screening.
func (s *Screenings) screenedRun(ctx context.Context, a tenant.Actor, v Verification) (*Run, error) {
	run, err := s.process.keptRun(ctx, a.Scope(), v)
	if err == nil && run.Evidence.screened() == nil {
		err = fault.New(fault.NotFound, "This verification has no screening.")
	}
	return run, err
}

// NewDismissal sets a hit aside.
type NewDismissal struct {
	EntityID  string
	Reason    string
	ExpiresAt *time.Time // nil: it does not expire
}

const maxReason = 500 // characters

// Dismiss sets a hit aside for this person, here and wherever the group meets
// the person, and decides the verification anew. The last hit that kept it in
// review lets it go.
func (s *Screenings) Dismiss(ctx context.Context, a tenant.Actor, id uuid.UUID, n NewDismissal) (Verification, error) {
	n.Reason = strings.TrimSpace(n.Reason)
	wrong := fault.New(fault.Invalid, "The hit cannot be dismissed like this.")
	if n.Reason == "" || utf8.RuneCountInString(n.Reason) > maxReason {
		wrong.WithField("reason", "must have 1 to %d characters", maxReason)
	}
	if n.ExpiresAt != nil && !n.ExpiresAt.After(s.cases.now()) {
		wrong.WithField("expires_at", "must be in the future")
	}
	if len(wrong.Fields) > 0 {
		return Verification{}, wrong
	}
	return s.change(ctx, a, id, n.EntityID, func(hit screening.Hit, v Verification, subject []byte, found *Screen) (func(context.Context, Store) error, error) {
		now := s.cases.now()
		d := Dismissal{ID: newID(), Tenancy: v.Tenancy, VerificationID: v.ID, Subject: subject, EntityID: hit.EntityID, Fingerprint: hit.Fingerprint,
			Reason: n.Reason, Author: a.Name(), CreatedAt: now, ExpiresAt: n.ExpiresAt}
		found.Dismissed[hit.EntityID] = Dismissed{By: d.Author, Reason: d.Reason, At: d.CreatedAt, ExpiresAt: d.ExpiresAt}
		return func(ctx context.Context, tx Store) error { return tx.InsertDismissal(ctx, a.Scope(), d) }, nil
	})
}

// TakeBack makes a dismissed hit count again.
func (s *Screenings) TakeBack(ctx context.Context, a tenant.Actor, id uuid.UUID, entity string) (Verification, error) {
	return s.change(ctx, a, id, entity, func(hit screening.Hit, _ Verification, subject []byte, found *Screen) (func(context.Context, Store) error, error) {
		if _, ok := found.Dismissed[hit.EntityID]; !ok {
			return nil, fault.New(fault.NotFound, "This hit is not dismissed.")
		}
		delete(found.Dismissed, hit.EntityID)
		return func(ctx context.Context, tx Store) error {
			return tx.DeleteDismissal(ctx, a.Scope(), subject, hit.EntityID)
		}, nil
	})
}

// change has fn change what is said of a hit, and decides anew.
func (s *Screenings) change(ctx context.Context, a tenant.Actor, id uuid.UUID, entity string,
	fn func(hit screening.Hit, v Verification, subject []byte, found *Screen) (func(context.Context, Store) error, error)) (Verification, error) {
	if err := a.Require(tenant.ReviewVerifications); err != nil {
		return Verification{}, err
	}
	v, err := s.cases.store.Verification(ctx, a.Scope(), id)
	if err != nil {
		return Verification{}, err
	}
	if v.Status != Completed && v.Status != NeedReview {
		return Verification{}, fault.New(fault.Conflict, "The verification is %s: its hits cannot be judged.", v.Status)
	}
	run, err := s.screenedRun(ctx, a, v)
	if err != nil {
		return Verification{}, err
	}
	found := *run.Evidence.screened()
	if found.Dismissed = maps.Clone(found.Dismissed); found.Dismissed == nil {
		found.Dismissed = map[string]Dismissed{}
	}
	var hit screening.Hit
	for _, h := range found.Hits {
		if h.Alert && h.EntityID == entity {
			hit = h
		}
	}
	if hit.EntityID == "" {
		return Verification{}, fault.New(fault.NotFound, "This verification has no such hit.").WithField("entity_id", "is no hit of this verification")
	}
	subject := s.process.subject(v, run.Evidence)
	write, err := fn(hit, v, subject, &found)
	if err != nil {
		return Verification{}, err
	}
	settings, err := s.cases.store.ReviewSettings(ctx, a.Scope(), v.GroupID)
	if err != nil {
		return Verification{}, err
	}
	watched, err := s.cases.store.Watched(ctx, a.Scope(), v.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Verification{}, err
	}
	status := v.Status
	watched.Alerts = alertPrints(&found)
	if !settings.FourEyes && watched.releases(v) {
		status = Completed
	}
	err = s.process.redecide(ctx, a.Scope(), v, found, status, func(ctx context.Context, tx Store, v *Verification) error {
		if err := write(ctx, tx); err != nil {
			return err
		}
		// The person's other verifications are looked at with the next search.
		if err := tx.ForgetScreening(ctx, a.Scope(), subject); err != nil {
			return err
		}
		w, err := tx.Watched(ctx, a.Scope(), v.ID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		w.show(&found)
		w.Lists = listVersions(found.Lists)
		// With four eyes one person's word closes no review.
		w.Held = w.Held && !settings.FourEyes
		if err := s.process.release(ctx, tx, a.Scope(), v, &w, a.Name()); err != nil {
			return err
		}
		return tx.SaveWatched(ctx, a.Scope(), w)
	})
	if err != nil {
		return Verification{}, err
	}
	return s.cases.store.Verification(ctx, a.Scope(), id)
}
