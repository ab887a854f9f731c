package verification

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
)

// AnnouncedStatuses lists the statuses that webhooks tell of.
func AnnouncedStatuses() []Status {
	return slices.DeleteFunc(Statuses(), func(s Status) bool { return !Announced(s) })
}

// before is the usual status before each announced one.
var before = map[Status]Status{InProgress: InQueue, Completed: InProgress, PartiallyCompleted: InProgress, Failed: InProgress,
	PartiallyFailed: InProgress, NeedReview: InProgress, FraudDetected: InProgress, Cancelled: InQueue}

// sampleOutput is of nobody: the NIK has a serial that is never given out.
const sampleOutput = `{"face_match_confidence_level":"HIGH","face_match_confidence_score":98.7,"is_match_face":true,` +
	`"ktp":{"nik":"3171010101900000","name":"CONTOH SAJA","birth_date":"1990-01-01","gender":"LAKI-LAKI"},"ktp_confidence":{"nik":0.99,"name":0.98,"birth_date":0.99,"gender":0.99}}`

// SampleWebhook makes the body of a webhook of nobody's verification, marked
// "test": true as those of test keys are. The status counts for StatusChanged only.
func SampleWebhook(kind EventKind, status Status, now time.Time) (id uuid.UUID, body []byte, err error) {
	service := Catalogue()[0]
	start, end := now.Add(-3*time.Second), now.Add(-time.Second)
	v := Verification{ID: newID(), Tenancy: Tenancy{OrganizationID: tenant.SandboxOf(newID())}, ServiceID: service.ID, ServiceName: service.Name, FolderID: newID(), ResultID: newID(), Status: status, Attempt: 1, StartDate: &start}
	e := Event{ID: newID(), VerificationID: v.ID, Sequence: 2, Kind: kind, From: before[status], To: status, Attempt: 1, At: now}
	switch status {
	case Completed, PartiallyCompleted, NeedReview:
		v.EndDate, v.Output, v.OutputStatus, v.CreditUsed = &end, json.RawMessage(sampleOutput), Verified, service.Cost
		if status != Completed {
			v.OutputStatus = PartiallyNotVerified
		}
	case Failed, PartiallyFailed:
		v.EndDate, v.Failure = &end, &Failure{ErrorCode: fault.CodeInternal, Message: "This is a test: nothing failed.", Retryable: true}
	case Cancelled, FraudDetected:
		v.EndDate = &end
	}
	if kind == ScreeningAlert {
		e.Sequence = 4
		body, err = alert(v, e, []pepMatch{{EntityID: "TEST-1", Name: "CONTOH SAJA", Score: 0.97, Topics: []string{"role.pep"}, Datasets: []string{"test"}, MatchedOn: []string{"name"}}},
			[]pepList{{Name: "test", Version: "2", ImportedAt: start}})
	} else {
		body, err = announcement(e.ID, v, e)
	}
	return e.ID, body, err
}
