package verification_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"anycheck/internal/fault"
	"anycheck/internal/tenant"
	"anycheck/internal/verification"
)

// TestEraseWhileRunning: what has not ended is cancelled, costs nothing, and
// the worker that was at it leaves nothing behind.
func TestEraseWhileRunning(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "https://example.com/hook")
	privacy := verification.NewPrivacy(b.processor())
	b.watch = func(_ context.Context, id uuid.UUID, step verification.StepName, m verification.Moment) {
		if step == verification.StepMatch && m == verification.StepBegins {
			if _, err := privacy.Erase(t.Context(), b.actor, v.ResultID, verification.Mistake); err != nil {
				t.Error(err)
			}
		}
	}
	if err := b.processor().Process(t.Context(), v.ID, false); err != nil {
		t.Errorf("the worker: %v", err)
	}
	if b.balance(t) != 100 {
		t.Errorf("balance %d, want 100", b.balance(t))
	}
	if _, err := b.cases.Get(t.Context(), b.actor, v.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the verification: %v", err)
	}
	tomb, err := privacy.Tombstone(t.Context(), b.actor, v.ResultID)
	if err != nil || tomb.Reason != verification.Mistake || tomb.Files != nil || len(tomb.Commitments.NIKs) != 1 {
		t.Errorf("tombstone %+v, %v", tomb, err)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); !fault.Is(err, fault.NotFound) {
		t.Errorf("the upload: %v", err)
	}
	if err := privacy.DeleteFiles(t.Context(), v.ResultID); err != nil {
		t.Errorf("deleting again: %v", err)
	}
	stranger := tenant.Actor{User: tenant.User{OrganizationID: uuid.New(), Role: tenant.OrganizationOwner, Email: "x"}}
	if _, err := privacy.Erase(t.Context(), stranger, v.ResultID, verification.Mistake); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger: %v", err)
	}
	user := b.actor
	user.User.Role = tenant.GroupUser
	if _, err := privacy.Erase(t.Context(), user, v.ResultID, verification.Mistake); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a group user: %v", err)
	}
}

// before is a store that does something before each transaction.
type before struct {
	verification.Store
	do func()
}

func (s before) InTx(ctx context.Context, fn func(context.Context, verification.Store) error) error {
	s.do()
	return s.Store.InTx(ctx, fn)
}

// once does something the first time.
func once(do func()) func() {
	return func() {
		if first := do; first != nil {
			do = nil
			first()
		}
	}
}

// joining makes a verification in another one's result, of an upload of its own.
func (b *bench) joining(t *testing.T, result uuid.UUID) (path string, create func(*verification.UseCases) (verification.Verification, error)) {
	t.Helper()
	up, err := b.cases.Upload(t.Context(), b.actor, verification.InputFile, []verification.IncomingFile{{Name: "ktp.png", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("another card")), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	path = up.Files[0].Path
	return path, func(cases *verification.UseCases) (verification.Verification, error) {
		return cases.Create(t.Context(), b.actor, verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: b.folder.ID, ResultID: &result,
			Configuration: json.RawMessage(`{"verification_type":"KTP","files":{"ktp_file":["` + path + `"]}}`)})
	}
}

// racing is the processor on a store that does something before its next
// transaction.
func (b *bench) racing(do func(), now func() time.Time) *verification.Processor {
	return verification.NewProcessor(before{b.db, once(do)}, b.blobs, verification.NewPipeline(b, b, b, b, now), b, []byte("the key of NIKs"), now, nil)
}

// TestEraseAndJoin: a verification that joins a result while it is being erased
// is erased with it, or refused.
func TestEraseAndJoin(t *testing.T) {
	b := newBench(t)
	v := b.create(t, "")
	path, join := b.joining(t, v.ResultID)
	late := b.racing(func() {
		if _, err := join(b.cases); err != nil {
			t.Error(err)
		}
	}, time.Now)
	receipt, err := verification.NewPrivacy(late).Erase(t.Context(), b.actor, v.ResultID, verification.Mistake)
	if err != nil || receipt.Verifications != 2 || len(receipt.Commitments.Files) != 2 {
		t.Errorf("%+v, %v", receipt, err)
	}
	if _, err := b.blobs.Open(t.Context(), path); !fault.Is(err, fault.NotFound) {
		t.Errorf("the upload: %v", err)
	}
	if b.balance(t) != 100 {
		t.Errorf("balance %d, want 100", b.balance(t))
	}

	b = newBench(t)
	v = b.create(t, "")
	path, join = b.joining(t, v.ResultID)
	cases := verification.NewUseCases(verification.Ports{Store: before{b.db, once(func() {
		if _, err := verification.NewPrivacy(b.processor()).Erase(t.Context(), b.actor, v.ResultID, verification.Mistake); err != nil {
			t.Error(err)
		}
	})}, Blobs: b.blobs, Documents: b, Capabilities: b, Outbound: b, Limits: verification.DefaultLimits, Now: time.Now})
	if _, err := join(cases); !fault.Is(err, fault.NotFound) || fault.From(err).Fields[0].Field != "result_id" {
		t.Errorf("joined an erased result: %v", err)
	}
	if b.balance(t) != 100 {
		t.Errorf("balance %d, want 100", b.balance(t))
	}
	if _, err := b.blobs.Open(t.Context(), path); err != nil {
		t.Errorf("the upload that nobody uses: %v", err)
	}
}

// TestForgetAndJoin: who joins a result while its pictures are forgotten keeps
// his until the next sweep after the end; who joins later has them forgotten too.
func TestForgetAndJoin(t *testing.T) {
	b := newBench(t)
	first := b.create(t, "")
	if err := b.processor().Process(t.Context(), first.ID, false); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().AddDate(0, 0, 40) }
	if _, err := verification.NewPrivacy(b.processor()).SetRetention(t.Context(), b.actor, b.actor.User.GroupID, map[verification.DataClass]int{verification.FileData: 10}); err != nil {
		t.Fatal(err)
	}
	sweep := func(p *verification.Processor) (told int) {
		t.Helper()
		if err := verification.NewPrivacy(p).Sweep(t.Context(), false, func(verification.DataClass, verification.Expiry) { told++ }); err != nil {
			t.Fatal(err)
		}
		return told
	}
	kept := func(path string) bool {
		_, err := b.blobs.Open(t.Context(), path)
		return err == nil
	}
	for _, when := range []string{"meanwhile", "later"} {
		path, join := b.joining(t, first.ResultID)
		var second verification.Verification
		add := func() {
			var err error
			if second, err = join(b.cases); err != nil {
				t.Error(when, err)
			}
		}
		p := b.racing(add, later)
		if when == "later" {
			add()
			p = b.racing(func() {}, later)
		}
		if told := sweep(p); told != 0 || !kept(path) {
			t.Errorf("%s: swept %d, kept %v", when, told, kept(path))
		}
		if err := b.processor().Process(t.Context(), second.ID, false); err != nil {
			t.Fatal(err)
		}
		if told := sweep(b.racing(func() {}, later)); told != 1 || kept(path) {
			t.Errorf("%s: at the end swept %d, kept %v", when, told, kept(path))
		}
	}
}

// TestUnusedUploads: what no verification ever used goes after its days, and
// nothing else.
func TestUnusedUploads(t *testing.T) {
	b := newBench(t)
	upload := func(category verification.FileCategory) string {
		t.Helper()
		up, err := b.cases.Upload(t.Context(), b.actor, category, []verification.IncomingFile{{Name: "BUDI.png", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("card")), nil }}})
		if err != nil {
			t.Fatal(err)
		}
		return up.Files[0].Path
	}
	there := func(path string) bool {
		_, err := b.blobs.Open(t.Context(), path)
		return err == nil
	}
	b.create(t, "") // uses b.path
	unused, picture, drafted := upload(verification.InputFile), upload(verification.ProfilePicture), upload(verification.InputFile)
	request := func(path string) verification.NewVerification {
		return verification.NewVerification{ServiceID: verification.Catalogue()[0].ID, FolderID: b.folder.ID,
			Configuration: json.RawMessage(`{"verification_type":"KTP","files":{"ktp_file":["` + path + `"]}}`)}
	}
	draft, err := b.cases.CreateDraft(t.Context(), b.actor, request(drafted))
	if err != nil {
		t.Fatal(err)
	}
	group := b.actor.User.GroupID
	sweep := func(days int, dry bool) (told []string) {
		t.Helper()
		if err := verification.NewPrivacy(b.later(time.Duration(days)*24*time.Hour)).Sweep(t.Context(), dry, func(c verification.DataClass, e verification.Expiry) {
			if c != verification.UploadData || e.ResultID != uuid.Nil || e.GroupID != group || strings.Contains(fmt.Sprintf("%+v", e.FileID), "BUDI") {
				t.Errorf("swept %s %+v", c, e)
			}
			told = append(told, e.FileID.String())
		}); err != nil {
			t.Fatal(err)
		}
		return told
	}
	privacy := verification.NewPrivacy(b.processor())
	if days, err := privacy.Retention(t.Context(), b.actor, group); err != nil || len(days) != 1 || days[verification.UploadData] != verification.DefaultUploadDays {
		t.Errorf("by default %v, %v", days, err)
	}
	if told := sweep(6, false); len(told) != 0 {
		t.Errorf("after six days %v", told)
	}
	if told := sweep(8, true); len(told) != 2 || !strings.Contains(unused, told[0]) || !strings.Contains(drafted, told[1]) || !there(unused) {
		t.Errorf("a dry run tells %v", told)
	}
	if days, err := privacy.SetRetention(t.Context(), b.actor, group, map[verification.DataClass]int{verification.UploadData: 30}); err != nil || days[verification.UploadData] != 30 {
		t.Errorf("set %v, %v", days, err)
	}
	if told := sweep(8, false); len(told) != 0 {
		t.Errorf("with thirty days %v", told)
	}
	if days, err := privacy.SetRetention(t.Context(), b.actor, group, map[verification.DataClass]int{verification.UploadData: 0}); err != nil || days[verification.UploadData] != verification.DefaultUploadDays {
		t.Errorf("set back %v, %v", days, err)
	}

	// A verification that is being made when the sweep comes: one of them wins.
	var told []string
	racing := verification.NewUseCases(verification.Ports{Store: before{b.db, func() { told = sweep(8, false) }}, Blobs: b.blobs, Documents: b, Capabilities: b, Outbound: b, Limits: verification.DefaultLimits, Now: time.Now})
	_, err = racing.Create(t.Context(), b.actor, request(unused))
	if len(told) != 2 || !fault.Is(err, fault.Invalid) || fault.From(err).Fields[0].Field != "configuration.files.ktp_file[0]" {
		t.Errorf("swept %v, then made with %v", told, err)
	}
	for path, want := range map[string]bool{unused: false, drafted: false, picture: true, b.path: true} {
		if got := there(path); got != want {
			t.Errorf("%s is there: %v, want %v", path, got, want)
		}
	}
	if b.balance(t) != 90 {
		t.Errorf("balance %d", b.balance(t))
	}
	if _, err := b.cases.SubmitDraft(t.Context(), b.actor, draft.ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("a draft whose file is gone: %v", err)
	}
	if told := sweep(90, false); len(told) != 0 {
		t.Errorf("the next sweep tells %v", told)
	}

	// What was used once stays with its result, and is erased with it.
	v, err := b.cases.Create(t.Context(), b.actor, request(upload(verification.InputFile)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.cases.Cancel(t.Context(), b.actor, v.ID); err != nil {
		t.Fatal(err)
	}
	if told := sweep(90, false); len(told) != 0 || !there(v.Config.Files["ktp_file"][0]) {
		t.Errorf("what was used: swept %v", told)
	}
}

// A sweep that died before it deleted a file is finished by the next one.
func TestSweepGoesOn(t *testing.T) {
	b := newBench(t)
	if err := b.db.CondemnFile(t.Context(), tenant.Everything(), b.path, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := verification.NewPrivacy(b.processor()).Sweep(t.Context(), false, func(verification.DataClass, verification.Expiry) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); !fault.Is(err, fault.NotFound) {
		t.Errorf("the condemned file: %v", err)
	}
	if err := b.db.DropFile(t.Context(), tenant.Everything(), b.path); !fault.Is(err, fault.NotFound) {
		t.Errorf("its row: %v", err)
	}
}

// shortPages is a store that gives a sweep two at a time, and refuses some results.
type shortPages struct {
	verification.Store
	refuse func(name string) error
}

func (s shortPages) Expired(ctx context.Context, scope tenant.Scope, class verification.DataClass, now time.Time, after verification.Expiry, limit int) ([]verification.Expiry, error) {
	return s.Store.Expired(ctx, scope, class, now, after, min(limit, 2))
}

func (s shortPages) UnusedFiles(ctx context.Context, scope tenant.Scope, now time.Time, days int, after verification.UnusedFile, limit int) ([]verification.UnusedFile, error) {
	return s.Store.UnusedFiles(ctx, scope, now, days, after, min(limit, 2))
}

func (s shortPages) Result(ctx context.Context, scope tenant.Scope, id uuid.UUID) (verification.Result, error) {
	if err := s.refuse(id.String()); err != nil {
		return verification.Result{}, err
	}
	return s.Store.Result(ctx, scope, id)
}

// refusingBlobs deletes nothing of some files.
type refusingBlobs struct {
	verification.Blobs
	refuse func(name string) error
}

func (b refusingBlobs) Delete(ctx context.Context, path string) error {
	if err := b.refuse(path); err != nil {
		return err
	}
	return b.Blobs.Delete(ctx, path)
}

// What fails for good holds up nothing behind it: each is tried once a sweep.
func TestSweepGoesPastFailures(t *testing.T) {
	b := newBench(t)
	refused := map[string]int{} // part of a name: times
	refuse := func(name string) error {
		for part := range refused {
			if strings.Contains(name, part) {
				refused[part]++
				return errors.New("refused")
			}
		}
		return nil
	}
	var good []uuid.UUID // the last of each kind
	for range 5 {
		v := b.create(t, "")
		if _, err := b.cases.Cancel(t.Context(), b.actor, v.ID); err != nil {
			t.Fatal(err)
		}
		refused[v.ResultID.String()] = 0
		good = []uuid.UUID{v.ResultID}
	}
	delete(refused, good[0].String())
	var files []verification.IncomingFile
	for range 10 {
		files = append(files, verification.IncomingFile{Name: "a.png", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("card")), nil }})
	}
	up, err := b.cases.Upload(t.Context(), b.actor, verification.InputFile, files)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(up.Files, func(a, b verification.File) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range up.Files[:9] {
		refused[f.Path] = 0
	}
	privacy := verification.NewPrivacy(verification.NewProcessor(shortPages{b.db, refuse}, refusingBlobs{b.blobs, refuse}, nil, b, nil, func() time.Time { return time.Now().AddDate(0, 0, 40) }, nil))
	sweep := func() (told []verification.DataClass) {
		err := privacy.Sweep(t.Context(), false, func(c verification.DataClass, e verification.Expiry) {
			if e.ResultID != uuid.Nil && e.ResultID != good[0] || e.FileID != uuid.Nil && !strings.Contains(up.Files[9].Path, e.FileID.String()) {
				t.Errorf("swept %s %+v", c, e)
			}
			told = append(told, c)
		})
		if lines := strings.Split(fmt.Sprint(err), "\n"); err == nil || len(lines) != 11 {
			t.Errorf("the sweep fails with %d lines: %v", len(lines), err)
		}
		for name, n := range refused {
			if n != 1 {
				t.Errorf("%s was tried %d times", name, n)
			}
			refused[name] = 0
		}
		return told
	}
	keep := func(class verification.DataClass, days int) {
		t.Helper()
		if _, err := privacy.SetRetention(t.Context(), b.actor, b.actor.User.GroupID, map[verification.DataClass]int{class: days}); err != nil {
			t.Fatal(err)
		}
	}
	keep(verification.FileData, 10)
	if told := sweep(); !slices.Equal(told, []verification.DataClass{verification.FileData, verification.UploadData}) {
		t.Errorf("the sweep tells %v", told)
	}
	keep(verification.FileData, 0)
	keep(verification.ResultData, 10)
	if told := sweep(); !slices.Equal(told, []verification.DataClass{verification.ResultData}) {
		t.Errorf("the next sweep tells %v", told)
	}
}

func TestRetentionSweep(t *testing.T) {
	b := newBench(t)
	old := b.create(t, "")
	if err := b.processor().Process(t.Context(), old.ID, false); err != nil {
		t.Fatal(err)
	}
	waiting := b.create(t, "")
	privacy := verification.NewPrivacy(b.later(40 * 24 * time.Hour))
	if _, err := privacy.SetRetention(t.Context(), b.actor, b.actor.User.GroupID, map[verification.DataClass]int{verification.FileData: 10, verification.ResultData: 50}); err != nil {
		t.Fatal(err)
	}
	sweep := func(p *verification.Privacy, dry bool) (told []verification.DataClass) {
		t.Helper()
		if err := p.Sweep(t.Context(), dry, func(c verification.DataClass, e verification.Expiry) {
			if e.ResultID != old.ResultID {
				t.Errorf("swept %+v", e)
			}
			told = append(told, c)
		}); err != nil {
			t.Fatal(err)
		}
		return told
	}
	if told := sweep(privacy, true); len(told) != 1 || told[0] != verification.FileData {
		t.Errorf("a dry run tells %v", told)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); err != nil {
		t.Errorf("a dry run deleted: %v", err)
	}
	if told := sweep(privacy, false); len(told) != 1 || told[0] != verification.FileData {
		t.Errorf("the sweep tells %v", told)
	}
	if got := b.get(t, old.ID); got.Output == nil || got.Status != verification.Completed {
		t.Errorf("what was read: %+v", got)
	}
	if _, err := b.blobs.Open(t.Context(), b.path); err != nil {
		t.Errorf("the upload that another result uses: %v", err)
	}
	if told := sweep(privacy, false); len(told) != 0 {
		t.Errorf("the next sweep tells %v", told)
	}
	if told := sweep(verification.NewPrivacy(b.later(60*24*time.Hour)), false); len(told) != 1 || told[0] != verification.ResultData {
		t.Errorf("the sweep after 60 days tells %v", told)
	}
	if _, err := b.cases.Get(t.Context(), b.actor, old.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("after its time: %v", err)
	}
	if got := b.get(t, waiting.ID); got.Status != verification.InQueue {
		t.Errorf("what waits is %s", got.Status)
	}
	user := b.actor
	user.User.Role = tenant.GroupUser
	if _, err := privacy.SetRetention(t.Context(), user, b.actor.User.GroupID, nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a group user sets it: %v", err)
	}
}
