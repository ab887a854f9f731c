package verification

import (
	"context"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/forensics"
	"anycheck/internal/imaging"
	"anycheck/internal/ledger"
	"anycheck/internal/tenant"
)

// Test tells whether it was made with a test key: it lies in a sandbox, moves
// no credits, and no engine looks at it.
func (t Tenancy) Test() bool { return tenant.InSandbox(t.OrganizationID) }

// Sandbox says what verifications of test keys come to.
type Sandbox interface {
	// Scenario gives the one that a configuration asks for, the same every time.
	Scenario(cfg Configuration) Scenario
}

// Scenario is the script of a test verification. It goes the way of a live
// one: the same transitions, steps, decision, events and webhooks.
type Scenario struct {
	// Refusal is why it is not accepted; nil: it is.
	Refusal *fault.Error
	// Queued and Working are how long it stays IN_QUEUE and IN_PROGRESS at least.
	Queued, Working time.Duration
	// Suspect holds it back as FRAUD_DETECTED before anything is read.
	Suspect bool
	// Failure ends an attempt FAILED, every one or only the first.
	Failure   *Failure
	FailsOnce bool
	// Review holds it for a person once it is decided.
	Review bool

	// What the steps find.
	Cards     CardReader
	Faces     FaceMatcher
	Lists     Screener
	Reuse     Reuse
	Forensics forensics.Report
}

// price is what a verification costs.
func (t Tenancy) price(s Service) int64 {
	if t.Test() {
		return 0
	}
	return s.Cost
}

// book writes the ledger's entry of v's attempt; test data have none.
func (l lifecycle) book(ctx context.Context, tx Store, scope tenant.Scope, v *Verification, kind ledger.Kind, at time.Time) error {
	if v.Test() {
		return nil
	}
	return tx.AppendEntry(ctx, scope, v.entry(kind, at))
}

// errNoSandbox is for programs that run no test verifications.
var errNoSandbox = fault.New(fault.Unavailable, "There is no sandbox here.")

// rehearse refuses a test verification whose scenario is to be refused.
func (u *UseCases) rehearse(cfg Configuration) error {
	if u.sandbox == nil {
		return errNoSandbox
	}
	if s := u.sandbox.Scenario(cfg); s.Refusal != nil {
		return s.Refusal
	}
	return nil
}

// UseSandbox connects what test verifications come to.
func (p *Processor) UseSandbox(s Sandbox) { p.sandbox = s }

// scenario is the script of a test verification, the zero one of a live one.
func (p *Processor) scenario(v Verification) (Scenario, error) {
	switch {
	case !v.Test():
		return Scenario{}, nil
	case p.sandbox == nil:
		return Scenario{}, errNoSandbox
	}
	return p.sandbox.Scenario(v.Config), nil
}

// delayed is an Exhausted fault that says when to come back while a scenario
// keeps v where it is: no worker waits for it.
func (p *Processor) delayed(v Verification) error {
	s, err := p.scenario(v)
	if err != nil {
		return err
	}
	var since time.Time
	var stays time.Duration
	switch {
	case v.Status == InQueue:
		since, stays = v.UpdatedAt, s.Queued
	case v.Status == InProgress && v.StartDate != nil:
		since, stays = *v.StartDate, s.Working
	}
	// Without a delay the clocks do not count: that of another node may be ahead.
	left := since.Add(stays).Sub(p.now())
	if stays == 0 || left <= 0 {
		return nil
	}
	e := fault.New(fault.Exhausted, "The scenario of the test key takes its time.")
	e.RetryAfter = left
	return e
}

// engines are what looks at v: the script's, of a test verification.
func (p *Processor) engines(v Verification) (*Pipeline, error) {
	if !v.Test() {
		return p.pipeline, nil
	}
	s, err := p.scenario(v)
	if err != nil {
		return nil, err
	}
	scripted := *p.pipeline
	scripted.cards, scripted.faces, scripted.lists = s.Cards, s.Faces, s.Lists
	scripted.forensics = func([]byte, imaging.Info) forensics.Report { return s.Forensics }
	return &scripted, nil
}

// stage makes a run find what the script says, and nothing that other
// verifications have left.
func (r *Run) stage(s Scenario) {
	r.reuse = func(context.Context, face.Thresholds) (Reuse, error) { return s.Reuse, nil }
	r.dismissed = nil
}

// interrupt ends a run before its steps where the script says so.
func (p *Processor) interrupt(ctx context.Context, scope tenant.Scope, v *Verification, s Scenario) (ended bool, err error) {
	switch {
	case s.Failure != nil && (!s.FailsOnce || v.Attempt == 1):
		return true, p.failAs(ctx, scope, *v, *s.Failure)
	case s.Suspect:
		cleared, err := p.cleared(ctx, scope, *v)
		if err != nil || cleared {
			return false, err
		}
		return true, p.suspect(ctx, scope, v)
	}
	return false, nil
}

// cleared tells whether a person has let this attempt of a suspect go on.
func (p *Processor) cleared(ctx context.Context, scope tenant.Scope, v Verification) (bool, error) {
	events, err := p.store.Events(ctx, scope, v.ID)
	for _, e := range events {
		if e.Attempt == v.Attempt && e.From == FraudDetected && e.To == InProgress {
			return true, err
		}
	}
	return false, err
}

// suspect holds v back until a person has decided. As for NEED_REVIEW the work
// has ended: the wait for a person is no part of its time.
func (p *Processor) suspect(ctx context.Context, scope tenant.Scope, v *Verification) error {
	return p.store.InTx(ctx, func(ctx context.Context, tx Store) error {
		held, end := *v, p.now()
		held.EndDate = &end
		return p.transition(ctx, tx, scope, &held, Suspect, systemActor)
	})
}
