package specimen

import (
	"math"
	"math/rand/v2"

	"anycheck/internal/imaging"
)

// Shot says how a card is photographed. The presets are starting points.
type Shot struct {
	W, H       int     // size of the picture
	Fill       float64 // the card's longer side, as a part of the picture's shorter limit
	Turn       float64 // degrees clockwise; Photograph adds up to +-Wobble
	Wobble     float64
	Tilt       float64 // perspective: far edges shrink by this part at most
	Light      float64 // contrast of the light across the picture, 0..1
	Gain       float64 // exposure, 1 is right
	Blur       float64 // Gaussian, in pixels of the picture
	Noise      float64 // standard deviation, in grey levels
	Glare      float64 // strength of a lamp's reflection on the card, 0..1
	Photocopy  bool    // grey, high contrast, on white paper
	WhitePaper bool    // lies on a scanner's lid instead of a table
	Black      bool    // lies on a black table

	// MoveX and MoveY take the card off the middle, in parts of the picture's
	// sides; it may leave the picture.
	MoveX, MoveY float64
	Clutter      int     // how many things lie about, some of them under the card
	Fingers      int     // how many fingers hold the card, each over a side or a corner
	Shadow       float64 // depth of a hand's shadow with a sharp edge over card and table, 0..1
	Screen       bool    // a display shows the card: its frame, its grid of coloured pixels
	// Second is another card that lies beside the first, at 0.7 of its size.
	Second *imaging.Picture
}

// The presets, from what every reader must manage to what is hard.
var (
	Scan       = Shot{W: 1240, H: 790, Fill: 0.985, Wobble: 0.4, Gain: 1, Noise: 1.5, WhitePaper: true}
	Easy       = Shot{W: 1400, H: 1000, Fill: 0.8, Wobble: 5, Tilt: 0.03, Light: 0.12, Gain: 1, Blur: 0.6, Noise: 2}
	Medium     = Shot{W: 1600, H: 1200, Fill: 0.74, Wobble: 14, Tilt: 0.07, Light: 0.35, Gain: 0.92, Blur: 0.9, Noise: 4}
	Hard       = Shot{W: 900, H: 650, Fill: 0.86, Wobble: 8, Tilt: 0.08, Light: 0.4, Gain: 0.7, Blur: 0.8, Noise: 6, Glare: 0.9}
	UpsideDown = Shot{W: 1400, H: 1000, Fill: 0.8, Turn: 180, Wobble: 5, Tilt: 0.03, Light: 0.12, Gain: 1, Blur: 0.6, Noise: 2}
	Photocopy  = Shot{W: 1200, H: 850, Fill: 0.9, Wobble: 2, Gain: 1, Blur: 0.7, Noise: 5, Photocopy: true, WhitePaper: true}
)

// Photo is a simulated photo and what is true about it.
type Photo struct {
	Picture *imaging.Picture
	// Corners are the card's top left, top right, bottom right and bottom left
	// in reading orientation, as if the corners were not rounded.
	Corners [4]imaging.Point
	Shot    Shot
	Turn    float64 // degrees clockwise, wobble included
}

// Photograph lays the card on a table and takes a picture of it. The same
// arguments give the same photo.
func Photograph(card *imaging.Picture, s Shot, seed uint64) Photo {
	r := rand.New(rand.NewPCG(seed, 0x50484f544f))
	spread := func(limit float64) float64 { return (2*r.Float64() - 1) * limit }
	ph := Photo{Shot: s, Turn: s.Turn + spread(s.Wobble)}
	ph.Corners = place(s, ph.Turn*math.Pi/180, spread)

	toCard := square(ph.Corners).inverse()
	things := newThings(ph.Corners, s, seed)
	lampX, lampY := 0.35+0.4*r.Float64(), 0.35+0.4*r.Float64()
	lightAngle := 2 * math.Pi * r.Float64()
	src := card
	if width := hypot(ph.Corners[1].X-ph.Corners[0].X, ph.Corners[1].Y-ph.Corners[0].Y); width < 0.7*float64(card.W) {
		src = card.Resize(int(width*1.2), int(width*1.2*CardHeightMM/CardWidthMM)) // against aliasing
	}

	table := newTable(r, s)
	out := imaging.New(s.W, s.H)
	for y := range s.H {
		for x := range s.W {
			u, v := toCard.apply(float64(x), float64(y))
			cover := cardCover(u, v, 0.06)
			var px [3]float64
			if cover < 1 {
				px = table.at(x, y)
				things.below(&px, x, y, u, v)
				if shadow := cardCover(u-0.008, v-0.02, 1.6); !s.Photocopy {
					for c := range px {
						px[c] *= 1 - 0.35*shadow
					}
				}
			}
			if cover > 0 {
				print := printed(src, s, u, v, lampX, lampY)
				if s.Screen {
					print = displayed(print, u, v)
				}
				for c := range px {
					px[c] += (print[c] - px[c]) * cover
				}
			}
			things.above(&px, x, y)
			across := (float64(x)/float64(s.W)-0.5)*math.Cos(lightAngle) + (float64(y)/float64(s.H)-0.5)*math.Sin(lightAngle)
			light := s.Gain * (1 + s.Light*across)
			for c := range px {
				out.Pix[3*(y*s.W+x)+c] = level(px[c] * light)
			}
		}
	}
	ph.Picture = addNoise(blur(out, s.Blur), s.Noise, r)
	return ph
}

// printed is the card's colour as the camera gets it; the lamp is reflected
// round lampX, lampY.
func printed(card *imaging.Picture, s Shot, u, v, lampX, lampY float64) [3]float64 {
	px := sample(card, u, v)
	if s.Photocopy {
		px = photocopied(px, cardCover(u, v, 0.9))
	}
	if s.Glare > 0 {
		d := hypot((u-lampX)*1.6/0.2, (v-lampY)/0.2)
		for c := range px {
			px[c] += s.Glare * math.Exp(-d*d) * 200 / s.Gain
		}
	}
	return px
}

// NoCard is a photo of a table with nothing on it.
func NoCard(seed uint64) *imaging.Picture {
	r := rand.New(rand.NewPCG(seed, 0x4e4f4e45))
	table := newTable(r, Easy)
	out := imaging.New(Easy.W, Easy.H)
	for y := range out.H {
		for x := range out.W {
			for c, v := range table.at(x, y) {
				out.Pix[3*(y*out.W+x)+c] = level(v)
			}
		}
	}
	return addNoise(blur(out, Easy.Blur), Easy.Noise, r)
}

// place gives the card's corners in the picture: in the middle but for a small
// shift, turned, with a little perspective, and inside unless s moves it.
func place(s Shot, turn float64, spread func(float64) float64) [4]imaging.Point {
	sin, cos := math.Sincos(turn)
	boxW := math.Abs(cos) + math.Abs(sin)*CardHeightMM/CardWidthMM
	boxH := math.Abs(sin) + math.Abs(cos)*CardHeightMM/CardWidthMM
	long := s.Fill * min(float64(s.W)/boxW, float64(s.H)/boxH)
	freeX, freeY := (float64(s.W)-long*boxW)/2, (float64(s.H)-long*boxH)/2
	cx := (0.5+s.MoveX)*float64(s.W) + spread(0.5*max(freeX, 0))
	cy := (0.5+s.MoveY)*float64(s.H) + spread(0.5*max(freeY, 0))
	tiltX, tiltY := spread(s.Tilt), spread(s.Tilt)
	var corners [4]imaging.Point
	for i, q := range [4]point{{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}} {
		depth := 1 + math.Abs(tiltX) + math.Abs(tiltY) + 2*tiltX*q.x + 2*tiltY*q.y
		x, y := q.x*long/depth, q.y*long*CardHeightMM/CardWidthMM/depth
		corners[i] = imaging.Point{X: cx + cos*x - sin*y, Y: cy + sin*x + cos*y}
	}
	return corners
}

// projective is a 3x3 matrix, row by row.
type projective [9]float64

// square takes the unit square to the four corners (Heckbert 1989, 2.2.3).
func square(p [4]imaging.Point) projective {
	dx1, dx2, sx := p[1].X-p[2].X, p[3].X-p[2].X, p[0].X-p[1].X+p[2].X-p[3].X
	dy1, dy2, sy := p[1].Y-p[2].Y, p[3].Y-p[2].Y, p[0].Y-p[1].Y+p[2].Y-p[3].Y
	det := dx1*dy2 - dx2*dy1
	g, h := (sx*dy2-dx2*sy)/det, (dx1*sy-sx*dy1)/det
	return projective{
		p[1].X - p[0].X + g*p[1].X, p[3].X - p[0].X + h*p[3].X, p[0].X,
		p[1].Y - p[0].Y + g*p[1].Y, p[3].Y - p[0].Y + h*p[3].Y, p[0].Y,
		g, h, 1,
	}
}

// inverse is the adjugate: scale does not matter.
func (m projective) inverse() projective {
	return projective{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
}

func (m projective) apply(x, y float64) (float64, float64) {
	w := m[6]*x + m[7]*y + m[8]
	return (m[0]*x + m[1]*y + m[2]) / w, (m[3]*x + m[4]*y + m[5]) / w
}

// cardCover is 1 inside the card with its round corners, 0 outside, and falls
// over soft millimetres at the rim. u and v are 0..1 along the card's sides.
func cardCover(u, v, soft float64) float64 {
	x := math.Abs(u-0.5)*CardWidthMM - CardWidthMM/2 + cornerMM
	y := math.Abs(v-0.5)*CardHeightMM - CardHeightMM/2 + cornerMM
	d := hypot(max(x, 0), max(y, 0)) + min(max(x, y), 0) - cornerMM
	return min(max(0.5-d/soft, 0), 1)
}

// sample is bilinear; u and v are 0..1 across the picture.
func sample(p *imaging.Picture, u, v float64) [3]float64 {
	x := min(max(u*float64(p.W)-0.5, 0), float64(p.W)-1.001)
	y := min(max(v*float64(p.H)-0.5, 0), float64(p.H)-1.001)
	x0, y0 := int(x), int(y)
	tx, ty := x-float64(x0), y-float64(y0)
	a, b := p.Pix[3*(y0*p.W+x0):][:6], p.Pix[3*((y0+1)*p.W+x0):][:6]
	var out [3]float64
	for c := range out {
		top := float64(a[c]) + tx*(float64(a[c+3])-float64(a[c]))
		bottom := float64(b[c]) + tx*(float64(b[c+3])-float64(b[c]))
		out[c] = top + ty*(bottom-top)
	}
	return out
}

// photocopied greys and hardens; inside falls below 1 at the card's rim, which
// a copier shows as a thin dark line.
func photocopied(px [3]float64, inside float64) [3]float64 {
	g := 0.3*px[0] + 0.59*px[1] + 0.11*px[2]
	g = 255 / (1 + math.Exp(-(g-110)/24))
	g -= 110 * (1 - inside)
	return [3]float64{g, g, g}
}

// table is what the card lies on: boards of wood, or white paper.
type table struct {
	base  [3]float64
	white bool
	black bool
	board float64
	phase float64
}

func newTable(r *rand.Rand, s Shot) table {
	woods := [...][3]float64{{186, 142, 96}, {120, 84, 58}, {92, 96, 102}, {205, 180, 150}}
	return table{base: woods[r.IntN(len(woods))], white: s.WhitePaper, black: s.Black, board: float64(s.H) / (2.5 + 2*r.Float64()), phase: 100 * r.Float64()}
}

func (t table) at(x, y int) [3]float64 {
	if t.white {
		return [3]float64{240, 240, 238}
	}
	if t.black {
		return [3]float64{26, 26, 28}
	}
	fx, fy := float64(x), float64(y)
	n := math.Floor(fy/t.board + t.phase)
	grain := math.Sin(fy*0.23+3*math.Sin(fx*0.004+n*7+t.phase)) + 0.6*math.Sin(fy*0.61+2*math.Sin(fx*0.007+n*3)) + 0.5*math.Sin(fx*0.011+n*11)
	gap := fy/t.board + t.phase - n
	shade := 1 + 0.05*grain + 0.05*math.Sin(n*5)
	if gap*t.board < 2 {
		shade *= 0.6
	}
	return [3]float64{t.base[0] * shade, t.base[1] * shade, t.base[2] * shade}
}

func level(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

// blur is Gaussian, along rows and then along columns.
func blur(p *imaging.Picture, sigma float64) *imaging.Picture {
	if sigma <= 0 {
		return p
	}
	reach := int(math.Ceil(2.5 * sigma))
	kernel := make([]float32, 2*reach+1)
	var sum float32
	for i := range kernel {
		d := float64(i - reach)
		kernel[i] = float32(math.Exp(-d * d / (2 * sigma * sigma)))
		sum += kernel[i]
	}
	pass := func(src *imaging.Picture, dx, dy int) *imaging.Picture {
		out := imaging.New(src.W, src.H)
		for y := range src.H {
			for x := range src.W {
				var acc [3]float32
				for i, k := range kernel {
					sx := min(max(x+(i-reach)*dx, 0), src.W-1)
					sy := min(max(y+(i-reach)*dy, 0), src.H-1)
					px := src.Pix[3*(sy*src.W+sx):][:3]
					acc[0] += k * float32(px[0])
					acc[1] += k * float32(px[1])
					acc[2] += k * float32(px[2])
				}
				for c, v := range acc {
					out.Pix[3*(y*src.W+x)+c] = uint8(v/sum + 0.5)
				}
			}
		}
		return out
	}
	return pass(pass(p, 1, 0), 0, 1)
}

// addNoise adds the same grain to all channels of a pixel, in place.
func addNoise(p *imaging.Picture, deviation float64, r *rand.Rand) *imaging.Picture {
	for i := range p.W * p.H {
		n := r.NormFloat64() * deviation
		for c := range 3 {
			p.Pix[3*i+c] = level(float64(p.Pix[3*i+c]) + n)
		}
	}
	return p
}
