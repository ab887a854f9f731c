package verification

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
)

// PolicyVersion names the rules below; it changes when a verdict could.
const PolicyVersion = "2026-11"

// Confidence from which a value counts as read. Of values the recogniser gave
// at 0.80 or more, 97.6 % were right on the reference cards.
const readConfidence = 0.80

// The codes of checks that are not the engines' own.
const (
	codeCardUnreadable  = "CARD_UNREADABLE"
	codeFacesDiffer     = "FACES_DIFFER"
	codeFaceReview      = "FACE_MATCH_UNSURE"
	codeNotLive         = "LIVENESS_UNSURE"
	codeListMatch       = "WATCH_LIST_MATCH"
	codeNoLists         = "NO_WATCH_LISTS"
	codeNameUnreadable  = "NAME_UNREADABLE"
	codeNameUnsearched  = "NAME_NOT_SEARCHABLE"
	codeNotRequested    = "NOT_REQUESTED"
	codeModelMissing    = "MODEL_MISSING"
	codeNIKUnreadable   = "NIK_UNREADABLE"
	codeSelfieNotUsable = "FACE_NOT_FOUND"
)

// Decision is what follows from the evidence.
type Decision struct {
	Checks []Check
	Output json.RawMessage
	Status OutputStatus
}

// Decide weighs the evidence. It is pure: the same evidence gives the same
// decision, at any time.
func Decide(cfg Configuration, e Evidence) (Decision, error) {
	if cfg.Type.WithCard() != (e.Read != nil) || cfg.Type.WithSelfie() != (e.Match != nil) || cfg.Type.WithScreening() != (e.Screen != nil) || cfg.FraudDetection != (e.Inspect != nil) {
		return Decision{}, fmt.Errorf("the evidence does not fit the configuration")
	}
	e = e.reviewed()
	checks := []Check{watchListCheck(cfg, e.screened())}
	if cfg.Type.WithCard() {
		faces := faceCheck(cfg, e.Match)
		faces.Message += portraitAge(e) + coveredFaces(e.Match)
		checks = []Check{
			cardFoundCheck(e.Read),
			cardQualityCheck(e.Read),
			cardReadableCheck(e.Read),
			nikCheck(e.Read),
			consistencyCheck(e.Read),
			faces,
			livenessCheck(cfg, e.Match),
			reuseCheck(cfg, e.Reuse),
			checks[0],
			tamperingCheck(cfg, e.Inspect),
		}
	}
	checks = e.Review.judge(checks, e.screened())
	out, err := json.Marshal(output(cfg, e))
	return Decision{Checks: checks, Output: out, Status: Verdict(checks)}, err
}

// Verdict is the status over all checks: a blocking FAIL decides, anything
// else that is not PASS or SKIPPED leaves it partial.
func Verdict(checks []Check) OutputStatus {
	status := Verified
	for _, c := range checks {
		switch {
		case c.Outcome == FailOutcome && c.Blocking:
			return NotVerified
		case c.Outcome == FailOutcome || c.Outcome == Inconclusive:
			status = PartiallyNotVerified
		}
	}
	return status
}

func (c Check) with(o Outcome, code, format string, args ...any) Check {
	c.Outcome, c.Code, c.Message = o, code, fmt.Sprintf(format, args...)
	return c
}

func (c Check) notRequested() Check {
	return c.with(Skipped, codeNotRequested, "This was not asked for.")
}

func cardFoundCheck(r *Read) Check {
	c := Check{Name: "card_found", Blocking: true}
	if !r.Found {
		return c.with(Inconclusive, string(ktp.CardNotFound), "%s", advice[ktp.CardNotFound])
	}
	return c.with(Pass, "", "An identity card was found.")
}

// advice is the next step for each thing that can be wrong with a photo, in
// English and then in Bahasa Indonesia: the contract's check has one message,
// and both go into it so that the applicant understands it wherever it is shown.
var advice = map[ktp.Code]string{
	ktp.CardNotFound:    "No identity card was found in the photo. Please photograph the whole card on a plain, contrasting background. / KTP tidak ditemukan. Mohon foto seluruh kartu di atas alas polos yang kontras.",
	ktp.CardBlurred:     "The card is blurred. Please hold the camera still and let it focus. / Foto KTP buram. Mohon pegang kamera dengan stabil dan tunggu sampai fokus.",
	ktp.CardGlare:       "Light is reflected by the card. Please tilt it, or turn off the flash. / KTP memantulkan cahaya. Mohon miringkan kartu atau matikan lampu kilat.",
	ktp.CardCropped:     "A part of the card is cut off. Please keep all four corners in the picture. / Sebagian KTP terpotong. Mohon pastikan keempat sudut kartu terlihat.",
	ktp.CardTooSmall:    "The card is too small in the picture. Please move closer. / KTP terlalu kecil di dalam foto. Mohon dekatkan kamera.",
	ktp.CardDark:        "The picture is too dark. Please use more light. / Foto terlalu gelap. Mohon tambah cahaya.",
	ktp.CardOverexposed: "The picture is too bright. Please use less light. / Foto terlalu terang. Mohon kurangi cahaya.",
	ktp.CardPhotocopy:   "This is a copy without colour. Please photograph the original card. / Ini fotokopi tanpa warna. Mohon foto KTP asli.",
	ktp.CardOnScreen:    "This is a photo of a screen. Please photograph the original card. / Ini foto dari layar. Mohon foto KTP asli.",
	ktp.SeveralCards:    "There are several cards in the picture, the largest was read. Please photograph one card alone. / Ada beberapa kartu di dalam foto, yang terbesar yang dibaca. Mohon foto satu KTP saja.",
}

func cardQualityCheck(r *Read) Check {
	c := Check{Name: "card_quality"}
	if !r.Found {
		return c.with(Skipped, string(ktp.CardNotFound), "There is no card to judge.")
	}
	for _, code := range r.Codes {
		if text, ok := advice[code]; ok {
			return c.with(Inconclusive, string(code), "%s", text)
		}
	}
	return c.with(Pass, "", "The photo is good enough to read.")
}

// mustRead are the fields without which a card counts as unreadable.
var mustRead = []ktp.Field{ktp.NIK, ktp.Name, ktp.BirthDate}

func cardReadableCheck(r *Read) Check {
	c := Check{Name: checkReadable, Blocking: true}
	var lacking []string
	for _, f := range mustRead {
		if v := r.Value(f); v.Value == nil || v.Confidence < readConfidence {
			lacking = append(lacking, fieldLabels[f])
		}
	}
	switch {
	case len(lacking) == 0:
	case !r.Found:
		return c.with(Inconclusive, string(ktp.CardNotFound), "There is no card to read. Please send another photo.")
	default:
		return c.with(Inconclusive, codeCardUnreadable, "Could not be read with certainty: %s. Please send a sharper photo without reflections.", strings.Join(lacking, ", "))
	}
	return c.with(Pass, "", "NIK, name and date of birth were read.")
}

func nikCheck(r *Read) Check {
	c := Check{Name: checkNIK, Blocking: true}
	nik := r.Value(ktp.NIK)
	if nik.Value == nil {
		return c.with(Inconclusive, codeNIKUnreadable, "The NIK could not be read. Please send a sharper photo.")
	}
	for _, f := range r.Findings {
		if f.Severity != ktp.Fail {
			continue
		}
		// An impossible number is more often misread than forged.
		if nik.Confidence < readConfidence {
			return c.with(Inconclusive, string(f.Code), "The NIK was read with little confidence and cannot be right: %s Please send a sharper photo.", f.Message)
		}
		return c.with(FailOutcome, string(f.Code), "The NIK cannot exist: %s", f.Message)
	}
	return c.with(Pass, "", "The NIK is well formed.")
}

func consistencyCheck(r *Read) Check {
	c := Check{Name: "card_consistency"}
	if !r.Found {
		return c.with(Skipped, string(ktp.CardNotFound), "There is no card to check.")
	}
	var messages []string
	var code string
	for _, f := range r.Findings {
		if f.Severity == ktp.Review {
			messages = append(messages, f.Message)
			if code == "" {
				code = string(f.Code)
			}
		}
	}
	if code != "" {
		return c.with(Inconclusive, code, "The card's own data disagree: %s A person should look at it.", strings.Join(messages, " "))
	}
	return c.with(Pass, "", "The card's data agree with one another.")
}

// faceAdvice says, in English and Bahasa Indonesia, what is wrong with a side
// and what the person should do.
var faceAdvice = map[face.Issue]struct{ en, id string }{
	face.IssueNotFound: {"no face was found. Please take another picture with the whole face in it.", "wajah tidak ditemukan. Mohon ambil foto lagi dengan seluruh wajah terlihat."},
	face.IssueSeveral:  {"there are several faces. Please take a picture of one person.", "ada beberapa wajah. Mohon ambil foto satu orang saja."},
	face.IssueTooSmall: {"the face is too small. Please move the camera closer.", "wajah terlalu kecil. Mohon dekatkan kamera."},
	face.IssueBlurred:  {"the face is blurred. Please hold the camera still and let it focus.", "wajah buram. Mohon pegang kamera dengan stabil sampai fokus."},
	face.IssueTurned:   {"the face is turned away. Please look straight into the camera.", "wajah menoleh. Mohon hadapkan wajah lurus ke kamera."},
	face.IssueDark:     {"the face is too dark. Please turn towards the light.", "wajah terlalu gelap. Mohon menghadap ke arah cahaya."},
	face.IssueBright:   {"the face is too bright. Please avoid direct light.", "wajah terlalu terang. Mohon hindari cahaya langsung."},
	face.IssueFlat:     {"the face can hardly be made out. Please use even light and wipe the lens.", "wajah kurang jelas. Mohon gunakan cahaya merata dan bersihkan lensa."},
}

func faceCheck(cfg Configuration, m *Match) Check {
	c := Check{Name: "face_match", Blocking: true}
	if !cfg.Type.WithSelfie() {
		return c.notRequested()
	}
	if !m.CardFound {
		return c.with(Inconclusive, string(ktp.CardNotFound), "Without a card there is no portrait to trust. Please send another photo of the card. / Tanpa kartu tidak ada foto yang dapat dibandingkan. Mohon kirim foto kartu lagi.")
	}
	if m.Outcome == face.Match {
		return c.with(Pass, "", "The selfie shows the person on the card.")
	}
	for _, side := range []struct {
		en, id string
		face.Side
	}{{"On the selfie", "Pada swafoto", m.Selfie}, {"On the card's portrait", "Pada foto di kartu", m.Card}} {
		if len(side.Issues) > 0 {
			advice := faceAdvice[side.Issues[0]]
			return c.with(Inconclusive, string(side.Issues[0]), "%s %s / %s %s", side.en, advice.en, side.id, advice.id)
		}
	}
	if m.Outcome == face.NoMatch {
		return c.with(FailOutcome, codeFacesDiffer, "The selfie shows another person than the card.")
	}
	return c.with(Inconclusive, codeFaceReview, "The faces are alike, but not enough to be sure. A person should compare them, or another selfie be taken. / Wajah mirip, tetapi belum pasti. Perlu diperiksa petugas, atau mohon ambil swafoto lagi.")
}

// oldPortrait is the age in years from which a portrait is mentioned.
const oldPortrait = 10

// portraitAge notes, for whoever compares the faces, that the portrait is old.
// It changes no outcome.
func portraitAge(e Evidence) string {
	if e.Match == nil || e.Match.At.IsZero() || !e.Match.CardFound {
		return ""
	}
	issued, err := time.Parse(time.DateOnly, e.Read.Text(ktp.IssueDate))
	if err != nil {
		return ""
	}
	years := wholeYears(issued, e.Match.At)
	if years < oldPortrait {
		return ""
	}
	note := fmt.Sprintf(" The portrait is at least %d years old", years)
	if born, err := time.Parse(time.DateOnly, e.Read.Text(ktp.BirthDate)); err == nil && born.Before(issued) {
		note += fmt.Sprintf(", taken at the age of %d or younger", wholeYears(born, issued))
	}
	return note + "."
}

// coveredFaces notes what may be hidden of the faces, for whoever compares them.
// It changes no outcome.
func coveredFaces(m *Match) (note string) {
	if m == nil {
		return ""
	}
	for _, side := range []struct {
		name string
		face.Side
	}{{"selfie", m.Selfie}, {"card's portrait", m.Card}} {
		for _, n := range side.Notes {
			switch n {
			case face.NoteEyes:
				note += fmt.Sprintf(" The eyes on the %s may be covered, as by dark glasses.", side.name)
			case face.NoteMouth:
				note += fmt.Sprintf(" The mouth on the %s may be covered, as by a mask.", side.name)
			}
		}
	}
	return note
}

func wholeYears(from, to time.Time) int {
	years := to.Year() - from.Year()
	if from.AddDate(years, 0, 0).After(to) {
		years--
	}
	return years
}

func livenessCheck(cfg Configuration, m *Match) Check {
	c := Check{Name: "liveness"}
	switch {
	case !cfg.Type.WithSelfie():
		return c.notRequested()
	case !m.Selfie.Found:
		return c.with(Skipped, codeSelfieNotUsable, "There is no face to judge.")
	case m.Liveness == nil:
		return c.with(Skipped, codeModelMissing, "No liveness model is installed.")
	case m.Liveness.Outcome == face.LivenessPass:
		return c.with(Pass, "", "The selfie looks like a living person before the camera.")
	}
	return c.with(Inconclusive, codeNotLive, "The selfie could be a picture of a picture. Please take another one with the camera, or let a person look. / Swafoto mungkin gambar dari gambar. Mohon ambil lagi langsung dengan kamera.")
}

func watchListCheck(cfg Configuration, s *Screen) Check {
	c := Check{Name: checkWatchList}
	if !cfg.Type.WithScreening() {
		return c.notRequested()
	}
	switch {
	case len(s.Asked) == 0:
		return c.with(Inconclusive, codeNameUnreadable, "The name could not be read, so nobody was searched for. Please send a sharper photo.")
	case len(s.Lists) == 0:
		return c.with(Inconclusive, codeNoLists, "No watch list is imported on this installation (anycheck lists import).")
	}
	if n := len(alerts(s)); n > 0 {
		return c.with(Inconclusive, codeListMatch, "%d entries of the watch lists may be this person. A person should compare them.", n)
	}
	switch {
	case s.Unsearched && cfg.Type.WithCard():
		return c.with(Inconclusive, codeNameUnsearched, "The name as read has no part that can be searched for. A person should compare it with the card and correct it, or a sharper photo be sent. / Nama yang terbaca tidak dapat dicari. Perlu diperiksa petugas, atau mohon kirim foto yang lebih tajam.")
	case s.Unsearched:
		return c.with(Inconclusive, codeNameUnsearched, "The name has no part that can be searched for: only titles, initials or numbers, or letters that are not read. Please ask again with the full name in Latin letters. / Nama tidak dapat dicari. Mohon tulis nama lengkap dengan huruf Latin.")
	}
	var ages []string
	for _, l := range s.Lists {
		ages = append(ages, fmt.Sprintf("%s %d", l.Name, s.ageDays(l)))
	}
	return c.with(Pass, "", "The person is on none of the watch lists (age in days: %s).", strings.Join(ages, ", "))
}

func tamperingCheck(cfg Configuration, i *Inspect) Check {
	c := Check{Name: "tampering"}
	if !cfg.FraudDetection {
		return c.notRequested()
	}
	for _, field := range slices.Sorted(maps.Keys(i.Files)) {
		for _, f := range i.Files[field].Findings {
			if f.Suspicious {
				return c.with(Inconclusive, string(f.Code), "%s (%s) A person should look at the original.", f.Message, field)
			}
		}
	}
	return c.with(Pass, "", "The files show no trace of editing.")
}

// searched tells whether the lists know of the person, or were able to.
func (s *Screen) searched() bool {
	return len(s.Asked) > 0 && len(s.Lists) > 0 && (!s.Unsearched || len(alerts(s)) > 0)
}

// ageDays is how old a list was when it was searched, in whole days.
func (s *Screening) ageDays(l screening.List) int {
	return max(0, int(s.At.Sub(l.ImportedAt)/(24*time.Hour)))
}

// alerts are the hits that alert and were not dismissed.
func alerts(s *Screen) []screening.Hit {
	list := []screening.Hit{}
	for _, h := range s.Hits {
		if _, aside := s.Dismissed[h.EntityID]; h.Alert && !aside {
			list = append(list, h)
		}
	}
	return list
}

// output is the `output` of the contract: the keys of the selfie types, then
// the card, its confidences and the screening.
func output(cfg Configuration, e Evidence) any {
	type pep struct {
		IsPEP      *bool          `json:"is_pep"` // nil when nothing was searched
		Matches    []pepMatch     `json:"matches"`
		Dismissed  []pepDismissed `json:"dismissed"` // by a reviewer
		ScreenedAt *time.Time     `json:"screened_at"`
		Lists      []pepList      `json:"lists"`
	}
	type selfie struct {
		Level   *face.Level `json:"face_match_confidence_level"`
		Score   *float64    `json:"face_match_confidence_score"`
		IsMatch bool        `json:"is_match_face"`
	}
	out := struct {
		*selfie
		KTP        ordered[*string] `json:"ktp,omitempty"` // without a card: absent
		Confidence ordered[float64] `json:"ktp_confidence,omitempty"`
		PEP        *pep             `json:"pep,omitempty"`
	}{}
	if m := e.Match; m != nil {
		out.selfie = &selfie{Score: m.Score, IsMatch: faceCheck(cfg, m).Outcome == Pass}
		if m.Level != "" {
			out.selfie.Level = &m.Level
		}
	}
	if e.Read != nil {
		for _, f := range ktp.Fields {
			v := e.Read.Value(f)
			out.KTP = append(out.KTP, pair[*string]{string(f), v.Value})
			out.Confidence = append(out.Confidence, pair[float64]{string(f), v.Confidence})
		}
	}
	if s := e.screened(); s != nil {
		out.PEP = &pep{Matches: []pepMatch{}, Dismissed: []pepDismissed{}, Lists: []pepList{}}
		if s.searched() {
			at, office := s.At.UTC(), slices.ContainsFunc(alerts(s), holdsOffice)
			out.PEP.IsPEP, out.PEP.ScreenedAt = &office, &at
		}
		for _, h := range alerts(s) {
			out.PEP.Matches = append(out.PEP.Matches, matchOf(h))
		}
		for _, h := range s.Hits {
			if d, aside := s.Dismissed[h.EntityID]; aside {
				out.PEP.Dismissed = append(out.PEP.Dismissed, pepDismissed{matchOf(h), d})
			}
		}
		for _, l := range s.Lists {
			out.PEP.Lists = append(out.PEP.Lists, pepList{l.Name, l.Version, l.ImportedAt.UTC(), s.ageDays(l)})
		}
	}
	return out
}

func holdsOffice(h screening.Hit) bool {
	return slices.ContainsFunc(h.Topics, func(t string) bool { return strings.HasPrefix(t, "role.pep") })
}

type pepMatch struct {
	EntityID  string   `json:"entity_id"`
	Name      string   `json:"name"`
	Score     float64  `json:"score"`
	Topics    []string `json:"topics"`
	Datasets  []string `json:"datasets"`
	MatchedOn []string `json:"matched_on"`
	URL       string   `json:"url"`
}

func matchOf(h screening.Hit) pepMatch {
	return pepMatch{h.EntityID, h.Name, h.Score, h.Topics, h.Datasets, h.MatchedOn, h.URL}
}

type pepDismissed struct {
	pepMatch
	Dismissed
}

type pepList struct {
	Name       string    `json:"name"`
	Version    string    `json:"version"`
	ImportedAt time.Time `json:"imported_at"`
	AgeDays    int       `json:"age_days"` // when it was searched
}

// ordered is a JSON object that keeps the order of its keys.
type ordered[V any] []pair[V]

type pair[V any] struct {
	key   string
	value V
}

// MarshalJSON writes the pairs in order.
func (o ordered[V]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := json.Marshal(p.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", p.key, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
