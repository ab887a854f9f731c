package verification

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// ReviewPolicy says which decided verifications a person must look at before
// they are COMPLETED.
type ReviewPolicy string

// The policies.
const (
	ReviewNever          ReviewPolicy = "NEVER"
	ReviewOnInconclusive ReviewPolicy = "ON_INCONCLUSIVE" // those with an INCONCLUSIVE check
	ReviewAlways         ReviewPolicy = "ALWAYS"
)

// ReviewPolicies lists the policies.
func ReviewPolicies() []ReviewPolicy {
	return []ReviewPolicy{ReviewNever, ReviewOnInconclusive, ReviewAlways}
}

// ReviewSettings are a group's rules of review.
type ReviewSettings struct {
	APIKey    ReviewPolicy // for what API keys create
	Dashboard ReviewPolicy // for what signed-in persons create
	// FourEyes asks for two reviewers, neither of them who created it.
	FourEyes  bool
	UpdatedAt time.Time // zero: never changed
	UpdatedBy string
}

// DefaultReviewSettings hold for groups that have set nothing.
func DefaultReviewSettings() ReviewSettings {
	return ReviewSettings{APIKey: ReviewNever, Dashboard: ReviewOnInconclusive}
}

// policy is the one that holds for v.
func (s ReviewSettings) policy(v Verification) ReviewPolicy {
	if v.APIKey != nil {
		return s.APIKey
	}
	return s.Dashboard
}

// ReviewSettingsStore keeps the groups' settings.
type ReviewSettingsStore interface {
	// ReviewSettings gives a group's settings, the default where none are kept.
	ReviewSettings(ctx context.Context, scope tenant.Scope, group uuid.UUID) (ReviewSettings, error)
	SaveReviewSettings(ctx context.Context, scope tenant.Scope, group uuid.UUID, s ReviewSettings) error
}

// ReviewSettingsChange is what may be changed; nil leaves a setting as it is.
type ReviewSettingsChange struct {
	APIKey    *ReviewPolicy
	Dashboard *ReviewPolicy
	FourEyes  *bool
}

// ReviewSettings gives the settings of a group that the actor sees.
func (u *UseCases) ReviewSettings(ctx context.Context, a tenant.Actor, group uuid.UUID) (ReviewSettings, error) {
	if err := a.Require(tenant.ReadFolders); err != nil {
		return ReviewSettings{}, err
	}
	return u.store.ReviewSettings(ctx, a.Scope(), group)
}

// ChangeReviewSettings changes the settings of a group.
func (u *UseCases) ChangeReviewSettings(ctx context.Context, a tenant.Actor, group uuid.UUID, c ReviewSettingsChange) (ReviewSettings, error) {
	// Who does not see the group learns nothing else.
	if _, err := u.store.ReviewSettings(ctx, a.Scope(), group); err != nil {
		return ReviewSettings{}, err
	}
	if err := a.Require(tenant.ManageSettings); err != nil {
		return ReviewSettings{}, err
	}
	return SetReviewSettings(ctx, u.store, a.Scope(), group, c, a.Name(), u.now())
}

// SetReviewSettings changes a group's settings in the name of by.
func SetReviewSettings(ctx context.Context, s Store, scope tenant.Scope, group uuid.UUID, c ReviewSettingsChange, by string, now time.Time) (ReviewSettings, error) {
	wrong := fault.New(fault.Invalid, "The settings cannot be changed like this.").WithCode(fault.CodeInvalidValue)
	for _, p := range []struct {
		field string
		value *ReviewPolicy
	}{{"review.api_key", c.APIKey}, {"review.dashboard", c.Dashboard}} {
		if p.value != nil && !slices.Contains(ReviewPolicies(), *p.value) {
			wrong.WithField(p.field, "must be %s, %s or %s", ReviewNever, ReviewOnInconclusive, ReviewAlways)
			wrong.Message = fmt.Sprintf("A review policy must be %s, %s or %s.", ReviewNever, ReviewOnInconclusive, ReviewAlways)
		}
	}
	if len(wrong.Fields) > 0 {
		return ReviewSettings{}, wrong
	}
	var kept ReviewSettings
	err := s.InTx(ctx, func(ctx context.Context, tx Store) (err error) {
		if kept, err = tx.ReviewSettings(ctx, scope, group); err != nil {
			return err
		}
		if c.APIKey != nil {
			kept.APIKey = *c.APIKey
		}
		if c.Dashboard != nil {
			kept.Dashboard = *c.Dashboard
		}
		if c.FourEyes != nil {
			kept.FourEyes = *c.FourEyes
		}
		if c == (ReviewSettingsChange{}) {
			return nil
		}
		kept.UpdatedAt, kept.UpdatedBy = now, by
		return tx.SaveReviewSettings(ctx, scope, group, kept)
	})
	return kept, err
}
