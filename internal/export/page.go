package export

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"

	"anycheck/internal/audit"
	"anycheck/internal/verification"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"time":     func(t any) string { return pageTime(t) },
	"path":     exhibitPath,
	"join":     func(list []string) string { return strings.Join(list, ", ") },
	"percent":  func(f *float64) string { return fmt.Sprintf("%.0f %%", *f*100) },
	"number":   func(f *float64) string { return fmt.Sprintf("%.0f", *f) },
	"fraction": func(f float64) string { return fmt.Sprintf("%.2f", f) },
	"verdict":  verdictMark,
	"outcome": func(o verification.Outcome) string {
		return map[verification.Outcome]string{verification.Pass: "good", verification.FailOutcome: "bad", verification.Inconclusive: "doubt"}[o]
	},
}).Parse(pageText))

func verdictMark(s verification.OutputStatus) string {
	return map[verification.OutputStatus]string{verification.Verified: "good", verification.NotVerified: "bad", verification.PartiallyNotVerified: "doubt"}[s]
}

func pageTime(t any) string {
	const layout = "2006-01-02 15:04:05 UTC"
	switch t := t.(type) {
	case time.Time:
		return t.UTC().Format(layout)
	case *time.Time:
		return t.UTC().Format(layout)
	}
	return ""
}

// evidencePage is a dossier for people: one file without scripts, which asks
// nothing of any network. html/template escapes what cards and callers say.
func evidencePage(d verification.Dossier, key audit.PublicKey) ([]byte, error) {
	type picture struct {
		Title  string
		Source template.URL
	}
	type pageCase struct {
		verification.DossierCase
		Pictures []picture
	}
	data := struct {
		Result, Organization, MadeBy, Policy string
		MadeAt                               time.Time
		Key                                  audit.PublicKey
		Cases                                []pageCase
		Proof                                audit.Proof
		Last                                 *audit.Checkpoint
		Exhibits                             []verification.Exhibit
	}{d.Result.ID.String(), d.Result.OrganizationID.String(), strings.TrimSpace(string(d.MadeBy.Kind) + " " + d.MadeBy.ID), verification.PolicyVersion,
		d.MadeAt, key, nil, d.Proof, nil, d.Exhibits}
	if n := len(d.Proof.Segments); n > 0 {
		data.Last = &d.Proof.Segments[n-1].To
	}
	for _, c := range d.Cases {
		shown := pageCase{DossierCase: c}
		for _, i := range c.Report.Images {
			// Encoded by us; the bytes of a data address cannot leave it.
			shown.Pictures = append(shown.Pictures, picture{i.Title, template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(i.JPEG))})
		}
		data.Cases = append(data.Cases, shown)
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, data)
	return b.Bytes(), err
}
