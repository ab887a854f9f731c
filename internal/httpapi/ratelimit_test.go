package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/client"
	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 59, 0, time.UTC)
	l := &limiter{now: func() time.Time { return now }}
	key, group := subject{"key", 2}, subject{"group", 3}
	for i, want := range []standing{{2, 1, now.Add(time.Second), false}, {2, 0, now.Add(time.Second), false}, {2, 0, now.Add(time.Second), true}} {
		if st, limited := l.take(key, group); !limited || st.limit != want.limit || st.remaining != want.remaining || st.refused != want.refused || !st.reset.Equal(want.reset) {
			t.Errorf("call %d: %+v, want %+v", i+1, st, want)
		}
	}
	// What was refused did not count for the group.
	if st, _ := l.take(subject{"another key", 9}, group); st.limit != 3 || st.remaining != 0 || st.refused {
		t.Errorf("another key of the group: %+v", st)
	}
	if st, _ := l.take(subject{"another key", 9}, group); !st.refused {
		t.Errorf("beyond the group's: %+v", st)
	}
	now = now.Add(time.Second)
	if st, _ := l.take(key, group); st.refused || st.remaining != 1 {
		t.Errorf("the next minute: %+v", st)
	}
	if _, limited := l.take(subject{"key", 0}, subject{"group", 0}); limited {
		t.Error("0 limits")
	}
	if st, _ := l.take(subject{"key", 1}); !st.refused || st.remaining != 0 {
		t.Errorf("a limit that became smaller: %+v", st)
	}
}

func TestOwnLimitsAreReadAgain(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	id, reads, fail := uuid.New(), 0, error(nil)
	l := &limiter{now: func() time.Time { return now }, read: func(context.Context) (map[uuid.UUID]int64, error) {
		reads++
		return map[uuid.UUID]int64{id: int64(reads)}, fail
	}}
	check := func(what string, n int, want int64) {
		t.Helper()
		if own := l.limits(t.Context()); reads != n || own[id] != want {
			t.Errorf("%s: read %d times, limit %d; want %d, %d", what, reads, own[id], n, want)
		}
	}
	check("first", 1, 1)
	now = now.Add(ownLimitsFor - 1)
	check("soon", 1, 1)
	now = now.Add(1)
	check("later", 2, 2)
	l.changed()
	check("changed", 3, 3)
	now, fail = now.Add(ownLimitsFor), errors.New("down")
	check("when the database is down", 4, 3)
}

func TestRateLimitHeaders(t *testing.T) {
	p := newPlatform(t)
	now := time.Date(2026, 11, 23, 12, 0, 30, 0, time.UTC)
	p.server.limits.now = func() time.Time { return now }
	if h := p.do("GET", "/services", "").Header(); h.Get("X-RateLimit-Limit") != "" {
		t.Errorf("without a limit: %v", h)
	}
	p.server.limits.PerKey, p.server.limits.PerGroup = 2, 3
	headers := func(h http.Header) [3]string {
		return [3]string{h.Get("X-RateLimit-Limit"), h.Get("X-RateLimit-Remaining"), h.Get("X-RateLimit-Reset")}
	}
	reset := strconv.FormatInt(now.Unix()+30, 10)
	if got := headers(p.do("GET", "/services", "").Header()); got != [3]string{"2", "1", reset} {
		t.Errorf("first %q", got)
	}
	// On errors too.
	if got := headers(p.do("GET", "/folders/"+uuid.NewString(), "").Header()); got != [3]string{"2", "0", reset} {
		t.Errorf("second %q", got)
	}
	w := p.do("POST", "/folders", `{"name":"F"}`)
	wantProblem(t, w, http.StatusTooManyRequests, fault.CodeRateLimited)
	if got := headers(w.Header()); got != [3]string{"2", "0", reset} || w.Header().Get("Retry-After") != "30" {
		t.Errorf("third %q, Retry-After %q", got, w.Header().Get("Retry-After"))
	}
	if w := p.asB("GET", "/services", ""); w.Code != http.StatusOK {
		t.Errorf("another group: %d", w.Code)
	}
	_, _, key := p.addKey(t)
	if got := headers(p.do("GET", "/services", "", "X-API-Key", key).Header()); got != [3]string{"3", "0", reset} {
		t.Errorf("another key of the group %q", got)
	}
	wantProblem(t, p.do("GET", "/services", "", "X-API-Key", key), http.StatusTooManyRequests, fault.CodeRateLimited)
	now = now.Add(30 * time.Second)
	if w := p.do("GET", "/services", ""); w.Code != http.StatusOK {
		t.Errorf("the next minute: %d", w.Code)
	}
}

func TestLimitOfAnAddress(t *testing.T) {
	p := newPlatform(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p.server.limits.now = func() time.Time { return now }
	p.server.limits.PerAddress = 2
	wantProblem(t, p.do("GET", "/services", "", "X-API-Key", "wrong"), http.StatusUnauthorized, fault.CodeInvalidAPIKey)
	if w := p.do("GET", "/auth/methods", "", "X-API-Key", ""); w.Code != http.StatusOK {
		t.Errorf("second: %d", w.Code)
	}
	w := p.do("GET", "/auth/methods", "", "X-API-Key", "")
	wantProblem(t, w, http.StatusTooManyRequests, fault.CodeRateLimited)
	if w.Header().Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	wantProblem(t, p.do("GET", "/services", "", "X-API-Key", "wrong"), http.StatusTooManyRequests, fault.CodeRateLimited)
	for _, path := range []string{"/livez", "/readyz", "/services"} { // the last with a good key
		if w := p.do("GET", path, ""); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// A limit that is set holds with the next call.
func TestOwnRateLimits(t *testing.T) {
	p := newPlatform(t)
	ctx := t.Context()
	admin := p.a.user
	admin.Role = tenant.SuperAdmin
	p.actAs(admin)
	person := p.client(t, client.WithToken("person"))
	group, one := p.a.group.ID.String(), int64(1)
	if n, err := person.GroupRateLimit(ctx, group); err != nil || n != nil {
		t.Errorf("%v, %v", n, err)
	}
	id, _, key := p.addKey(t)
	if err := person.SetKeyRateLimit(ctx, id.String(), &one); err != nil {
		t.Fatal(err)
	}
	if n, err := person.KeyRateLimit(ctx, id.String()); err != nil || *n != 1 {
		t.Errorf("%v, %v", n, err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	p.server.limits.now = func() time.Time { return now }
	limited := p.client(t, client.WithAPIKey(key))
	if _, err := limited.Services(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := limited.Services(ctx)
	var e *client.Error
	if !errors.As(err, &e) || e.Code != client.CodeRateLimited || e.RetryAfter != time.Minute {
		t.Errorf("beyond the key's limit: %+v", err)
	}
	if err := person.SetKeyRateLimit(ctx, id.String(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := limited.Services(ctx); err != nil {
		t.Errorf("after the limit was lifted: %v", err)
	}
	if err := person.SetGroupRateLimit(ctx, group, &one); err != nil {
		t.Fatal(err)
	}
	_, _ = limited.Services(ctx) // the minute's one, or none of it
	if _, err := limited.Services(ctx); !client.IsCode(err, client.CodeRateLimited) {
		t.Errorf("beyond the group's limit: %v", err)
	}
}

// addKey makes one more key of a's.
func (p *platform) addKey(t *testing.T) (uuid.UUID, string, string) {
	t.Helper()
	k, text, err := p.auth.CreateKey(t.Context(), p.a.user, newFullKey)
	if err != nil {
		t.Fatal(err)
	}
	return k.ID, k.Prefix, text
}

// actAs makes the access token "person" a's of the given role.
func (p *platform) actAs(u tenant.User) {
	p.server.Auth = person{p.server.Auth, tenant.Actor{User: u}}
}

type person struct {
	Auth
	actor tenant.Actor
}

// Authenticate takes the one token.
func (p person) Authenticate(ctx context.Context, bearer string) (tenant.Actor, error) {
	if bearer == "person" {
		return p.actor, nil
	}
	return p.Auth.Authenticate(ctx, bearer)
}
