package forensics

// Report is what a file betrays of how it was made.
type Report struct {
	Findings []Finding `json:"findings"`
}

// Finding is one trace. It never decides alone.
type Finding struct {
	Code    Code   `json:"code"`
	Message string `json:"message"` // plain words, no personal data
	// Suspicious asks a person to look; other findings are for information.
	Suspicious bool `json:"suspicious"`
}

// Code is a stable word for a trace.
type Code string
