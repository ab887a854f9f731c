package verification

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// SubjectHead is what a subject export says of itself as a whole.
type SubjectHead struct {
	MadeAt time.Time
	MadeBy audit.Actor
}

// SubjectWriter writes the dossiers of one person into one file.
type SubjectWriter interface {
	// Add writes one more; nothing is written before the first.
	Add(ctx context.Context, d Dossier) error
	// LeaveOut notes a result that is not in the file, and why.
	LeaveOut(result uuid.UUID, why string)
	// Close ends the file.
	Close() error
}

// SubjectExport is everything that is kept about a person, on its way: for a
// request to see it (UU PDP 27/2022, article 7; GDPR, article 15).
type SubjectExport struct {
	d       *Dossiers
	actor   tenant.Actor
	results []uuid.UUID
}

// Subject finds what is kept about a person, by NIK; NotFound when nothing is.
func (d *Dossiers) Subject(ctx context.Context, a tenant.Actor, nik string) (*SubjectExport, error) {
	for _, needed := range []tenant.Permission{tenant.EraseResults, tenant.ExportResults, tenant.SeePersonalData} {
		if err := a.Require(needed); err != nil {
			return nil, err
		}
	}
	results, err := resultsOf(ctx, d.cases.store, a, d.process.keyed, nik)
	if err == nil && len(results) == 0 {
		err = nothingKept()
	}
	return &SubjectExport{d, a, results}, err
}

func nothingKept() error {
	return fault.New(fault.NotFound, "Nothing is kept about this person.")
}

// Write streams the export, one result after another. record is called before
// each, with the audit record that the context carries naming the result: what
// is not recorded is not shown. Nothing is written before the first result.
func (x *SubjectExport) Write(ctx context.Context, w io.Writer, record func(context.Context) error) error {
	d := x.d
	out := d.bundler.Subject(w, SubjectHead{d.cases.now(), maker(ctx, x.actor)}, d.cases.blobs.Open, d.log.PublicKey(), d.log.Sign)
	shown := 0
	for _, result := range x.results {
		b, err := d.Collect(ctx, x.actor, result)
		if fault.Is(err, fault.NotFound) {
			if _, gone := d.cases.store.Tombstone(ctx, x.actor.Scope(), result); gone == nil {
				continue // erased meanwhile
			}
		}
		if fault.Is(err, fault.TooLarge) {
			out.LeaveOut(result, fault.From(err).Message)
			continue
		}
		if err == nil {
			r := b.dossier.Result
			audit.Of(ctx).About(r.OrganizationID, r.GroupID, "result", r.ID)
			err = record(ctx)
		}
		if err == nil {
			err = b.Seal(ctx)
		}
		if err == nil {
			err = out.Add(ctx, b.dossier)
		}
		if err != nil {
			return fmt.Errorf("result %s: %w", result, err)
		}
		shown++
	}
	if shown == 0 {
		return nothingKept()
	}
	return out.Close()
}

// maker is who makes an export: the caller, or the operator in its name.
func maker(ctx context.Context, a tenant.Actor) audit.Actor {
	if e := audit.Of(ctx); e != nil && e.Actor.Kind == audit.CommandLine {
		return e.Actor
	}
	return audit.ActorOf(a)
}

// resultsOf lists the results about a person in those groups of the actor's
// organization that it sees, oldest first.
func resultsOf(ctx context.Context, s Store, a tenant.Actor, keyed func(string) []byte, nik string) ([]uuid.UUID, error) {
	if !isNIK(nik) {
		return nil, fault.Field("nik", "must have 16 digits")
	}
	groups, err := s.Groups(ctx, a.Scope())
	if err != nil {
		return nil, err
	}
	organization, _ := a.Home()
	var results []uuid.UUID
	for _, g := range groups {
		// Each organization answers for its own, also where a caller sees all.
		if g.OrganizationID != organization {
			continue
		}
		found, err := s.ResultsOf(ctx, tenant.WithinGroup(g.OrganizationID, g.ID), subjectOfNIK(keyed, g.ID, nik))
		if err != nil {
			return nil, err
		}
		results = append(results, found...)
	}
	// Version 7: in the order in which they were made.
	slices.SortFunc(results, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return results, nil
}
