package specimen

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"anycheck/internal/imaging"
)

// The card is 85.6 x 53.98 mm (ISO/IEC 7810 ID-1) with corners of 3.18 mm.
const (
	CardWidthMM  = 85.6
	CardHeightMM = 53.98
	cornerMM     = 3.18
	pxPerMM      = 20
	cardW, cardH = 1712, 1080
)

// Where things are printed, in mm.
const (
	labelX, indentX    = 3.35, 5.8
	colonX, valueX     = 23.2, 23.9
	firstRow, rowPitch = 15.9, 2.79 // centre of the Nama row; distance of rows
	valueWidth         = 37.9       // longer values go on in the next row
	capital            = 1.65       // height of a capital letter
)

// portraitBox is where the photo goes, in mm: x0, y0, x1, y1.
var portraitBox = [4]float64{62.6, 11.6, 82.2, 36.8}

// mark tells everybody that the card is none.
const mark = "SPESIMEN - DATA FIKTIF"

// typeface is an outline font; stem is the width of its upright strokes in
// heights of a capital.
type typeface struct {
	ttf  []byte
	stem float64
}

var (
	plain = typeface{goregular.TTF, 0.125}
	bold  = typeface{gobold.TTF, 0.2}
)

var ink = color.RGBA{34, 37, 44, 255}

// Card draws a KTP-el of 1712 x 1080 pixels, 20 a millimetre, without rounded
// corners: Photograph cuts those. The portrait is cropped to 7:9; nil leaves
// the plain studio background.
func Card(p Person, portrait *imaging.Picture) *imaging.Picture {
	c := canvas{image.NewRGBA(image.Rect(0, 0, cardW, cardH))}
	c.paper(p.NIK)
	c.paste(portrait, Studio(p))

	c.centred(bold, "PROVINSI "+p.Province, 43.2, 3.35, 2.05)
	c.centred(bold, p.Regency, 43.2, 6.65, 2.05)
	c.text(plain, "NIK", labelX, 11.45, 2.2, ink)
	c.text(plain, ":", 21, 11.45, 2.2, ink)
	c.nik(p.NIK)
	c.rows(p)

	middle := (portraitBox[0] + portraitBox[2]) / 2
	c.centred(plain, p.IssuePlace, middle, 39, 1.5)
	c.centred(plain, p.IssueDate, middle, 41.6, 1.5)
	c.signature(p.NIK)
	c.text(plain, mark, 83.4-measure(plain, mark, 0.95), 51.6, 0.95, color.RGBA{118, 152, 168, 255})
	return imaging.FromImage(c.RGBA)
}

// Studio is the colour behind the portrait: red for an odd year of birth, blue
// for an even one.
func Studio(p Person) [3]uint8 {
	if (p.BirthDate[len(p.BirthDate)-1]-'0')%2 == 1 {
		return [3]uint8{168, 40, 46}
	}
	return [3]uint8{38, 72, 160}
}

func (c canvas) rows(p Person) {
	y := firstRow
	row := func(label string, x float64, lines ...string) {
		c.text(plain, label, x, y, capital, ink)
		c.text(plain, ":", colonX, y, capital, ink)
		for _, line := range lines {
			c.text(plain, line, valueX, y, capital, ink)
			y += rowPitch
		}
	}
	row("Nama", labelX, wrap(p.Name)...)
	row("Tempat/Tgl Lahir", labelX, p.BirthPlace+", "+p.BirthDate)
	c.text(plain, "Gol. Darah", 46.2, y, capital, ink)
	c.text(plain, ":", 57.6, y, capital, ink)
	c.text(plain, p.BloodType, 58.9, y, capital, ink)
	row("Jenis Kelamin", labelX, p.Gender)
	row("Alamat", labelX, wrap(p.Address)...)
	row("RT/RW", indentX, p.RTRW)
	row("Kel/Desa", indentX, p.Village)
	row("Kecamatan", indentX, p.District)
	row("Agama", labelX, p.Religion)
	row("Status Perkawinan", labelX, p.MaritalStatus)
	row("Pekerjaan", labelX, p.Occupation)
	row("Kewarganegaraan", labelX, p.Citizenship)
	row("Berlaku Hingga", labelX, p.ValidUntil)
}

// wrap breaks a value at a space into at most two lines.
func wrap(value string) []string {
	cut := len(value)
	for measure(plain, value[:cut], capital) > valueWidth {
		space := strings.LastIndexByte(value[:cut], ' ')
		if space < 0 {
			break
		}
		cut = space
	}
	if cut == len(value) {
		return []string{value}
	}
	return []string{value[:cut], value[cut+1:]}
}

// canvas draws on a card in millimetres.
type canvas struct{ *image.RGBA }

// paper is a pale blue with the fine waves of a security print, shifted by
// the card's number.
func (c canvas) paper(number string) {
	phase := float64(hash(number)%628) / 100
	var bend, glow [cardW]float64 // by column
	for x := range cardW {
		mx := float64(x) / pxPerMM
		bend[x] = 1.1 * math.Sin(mx/7.3+phase)
		glow[x] = 16 * math.Exp(-(mx-45)*(mx-45)/(28*28))
	}
	for y := range cardH {
		my := float64(y) / pxPerMM
		glowY := math.Exp(-(my - 30) * (my - 30) / (18 * 18))
		for x := range cardW {
			mx := float64(x) / pxPerMM
			line := 0.5 + 0.5*math.Sin((my+bend[x]+0.8*math.Sin(mx/3.1+my/9+2*phase))*7.4)
			weave := 13*line*line*line*line + 8*rosette(mx-50, my-30)
			shade := glow[x] * glowY
			px := c.Pix[c.PixOffset(x, y):][:4]
			px[0] = uint8(163 + shade - weave)
			px[1] = uint8(208 + 0.7*shade - 0.75*weave)
			px[2] = uint8(228 + 0.4*shade - 0.5*weave)
			px[3] = 255
		}
	}
}

// rosette is a wreath of rings, 0..1.
func rosette(x, y float64) float64 {
	radius := hypot(x, y)
	if radius > 26 {
		return 0
	}
	radius += 0.6 * math.Sin(6*math.Atan2(y, x))
	return math.Exp(-(radius-9)*(radius-9)/49) * (0.5 + 0.5*math.Sin(radius*6))
}

// paste puts the portrait into its box, with the flat contrast of a dye print.
func (c canvas) paste(portrait *imaging.Picture, studio [3]uint8) {
	x0, y0 := int(portraitBox[0]*pxPerMM), int(portraitBox[1]*pxPerMM)
	w, h := int(portraitBox[2]*pxPerMM)-x0, int(portraitBox[3]*pxPerMM)-y0
	if portrait == nil {
		draw.Draw(c, image.Rect(x0, y0, x0+w, y0+h), image.NewUniform(color.RGBA{studio[0], studio[1], studio[2], 255}), image.Point{}, draw.Src)
		return
	}
	cw := min(portrait.W, portrait.H*w/h)
	ch := min(portrait.H, cw*h/w)
	p := portrait.Crop((portrait.W-cw)/2, (portrait.H-ch)/2, cw, ch).Resize(w, h)
	for y := range h {
		for x := range w {
			px := p.Pix[3*(y*w+x):][:3]
			flat := func(v uint8, lift float64) uint8 { return uint8(lift + 0.86*float64(v)) }
			c.SetRGBA(x0+x, y0+y, color.RGBA{flat(px[0], 14), flat(px[1], 16), flat(px[2], 20), 255})
		}
	}
}

// text writes with the left edge at x and the middle of the capitals at y.
func (c canvas) text(tf typeface, s string, x, y, capitalMM float64, colour color.Color) {
	face := loadFace(tf.ttf, capitalMM)
	defer face.Close()
	src := image.NewUniform(colour)
	d := font.Drawer{Dst: c, Src: src, Face: face}
	at := toFixed(x)
	for _, r := range s {
		if bar, advance, ok := plainBar(r, x2mm(at), y, capitalMM, tf.stem); ok {
			c.fill(bar, src)
			at += toFixed(advance)
			continue
		}
		d.Dot = fixed.Point26_6{X: at, Y: toFixed(y + capitalMM/2)}
		d.DrawString(string(r))
		at = d.Dot.X
	}
}

// plainBar replaces two glyphs of the Go fonts: their I has serifs and their
// hyphen is long, the card's has neither. bar is x0, y0, x1, y1 in mm.
func plainBar(r rune, x, y, capitalMM, stem float64) (bar [4]float64, advance float64, ok bool) {
	switch r {
	case 'I':
		side := 0.13 * capitalMM
		w := stem * capitalMM
		return [4]float64{x + side, y - capitalMM/2, x + side + w, y + capitalMM/2}, 2*side + w, true
	case '-':
		side, w, h := 0.07*capitalMM, 0.32*capitalMM, stem*capitalMM
		return [4]float64{x + side, y + 0.06*capitalMM, x + side + w, y + 0.06*capitalMM + h}, 2*side + w, true
	}
	return bar, 0, false
}

// fill covers a rectangle in mm, its rim in proportion.
func (c canvas) fill(box [4]float64, src image.Image) {
	x0, y0, x1, y1 := float32(box[0]*pxPerMM), float32(box[1]*pxPerMM), float32(box[2]*pxPerMM), float32(box[3]*pxPerMM)
	ox, oy := float32(int(x0)), float32(int(y0))
	w, h := int(x1-ox)+2, int(y1-oy)+2
	r := vector.NewRasterizer(w, h)
	r.MoveTo(x0-ox, y0-oy)
	r.LineTo(x1-ox, y0-oy)
	r.LineTo(x1-ox, y1-oy)
	r.LineTo(x0-ox, y1-oy)
	r.ClosePath()
	r.Draw(c, image.Rect(int(ox), int(oy), int(ox)+w, int(oy)+h), src, image.Point{})
}

func (c canvas) centred(tf typeface, s string, x, y, capitalMM float64) {
	c.text(tf, s, x-measure(tf, s, capitalMM)/2, y, capitalMM, ink)
}

func toFixed(mm float64) fixed.Int26_6 { return fixed.Int26_6(math.Round(mm * pxPerMM * 64)) }

func x2mm(x fixed.Int26_6) float64 { return float64(x) / 64 / pxPerMM }

// measure is the width of a text in mm.
func measure(tf typeface, s string, capitalMM float64) float64 {
	face := loadFace(tf.ttf, capitalMM)
	defer face.Close()
	var width float64
	for _, r := range s {
		_, advance, ok := plainBar(r, 0, 0, capitalMM, tf.stem)
		if !ok {
			advance = x2mm(font.MeasureString(face, string(r)))
		}
		width += advance
	}
	return width
}

// loadFace scales an outline font until its capitals have the wanted height.
func loadFace(ttf []byte, capitalMM float64) font.Face {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err) // the fonts are part of golang.org/x/image
	}
	const probe = 100
	face := sized(f, probe)
	height := float64(face.Metrics().CapHeight) / 64
	return sized(f, probe*capitalMM*pxPerMM/height)
}

func sized(f *opentype.Font, px float64) font.Face {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: px, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // only for sizes that are not positive
	}
	return face
}

type point struct{ x, y float64 }

// digits are the strokes of the NIK's figures on a grid of 4 x 6, y down, in
// the manner of OCR-A.
var digits = [10][][]point{
	{{{0, 0.8}, {0.8, 0}, {3.2, 0}, {4, 0.8}, {4, 5.2}, {3.2, 6}, {0.8, 6}, {0, 5.2}, {0, 0.8}}},
	{{{0.6, 0.5}, {0.6, 0}, {2, 0}, {2, 6}}, {{0, 6}, {4, 6}, {4, 4.4}}},
	{{{0.2, 0}, {4, 0}, {4, 3}, {0.2, 3}, {0.2, 6}, {4, 6}}},
	{{{0.2, 0}, {3.4, 0}, {3.4, 2.8}, {1.2, 2.8}}, {{3.4, 2.8}, {4, 3.2}, {4, 6}, {0.2, 6}}},
	{{{0.2, 0}, {0.2, 3.8}, {4, 3.8}}, {{3, 2.2}, {3, 6}}},
	{{{3.8, 0}, {0.2, 0}, {0.2, 2.6}, {4, 2.6}, {4, 6}, {0, 6}}},
	{{{0.4, 0}, {0.4, 6}, {4, 6}, {4, 3}, {0.4, 3}}},
	{{{0, 0.9}, {0, 0}, {4, 0}, {4, 1.6}, {2, 3.4}, {2, 6}}},
	{{{0.7, 0}, {3.3, 0}, {3.3, 2.7}, {0.7, 2.7}, {0.7, 0}}, {{0, 2.7}, {4, 2.7}, {4, 6}, {0, 6}, {0, 2.7}}},
	{{{4, 3}, {0, 3}, {0, 0}, {4, 0}, {4, 6}}},
}

func (c canvas) nik(number string) {
	const pitch, width, height, top = 2.34, 1.5, 2.75, 10.08
	for i, d := range number {
		for _, line := range digits[d-'0'] {
			for k := range len(line) - 1 {
				at := func(p point) point {
					return point{valueX + 0.1 + pitch*float64(i) + p.x/4*width, top + p.y/6*height}
				}
				c.stroke(at(line[k]), at(line[k+1]), 0.17)
			}
		}
	}
}

// signature is a scribble, different for each number.
func (c canvas) signature(number string) {
	h := hash(number)
	a, b := float64(h%7)/7, float64(h/7%5)/5
	var last point
	for i := range 90 {
		t := float64(i) / 89
		p := point{
			67.2 + 10.5*t + 1.3*math.Sin(11*t+6*a),
			45.8 + 1.9*math.Sin((9+3*a)*t+5*b)*(1-0.6*t) + 0.8*math.Sin((19+4*b)*t),
		}
		if i > 0 {
			c.stroke(last, p, 0.11)
		}
		last = p
	}
}

// stroke draws a line with round ends; r is half its width.
func (c canvas) stroke(a, b point, r float64) {
	ax, ay, bx, by, r := a.x*pxPerMM, a.y*pxPerMM, b.x*pxPerMM, b.y*pxPerMM, r*pxPerMM
	for y := int(min(ay, by) - r - 1); y <= int(max(ay, by)+r+2); y++ {
		for x := int(min(ax, bx) - r - 1); x <= int(max(ax, bx)+r+2); x++ {
			t := 0.0
			if n := (bx-ax)*(bx-ax) + (by-ay)*(by-ay); n > 0 {
				t = min(max(((float64(x)-ax)*(bx-ax)+(float64(y)-ay)*(by-ay))/n, 0), 1)
			}
			cover := min(max(r+0.5-hypot(float64(x)-ax-t*(bx-ax), float64(y)-ay-t*(by-ay)), 0), 1)
			if cover == 0 {
				continue
			}
			old := c.RGBAAt(x, y)
			mix := func(o, n uint8) uint8 { return min(o, uint8(float64(o)+(float64(n)-float64(o))*cover)) }
			c.SetRGBA(x, y, color.RGBA{mix(old.R, ink.R), mix(old.G, ink.G), mix(old.B, ink.B), 255})
		}
	}
}

// hash is FNV-1a.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
