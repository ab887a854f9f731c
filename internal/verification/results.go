package verification

import (
	"context"

	"github.com/google/uuid"

	"anycheck/internal/tenant"
)

// Result gives a result group, its folder and its overall status.
func (u *UseCases) Result(ctx context.Context, a tenant.Actor, id uuid.UUID) (Result, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return Result{}, err
	}
	r, err := u.store.Result(ctx, a.Scope(), id)
	if err != nil {
		return Result{}, err
	}
	one := []Result{r}
	err = u.fillOverall(ctx, a.Scope(), one)
	return one[0], err
}

// Results lists the results that the actor sees, newest first. A folder that
// it does not see is NotFound.
func (u *UseCases) Results(ctx context.Context, a tenant.Actor, f ResultFilter, p Page) ([]Result, int, error) {
	if err := a.Require(tenant.ReadVerifications); err != nil {
		return nil, 0, err
	}
	if f.Folder != uuid.Nil {
		if _, err := u.store.Folder(ctx, a.Scope(), f.Folder); err != nil {
			return nil, 0, err
		}
	}
	list, total, err := u.store.FindResults(ctx, a.Scope(), f, p)
	if err != nil {
		return nil, 0, err
	}
	return list, total, u.fillOverall(ctx, a.Scope(), list)
}

func (u *UseCases) fillOverall(ctx context.Context, scope tenant.Scope, list []Result) error {
	ids := make([]uuid.UUID, 0, len(list))
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	members, err := u.store.MemberStatuses(ctx, scope, ids)
	for i, r := range list {
		list[i].Overall = Overall(members[r.ID])
	}
	return err
}
