package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"anycheck/client"
	"anycheck/internal/onnx/onnxtest"
)

// TestListsChange: a person who is listed later is found without a further
// call, and the caller's webhook hears of it.
func TestListsChange(t *testing.T) {
	s := &server{cfg: testConfig(t.TempDir(), onnxtest.ModelsDir(t)), logs: &logs{}}
	stop := s.run(t)
	t.Cleanup(func() { stop() })
	const head = "id,name,aliases,birth_date,gender,country,positions,source\n"
	const nobody = "X-1,NOBODY AT ALL,,1950-01-01,male,id,,test\n"
	importList(t, s, head+nobody)
	c := s.admin(t)
	hooks := newReceiver(t, "the caller's secret")
	v, err := c.Screen(t.Context(), client.NewScreening{Name: "Ratna Kertanegara Wirayuda", BirthDate: "1987-07-01", Gender: "FEMALE", WebhookURL: hooks.url,
		WebhookMetadata: json.RawMessage(`{"webhook_secret":"the caller's secret"}`)})
	if err != nil || v.Status != client.Completed || *v.OutputStatus != "VERIFIED" || v.CreditUsed != 1 {
		t.Fatalf("screened %+v, %v", v, err)
	}
	hooks.wait(t, 2)
	importList(t, s, head+nobody+"X-2,RATNA KERTANEGARA WIRAYUDA,,1987-07-01,female,id,Mayor,test\n")
	stop()
	stop = s.run(t) // whom new versions concern is looked for at every start, then every ten minutes
	got := hooks.wait(t, 4)
	alert, held := got[2], got[3]
	if alert.Event != "screening.alert" || alert.Sequence != 4 || len(alert.Matches) != 1 || alert.Matches[0].EntityID != "X-2" || held.Status != client.NeedReview || held.Sequence != 5 {
		t.Errorf("webhooks %+v", got[2:])
	}
	c = s.admin(t)
	if v, err = c.Verification(t.Context(), v.ID); err != nil || v.Status != client.NeedReview || check(t, v, "watch_list").Code != "WATCH_LIST_MATCH" || !strings.Contains(string(download(t, c, v.OutputFileURL)), "X-2") {
		t.Errorf("after the new version: %+v, %v", v, err)
	}
	v, err = c.DismissHit(t.Context(), v.ID, client.NewDismissal{EntityID: "X-2", Reason: "another village"})
	if err != nil || v.Status != client.Completed || *v.OutputStatus != "VERIFIED" {
		t.Errorf("dismissed: %+v, %v", v, err)
	}
	events, err := c.Events(t.Context(), v.ID)
	var told []string
	for _, e := range events.Items {
		told = append(told, fmt.Sprint(e.Event, " ", e.Status, " ", e.Actor))
	}
	want := []string{"verification.status_changed IN_QUEUE " + adminEmail, "verification.status_changed IN_PROGRESS system", "verification.status_changed COMPLETED system",
		"screening.alert COMPLETED system", "verification.status_changed NEED_REVIEW system", "verification.status_changed COMPLETED " + adminEmail}
	if err != nil || strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("events, %v:\n%s", err, strings.Join(told, "\n"))
	}
	for _, secret := range []string{"Ratna", "RATNA", "1987-07-01"} {
		if strings.Contains(s.logs.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}
