package verification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
	"anycheck/internal/tenant"
)

// Watched is a verification whose person is searched again when the watch
// lists change. It lives as long as its verification.
type Watched struct {
	VerificationID uuid.UUID
	Subject        []byte          // the person, see Processor.subject
	Query          screening.Query // what the lists are asked
	// Alerts are the hits that the verdict shows: entity → fingerprint. One that
	// has left the lists since is still among them, as long as the verdict stays.
	Alerts map[string]string
	// Told are the fingerprints of the hits that earlier verdicts showed, by
	// entity. Whoever was told of one is not told again.
	Told       map[string][]string
	Lists      string // the list versions last searched, see listVersions
	ScreenedAt time.Time
	// Held tells that an alert, and not something else, put the verification
	// into review.
	Held bool
}

// Dismissal is a reviewer's word that a listed entity is not this person. It
// counts for every verification of the person in the group until it expires,
// or what the list says of the entity changes.
type Dismissal struct {
	ID uuid.UUID
	Tenancy
	VerificationID uuid.UUID // where it was made; it goes with it
	Subject        []byte
	EntityID       string
	Fingerprint    string // of the entity, as dismissed
	Reason         string
	Author         string
	CreatedAt      time.Time
	ExpiresAt      *time.Time
}

// WatchedPersons stores who is searched again, and what reviewers said.
type WatchedPersons interface {
	// SaveWatched keeps w in place of what was kept of its verification.
	SaveWatched(ctx context.Context, scope tenant.Scope, w Watched) error
	// Watched gives what is kept of a verification.
	Watched(ctx context.Context, scope tenant.Scope, verification uuid.UUID) (Watched, error)
	// Outdated lists, by verification id after a given one, the COMPLETED and
	// NEED_REVIEW ones that were last searched in other list versions, or
	// before a dismissal of theirs expired.
	Outdated(ctx context.Context, scope tenant.Scope, lists string, now time.Time, after uuid.UUID, limit int) ([]Watched, error)
	// MarkScreened notes that these were searched and nothing is new.
	MarkScreened(ctx context.Context, scope tenant.Scope, verifications []uuid.UUID, lists string, at time.Time) error
	// ForgetScreening makes a subject's verifications outdated.
	ForgetScreening(ctx context.Context, scope tenant.Scope, subject []byte) error
	// InsertDismissal replaces an earlier one of the same subject and entity.
	InsertDismissal(ctx context.Context, scope tenant.Scope, d Dismissal) error
	// Dismissals lists a subject's dismissals, expired ones too, by entity.
	Dismissals(ctx context.Context, scope tenant.Scope, subject []byte) ([]Dismissal, error)
	// DeleteDismissal takes one back; one that is not there is NotFound.
	DeleteDismissal(ctx context.Context, scope tenant.Scope, subject []byte, entity string) error
}

// subject is a keyed hash of who was asked about, within the group: the NIK
// when it is certain, else name and date of birth as given. A name alone is
// many persons: what was decided on one of them holds for that verification.
func (p *Processor) subject(v Verification, e Evidence) []byte {
	nik := ""
	e = e.reviewed()
	if person := v.Config.Person; person != nil {
		nik = person.NIK
	} else if value := e.Read.Value(ktp.NIK); nikCheck(e.Read).Outcome == Pass && value.Confidence >= readConfidence {
		nik = *value.Value
	}
	if nik != "" {
		return subjectOfNIK(p.keyed, v.GroupID, nik)
	}
	q, _ := screenQuery(v.Config, e.Read)
	if q.Name == "" {
		return nil // nobody is known
	}
	if q.BirthDate.IsZero() {
		return p.keyed("subject " + v.GroupID.String() + " verification " + v.ID.String())
	}
	return p.keyed("subject " + v.GroupID.String() + " person " + strings.ToUpper(strings.Join(strings.Fields(q.Name), " ")) + " " + q.BirthDate.String())
}

// subjectOfNIK is the subject that a certain NIK makes.
func subjectOfNIK(keyed func(string) []byte, group uuid.UUID, nik string) []byte {
	return keyed("subject " + group.String() + " nik " + nik)
}

// listVersions names list versions, to tell whether a search is out of date.
func listVersions(lists []screening.List) string {
	var names []string
	for _, l := range lists {
		names = append(names, l.Name+" "+l.Version)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// dismissed are the hits of a search that count no more.
func (p *Processor) dismissed(ctx context.Context, s Store, scope tenant.Scope, subject []byte, found Screening) (map[string]Dismissed, error) {
	if !slices.ContainsFunc(found.Hits, func(h screening.Hit) bool { return h.Alert }) {
		return nil, nil
	}
	list, err := s.Dismissals(ctx, scope, subject)
	if err != nil {
		return nil, err
	}
	out := map[string]Dismissed{}
	for _, d := range list {
		for _, h := range found.Hits {
			if h.Alert && h.EntityID == d.EntityID && h.Fingerprint == d.Fingerprint && (d.ExpiresAt == nil || d.ExpiresAt.After(p.now())) {
				out[h.EntityID] = Dismissed{By: d.Author, Reason: d.Reason, At: d.CreatedAt, ExpiresAt: d.ExpiresAt}
			}
		}
	}
	return out, nil
}

// watched is what a screening leaves to be searched again; false when the
// lists of a day in the past were asked, or nobody, and of test data.
func (p *Processor) watched(v Verification, e Evidence) (Watched, bool) {
	e = e.reviewed()
	q, _ := screenQuery(v.Config, e.Read)
	person, found := v.Config.Person, e.screened()
	if q.Name == "" || v.Test() || person != nil && (person.Once || person.AsOf != nil) {
		return Watched{}, false
	}
	return Watched{VerificationID: v.ID, Subject: p.subject(v, e), Query: q, Alerts: alertPrints(found),
		Lists: listVersions(found.Lists), ScreenedAt: found.At}, true
}

// show notes that the verdict now shows s. What a reviewer sets aside is told
// again once that holds no longer.
func (w *Watched) show(s *Screen) {
	told := map[string][]string{}
	for entity, prints := range w.Told {
		told[entity] = slices.Clone(prints)
	}
	for entity, print := range w.Alerts {
		if !slices.Contains(told[entity], print) {
			told[entity] = append(told[entity], print)
		}
	}
	for _, h := range s.Hits {
		if _, aside := s.Dismissed[h.EntityID]; aside {
			told[h.EntityID] = slices.DeleteFunc(told[h.EntityID], func(print string) bool { return print == h.Fingerprint })
		}
	}
	maps.DeleteFunc(told, func(_ string, prints []string) bool { return len(prints) == 0 })
	w.Alerts, w.Told = alertPrints(s), told
}

func alertPrints(s *Screen) map[string]string {
	prints := map[string]string{}
	for _, h := range alerts(s) {
		prints[h.EntityID] = h.Fingerprint
	}
	return prints
}

// rescreenBatch is how many persons are searched between two looks at the clock.
const rescreenBatch = 200

// Rescreen searches everybody again who was last searched in other versions of
// the lists. Who gets a hit that the verdict does not show goes into review, and
// their webhook hears of it unless it has before. It goes on where it was when ctx ends; a person whose search
// fails is left for the next time.
func (p *Processor) Rescreen(ctx context.Context) error {
	scope := tenant.Everything()
	lists, err := p.pipeline.lists.Lists(ctx)
	if err != nil || len(lists) == 0 {
		return err
	}
	versions := listVersions(lists)
	var failed []error
	var after uuid.UUID
	for ctx.Err() == nil {
		batch, err := p.store.Outdated(ctx, scope, versions, p.now(), after, rescreenBatch)
		if err != nil || len(batch) == 0 {
			return errors.Join(append(failed, err)...)
		}
		var same []uuid.UUID
		for _, w := range batch {
			after = w.VerificationID
			quiet, err := p.rescreen(ctx, scope, w)
			switch {
			case err != nil && ctx.Err() == nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound):
				failed = append(failed, fmt.Errorf("verification %s: %w", w.VerificationID, err))
			case err == nil && quiet:
				same = append(same, w.VerificationID)
			}
			if len(failed) > 10 {
				return errors.Join(failed...)
			}
		}
		if err := p.store.MarkScreened(ctx, scope, same, versions, p.now()); err != nil {
			return err
		}
	}
	return nil // time is up; the rest comes next time
}

// rescreen searches one person; it tells whether nothing is different.
func (p *Processor) rescreen(ctx context.Context, scope tenant.Scope, w Watched) (quiet bool, err error) {
	found, err := p.pipeline.lists.Screen(ctx, w.Query)
	if err != nil {
		return false, err
	}
	aside, err := p.dismissed(ctx, p.store, scope, w.Subject, found)
	if err != nil {
		return false, err
	}
	s := Screen{Unsearched: unsearched(w.Query), Screening: found, Dismissed: aside}
	var unknown, fresh []screening.Hit // to the verdict; to everybody
	for _, h := range alerts(&s) {
		if w.Alerts[h.EntityID] == h.Fingerprint {
			continue
		}
		unknown = append(unknown, h)
		if !slices.Contains(w.Told[h.EntityID], h.Fingerprint) {
			fresh = append(fresh, h)
		}
	}
	judged := slices.ContainsFunc(slices.Collect(maps.Keys(w.Alerts)), func(id string) bool { _, ok := aside[id]; return ok })
	if len(unknown) == 0 && !judged && (!w.Held || maps.Equal(alertPrints(&s), w.Alerts)) {
		// If some are gone from the lists: the verdict of that day stays.
		return true, nil
	}
	before := w
	w.show(&s)
	w.Lists, w.ScreenedAt = listVersions(found.Lists), found.At
	v, err := p.store.Verification(ctx, scope, w.VerificationID)
	if err != nil {
		return false, err
	}
	status := v.Status
	switch {
	case len(unknown) > 0:
		status = NeedReview
	case w.releases(v):
		status = Completed
	}
	return false, p.redecide(ctx, scope, v, s, status, func(ctx context.Context, tx Store, v *Verification) error {
		if err := stillWatched(ctx, tx, scope, before); err != nil {
			return err
		}
		if len(fresh) > 0 {
			if err := p.announceAlert(ctx, tx, scope, v, fresh, s); err != nil {
				return err
			}
		}
		if len(unknown) > 0 && v.Status == Completed {
			w.Held = true
			if err := p.transition(ctx, tx, scope, v, Reopen, systemActor); err != nil {
				return err
			}
		}
		if err := p.release(ctx, tx, scope, v, &w, systemActor); err != nil {
			return err
		}
		return tx.SaveWatched(ctx, scope, w)
	})
}

// stillWatched is a Conflict when a reviewer has taken w in hand, or said that
// it is somebody else, since it was read.
func stillWatched(ctx context.Context, tx Store, scope tenant.Scope, w Watched) error {
	now, err := tx.Watched(ctx, scope, w.VerificationID)
	if err == nil && (now.Held != w.Held || now.Query != w.Query || !maps.Equal(now.Alerts, w.Alerts)) {
		err = fault.New(fault.Conflict, "The person has changed in the meantime.")
	}
	return err
}

// releases tells whether the review of v has nothing left to look at.
func (w *Watched) releases(v Verification) bool {
	return w.Held && len(w.Alerts) == 0 && v.Status == NeedReview
}

// release ends the review that an alert began, once no hit is left.
func (p *Processor) release(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, w *Watched, actor string) error {
	if !w.releases(*v) {
		return nil
	}
	w.Held = false
	return p.transition(ctx, tx, scope, v, Approve, actor)
}

// redecide decides a finished verification anew with another screening, writes
// its documents and lets then do the rest in the same transaction. It is a
// Conflict when the verification has changed meanwhile.
func (p *Processor) redecide(ctx context.Context, scope tenant.Scope, v Verification, s Screen, status Status, then func(context.Context, Store, *Verification) error) error {
	run, err := p.keptRun(ctx, scope, v)
	if err != nil {
		return err
	}
	before := run.Evidence.screened()
	if before == nil {
		return fault.New(fault.Conflict, "The verification has no screening.")
	}
	s.Asked = before.Asked
	run.Evidence.Rescreen = &s
	return p.decideAnew(ctx, scope, v, run, []StepName{StepRescreen}, status, then)
}

// decideAnew decides a finished verification by a run whose evidence of steps
// has changed. The documents show it in the status that then gives it.
func (p *Processor) decideAnew(ctx context.Context, scope tenant.Scope, v Verification, run *Run, steps []StepName, status Status, then func(context.Context, Store, *Verification) error) error {
	if v.Status != Completed && v.Status != NeedReview {
		return fault.New(fault.Conflict, "The verification is %s.", v.Status)
	}
	evidence := map[StepName]json.RawMessage{}
	for _, step := range steps {
		data, err := run.Evidence.dump(step)
		if err != nil {
			return err
		}
		evidence[step] = data
	}
	d, err := Decide(v.Config, run.Evidence)
	if err != nil {
		return err
	}
	was := Mark{v.Status, v.Attempt}
	changed := v
	// Under names of their own: what a reader has open stays as it was.
	if err := p.conclude(ctx, &changed, run, d, status, fmt.Sprintf("-%d", p.now().UnixMicro())); err != nil {
		return err
	}
	err = p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		v := changed
		now, err := tx.LockVerification(ctx, scope, v.ID)
		if err != nil {
			return err
		}
		if (Mark{now.Status, now.Attempt}) != was || !now.UpdatedAt.Equal(v.UpdatedAt) {
			return fault.New(fault.Conflict, "The verification has changed in the meantime.")
		}
		v.UpdatedAt = p.now()
		if err := tx.UpdateVerification(ctx, scope, was, v, nil); err != nil {
			return err
		}
		for step, data := range evidence {
			if err := tx.ReplaceEvidence(ctx, scope, v.ID, v.Attempt, step, data, v.UpdatedAt); err != nil {
				return err
			}
		}
		return then(ctx, tx, &v)
	})
	if err == nil && v.ExportPath != "" {
		// It shows the pictures, whose time may be shorter than the verdict's.
		_ = p.blobs.Delete(context.WithoutCancel(ctx), v.ExportPath)
	}
	return err
}

// keptRun is a run with the evidence that the steps have left.
func (p *Processor) keptRun(ctx context.Context, scope tenant.Scope, v Verification) (*Run, error) {
	kept, err := p.store.Evidence(ctx, scope, v.ID, v.Attempt)
	if err != nil {
		return nil, err
	}
	run := NewRun(v.Config, p.files(v), p.artefacts(v))
	for step, data := range kept {
		if err := run.Evidence.load(step, data); err != nil {
			return nil, fmt.Errorf("evidence of step %s: %w", step, err)
		}
	}
	return run, nil
}

// announceAlert appends the alert to the verification's events and tells its
// webhook.
func (p *Processor) announceAlert(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, fresh []screening.Hit, s Screen) error {
	e := Event{ID: newID(), VerificationID: v.ID, Kind: ScreeningAlert, From: v.Status, To: v.Status, Attempt: v.Attempt, Actor: systemActor, At: p.now()}
	if err := tx.UpdateVerification(ctx, scope, Mark{v.Status, v.Attempt}, *v, &e); err != nil || v.WebhookURL == "" {
		return err
	}
	matches, lists := []pepMatch{}, []pepList{}
	for _, h := range fresh {
		matches = append(matches, matchOf(h))
	}
	for _, l := range s.Lists {
		lists = append(lists, pepList{l.Name, l.Version, l.ImportedAt.UTC(), s.ageDays(l)})
	}
	body, err := alert(*v, e, matches, lists)
	if err != nil {
		return err
	}
	return p.send(ctx, tx, scope, v, e, body)
}

// alert is the body of the webhook for new or changed hits.
func alert(v Verification, e Event, matches []pepMatch, lists []pepList) ([]byte, error) {
	return json.Marshal(struct {
		Event           EventKind       `json:"event"`
		Timestamp       time.Time       `json:"timestamp"`
		ID              uuid.UUID       `json:"id"`
		Sequence        int             `json:"sequence"`
		VerificationID  uuid.UUID       `json:"verification_id"`
		ResultID        uuid.UUID       `json:"result_id"`
		FolderID        uuid.UUID       `json:"folder_id"`
		Matches         []pepMatch      `json:"matches"` // new or changed
		Lists           []pepList       `json:"lists"`
		WebhookMetadata json.RawMessage `json:"webhook_metadata"`
		Test            bool            `json:"test"`
	}{ScreeningAlert, e.At.UTC(), e.ID, e.Sequence, v.ID, v.ResultID, v.FolderID, matches, lists, v.Metadata(), v.Test()})
}
