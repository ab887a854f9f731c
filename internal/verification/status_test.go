package verification

import (
	"math/rand/v2"
	"strings"
	"testing"

	"anycheck/internal/fault"
)

// The whole table: a pair that is not named here must be refused.
func TestNext(t *testing.T) {
	allowed := map[Trigger]map[Status]Status{
		Submit:     {Draft: InQueue},
		Start:      {InQueue: InProgress},
		Complete:   {InProgress: Completed},
		Hold:       {InProgress: NeedReview},
		Suspect:    {InProgress: FraudDetected},
		Fail:       {InProgress: Failed, InQueue: Failed},
		Continue:   {FraudDetected: InProgress},
		Reject:     {FraudDetected: Failed},
		Approve:    {NeedReview: Completed},
		Reopen:     {Completed: NeedReview},
		Cancel:     {Draft: Cancelled, InQueue: Cancelled, InProgress: Cancelled, NeedReview: Cancelled, FraudDetected: Cancelled},
		Retry:      {Failed: InQueue},
		ForceRetry: {Failed: InQueue, Completed: InQueue, Cancelled: InQueue, PartiallyCompleted: InQueue, PartiallyFailed: InQueue},
	}
	for trigger, froms := range allowed {
		for _, from := range Statuses() {
			got, err := Next(from, trigger)
			want, ok := froms[from]
			switch {
			case ok && (err != nil || got != want):
				t.Errorf("%s from %s = %s, %v; want %s", trigger, from, got, err, want)
			case !ok && (!fault.Is(err, fault.Conflict) || fault.From(err).Code != fault.CodeInvalidState):
				t.Errorf("%s from %s = %s, %v; want INVALID_STATE", trigger, from, got, err)
			}
			// Who may not retry learns of force where that helps, and only there.
			if _, helps := allowed[ForceRetry][from]; !ok && strings.Contains(err.Error(), "force=true") != (helps && trigger == Retry) {
				t.Errorf("%s from %s: %v", trigger, from, err)
			}
		}
	}
}

func TestOverall(t *testing.T) {
	tests := []struct {
		members []Status
		want    Status
	}{
		{nil, Draft},
		{[]Status{Completed}, Completed},
		{[]Status{Failed, Failed}, Failed},
		{[]Status{Completed, FraudDetected, NeedReview}, FraudDetected},
		{[]Status{Completed, NeedReview}, NeedReview},
		{[]Status{Completed, InQueue}, PartiallyCompleted},
		{[]Status{PartiallyCompleted, InProgress}, PartiallyCompleted},
		{[]Status{Failed, InProgress}, PartiallyFailed},
		{[]Status{PartiallyFailed, InQueue}, PartiallyFailed},
		{[]Status{InProgress, InQueue}, InProgress},
		{[]Status{InQueue, Draft}, InQueue},
		{[]Status{Cancelled, Cancelled}, Cancelled},
		{[]Status{Cancelled, Completed}, Completed},
		{[]Status{Cancelled, Completed, Failed}, PartiallyCompleted},
		{[]Status{Cancelled, Draft}, Draft},
	}
	for _, tt := range tests {
		if got := Overall(tt.members); got != tt.want {
			t.Errorf("Overall(%v) = %s, want %s", tt.members, got, tt.want)
		}
		for range 5 {
			shuffled := append(append([]Status{}, tt.members...), tt.members...)
			rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if got := Overall(shuffled); got != tt.want {
				t.Errorf("Overall(%v) = %s, want %s whatever the order and number", shuffled, got, tt.want)
			}
		}
	}
}

func TestAnnounced(t *testing.T) {
	silent := map[Status]bool{Draft: true, InQueue: true}
	for _, s := range Statuses() {
		if Announced(s) == silent[s] {
			t.Errorf("Announced(%s) = %v", s, Announced(s))
		}
	}
}
