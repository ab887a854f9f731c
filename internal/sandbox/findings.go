package sandbox

import (
	"context"
	_ "embed"
	"slices"
	"strings"
	"sync"
	"time"

	"anycheck/internal/face"
	"anycheck/internal/fault"
	"anycheck/internal/forensics"
	"anycheck/internal/imaging"
	"anycheck/internal/ktp"
	"anycheck/internal/screening"
	"anycheck/internal/verification"
)

// The evidence names these in place of models and lists.
const (
	model   = "sandbox"
	version = "1"
)

// cardJPEG is the card of person as package specimen draws it.
//
//go:embed card.jpg
var cardJPEG []byte

var card = sync.OnceValues(func() (*imaging.Picture, error) {
	p, _, err := imaging.Decode(cardJPEG, imaging.DefaultLimits)
	return p, err
})

// person is who stands on that card. Nobody has this number.
var person = map[ktp.Field]string{
	ktp.NIK: "3174084905947919", ktp.Name: "SRI SANTOSO ANGGRAENI", ktp.BirthPlace: "SURABAYA", ktp.BirthDate: "1994-05-09", ktp.Gender: "PEREMPUAN", ktp.BloodType: "B",
	ktp.Address: "JL. TERATAI NO. 17", ktp.RTRW: "009/001", ktp.Village: "CIKOKO", ktp.District: "PANCORAN", ktp.Religion: "KONGHUCU", ktp.MaritalStatus: "KAWIN",
	ktp.Occupation: "MENGURUS RUMAH TANGGA", ktp.Nationality: "WNI", ktp.ValidUntil: "SEUMUR HIDUP", ktp.Province: "DKI JAKARTA", ktp.Regency: "KOTA JAKARTA SELATAN",
	ktp.IssuePlace: "JAKARTA SELATAN", ktp.IssueDate: "2020-03-14",
}

// findings is what the steps of one scenario find.
type findings struct {
	scenario verification.Scenario
	card     ktp.Reading
	faces    face.Comparison
	reuse    face.Reuse
	lists    verification.Screening
	topic    string // of the listed entity; empty: the person is on no list
}

// newFindings are those of "verified".
func newFindings(ofPerson bool) *findings {
	f := &findings{}
	f.lists.Lists = []screening.List{{Name: model, Version: version, Checksum: strings.Repeat("0", 64)}}
	f.scenario.Forensics = forensics.Report{Findings: []forensics.Finding{}}
	if ofPerson {
		return f
	}
	f.card = ktp.Reading{Found: true, Corners: corners(0, 0, cardWidth, cardHeight), Portrait: ktp.Rect{X0: 1252, Y0: 232, X1: 1644, Y1: 736}, Codes: []ktp.Code{},
		Quality: ktp.Quality{PixelsPerMM: 20, Sharpness: 1, Brightness: 0.8, Layout: 4, Rim: 1}, Model: model, ModelVersion: version}
	for i, field := range ktp.Fields {
		text := person[field]
		y := float64(100 + 50*i)
		v := ktp.Value{Field: field, Value: &text, Confidence: 0.99, Box: ktp.Rect{X0: 480, Y0: y, X1: 1200, Y1: y + 40}, Corners: corners(480, y, 1200, y+40), Raw: text}
		for _, r := range text {
			v.Characters = append(v.Characters, ktp.Character{Text: string(r), Confidence: 0.99})
		}
		f.card.Values = append(f.card.Values, v)
	}
	made := []face.ModelRef{{Name: model, Version: version}}
	f.faces = face.Comparison{Card: side(1252, 232), Selfie: side(200, 150), Models: made,
		Liveness:   &face.Liveness{Score: 0.98, Outcome: face.LivenessPass, Models: made, Pass: 0.5, Review: 0.3},
		Thresholds: face.Thresholds{Match: 0.4, Review: 0.3, Calibration: face.Calibration{Midpoint: 0.263, Slope: 28.1}}, Policy: face.DefaultPolicy}
	f.similar(0.72)
	f.reuse = face.Reuse{SameFace: 0.6, OtherFace: 0.2}
	return f
}

// The card as it is rectified, in pixels.
const (
	cardWidth  = 1712
	cardHeight = 1080
)

func corners(x0, y0, x1, y1 float64) [4]imaging.Point {
	return [4]imaging.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// side is a picture with one good face.
func side(x, y float64) face.Side {
	at := func(dx, dy float64) imaging.Point { return imaging.Point{X: x + dx, Y: y + dy} }
	return face.Side{Found: true, Faces: 1, Box: &face.Box{X: x, Y: y, W: 300, H: 380}, Landmarks: []imaging.Point{at(90, 150), at(210, 150), at(150, 220), at(105, 290), at(195, 290)},
		Score: 0.99, Quality: &face.Quality{FaceWidth: 300, Sharpness: 300, Brightness: 130, Contrast: 50, EyeDetail: 0.9, MouthDetail: 0.6}}
}

func (f *findings) value(field ktp.Field) *ktp.Value {
	i := slices.IndexFunc(f.card.Values, func(v ktp.Value) bool { return v.Field == field })
	return &f.card.Values[i]
}

// print puts another text on the card.
func (f *findings) print(field ktp.Field, text string) {
	v := f.value(field)
	v.Value, v.Raw = &text, text
}

// doubt makes a field uncertain.
func (f *findings) doubt(field ktp.Field) {
	v := f.value(field)
	v.Confidence, v.Codes = 0.4, []ktp.Code{ktp.FieldUncertain}
}

// unread makes a field unreadable.
func (f *findings) unread(field ktp.Field) {
	v := f.value(field)
	*v = ktp.Value{Field: field, Box: v.Box, Corners: v.Corners, Codes: []ktp.Code{ktp.FieldUnreadable}}
}

// noCard leaves nothing to read.
func (f *findings) noCard() {
	f.card = ktp.Reading{Codes: []ktp.Code{ktp.CardNotFound}, Model: model, ModelVersion: version}
	for _, field := range ktp.Fields {
		f.card.Values = append(f.card.Values, ktp.Value{Field: field, Codes: []ktp.Code{ktp.FieldMissing}})
	}
	f.reuse = face.Reuse{}
}

// similar says how alike the faces are.
func (f *findings) similar(s float64) {
	c := &f.faces
	score := c.Thresholds.Calibration.Score(s)
	c.Similarity, c.Score = &s, &score
	switch poor := len(c.Selfie.Issues) > 0; {
	case s >= c.Thresholds.Match:
		c.Level, c.Outcome = face.High, face.Match
	case s >= c.Thresholds.Review:
		c.Level, c.Outcome = face.Medium, face.Review
	case poor:
		c.Level, c.Outcome = face.Low, face.Inconclusive
	default:
		c.Level, c.Outcome = face.Low, face.NoMatch
	}
}

// noFace takes the face off the selfie.
func (f *findings) noFace() {
	c := &f.faces
	c.Selfie, c.Liveness = face.Side{Issues: []face.Issue{face.IssueNotFound}}, nil
	c.Similarity, c.Score, c.Level, c.Outcome = nil, nil, "", face.Inconclusive
}

// listed puts the person on the list.
func (f *findings) listed(topic string) { f.topic = topic }

// fail ends it.
func (f *findings) fail(code fault.Code, retryable bool) {
	f.scenario.Failure = &verification.Failure{ErrorCode: code, Message: "This is the sandbox: the name that was sent in asks for this error.", Retryable: retryable}
}

// script is the scenario with the findings as its engines.
func (f *findings) script(now func() time.Time) verification.Scenario {
	s := f.scenario
	s.Cards, s.Faces, s.Lists = reader{f}, matcher{f}, screener{f, now}
	// As in a live one: it takes a NIK that was read and faces that match.
	if f.card.Found && f.faces.Outcome == face.Match && f.value(ktp.NIK).Value != nil {
		s.Reuse = verification.Reuse{Searched: true, Reuse: f.reuse}
	}
	return s
}

type reader struct{ *findings }

// Read implements verification.CardReader.
func (r reader) Read(context.Context, *imaging.Picture) (ktp.Reading, error) {
	reading := r.card
	if !reading.Found {
		return reading, nil
	}
	var err error
	reading.Rectified, err = card()
	return reading, err
}

type matcher struct{ *findings }

// Compare implements verification.FaceMatcher.
func (m matcher) Compare(context.Context, *imaging.Picture, *imaging.Picture) (face.Comparison, error) {
	return m.faces, nil
}

type screener struct {
	*findings
	now func() time.Time
}

// Screen implements verification.Screener.
func (s screener) Screen(_ context.Context, q screening.Query) (verification.Screening, error) {
	return s.at(q, s.now()), nil
}

// ScreenAsOf implements verification.Screener.
func (s screener) ScreenAsOf(_ context.Context, q screening.Query, at time.Time) (verification.Screening, error) {
	return s.at(q, s.now()), nil
}

// Lists implements verification.Screener.
func (s screener) Lists(context.Context) ([]screening.List, error) { return s.lists.Lists, nil }

func (s screener) at(q screening.Query, now time.Time) verification.Screening {
	found := verification.Screening{Hits: []screening.Hit{}, Lists: slices.Clone(s.lists.Lists), At: now.UTC().Truncate(time.Microsecond)}
	for i := range found.Lists {
		found.Lists[i].ImportedAt = found.At
	}
	if s.topic != "" {
		name := strings.ToUpper(q.Name)
		found.Hits = append(found.Hits, screening.Hit{EntityID: "SANDBOX-1", Name: name, Score: 0.97, Topics: []string{s.topic}, Datasets: []string{model},
			MatchedOn: []string{"name"}, Fingerprint: model + " " + s.topic, Alert: true,
			Explanation: []screening.Evidence{{Fact: "name", Query: name, Listed: name, How: "the sandbox says so", Points: 9}}})
	}
	return found
}
