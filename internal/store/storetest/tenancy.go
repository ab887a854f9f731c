package storetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/auth"
	"anycheck/internal/fault"
	"anycheck/internal/idempotency"
	"anycheck/internal/ledger"
	"anycheck/internal/store"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// belongings is one of everything that a group can have.
type belongings struct {
	*world
	folder, empty verification.Folder
	upload        verification.Upload
	result        verification.Result
	old, gone     verification.Result // to be erased, and erased
	v             verification.Verification
	job           verification.Job
	first, second verification.Delivery
	tried, held   verification.Delivery // to an address that is disabled
	disabled      verification.DisabledAddress
	watched       verification.Watched
	reserved      verification.Verification
	key           tenant.APIKey
	session       uuid.UUID
	answer        idempotency.Record
	unused        string // files
	condemned     string
}

func newBelongings(t *testing.T, db *store.DB) *belongings {
	t.Helper()
	w := newWorld(t, db)
	b := w.belongings(t)
	b.key = w.key(t, now)
	b.session, _ = w.session(t)
	seven := int64(7)
	must(t, db.SetQuota(t.Context(), w.scope, w.user.ID, &seven, now, "x"))
	return b
}

// belongings are all that the world's group can have besides its people and
// their keys.
func (w *world) belongings(t *testing.T) *belongings {
	t.Helper()
	db := w.db
	b := &belongings{world: w, folder: w.folder(t, "F", now), empty: w.folder(t, "Empty", now), upload: w.upload(t)}
	b.result = w.result(t, b.folder.ID, now)
	b.v = w.draft(b.result, now)
	b.v.Status = verification.InQueue
	must(t, db.InsertVerification(t.Context(), w.scope, b.v, nil))
	b.job, b.first, b.second = w.job(t, b.v), w.delivery(t, b.v, 1), w.delivery(t, b.v, 2)
	must(t, db.SaveEvidence(t.Context(), w.scope, b.v.ID, 1, verification.StepIntake, json.RawMessage(`1`), now))
	w.knownFace(t, b.v, "model 1", "a")
	done := w.draft(b.result, now)
	done.Status = verification.Completed
	must(t, db.InsertVerification(t.Context(), w.scope, done, nil))
	must(t, db.SaveSubject(t.Context(), w.scope, done.ID, []byte("subject of "+b.v.ID.String())))
	must(t, db.SetRetention(t.Context(), w.scope, w.group.ID, verification.ResultData, 30))
	b.old, b.gone = w.result(t, b.folder.ID, now), w.result(t, b.folder.ID, now)
	must(t, db.EraseResult(t.Context(), w.scope, verification.Tombstone{ResultID: b.gone.ID, Tenancy: b.tenancy(), At: now}))
	b.watched = w.watch(t, done, done.ID.String())
	must(t, db.InsertDismissal(t.Context(), w.scope, w.dismissal(done, done.ID.String(), "E-1")))
	must(t, happen(t.Context(), db, w.scope, b.v, &verification.Event{To: verification.InQueue, At: now}))
	must(t, db.PlaceEvents(t.Context()))
	b.tried, b.held, b.disabled = w.disabled(t, b.v)
	w.topUp(t, 100)
	b.answer = w.answer(now)
	must(t, db.SaveAnswer(t.Context(), w.scope, b.answer, now.Add(-time.Hour)))
	seven := int64(7)
	must(t, db.SetRateLimit(t.Context(), w.scope, verification.RateSubject{ID: w.group.ID}, &seven, now, "x"))
	must(t, db.InsertAttempt(t.Context(), w.scope, b.v.ID, verification.Attempt{Number: 1, Status: verification.Failed}))
	must(t, db.InsertReview(t.Context(), w.scope, w.review(b.v, now)))
	must(t, db.InsertReveal(t.Context(), w.scope, w.reveal(b.v, now)))
	must(t, db.SaveReviewSettings(t.Context(), w.scope, w.group.ID, verification.ReviewSettings{APIKey: verification.ReviewNever, UpdatedAt: now}))
	b.reserved = done
	must(t, db.AppendEntry(t.Context(), w.scope, ledger.Entry{ID: newID(), GroupID: w.group.ID, VerificationID: &done.ID, Attempt: 1, Kind: ledger.Reserve, Credits: 1, CreatedAt: now}))
	b.unused, b.condemned = w.uploaded(t, verification.InputFile, now), w.uploaded(t, verification.InputFile, now)
	must(t, db.CondemnFile(t.Context(), w.scope, b.condemned, now))
	w.record(t, 1)
	must(t, db.InsertCheckpoint(t.Context(), tenant.Everything(), auditSigner.Checkpoint(w.org.ID.String(), 1, audit.Hash{}, now)))
	return b
}

// call uses one method within a scope and tells whether it reached what b has.
type call func(t *testing.T, b *belongings, s tenant.Scope) (reached bool, err error)

// calls has every method of the ports that takes a scope, in an order that
// leaves what later ones need.
var calls = []struct {
	method string
	call   call
}{
	{"Folder", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Folder(t.Context(), s, b.folder.ID)
		return err == nil, err
	}},
	{"PlainFolder", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.PlainFolder(t.Context(), s, b.folder.ID)
		return err == nil, err
	}},
	{"Folders", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, n, err := b.db.Folders(t.Context(), s, b.group.ID, "", verification.Page{Size: 10})
		return len(list) > 0 || n > 0, err
	}},
	{"InsertFolder", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertFolder(t.Context(), s, verification.Folder{ID: newID(), Tenancy: b.tenancy(), Name: "New", CreatedAt: now, UpdatedAt: now})
	})},
	{"UpdateFolder", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		f := b.folder
		f.Name = "Changed"
		return b.db.UpdateFolder(t.Context(), s, f)
	})},
	{"DeleteFolder", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.DeleteFolder(t.Context(), s, b.empty.ID)
	})},
	{"InsertUpload", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		id := newID()
		return b.db.InsertUpload(t.Context(), s, verification.Upload{ID: id, Tenancy: b.tenancy(), UserID: b.user.ID, CreatedAt: now,
			Files: []verification.File{{Path: id.String()}}})
	})},
	{"Files", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		found, err := b.db.Files(t.Context(), s, b.upload.Files[0].Path)
		return len(found) > 0, err
	}},
	{"UnusedFiles", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.UnusedFiles(t.Context(), s, now.AddDate(0, 0, 8), 7, verification.UnusedFile{}, 1000)
		return slices.ContainsFunc(list, func(f verification.UnusedFile) bool { return f.Path == b.unused }), err
	}},
	{"UseFiles", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		used, err := b.db.UseFiles(t.Context(), s, b.upload.Files[0].Path)
		return len(used) > 0, err
	}},
	{"CondemnFile", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.CondemnFile(t.Context(), s, b.unused, now)
	})},
	{"DropFile", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.DropFile(t.Context(), s, b.condemned)
	})},
	{"InsertResult", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertResult(t.Context(), s, verification.Result{ID: newID(), Tenancy: b.tenancy(), FolderID: b.folder.ID, CreatedAt: now})
	})},
	{"Result", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Result(t.Context(), s, b.result.ID)
		return err == nil, err
	}},
	{"Results", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, n, err := b.db.Results(t.Context(), s, b.folder.ID, verification.Page{Size: 10})
		return len(list) > 0 || n > 0, err
	}},
	{"InsertVerification", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		v := b.draft(b.result, now)
		return b.db.InsertVerification(t.Context(), s, v, &verification.Event{ID: newID(), VerificationID: v.ID, At: now})
	})},
	{"Verification", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Verification(t.Context(), s, b.v.ID)
		return err == nil, err
	}},
	{"Verifications", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, members, err := b.db.Verifications(t.Context(), s, b.result.ID, verification.Page{Size: 10})
		return len(list) > 0 || len(members) > 0, err
	}},
	{"UpdateVerification", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		v := b.v
		v.Runs = 9
		return happen(t.Context(), b.db, s, v, &verification.Event{At: now})
	})},
	{"Events", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Events(t.Context(), s, b.v.ID)
		return len(list) > 0, err
	}},
	{"UpdateInput", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		v := b.v
		v.ServiceName = "Changed"
		return b.db.UpdateInput(t.Context(), s, verification.Mark{Status: v.Status, Attempt: v.Attempt}, v)
	})},
	{"LockResult", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		err := b.db.LockResult(t.Context(), s, b.result.ID)
		return err == nil, err
	}},
	{"JoinResult", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		err := b.db.JoinResult(t.Context(), s, b.result.ID)
		return err == nil, err
	}},
	{"LockVerification", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.LockVerification(t.Context(), s, b.v.ID)
		return err == nil, err
	}},
	{"FindResults", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, n, err := b.db.FindResults(t.Context(), s, verification.ResultFilter{Folder: b.folder.ID, Status: verification.Completed}, verification.Page{Size: 10})
		return len(list) > 0 || n > 0, err
	}},
	{"MemberStatuses", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		found, err := b.db.MemberStatuses(t.Context(), s, []uuid.UUID{b.result.ID})
		return len(found) > 0, err
	}},
	{"InsertAttempt", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertAttempt(t.Context(), s, b.v.ID, verification.Attempt{Number: 2, Status: verification.Failed})
	})},
	{"Attempts", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Attempts(t.Context(), s, b.v.ID)
		return len(list) > 0, err
	}},
	{"InsertReview", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertReview(t.Context(), s, b.world.review(b.v, now))
	})},
	{"Reviews", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Reviews(t.Context(), s, b.v.ID)
		return len(list) > 0, err
	}},
	{"InsertReveal", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertReveal(t.Context(), s, b.world.reveal(b.v, now))
	})},
	{"Reveals", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Reveals(t.Context(), s, b.v.ID)
		return len(list) > 0, err
	}},
	{"ReviewSettings", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.ReviewSettings(t.Context(), s, b.group.ID)
		return err == nil, err
	}},
	{"SaveReviewSettings", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SaveReviewSettings(t.Context(), s, b.group.ID, verification.ReviewSettings{APIKey: verification.ReviewAlways, UpdatedAt: now})
	})},
	{"Unfinished", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Unfinished(t.Context(), s, now.Add(time.Hour), 1000)
		return slices.Contains(list, b.v.ID), err
	}},
	{"Job", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Job(t.Context(), s, b.job.ID)
		return err == nil, err
	}},
	{"JobsOf", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.JobsOf(t.Context(), s, b.v.ID, 1)
		return len(list) > 0, err
	}},
	{"UpdateJob", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		j := b.job
		j.Status = verification.Failed
		return b.db.UpdateJob(t.Context(), s, j)
	})},
	{"SaveEvidence", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SaveEvidence(t.Context(), s, b.v.ID, 1, verification.StepRead, json.RawMessage(`1`), now)
	})},
	{"Evidence", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		found, err := b.db.Evidence(t.Context(), s, b.v.ID, 1)
		return len(found) > 0, err
	}},
	{"KnownFace", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.KnownFace(t.Context(), s, b.v.ID)
		return err == nil, err
	}},
	{"EachKnownFace", func(t *testing.T, b *belongings, s tenant.Scope) (reached bool, err error) {
		err = b.db.EachKnownFace(t.Context(), s, b.org.ID, "model 1", func(uuid.UUID, []byte, []byte) { reached = true })
		return reached, err
	}},
	{"SaveKnownFace", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SaveKnownFace(t.Context(), s, verification.KnownFace{VerificationID: b.v.ID, Space: "model 1", Owner: []byte("x"), Face: []byte{1}, At: now})
	})},
	{"Watched", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Watched(t.Context(), s, b.watched.VerificationID)
		return err == nil, err
	}},
	{"SaveWatched", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		w := b.watched
		w.Held = true
		return b.db.SaveWatched(t.Context(), s, w)
	})},
	{"Outdated", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Outdated(t.Context(), s, "newer", now, uuid.Nil, 1000)
		return slices.ContainsFunc(list, func(w verification.Watched) bool { return w.VerificationID == b.watched.VerificationID }), err
	}},
	{"MarkScreened", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		if err := b.db.MarkScreened(t.Context(), s, []uuid.UUID{b.watched.VerificationID}, "newer", now); err != nil {
			return false, err
		}
		w, err := b.db.Watched(t.Context(), tenant.Everything(), b.watched.VerificationID)
		return w.Lists == "newer", err
	}},
	{"ForgetScreening", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		if err := b.db.ForgetScreening(t.Context(), s, b.watched.Subject); err != nil {
			return false, err
		}
		w, err := b.db.Watched(t.Context(), tenant.Everything(), b.watched.VerificationID)
		return w.Lists == "", err
	}},
	{"ReplaceEvidence", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.ReplaceEvidence(t.Context(), s, b.v.ID, 1, verification.StepRescreen, json.RawMessage(`1`), now)
	})},
	{"Dismissals", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Dismissals(t.Context(), s, b.watched.Subject)
		return len(list) > 0, err
	}},
	{"InsertDismissal", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertDismissal(t.Context(), s, b.dismissal(b.v, "subject", "E-9"))
	})},
	{"DeleteDismissal", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.DeleteDismissal(t.Context(), s, b.watched.Subject, "E-1")
	})},
	{"SaveSubject", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SaveSubject(t.Context(), s, b.v.ID, []byte(b.v.ID.String()))
	})},
	{"ResultsOf", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.ResultsOf(t.Context(), s, []byte("subject of "+b.v.ID.String()))
		return len(list) > 0, err
	}},
	{"SetRetention", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SetRetention(t.Context(), s, b.group.ID, verification.FileData, 9)
	})},
	{"Retention", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		days, err := b.db.Retention(t.Context(), s, b.group.ID)
		return len(days) > 0, err
	}},
	{"Expired", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Expired(t.Context(), s, verification.ResultData, now.AddDate(0, 0, 31), verification.Expiry{}, 1000)
		return slices.ContainsFunc(list, func(e verification.Expiry) bool { return e.ResultID == b.old.ID }), err
	}},
	{"ForgetFiles", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		_, err := b.db.ForgetFiles(t.Context(), s, b.result.ID, nil, now)
		return err
	})},
	{"EraseResult", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.EraseResult(t.Context(), s, verification.Tombstone{ResultID: b.old.ID, Tenancy: b.tenancy(), At: now})
	})},
	{"Tombstone", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Tombstone(t.Context(), s, b.gone.ID)
		return err == nil, err
	}},
	{"FilesDeleted", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.FilesDeleted(t.Context(), s, b.gone.ID)
	})},
	{"AppendEntry", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		if err := b.db.AppendEntry(t.Context(), s, ledger.Entry{ID: newID(), GroupID: b.group.ID, Kind: ledger.TopUp, Credits: 7, CreatedAt: now}); err != nil {
			return err
		}
		return b.db.AppendEntry(t.Context(), s, ledger.Entry{ID: newID(), GroupID: b.group.ID, VerificationID: &b.v.ID, Attempt: 1, Kind: ledger.Reserve, Credits: 1, CreatedAt: now})
	})},
	{"GroupCredits", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.GroupCredits(t.Context(), s, b.group.ID)
		return err == nil, err
	}},
	{"OrganizationCredits", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, groups, err := b.db.OrganizationCredits(t.Context(), s, b.org.ID)
		return slices.ContainsFunc(groups, func(c verification.GroupCredits) bool { return c.GroupID == b.group.ID }), err
	}},
	{"Entries", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, n, err := b.db.Entries(t.Context(), s, b.group.ID, verification.EntryFilter{}, verification.Page{Size: 10})
		return len(list) > 0 || n > 0, err
	}},
	{"CreditUsage", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		rows, n, err := b.db.CreditUsage(t.Context(), s, verification.UsageQuery{From: "2026-01-01", To: "2026-12-31", By: []verification.UsagePart{verification.ByGroup}, GroupID: &b.group.ID}, verification.Page{Size: 10})
		return len(rows) > 0 || n > 0, err
	}},
	{"Quota", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Quota(t.Context(), s, b.user.ID, now)
		return err == nil, err
	}},
	{"SetQuota", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		n := int64(1000)
		if err := b.db.SetQuota(t.Context(), s, b.user.ID, nil, now, "x"); err != nil {
			return err
		}
		return b.db.SetQuota(t.Context(), s, b.user.ID, &n, now, "x")
	})},
	{"RateLimit", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.RateLimit(t.Context(), s, verification.RateSubject{ID: b.group.ID})
		return err == nil, err
	}},
	{"SetRateLimit", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		n := int64(7)
		return b.db.SetRateLimit(t.Context(), s, verification.RateSubject{ID: b.group.ID}, &n, now, "x")
	})},
	{"SetRateLimit", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SetRateLimit(t.Context(), s, verification.RateSubject{Key: true, ID: b.key.ID}, nil, now, "x")
	})},
	{"AllRateLimits", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		limits, err := b.db.AllRateLimits(t.Context(), s)
		_, ok := limits[b.group.ID]
		return ok, err
	}},
	{"Answer", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Answer(t.Context(), s, b.answer.ID, now.Add(-time.Hour))
		return err == nil, err
	}},
	{"SaveAnswer", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SaveAnswer(t.Context(), s, b.answer, now.Add(-time.Hour))
	})},
	{"ForgetAnswers", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		n, err := b.db.ForgetAnswers(t.Context(), s, now)
		return n > 0, err
	}},
	{"Reserved", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		return b.db.Reserved(t.Context(), s, b.reserved.ID, 1)
	}},
	{"InsertDelivery", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertDelivery(t.Context(), s, verification.Delivery{ID: newID(), Tenancy: b.tenancy(), VerificationID: b.v.ID, Sequence: 3, Body: []byte{}, CreatedAt: now, UpdatedAt: now})
	})},
	{"Delivery", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Delivery(t.Context(), s, b.first.ID)
		return err == nil, err
	}},
	{"EarlierPending", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		return b.db.EarlierPending(t.Context(), s, b.second)
	}},
	{"RecordAttempt", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		d := b.first
		d.Attempts, d.State = 1, verification.Dead
		return b.db.RecordAttempt(t.Context(), s, d, verification.DeliveryAttempt{Number: 1, At: now})
	})},
	{"GroupSecrets", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		secrets, err := b.db.GroupSecrets(t.Context(), s, b.group.ID, now)
		return len(secrets) > 0, err
	}},
	{"RotateWebhookSecret", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.RotateWebhookSecret(t.Context(), s, b.group.ID, "whsec_next", now)
	})},
	{"Deliveries", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, n, err := b.db.Deliveries(t.Context(), s, verification.DeliveryFilter{VerificationID: b.v.ID}, verification.Page{Size: 10})
		return len(list) > 0 || n > 0, err
	}},
	{"DeliveryIDs", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		ids, err := b.db.DeliveryIDs(t.Context(), s, verification.DeliveryFilter{VerificationID: b.v.ID}, 10)
		return len(ids) > 0, err
	}},
	{"DeliveryAttempts", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.DeliveryAttempts(t.Context(), s, b.tried.ID)
		return len(list) > 0, err
	}},
	{"BeginRound", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		_, err := b.db.BeginRound(t.Context(), s, b.second.ID, now)
		return err
	})},
	{"DisabledAddresses", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, _, err := b.db.DisabledAddresses(t.Context(), s, verification.Page{Size: 100})
		return slices.Contains(list, b.disabled), err
	}},
	{"HoldDisabled", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		return b.db.HoldDisabled(t.Context(), s, b.held, now)
	}},
	{"DisableAddress", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.DisableAddress(t.Context(), s, b.first, now)
	})},
	{"EnableAddress", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.EnableAddress(t.Context(), s, b.disabled.ID)
	})},
	{"EventsAfter", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.EventsAfter(t.Context(), s, 0, 1000)
		return slices.ContainsFunc(list, func(e verification.PlacedEvent) bool { return e.VerificationID == b.v.ID }), err
	}},
	{"InsertAPIKey", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		k := b.key
		k.ID, k.Prefix = newID(), newID().String()
		return b.db.InsertAPIKey(t.Context(), s, k)
	})},
	{"APIKeys", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.APIKeys(t.Context(), s)
		return slices.ContainsFunc(list, func(k tenant.APIKey) bool { return k.ID == b.key.ID }), err
	}},
	{"RevokeAPIKey", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.RevokeAPIKey(t.Context(), s, b.key.ID, now)
	})},
	{"Organization", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Organization(t.Context(), s, b.org.ID)
		return err == nil, err
	}},
	{"Organizations", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Organizations(t.Context(), s)
		return slices.Contains(list, b.org), err
	}},
	{"InsertGroup", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertGroup(t.Context(), s, tenant.Group{ID: newID(), OrganizationID: b.org.ID, Name: newID().String(), CreatedAt: now})
	})},
	{"Group", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.Group(t.Context(), s, b.group.ID)
		return err == nil, err
	}},
	{"Groups", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Groups(t.Context(), s)
		return slices.ContainsFunc(list, func(g tenant.Group) bool { return g.ID == b.group.ID }), err
	}},
	{"InsertUser", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		u := b.user
		u.ID, u.Email = newID(), newID().String()
		return b.db.InsertUser(t.Context(), s, u)
	})},
	{"Users", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Users(t.Context(), s)
		return slices.ContainsFunc(list, func(u tenant.User) bool { return u.ID == b.user.ID }), err
	}},
	{"User", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		_, err := b.db.User(t.Context(), s, b.user.ID)
		return err == nil, err
	}},
	{"UpdateUser", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		u := b.user
		u.Name = "Changed"
		return b.db.UpdateUser(t.Context(), s, u)
	})},
	{"UpdateGroup", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		g := b.group
		g.MaskPersonalData = true
		return b.db.UpdateGroup(t.Context(), s, g)
	})},
	{"KeepResults", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.KeepResults(t.Context(), s, b.group.ID, 8)
	})},
	{"Sessions", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Sessions(t.Context(), s, b.user.ID, now)
		return len(list) > 0, err
	}},
	{"EndSession", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.EndSession(t.Context(), s, b.session, now)
	})},
	{"SetUserDisabled", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.SetUserDisabled(t.Context(), s, b.user.ID, true, now)
	})},
	{"AuditRecords", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, n, err := b.db.AuditRecords(t.Context(), s, audit.Filter{ActorID: b.user.ID.String()}, 0, 10)
		return len(list) > 0 || n > 0, err
	}},
	{"AuditTrail", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.AuditTrail(t.Context(), s, b.org.ID.String(), 0, 10)
		return len(list) > 0, err
	}},
	{"AuditOf", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		trail, err := b.db.AuditTrail(t.Context(), tenant.Everything(), b.org.ID.String(), 0, 1)
		must(t, err)
		list, err := b.db.AuditOf(t.Context(), s, b.org.ID.String(), []string{trail[0].Object.ID}, 10)
		return len(list) > 0, err
	}},
	{"AuditHeads", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.AuditHeads(t.Context(), s)
		return slices.ContainsFunc(list, func(h audit.Head) bool { return h.Organization == b.org.ID.String() }), err
	}},
	{"LostAuditHeads", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		id, move := b.org.ID.String(), `UPDATE audit_chains SET organization_id = $2 WHERE organization_id = $1`
		_, err := tables(t, b.db).ExecContext(t.Context(), move, id, "away")
		must(t, err)
		list, err := b.db.LostAuditHeads(t.Context(), s)
		_, back := tables(t, b.db).ExecContext(t.Context(), move, "away", id)
		must(t, back)
		return slices.Contains(list, id), err
	}},
	{"InsertCheckpoint", write(func(t *testing.T, b *belongings, s tenant.Scope) error {
		return b.db.InsertCheckpoint(t.Context(), s, auditSigner.Checkpoint(b.org.ID.String(), 2, audit.Hash{}, now))
	})},
	{"Checkpoints", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		list, err := b.db.Checkpoints(t.Context(), s, b.org.ID.String())
		return len(list) > 0, err
	}},
	{"LastCheckpoint", func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		c, err := b.db.LastCheckpoint(t.Context(), s, b.org.ID.String())
		return c.Sequence > 0, err
	}},
}

// write is a call that reached its row when it gave no error.
func write(fn func(t *testing.T, b *belongings, s tenant.Scope) error) call {
	return func(t *testing.T, b *belongings, s tenant.Scope) (bool, error) {
		err := fn(t, b, s)
		return err == nil, err
	}
}

// exceptions are scopes for which a method differs from the others.
var exceptions = map[string]string{
	"Organization/another group":  "members of a group see their organization",
	"Organizations/another group": "members of a group see their organization",
	"InsertGroup/the group":       "a new group is not the caller's own",
	"AuditHeads/the group":        "a chain is its organization's",
	"LostAuditHeads/the group":    "a chain is its organization's",
	"InsertCheckpoint/the group":  "a chain is its organization's",
	"Checkpoints/the group":       "a chain is its organization's",
	"LastCheckpoint/the group":    "a chain is its organization's",
}

// testTenancy proves for every method that a stranger reaches and changes
// nothing, and that those who should do.
func testTenancy(t *testing.T, db *store.DB) {
	var missing []string
	for _, port := range []reflect.Type{reflect.TypeFor[verification.Store](), reflect.TypeFor[auth.Store](), reflect.TypeFor[audit.Store]()} {
		for m := range port.Methods() {
			scoped := slices.Contains(slices.Collect(m.Type.Ins()), reflect.TypeFor[tenant.Scope]())
			if scoped && !slices.ContainsFunc(calls, func(c struct {
				method string
				call   call
			}) bool {
				return c.method == m.Name
			}) {
				missing = append(missing, m.Name)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("methods with a scope and without a proof: %v", missing)
	}

	b := newBelongings(t, db)
	strangers := b.strangers(t)
	before := dump(t, db)
	for _, c := range calls {
		for who, scope := range strangers {
			if _, ok := exceptions[c.method+"/"+who]; ok {
				continue
			}
			reached, err := c.call(t, b, scope)
			if reached || err != nil && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s by %s: reached %v, error %v; want NotFound or nothing", c.method, who, reached, err)
			}
		}
	}
	after := dump(t, db)
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			t.Errorf("strangers changed %s", table)
		}
	}

	insiders := func(b *belongings) map[string]tenant.Scope {
		all := b.insiders()
		all["every tenant"] = tenant.EveryTenant()
		return all
	}
	for who := range insiders(b) {
		b := newBelongings(t, db) // writes by one must not meet those of another
		for _, c := range calls {
			if _, ok := exceptions[c.method+"/"+who]; ok {
				continue
			}
			if reached, err := c.call(t, b, insiders(b)[who]); err != nil || !reached {
				t.Errorf("%s by %s: reached %v, error %v", c.method, who, reached, err)
			}
		}
	}

	// What belongs to one group cannot be put under another's parent, even by
	// who sees both.
	other := newBelongings(t, db)
	for what, err := range map[string]error{
		"a folder under a group of another organization": db.InsertFolder(t.Context(), tenant.Everything(), verification.Folder{ID: newID(),
			Tenancy: verification.Tenancy{OrganizationID: b.org.ID, GroupID: other.group.ID}, CreatedAt: now, UpdatedAt: now}),
		"a result in another's folder": db.InsertResult(t.Context(), tenant.Everything(), verification.Result{ID: newID(), Tenancy: b.tenancy(), FolderID: other.folder.ID, CreatedAt: now}),
		"a verification in another's result": func() error {
			v := b.draft(other.result, now)
			return db.InsertVerification(t.Context(), tenant.Everything(), v, nil)
		}(),
		"a webhook of another's verification": db.InsertDelivery(t.Context(), tenant.Everything(), verification.Delivery{ID: newID(), Tenancy: b.tenancy(), VerificationID: other.v.ID, Sequence: 9,
			Body: []byte{}, CreatedAt: now, UpdatedAt: now}),
		"a review of another's verification": func() error {
			r := b.world.review(b.v, now)
			r.VerificationID = other.v.ID
			return db.InsertReview(t.Context(), tenant.Everything(), r)
		}(),
		"a reveal of another's verification": func() error {
			r := b.world.reveal(b.v, now)
			r.VerificationID = other.v.ID
			return db.InsertReveal(t.Context(), tenant.Everything(), r)
		}(),
		"credits for another's verification": db.AppendEntry(t.Context(), tenant.Everything(), ledger.Entry{ID: newID(), GroupID: b.group.ID, VerificationID: &other.v.ID, Kind: ledger.Reserve, Credits: 1, CreatedAt: now}),
	} {
		wantKind(t, what, err, fault.NotFound, "")
	}
}

// dump is the content of every table of tenants, as text.
func dump(t *testing.T, db *store.DB) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, table := range []string{"organizations", "groups", "users", "sessions", "refresh_tokens", "identities", "api_keys", "folders", "uploads", "files", "results", "verifications",
		"events", "jobs", "evidence", "known_faces", "watched_persons", "dismissals", "attempts", "reviews", "reveals", "review_settings", "subjects", "retention", "erasures", "file_uses", "data_keys", "ledger_entries", "credit_usage", "user_quotas", "rate_limits",
		"idempotent_answers", "deliveries", "delivery_attempts", "disabled_webhooks", "audit_records", "audit_chains", "audit_checkpoints"} {
		rows, err := tables(t, db).QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		var text strings.Builder
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must(t, rows.Scan(values...))
			for _, v := range values {
				fmt.Fprintf(&text, "%v\t", *v.(*any))
			}
			text.WriteByte('\n')
		}
		must(t, rows.Err())
		must(t, rows.Close())
		content[table] = text.String()
	}
	return content
}
