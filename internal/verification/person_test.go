package verification

import (
	"testing"
	"time"
)

// A day is in the future once it has begun nowhere.
func TestDaysAhead(t *testing.T) {
	now := time.Date(2026, 11, 26, 9, 59, 0, 0, time.UTC) // the day is 26 on every clock
	for _, tt := range []struct {
		field, day string
		now        time.Time
		ahead      bool
	}{
		{"birth_date", "2026-11-26", now, false},
		{"birth_date", "2026-11-27", now, true},
		{"birth_date", "2026-11-27", now.Add(time.Hour), false},
		{"birth_date", "2026-11", now, false},
		{"birth_date", "2026-12", now, true},
		{"birth_date", "2026", now, false},
		{"birth_date", "2027", now, true},
		{"as_of", "2026-11-26", now, false},
		{"as_of", "2026-11-27", now, true},
		{"as_of", "2026-11-27", now.Add(time.Hour), false},
	} {
		var p Person
		if message := p.set(tt.field, tt.day); message != "" {
			t.Fatal(message)
		}
		if err := p.ahead(tt.now); (err != nil) != tt.ahead {
			t.Errorf("%s %s at %s: %v", tt.field, tt.day, tt.now, err)
		}
	}
}
