package verification

import "encoding/json"

// Report is everything that is known of one verification, for the files that
// leave the platform: the evidence for programs, the tables for people.
type Report struct {
	Verification Verification
	Evidence     map[StepName]json.RawMessage
	Fields       []ReportField // in the card's order
	Checks       []Check
	Match        *ReportMatch // nil when no faces were compared
	Hits         []ReportHit  // watch-list hits, best first
	Lists        []string     // watch lists searched, with their versions
	Models       []string     // models used, with their versions
	Images       []ReportImage
}

// ReportField is one field read from the card.
type ReportField struct {
	Name       string   // as in the output, e.g. "birth_date"
	Label      string   // for people
	Value      *string  // as printed; nil when unreadable
	Confidence *float64 // 0..1; nil when unreadable
	Note       string   // what a person should know of it, may be empty
}

// ReportMatch is what comparing the faces gave.
type ReportMatch struct {
	Score      *float64 // 0..100, calibrated; nil when a face was missing
	Level      string   // LOW, MEDIUM or HIGH
	IsMatch    bool
	Similarity *float64 // cosine of the embeddings, -1..1
	Message    string
}

// ReportHit is one entry of a watch list that resembles the person.
type ReportHit struct {
	EntityID  string
	Name      string
	Score     float64 // 0..1
	Topics    []string
	Datasets  []string
	MatchedOn []string
	URL       string
}

// ReportImage is a picture to show.
type ReportImage struct {
	Kind  ImageKind
	Title string
	JPEG  []byte
}

// ImageKind says what a report's picture shows.
type ImageKind string

// The kinds.
const (
	CardImage     ImageKind = "card"
	PortraitImage ImageKind = "portrait" // from the card
	SelfieImage   ImageKind = "selfie"
)

// Exporter writes reports.
type Exporter interface {
	// JSON gives the evidence file: one object, the same bytes for the same report.
	JSON(r Report) ([]byte, error)
	// Workbook gives an .xlsx file for a person; no cell starts a formula.
	Workbook(r Report) ([]byte, error)
}
