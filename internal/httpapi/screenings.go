package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"anycheck/internal/audit"
	"anycheck/internal/fault"
	"anycheck/internal/screening"
	"anycheck/internal/verification"
)

type createScreeningRequest struct {
	Body struct {
		Name            string              `json:"name" example:"Budi Santoso" doc:"The person's name, 1 to 300 characters."`
		BirthDate       string              `json:"birth_date,omitempty" nullable:"true" example:"1970-03-12" doc:"Date of birth: YYYY-MM-DD, YYYY-MM or YYYY."`
		Gender          string              `json:"gender,omitempty" nullable:"true" enum:"MALE,FEMALE" doc:"Gender."`
		BirthPlace      string              `json:"birth_place,omitempty" nullable:"true" doc:"Place of birth."`
		NIK             string              `json:"nik,omitempty" nullable:"true" doc:"NIK, 16 digits. Hits dismissed for a person stay dismissed wherever this NIK comes again. Without it, name and date of birth tell persons apart."`
		AsOf            string              `json:"as_of,omitempty" nullable:"true" example:"2026-06-30" doc:"Search the lists as they were at the end of this day (UTC). Such a screening is not searched again."`
		Monitor         *bool               `json:"monitor,omitempty" nullable:"true" doc:"Search again whenever lists change; default true."`
		FolderID        *id                 `json:"folder_id,omitempty" nullable:"true" doc:"The folder that takes the result; absent: the group's folder Screenings."`
		ResultID        *id                 `json:"result_id,omitempty" nullable:"true" doc:"Join this result of the folder; absent makes a new one."`
		WebhookURL      string              `json:"webhook_url,omitempty" nullable:"true" maxLength:"2048" doc:"Announce transitions and later alerts (screening.alert) to this address."`
		WebhookMetadata object              `json:"webhook_metadata,omitempty" nullable:"true" doc:"Sent along with each webhook. webhook_secret in it signs them and is never given back."`
		Consent         *consentRequestBody `json:"consent,omitempty" nullable:"true" doc:"What the person agreed to before; kept and shown with the verification."`
	}
}

type dismissRequest struct {
	ItemID
	Body struct {
		EntityID  string     `json:"entity_id" doc:"The listed entity that is another person."`
		Reason    string     `json:"reason" doc:"Why, 1 to 500 characters. It is kept with the author's name."`
		ExpiresAt *time.Time `json:"expires_at,omitempty" nullable:"true" doc:"When the hit counts again; absent: not before the entity changes."`
	}
}

type takeBackRequest struct {
	ItemID
	EntityID string `path:"entity_id" doc:"The listed entity."`
}

// screen is a verification's screening with every hit and its reasons.
type screen struct {
	Asked      []string   `json:"asked" doc:"The facts that were known: name, birth_date, gender, birth_place."`
	ScreenedAt time.Time  `json:"screened_at" doc:"When the lists were searched."`
	Lists      []listUsed `json:"lists" doc:"The list versions that were searched."`
	Hits       []hit      `json:"hits" doc:"Listed entities that are alike, best first; those with alert false are shown for comparison only."`
}

type listUsed struct {
	Name       string    `json:"name" doc:"Name of the list."`
	Version    string    `json:"version" doc:"Its version."`
	ImportedAt time.Time `json:"imported_at" doc:"When that version was imported."`
}

type hit struct {
	EntityID    string                  `json:"entity_id" doc:"The list's id of the entity."`
	Name        string                  `json:"name" doc:"The listed name that matched."`
	Score       float64                 `json:"score" doc:"Likelihood that it is the same person, 0 to 1."`
	Topics      []string                `json:"topics" doc:"Why it is listed, e.g. sanction, role.pep."`
	Datasets    []string                `json:"datasets" doc:"The lists that have it."`
	MatchedOn   []string                `json:"matched_on" doc:"The facts that agree."`
	URL         string                  `json:"url" doc:"A page about the entity; may be empty."`
	Alert       bool                    `json:"alert" doc:"Whether it counts, unless it is dismissed."`
	Dismissed   *verification.Dismissed `json:"dismissed" doc:"Who set the hit aside and why, else null."`
	Explanation []screening.Evidence    `json:"explanation" doc:"Which parts of the name met how, and what each fact added (natural logarithm of a likelihood ratio)."`
}

func viewScreen(s verification.Screen) screen {
	v := screen{Asked: append([]string{}, s.Asked...), ScreenedAt: s.At.UTC(), Lists: []listUsed{}, Hits: []hit{}}
	for _, l := range s.Lists {
		v.Lists = append(v.Lists, listUsed{l.Name, l.Version, l.ImportedAt.UTC()})
	}
	for _, h := range s.Hits {
		shown := hit{EntityID: h.EntityID, Name: h.Name, Score: h.Score, Topics: append([]string{}, h.Topics...), Datasets: append([]string{}, h.Datasets...),
			MatchedOn: append([]string{}, h.MatchedOn...), URL: h.URL, Alert: h.Alert, Explanation: append([]screening.Evidence{}, h.Explanation...)}
		if d, ok := s.Dismissed[h.EntityID]; ok {
			shown.Dismissed = &d
		}
		v.Hits = append(v.Hits, shown)
	}
	return v
}

type watchList struct {
	Name       string    `json:"name" doc:"Name of the list."`
	Version    int       `json:"version" doc:"The version that is searched, 1 for the first import."`
	Entities   int       `json:"entities" doc:"How many entities it has."`
	Checksum   string    `json:"checksum" doc:"SHA-256 of the imported files."`
	ImportedAt time.Time `json:"imported_at" doc:"When this version was imported."`
	CheckedAt  time.Time `json:"checked_at" doc:"When it was last imported or found unchanged."`
	AgeDays    int       `json:"age_days" doc:"Whole days since checked_at."`
}

func (s *server) viewWatchList(l verification.WatchList) watchList {
	return watchList{l.Name, l.Version, l.Entities, l.Checksum, l.ImportedAt.UTC(), l.CheckedAt.UTC(), int(s.Now().Sub(l.CheckedAt) / (24 * time.Hour))}
}

// person is the configuration of the person service.
func (r createScreeningRequest) person() (json.RawMessage, error) {
	fields := map[string]any{"name": r.Body.Name}
	for name, value := range map[string]string{"birth_date": r.Body.BirthDate, "gender": r.Body.Gender, "birth_place": r.Body.BirthPlace, "nik": r.Body.NIK, "as_of": r.Body.AsOf} {
		if value != "" {
			fields[name] = value
		}
	}
	if r.Body.Monitor != nil {
		fields["monitor"] = *r.Body.Monitor
	}
	return json.Marshal(fields)
}

func optionalID(v *id) *uuid.UUID {
	if v == nil {
		return nil
	}
	u := v.uuid()
	return &u
}

func (s *server) screeningRoutes() {
	tags := []string{"Screening"}
	handle(s, callers, huma.Operation{OperationID: "createScreening", Method: http.MethodPost, Path: "/screenings", Tags: tags,
		Metadata:      recorded(audit.ScreeningCreated, "verification"),
		Summary:       "Screen a person without documents",
		Description:   "Searches the watch lists at once and answers with a decided verification of the service PERSON_SCREENING, whose output has pep as for cards. The group's review policy holds for it: what a signed-in person asks about comes back NEED_REVIEW when there are hits, unless the group has changed that. The same person is searched again when lists change, unless monitor is false.",
		DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *createScreeningRequest) (*output[verificationView], error) {
			person, err := in.person()
			if err != nil {
				return nil, err
			}
			v, err := s.Screenings.Screen(ctx, actorOf(ctx), verification.NewScreening{Person: person, FolderID: optionalID(in.Body.FolderID), ResultID: optionalID(in.Body.ResultID),
				WebhookURL: in.Body.WebhookURL, WebhookMetadata: json.RawMessage(in.Body.WebhookMetadata), Consent: in.Body.Consent.told()})
			return s.answerVerification(ctx, v, outsideConfiguration(err))
		})
	handle(s, callers, huma.Operation{OperationID: "getScreening", Method: http.MethodGet, Path: "/verifications/{id}/screening", Tags: tags,
		Metadata: recorded(audit.DataViewed, "verification"),
		Summary:  "The screening of a verification as it counts now, with the reasons of each hit"},
		func(ctx context.Context, in *ItemID) (*output[screen], error) {
			found, err := s.Screenings.Hits(ctx, actorOf(ctx), in.ID.uuid())
			return &output[screen]{Body: viewScreen(found)}, err
		})
	handle(s, callers, huma.Operation{OperationID: "dismissHit", Method: http.MethodPost, Path: "/verifications/{id}/dismissals", Tags: tags,
		Metadata:    recorded(audit.HitDismissed, "verification"),
		Summary:     "Set a hit aside: the listed entity is another person",
		Description: "It holds for this person in the whole group, until it expires or the listed entity changes. The verification is decided anew; when an alert had put it into review, no hit is left and nobody has taken the review in hand, it is COMPLETED; never in a group with four eyes."},
		func(ctx context.Context, in *dismissRequest) (*output[verificationView], error) {
			v, err := s.Screenings.Dismiss(ctx, actorOf(ctx), in.ID.uuid(), verification.NewDismissal{EntityID: in.Body.EntityID, Reason: in.Body.Reason, ExpiresAt: in.Body.ExpiresAt})
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "takeBackDismissal", Method: http.MethodDelete, Path: "/verifications/{id}/dismissals/{entity_id}", Tags: tags,
		Metadata: recorded(audit.HitRestored, "verification"),
		Summary:  "Let a dismissed hit count again"},
		func(ctx context.Context, in *takeBackRequest) (*output[verificationView], error) {
			v, err := s.Screenings.TakeBack(ctx, actorOf(ctx), in.ID.uuid(), in.EntityID)
			return s.answerVerification(ctx, v, err)
		})
	handle(s, callers, huma.Operation{OperationID: "listWatchLists", Method: http.MethodGet, Path: "/lists", Tags: tags,
		Metadata: unrecorded(noPersonalData),
		Summary:  "The watch lists that are searched, with their age"},
		func(ctx context.Context, in *Page) (*output[list[watchList]], error) {
			all, err := s.Screenings.WatchLists(ctx, actorOf(ctx))
			if err != nil {
				return nil, err
			}
			from := min(in.PageOffset, len(all))
			return listOf(all[from:min(from+in.PageSize, len(all))], len(all), s.viewWatchList), nil
		})
}

// outsideConfiguration says what is wrong in the words of this request, which
// has no configuration.
func outsideConfiguration(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	inside := false
	for i, w := range f.Fields {
		var cut bool
		f.Fields[i].Field, cut = strings.CutPrefix(w.Field, "configuration.")
		inside = inside || cut
	}
	if inside {
		f.Message = wrongFields(f.Fields)
	}
	return err
}
