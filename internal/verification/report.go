package verification

import "encoding/json"

// Report is everything an exporter may show of a decided verification.
type Report struct {
	Verification Verification
	Evidence     map[StepName]json.RawMessage
	Fields       []ReportField
	Checks       []Check
	Match        *ReportMatch // nil when no faces were compared
	Screened     bool         // the watch lists were searched
	Hits         []ReportHit
	Lists        []string // name and version of each list searched
	Models       []string // name and version of each model used
	Images       []ReportImage
	Steps        []StepRecord // when each step ran
}

// ReportField is one field of the card.
type ReportField struct {
	Name       string
	Label      string
	Value      *string // nil when unreadable
	Confidence *float64
	Note       string
}

// ReportMatch is the comparison of the faces.
type ReportMatch struct {
	Score      *float64 // 0..100, nil when nothing could be compared
	Level      string
	IsMatch    bool
	Similarity *float64 // cosine, -1..1
	Message    string
}

// ReportHit is one entity of a watch list.
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
	Title string
	JPEG  []byte
}

// Exporter makes the documents that are downloaded.
type Exporter interface {
	// JSON is the full evidence, for machines.
	JSON(Report) ([]byte, error)
	// Workbook is an .xlsx that a person can read.
	Workbook(Report) ([]byte, error)
}
