package audit

import (
	"slices"
	"testing"
	"time"
)

func TestExposures(t *testing.T) {
	at := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	ani, key := Actor{Kind: "user", ID: "ani"}, Actor{Kind: "key", ID: "ack"}
	card, file := Object{Type: "verification", ID: "v"}, Object{Type: "file", ID: "f"}
	var x Exposures
	for i, r := range []Record{
		{Action: DataViewed, Object: card, Actor: ani, Outcome: "ok", Address: "203.0.113.0/24"},
		{Action: DataViewed, Object: card, Actor: key, Outcome: "ok", Address: "203.0.113.0/24"},
		{Action: DataViewed, Object: card, Actor: key, Outcome: "NOT_FOUND"},
		{Action: FileDownloaded, Object: file, Actor: ani, Outcome: "ok"},
		{Action: Login, Actor: ani, Outcome: "ok"},
		{Action: "personal_data.revealed", Object: card, Actor: ani, Outcome: "ok", Details: map[string]string{"field": "nik"}},
	} {
		r.At, r.Organization = at.Add(time.Duration(i)*time.Minute), "org"
		x.Add(r)
	}
	list := x.List()
	if len(list) != 2 || list[0].Object != card || list[1].Object != file {
		t.Fatalf("exposures %+v", list)
	}
	e := list[0]
	if e.Times != 3 || !slices.Equal(e.Actors, []Actor{ani, key}) || !slices.Contains(e.Fields, "nik") || len(e.Addresses) != 1 || !e.First.Equal(at) || !e.Last.Equal(at.Add(5*time.Minute)) {
		t.Errorf("exposure %+v", e)
	}
}
