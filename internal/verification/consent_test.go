package verification

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

func TestConsent(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	jakarta := time.FixedZone("WIB", 7*3600)
	for _, tt := range []struct {
		name    string
		consent *Consent
		want    *Consent
		fields  []string
	}{
		{"none", nil, nil, nil},
		{"as it is kept", &Consent{" I agree.\nReally. ", " v2 ", now.Add(-time.Hour).In(jakarta)}, &Consent{"I agree.\nReally.", "v2", now.Add(-time.Hour)}, nil},
		{"a clock that is a little ahead", &Consent{"a", "1", now.Add(clockSkew)}, &Consent{"a", "1", now.Add(clockSkew)}, nil},
		{"as long as it may be", &Consent{strings.Repeat("é", maxConsentText), strings.Repeat("é", maxConsentVersion), now}, &Consent{strings.Repeat("é", maxConsentText), strings.Repeat("é", maxConsentVersion), now}, nil},
		{"nothing in it", &Consent{}, nil, []string{"consent.text", "consent.version", "consent.given_at"}},
		{"blanks", &Consent{" \n", "\t", now}, nil, []string{"consent.text", "consent.version"}},
		{"a text too long", &Consent{strings.Repeat("x", maxConsentText+1), "1", now}, nil, []string{"consent.text"}},
		{"a version too long", &Consent{"a", strings.Repeat("x", maxConsentVersion+1), now}, nil, []string{"consent.version"}},
		{"a version of two lines", &Consent{"a", "1\n2", now}, nil, []string{"consent.version"}},
		{"the future", &Consent{"a", "1", now.Add(clockSkew + time.Second)}, nil, []string{"consent.given_at"}},
	} {
		got, err := tt.consent.checked(now)
		var fields []string
		var f *fault.Error
		if errors.As(err, &f) {
			for _, e := range f.Fields {
				fields = append(fields, e.Field)
			}
		}
		if !reflect.DeepEqual(got, tt.want) || !reflect.DeepEqual(fields, tt.fields) || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %+v, fields %v, %v", tt.name, got, fields, err)
		}
	}
}

// Who sees personal data masked sees that there was a consent, not its text.
func TestConsentIsMasked(t *testing.T) {
	c := &Consent{"I, Ratna, agree.", "v2", time.Unix(1, 0).UTC()}
	v := Verification{Consent: c}
	if got := v.For(tenant.Actor{User: tenant.User{Role: tenant.Auditor}}).Consent; got == nil || *got != (Consent{hidden, c.Version, c.GivenAt}) {
		t.Errorf("an auditor sees %+v", got)
	}
	if got := v.For(tenant.Actor{User: tenant.User{Role: tenant.OrganizationOwner}}).Consent; got != c || c.Text == hidden {
		t.Errorf("an owner sees %+v", got)
	}
	if got := (Verification{}).For(tenant.Actor{}).Consent; got != nil {
		t.Errorf("nothing became %+v", got)
	}
}
