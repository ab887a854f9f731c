package verification

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/ktp"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// ReviewDecision is what a person decides.
type ReviewDecision string

// The decisions. The last two are about a suspected fraud.
const (
	DecideApprove       ReviewDecision = "approve" // what is open is in order
	DecideReject        ReviewDecision = "reject"  // NOT_VERIFIED, whatever the checks say
	DecideCorrect       ReviewDecision = "correct" // corrected fields; the review stays open
	DecideReopen        ReviewDecision = "reopen"  // a closed review is taken up again
	DecideFraudContinue ReviewDecision = "fraud_continue"
	DecideFraudReject   ReviewDecision = "fraud_reject"
)

// CodeFraudRejected is the error of a verification that a person stopped. No
// request is answered with it, so it has no status and is not in fault's table.
const CodeFraudRejected fault.Code = "FRAUD_REJECTED"

// ReviewDecisions lists the decisions of a review.
func ReviewDecisions() []ReviewDecision {
	return []ReviewDecision{DecideApprove, DecideReject, DecideCorrect, DecideReopen}
}

// Review is one decision of one person. Rows are never changed.
type Review struct {
	ID uuid.UUID
	Tenancy
	VerificationID uuid.UUID
	Attempt        int
	Decision       ReviewDecision
	Reason         string
	Fields         map[ktp.Field]FieldChange
	// Closed tells that the decision took effect; with four eyes the first of
	// two does not.
	Closed       bool
	ReviewerID   uuid.UUID
	Reviewer     string       // address of the user or prefix of the API key
	StatusBefore Status       // of the verification
	StatusAfter  Status       //
	VerdictAfter OutputStatus // empty when there is none
	CreatedAt    time.Time    // when it did not close: the verification's UpdatedAt
}

// FieldChange is a value before and after a correction; nil is unreadable.
type FieldChange struct {
	From *string `json:"from"`
	To   *string `json:"to"`
}

// ReviewStore keeps what persons decided, as long as the verification lives.
type ReviewStore interface {
	InsertReview(ctx context.Context, scope tenant.Scope, r Review) error
	// Reviews lists a verification's reviews, oldest first.
	Reviews(ctx context.Context, scope tenant.Scope, verification uuid.UUID) ([]Review, error)
}

// Reviews is what persons decide about verifications.
type Reviews struct {
	cases   *UseCases
	process *Processor
}

// NewReviews connects the reviews to what keeps and decides verifications.
func NewReviews(cases *UseCases, process *Processor) *Reviews { return &Reviews{cases, process} }

// List gives a verification's reviews, oldest first.
func (r *Reviews) List(ctx context.Context, a tenant.Actor, id uuid.UUID) ([]Review, error) {
	if _, err := r.cases.Get(ctx, a, id); err != nil {
		return nil, err
	}
	list, err := r.cases.store.Reviews(ctx, a.Scope(), id)
	for i := range list {
		list[i] = list[i].For(a)
	}
	return list, err
}

// NewReview is a reviewer's request.
type NewReview struct {
	Decision ReviewDecision
	Reason   string
	Fields   map[string]*string // corrected or confirmed values by name; nil: cannot be read
}

// check gives the corrected values in the form of the output.
func (n *NewReview) check() (map[ktp.Field]*string, error) {
	wrong := fault.New(fault.Invalid, "The review cannot be taken like this.")
	if !slices.Contains(ReviewDecisions(), n.Decision) {
		wrong.WithField("decision", "must be approve, reject, correct or reopen").Code = fault.CodeInvalidValue
	}
	n.Reason = checkReason(n.Reason, wrong)
	fields := map[ktp.Field]*string{}
	for name, text := range n.Fields {
		f := ktp.Field(name)
		switch required := slices.Contains(mustRead, f); {
		case !slices.Contains(ktp.Fields, f):
			wrong.WithField("fields."+name, "is no field of the card")
		case text == nil && required:
			wrong.WithField("fields."+name, "cannot be taken away; reject the card if it cannot be read")
		case text == nil:
			fields[f] = nil
		default:
			value, problem := ktp.Correct(f, *text)
			if problem != "" {
				wrong.WithField("fields."+name, "%s", problem)
			}
			fields[f] = &value
		}
	}
	slices.SortStableFunc(wrong.Fields, func(a, b fault.FieldError) int { return strings.Compare(a.Field, b.Field) })
	switch with := len(n.Fields) > 0; {
	case n.Decision == DecideCorrect && !with:
		wrong.WithField("fields", "needs the corrected fields")
	case with && (n.Decision == DecideReject || n.Decision == DecideReopen):
		wrong.WithField("fields", "can be corrected with approve or correct only")
	}
	if len(wrong.Fields) > 0 {
		if len(wrong.Fields) > 1 {
			wrong.Code = fault.CodeInvalidRequest
		}
		return nil, wrong
	}
	return fields, nil
}

// checkReason trims a reason and notes what is wrong with it.
func checkReason(reason string, wrong *fault.Error) string {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > maxReason || strings.ContainsRune(reason, 0) {
		wrong.WithField("reason", "must have 1 to %d characters", maxReason)
	}
	return reason
}

// Review takes a reviewer's decision: approve and reject close the review,
// correct leaves it open, reopen takes it up again.
func (r *Reviews) Review(ctx context.Context, a tenant.Actor, id uuid.UUID, n NewReview) (Verification, error) {
	if err := a.Require(tenant.ReviewVerifications); err != nil {
		return Verification{}, err
	}
	fields, err := n.check()
	if err != nil {
		return Verification{}, err
	}
	c, err := r.open(ctx, a, id, n.Decision)
	if err != nil {
		return Verification{}, err
	}
	switch n.Decision {
	case DecideApprove, DecideReject:
		_, err = Next(c.v.Status, Approve)
	case DecideReopen:
		_, err = Next(c.v.Status, Reopen)
	default:
		if c.v.Status != NeedReview {
			err = fault.New(fault.Conflict, "The verification is %s: its fields cannot be corrected.", c.v.Status)
		}
	}
	if err != nil {
		return Verification{}, err
	}
	if err := r.decide(ctx, a, c, n, fields); err != nil {
		return Verification{}, err
	}
	return r.cases.store.Verification(ctx, a.Scope(), id)
}

// openCase is a verification before a person's decision.
type openCase struct {
	v      Verification
	first  *Review // of another person, to the same end, about the very same state
	closes bool    // the decision takes effect
}

// open reads a verification and tells what a decision of a does to it.
func (r *Reviews) open(ctx context.Context, a tenant.Actor, id uuid.UUID, d ReviewDecision) (openCase, error) {
	store := r.cases.store
	v, err := store.Verification(ctx, a.Scope(), id)
	if err != nil {
		return openCase{}, err
	}
	settings, err := store.ReviewSettings(ctx, a.Scope(), v.GroupID)
	if err != nil {
		return openCase{}, err
	}
	c := openCase{v: v, closes: d != DecideCorrect}
	if !settings.FourEyes {
		return c, nil
	}
	switch {
	case a.Key != nil:
		return openCase{}, fault.New(fault.Forbidden, "This group asks for two reviewers: they must be signed-in persons.")
	case a.User.ID == v.UserID:
		return openCase{}, fault.New(fault.Forbidden, "This group asks for two reviewers: who created the verification cannot be one.")
	case d == DecideCorrect || d == DecideReopen:
		return c, nil
	}
	c.closes = false
	history, err := store.Reviews(ctx, a.Scope(), id)
	if err != nil || len(history) == 0 {
		return c, err
	}
	// Whatever changed the verification since has made the first word void.
	last := history[len(history)-1]
	if last.Attempt != v.Attempt || last.Closed || last.Decision != d || !last.CreatedAt.Equal(v.UpdatedAt) {
		return c, nil
	}
	if last.ReviewerID == a.User.ID {
		return openCase{}, fault.New(fault.Conflict, "You have decided this already: another reviewer must agree.")
	}
	c.first, c.closes = &last, true
	return c, nil
}

// entry is the record of a decision on c.
func (c openCase) entry(a tenant.Actor, d ReviewDecision, reason string) Review {
	return Review{ID: newID(), Tenancy: c.v.Tenancy, VerificationID: c.v.ID, Attempt: c.v.Attempt, Decision: d, Reason: reason, Closed: c.closes,
		ReviewerID: a.User.ID, Reviewer: a.Name(), StatusBefore: c.v.Status}
}

func (c openCase) reviewers(a tenant.Actor) []string {
	if c.first != nil {
		return []string{c.first.Reviewer, a.Name()}
	}
	return []string{a.Name()}
}

// decide weighs the evidence again with what the reviewer said.
func (r *Reviews) decide(ctx context.Context, a tenant.Actor, c openCase, n NewReview, fields map[ktp.Field]*string) error {
	p, now := r.process, r.cases.now()
	run, err := p.keptRun(ctx, a.Scope(), c.v)
	if err != nil {
		return err
	}
	entry := c.entry(a, n.Decision, n.Reason)
	corrected, err := r.correct(ctx, a, c.v, run, fields, now)
	if err != nil {
		return err
	}
	if len(corrected.changes) > 0 && c.first != nil {
		// The first reviewer has not seen these values.
		c.first, c.closes, entry.Closed = nil, false, false
	}
	entry.Fields = corrected.changes
	said := run.Evidence.Review.clone()
	if c.closes { // an earlier review's end holds no longer
		said.Approved, said.Rejected = nil, nil
	}
	run.Evidence.Review = &said
	status, trigger := c.v.Status, Trigger("")
	switch judgement := (Judgement{By: c.reviewers(a), Reason: n.Reason, At: now}); {
	case n.Decision == DecideReopen:
		status, trigger = NeedReview, Reopen
	case !c.closes:
	case n.Decision == DecideReject:
		status, trigger, said.Rejected = Completed, Approve, &judgement
	default:
		d, err := Decide(c.v.Config, run.Evidence)
		if err != nil {
			return err
		}
		status, trigger, said.Approved = Completed, Approve, approve(judgement, d.Checks, run.Evidence.screened())
	}
	v := c.v
	settles := false
	if trigger == Approve {
		if settles, err = r.cases.store.Reserved(ctx, a.Scope(), v.ID, v.Attempt); err != nil {
			return err
		}
		if settles {
			v.CreditUsed += v.CreditCost
		}
	}
	return p.decideAnew(ctx, a.Scope(), v, run, corrected.steps, status, func(ctx context.Context, tx Store, v *Verification) error {
		if trigger != "" {
			if err := p.transition(ctx, tx, a.Scope(), v, trigger, a.Name()); err != nil {
				return err
			}
		}
		if settles {
			if err := p.book(ctx, tx, a.Scope(), v, ledger.Settle, v.UpdatedAt); err != nil {
				return err
			}
		}
		if corrected.face != nil {
			if err := tx.SaveKnownFace(ctx, a.Scope(), *corrected.face); err != nil {
				return err
			}
		}
		if subject := p.subject(*v, run.Evidence); subject != nil { // with a corrected NIK another one
			if err := tx.SaveSubject(ctx, a.Scope(), v.ID, subject); err != nil {
				return err
			}
		}
		if err := r.takeInHand(ctx, tx, a, v, run, corrected.rescreened); err != nil {
			return err
		}
		entry.StatusAfter, entry.VerdictAfter, entry.CreatedAt = v.Status, v.OutputStatus, v.UpdatedAt
		return tx.InsertReview(ctx, a.Scope(), entry)
	})
}

// takeInHand notes that a person, and no longer an alert, decides when the
// review ends, and whom to search for from now on.
func (r *Reviews) takeInHand(ctx context.Context, tx Store, a tenant.Actor, v *Verification, run *Run, rescreened bool) error {
	if rescreened {
		if w, ok := r.process.watched(*v, run.Evidence); ok {
			return tx.SaveWatched(ctx, a.Scope(), w)
		}
	}
	w, err := tx.Watched(ctx, a.Scope(), v.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	w.Held = false
	return tx.SaveWatched(ctx, a.Scope(), w)
}

// corrected is what follows from corrected fields.
type corrected struct {
	steps      []StepName // whose evidence is new
	changes    map[ktp.Field]FieldChange
	rescreened bool
	face       *KnownFace // under its corrected NIK
}

// correct puts corrected fields into the run's evidence. The lists and the
// organization's faces are searched again where the person is now another.
func (r *Reviews) correct(ctx context.Context, a tenant.Actor, v Verification, run *Run, fields map[ktp.Field]*string, now time.Time) (corrected, error) {
	c := corrected{steps: []StepName{StepReview}}
	if len(fields) == 0 {
		return c, nil
	}
	before := run.Evidence.reviewed()
	if before.Read == nil {
		return c, fault.Field("fields", "this verification has no card")
	}
	said := run.Evidence.Review.clone()
	c.changes = map[ktp.Field]FieldChange{}
	for f, value := range fields {
		said.Corrections[f] = Correction{Value: value, By: a.Name(), At: now}
		c.changes[f] = FieldChange{From: before.Read.Value(f).Value, To: value}
	}
	run.Evidence.Review = &said
	after := run.Evidence.reviewed()
	p := r.process
	if v.Config.Type.WithSelfie() && before.Read.Text(ktp.NIK) != after.Read.Text(ktp.NIK) {
		found, known, err := p.searchUnder(ctx, v, after.Read.Text(ktp.NIK), run.Evidence.Match.Thresholds)
		if err != nil {
			return c, err
		}
		said.Reuse, c.face = found, known
	}
	old, _ := screenQuery(v.Config, before.Read)
	q, asked := screenQuery(v.Config, after.Read)
	if v.Config.Type.WithScreening() && q != old {
		engines, err := p.engines(v)
		if err != nil {
			return c, err
		}
		found, err := engines.search(ctx, run, q)
		if err != nil {
			return c, err
		}
		aside, err := p.dismissed(ctx, p.store, a.Scope(), p.subject(v, run.Evidence), found)
		if err != nil {
			return c, err
		}
		run.Evidence.Rescreen = &Screen{Asked: asked, Unsearched: unsearched(q), Screening: found, Dismissed: aside}
		c.steps, c.rescreened = append(c.steps, StepRescreen), true
	}
	return c, nil
}

// searchUnder searches the organization for the face of v as that of another
// NIK; nothing where no face was kept.
func (p *Processor) searchUnder(ctx context.Context, v Verification, nik string, t face.Thresholds) (*Reuse, *KnownFace, error) {
	scope := tenant.Everything()
	own, err := p.store.KnownFace(ctx, scope, v.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	own.Owner = p.owner(v, nik)
	search := face.NewSearch(own.Face, string(own.Owner), t)
	err = p.store.EachKnownFace(ctx, scope, v.OrganizationID, own.Space, func(id uuid.UUID, owner, face []byte) {
		if id != v.ID {
			search.Add(owner, face)
		}
	})
	return &Reuse{Searched: true, Reuse: search.Result()}, &own, err
}

// DecideFraud lets a suspected verification go on, or ends it FAILED.
func (r *Reviews) DecideFraud(ctx context.Context, a tenant.Actor, id uuid.UUID, goOn bool, reason string) (Verification, error) {
	if err := a.Require(tenant.ReviewVerifications); err != nil {
		return Verification{}, err
	}
	wrong := fault.New(fault.Invalid, "The decision cannot be taken like this.")
	reason = checkReason(reason, wrong)
	if len(wrong.Fields) > 0 {
		return Verification{}, wrong
	}
	decision, trigger := DecideFraudReject, Reject
	if goOn {
		decision, trigger = DecideFraudContinue, Continue
	}
	c, err := r.open(ctx, a, id, decision)
	if err != nil {
		return Verification{}, err
	}
	if _, err := Next(c.v.Status, trigger); err != nil {
		return Verification{}, err
	}
	entry := c.entry(a, decision, reason)
	return r.cases.changeAs(ctx, a, tenant.ReviewVerifications, id, func(ctx context.Context, tx Store, v *Verification) error {
		if v.Status != c.v.Status || v.Attempt != c.v.Attempt || !v.UpdatedAt.Equal(c.v.UpdatedAt) {
			return fault.New(fault.Conflict, "The verification has changed in the meantime.")
		}
		if err := r.applyFraud(ctx, tx, a, v, trigger, c.closes); err != nil {
			return err
		}
		entry.StatusAfter, entry.CreatedAt = v.Status, v.UpdatedAt
		return tx.InsertReview(ctx, a.Scope(), entry)
	})
}

func (r *Reviews) applyFraud(ctx context.Context, tx Store, a tenant.Actor, v *Verification, t Trigger, closes bool) error {
	u := r.cases
	if !closes {
		v.UpdatedAt = u.now()
		return tx.UpdateVerification(ctx, a.Scope(), Mark{v.Status, v.Attempt}, *v, nil)
	}
	if t == Continue {
		v.EndDate = nil
		if err := u.transition(ctx, tx, a.Scope(), v, t, a.Name()); err != nil {
			return err
		}
		return tx.Enqueue(ctx, Task{Kind: ProcessTask, ID: v.ID})
	}
	if end := u.now(); v.EndDate == nil { // held by an older version
		v.EndDate = &end
	}
	v.Failure = &Failure{ErrorCode: CodeFraudRejected, Message: "A person has rejected the document as a suspected fraud."}
	if err := u.transition(ctx, tx, a.Scope(), v, t, a.Name()); err != nil {
		return err
	}
	if err := u.endJobs(ctx, tx, a.Scope(), v, Failed); err != nil {
		return err
	}
	return u.book(ctx, tx, a.Scope(), v, ledger.Release, v.UpdatedAt)
}
