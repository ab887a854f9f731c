package verification

import (
	"anycheck/internal/fault"
)

// Status is where a verification stands.
type Status string

// The statuses of the contract.
const (
	Draft              Status = "DRAFT"
	InQueue            Status = "IN_QUEUE"
	InProgress         Status = "IN_PROGRESS"
	Completed          Status = "COMPLETED"
	Failed             Status = "FAILED"
	Cancelled          Status = "CANCELLED"
	NeedReview         Status = "NEED_REVIEW"
	FraudDetected      Status = "FRAUD_DETECTED"
	PartiallyCompleted Status = "PARTIALLY_COMPLETED"
	PartiallyFailed    Status = "PARTIALLY_FAILED"
)

// Statuses lists every status.
func Statuses() []Status {
	return []Status{Draft, InQueue, InProgress, Completed, Failed, Cancelled, NeedReview, FraudDetected, PartiallyCompleted, PartiallyFailed}
}

// Trigger is what makes a verification change its status.
type Trigger string

// The triggers.
const (
	Submit     Trigger = "submit"      // a draft is sent in
	Start      Trigger = "start"       // a worker takes it
	Complete   Trigger = "complete"    // the pipeline decided
	Hold       Trigger = "hold"        // the pipeline decided, a person must look
	Suspect    Trigger = "suspect"     // fraud found before extraction
	Fail       Trigger = "fail"        // a fault of our own
	Continue   Trigger = "continue"    // a person lets a suspect go on
	Reject     Trigger = "reject"      // a person stops a suspect
	Approve    Trigger = "approve"     // a reviewer closes the review
	Reopen     Trigger = "reopen"      // a reviewer opens a completed one again
	Cancel     Trigger = "cancel"      // the caller gives up
	Retry      Trigger = "retry"       // run a failed one again
	ForceRetry Trigger = "force retry" // run any finished one again
)

var transitions = map[Trigger]map[Status]Status{
	Submit:   {Draft: InQueue},
	Start:    {InQueue: InProgress},
	Complete: {InProgress: Completed},
	Hold:     {InProgress: NeedReview},
	Suspect:  {InProgress: FraudDetected},
	// A verification can fail while it waits: its worker died too often.
	Fail:     {InProgress: Failed, InQueue: Failed},
	Continue: {FraudDetected: InProgress},
	Reject:   {FraudDetected: Failed},
	Approve:  {NeedReview: Completed},
	Reopen:   {Completed: NeedReview},
	Cancel:   {Draft: Cancelled, InQueue: Cancelled, InProgress: Cancelled, NeedReview: Cancelled, FraudDetected: Cancelled},
	Retry:    {Failed: InQueue},
	ForceRetry: {Failed: InQueue, Completed: InQueue, Cancelled: InQueue,
		PartiallyCompleted: InQueue, PartiallyFailed: InQueue},
}

// Next is the one transition function: the status that follows from when the
// trigger fires, or a Conflict with INVALID_STATE when it may not.
func Next(from Status, t Trigger) (Status, error) {
	to, ok := transitions[t][from]
	if !ok {
		e := fault.New(fault.Conflict, "The verification is %s: %s is not possible.", from, t)
		if _, ok := transitions[ForceRetry][from]; ok && t == Retry {
			e.Message += " With force=true it is run again."
		}
		return "", e
	}
	return to, nil
}

// Announced tells whether a webhook is sent when a verification enters s.
func Announced(s Status) bool {
	switch s {
	case InProgress, NeedReview, Completed, PartiallyCompleted, Failed, PartiallyFailed, FraudDetected, Cancelled:
		return true
	}
	return false
}

// Overall is the status of a result group: a pure function of the set of its
// members' statuses, independent of order and number. An empty group is Draft.
func Overall(members []Status) Status {
	seen := map[Status]bool{}
	for _, s := range members {
		seen[s] = true
	}
	// Cancelled members count only when nothing else is there.
	if len(seen) > 1 {
		delete(seen, Cancelled)
	}
	if len(seen) == 1 {
		for s := range seen {
			return s
		}
	}
	switch {
	case seen[FraudDetected]:
		return FraudDetected
	case seen[NeedReview]:
		return NeedReview
	case seen[Completed], seen[PartiallyCompleted]:
		return PartiallyCompleted
	case seen[Failed], seen[PartiallyFailed]:
		return PartiallyFailed
	case seen[InProgress]:
		return InProgress
	case seen[InQueue]:
		return InQueue
	}
	return Draft
}
