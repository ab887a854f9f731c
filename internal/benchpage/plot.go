package benchpage

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// series is one line or row of points of a plot.
type series struct {
	Name   string
	Class  string // of the style sheet: a, b or guide
	X, Y   []float64
	Low    []float64 // optional interval of Y
	High   []float64
	Points bool // marks, not a line
	Steps  bool // a histogram's outline
}

// plot is a diagram with linear axes, the x axis in decades when Log is set.
type plot struct {
	Title, XLabel, YLabel  string
	XMin, XMax, YMin, YMax float64
	Log                    bool
	Series                 []series
}

const (
	plotW, plotH = 420, 300
	left, right  = 60, 12
	top, bottom  = 28, 44
)

func (p plot) x(v float64) float64 {
	a, b := p.XMin, p.XMax
	if p.Log {
		v, a, b = math.Log10(max(v, p.XMin)), math.Log10(a), math.Log10(b)
	}
	return left + (plotW-left-right)*(min(max(v, a), b)-a)/(b-a)
}

func (p plot) y(v float64) float64 {
	return plotH - bottom - (plotH-top-bottom)*(min(max(v, p.YMin), p.YMax)-p.YMin)/(p.YMax-p.YMin)
}

// svg draws the plot; every text in it is escaped.
func (p plot) svg() template.HTML {
	var b strings.Builder
	text := func(x, y float64, anchor, class, s string) {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, template.HTMLEscapeString(s))
	}
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotW, plotH, template.HTMLEscapeString(p.Title))
	text(left, 16, "start", "title", p.Title)
	for k := range 6 {
		v := p.YMin + (p.YMax-p.YMin)*float64(k)/5
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, plotW-right, p.y(v), p.y(v))
		text(left-6, p.y(v)+4, "end", "", fmt.Sprintf("%.3g", v))
	}
	var ticks []float64
	if p.Log {
		for v := p.XMin; v <= p.XMax*1.0001; v *= 10 {
			ticks = append(ticks, v)
		}
	} else {
		for k := range 6 {
			ticks = append(ticks, p.XMin+(p.XMax-p.XMin)*float64(k)/5)
		}
	}
	for _, v := range ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, p.x(v), p.x(v), top, plotH-bottom)
		text(p.x(v), plotH-bottom+16, "middle", "", fmt.Sprintf("%.3g", v))
	}
	text((left+plotW-right)/2, plotH-8, "middle", "", p.XLabel)
	fmt.Fprintf(&b, `<text transform="translate(13 %d) rotate(-90)" text-anchor="middle">%s</text>`, (top+plotH-bottom)/2, template.HTMLEscapeString(p.YLabel))
	legend := 0
	for _, s := range p.Series {
		var at []string
		for i := range s.X {
			if s.Low != nil {
				fmt.Fprintf(&b, `<line class="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, s.Class, p.x(s.X[i]), p.x(s.X[i]), p.y(s.Low[i]), p.y(s.High[i]))
			}
			if s.Points {
				fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="3.5"/>`, s.Class, p.x(s.X[i]), p.y(s.Y[i]))
				continue
			}
			if s.Steps && i > 0 {
				at = append(at, fmt.Sprintf("%.1f,%.1f", p.x(s.X[i]), p.y(s.Y[i-1])))
			}
			at = append(at, fmt.Sprintf("%.1f,%.1f", p.x(s.X[i]), p.y(s.Y[i])))
		}
		if len(at) > 0 {
			fmt.Fprintf(&b, `<polyline class="%s" points="%s"/>`, s.Class, strings.Join(at, " "))
		}
		if s.Name != "" {
			y := float64(top + 14 + 15*legend)
			fmt.Fprintf(&b, `<line class="%s" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, s.Class, left+10, left+28, y-4, y-4)
			text(left+34, y, "start", "", s.Name)
			legend++
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // built above from numbers and escaped text
}

// histogram counts values in n bins from low to high, as shares of all.
func histogram(values []float64, low, high float64, n int) (x, y []float64) {
	counts := make([]float64, n)
	for _, v := range values {
		counts[min(max(int(float64(n)*(v-low)/(high-low)), 0), n-1)]++
	}
	for i := range n {
		x = append(x, low+(high-low)*float64(i)/float64(n))
		y = append(y, counts[i]/float64(max(len(values), 1)))
	}
	return append(x, high), append(y, 0)
}
