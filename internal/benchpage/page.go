// Package benchpage draws what a bench run found as one HTML page that needs
// nothing else: figures with intervals, plots, and the pictures with what was
// read in them.
//
// It must not know where pictures come from or how the engines work; it is
// for invented people and test sets only, because it shows what they say.
package benchpage

import (
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"anycheck/internal/face"
	"anycheck/internal/imaging"
)

//go:embed page.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// content is what the template shows, in this order.
type content struct {
	Title string
	Facts []string
	// Tables of figures; the first row of each is its head.
	Tables []table
	Plots  []template.HTML
	// Pictures with marks, mistakes first.
	Pictures []picture
	// Hidden is how many pictures were left out.
	Hidden int
}

type table struct {
	Title string
	Rows  [][]string
}

type picture struct {
	Name    string
	Images  []image // side by side
	W, H    float64 // the frame of Images and Marks
	Marks   []mark
	Lines   []string
	Mistake bool
}

type image struct {
	URL     template.URL
	X, W, H float64
}

// mark is an outline in the picture.
type mark struct {
	Points string // SVG: "x,y x,y …"
	Class  string // right, unsure, wrong or card
	Title  string
}

// maxPictures bounds the page; at about 50 kB each.
const maxPictures = 120

func write(w io.Writer, c content) error {
	if n := len(c.Pictures); n > maxPictures {
		c.Pictures, c.Hidden = c.Pictures[:maxPictures], n-maxPictures
	}
	return page.Execute(w, c)
}

// thumbnail is a picture as a data URL, at most side pixels long.
func thumbnail(p *imaging.Picture, side int) (template.URL, error) {
	if s := float64(side) / float64(max(p.W, p.H)); s < 1 {
		p = p.Resize(max(1, int(float64(p.W)*s)), max(1, int(float64(p.H)*s)))
	}
	data, err := p.EncodeJPEG(72)
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data)), err
}

func polygon(points []imaging.Point) string {
	var b strings.Builder
	for _, p := range points {
		fmt.Fprintf(&b, "%.1f,%.1f ", p.X, p.Y)
	}
	return strings.TrimSpace(b.String())
}

// share prints a share with its interval, in percent.
func share(k, n int) string {
	if n == 0 {
		return "–"
	}
	low, high := face.Wilson(k, n)
	return fmt.Sprintf("%.1f %% (%.1f–%.1f)", 100*float64(k)/float64(n), 100*low, 100*high)
}
