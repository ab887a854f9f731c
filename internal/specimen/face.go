package specimen

import (
	"math"
	"runtime"
	"sync"

	"anycheck/internal/imaging"
)

// Identity names one of the invented faces: 0..7; even ones are drawn as men,
// odd ones as women.
type Identity int

const identities = 8

// Female tells how the face is drawn.
func (i Identity) Female() bool { return i%2 == 1 }

// Stranger is a face that a matcher must tell from this one: the least alike
// to it, as MobileFaceNet sees them.
func (i Identity) Stranger() Identity { return strangers[i] }

var strangers = [identities]Identity{1, 0, 0, 4, 5, 4, 1, 4}

// Variation is what differs between two pictures of one face. The zero value
// looks straight into the camera in even light.
type Variation struct {
	Yaw, Pitch, Roll float64 // degrees
	Light            float64 // degrees that the lamp stands to the right
	Warm             float64 // colour of the light: -1 cold to 1 warm
	Smile            float64 // 0..1
	Scene            uint64  // what is behind
}

const (
	faceW, faceH = 576, 720
	cameraZ      = 7.0
	selfieView   = 3.3 // units that fit the height
	studioView   = 3.0
)

// Face renders a selfie of 576 x 720 pixels.
func Face(id Identity, v Variation) *imaging.Picture {
	return render(id, v, faceW, faceH, selfieView, func(u, w float64) vec { return room(u, w, v.Scene) })
}

// Portrait renders a photo for a card in a studio of the given colour.
func Portrait(id Identity, studio [3]uint8) *imaging.Picture {
	wall := vec{linear(studio[0]), linear(studio[1]), linear(studio[2])}
	return render(id, Variation{Light: -8}, 392, 504, studioView, func(u, w float64) vec {
		return wall.scale(1 - 0.12*math.Hypot(u-0.5, w-0.5))
	})
}

// render draws the head so that view units fit the picture's height.
func render(id Identity, v Variation, w, h int, view float64, background func(u, w float64) vec) *imaging.Picture {
	s := &scene{traits: faces[id], smile: v.Smile}
	s.pose(v.Yaw*math.Pi/180, v.Pitch*math.Pi/180, v.Roll*math.Pi/180)
	light := newLights(v)
	out := imaging.New(w, h)
	px := view / float64(h) // size of a pixel at z = 0.5
	const tile = 8
	var rows sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		rows.Go(func() {
			for y0 := range next {
				for x0 := 0; x0 < w; x0 += tile {
					ray := func(x, y float64) vec {
						return vec{(x - float64(w)/2) * px, (float64(h)/2-y)*px - 0.22, 0.5 - cameraZ}.unit()
					}
					near := s.approach(ray(float64(x0)+tile/2, float64(y0)+tile/2), 0.75*tile*px)
					for y := y0; y < min(y0+tile, h); y++ {
						for x := x0; x < min(x0+tile, w); x++ {
							fx, fy := float64(x)+0.5, float64(y)+0.5
							colour, cover := s.look(ray(fx, fy), near, px, light)
							if cover < 1 {
								colour = background(fx/float64(w), fy/float64(h)).mix(colour, cover)
							}
							i := 3 * (y*w + x)
							out.Pix[i], out.Pix[i+1], out.Pix[i+2] = encode(colour.x), encode(colour.y), encode(colour.z)
						}
					}
				}
			}
		})
	}
	for y := 0; y < h; y += tile {
		next <- y
	}
	close(next)
	rows.Wait()
	return out
}

var camera = vec{0, 0, cameraZ}

const farthest = cameraZ + 3

// approach goes along a cone of rays as far as nothing can be hit.
func (s *scene) approach(dir vec, radius float64) float64 {
	t := cameraZ - 1.4
	for range 40 {
		d, _ := s.distance(camera.add(dir.scale(t)))
		if d < radius || t > farthest {
			break
		}
		t += (d - radius) * 0.8
	}
	return t - radius
}

// look follows one ray: the colour where it ends and how much of the pixel the
// surface covers.
func (s *scene) look(dir vec, t, px float64, l *lights) (vec, float64) {
	closest, at := math.Inf(1), t
	for range 70 {
		d, _ := s.distance(camera.add(dir.scale(t)))
		if d < 0.0012 {
			closest, at = 0, t
			break
		}
		if d < closest {
			closest, at = d, t
		}
		t += 0.75 * d
		if t > farthest {
			break
		}
	}
	cover := clamp(1 - closest/(0.8*px))
	if cover == 0 {
		return vec{}, 0
	}
	return s.shade(camera.add(dir.scale(at)), dir, l), cover
}

// encode is the sRGB curve after a soft shoulder.
func encode(v float64) uint8 {
	v = max(v, 0)
	v = v * (1 + v/6) / (1 + v*0.62)
	return uint8(min(255*math.Pow(v, 1/2.2)+0.5, 255))
}

func linear(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }

// room is an out-of-focus wall with a few soft shapes.
func room(u, w float64, seed uint64) vec {
	k := float64(seed%97) * 0.37
	base := vec{0.42 + 0.12*math.Sin(k), 0.42 + 0.1*math.Sin(k*1.7+1), 0.42 + 0.12*math.Sin(k*2.3+2)}
	c := base.scale(0.8 + 0.35*(1-w))
	for i := range 3 {
		f := float64(i)
		x, width := 0.5+0.55*math.Sin(k*3+f*2.1), 0.07+0.05*math.Sin(k+f)
		edge := step(width+0.05, width-0.05, math.Abs(u-x))
		top := step(0.15+0.2*f, 0.25+0.2*f, w)
		tint := vec{0.25 + 0.2*math.Sin(f+k), 0.22 + 0.1*math.Sin(2*f+k), 0.2 + 0.15*math.Sin(3*f+k)}
		c = c.mix(tint, 0.6*edge*top)
	}
	return c
}

// TwoFaces is a selfie with two people in it, twice as wide as a Face.
func TwoFaces(a, b Identity) *imaging.Picture { return pair(a, b, faceW, faceH) }

func pair(a, b Identity, w, h int) *imaging.Picture {
	behind := func(u, v float64) vec { return room(u, v, 5) }
	left := render(a, Variation{Yaw: 6, Light: 15}, w, h, selfieView, behind)
	right := render(b, Variation{Yaw: -6, Light: 15}, w, h, selfieView, behind)
	out := imaging.New(2*w, h)
	for y := range h {
		row := out.Pix[6*w*y:][:6*w]
		copy(row, left.Pix[3*w*y:][:3*w])
		copy(row[3*w:], right.Pix[3*w*y:][:3*w])
	}
	return out
}

// NoFace is a picture of a room without anybody.
func NoFace() *imaging.Picture {
	out := imaging.New(faceW, faceH)
	for y := range faceH {
		for x := range faceW {
			c := room((float64(x)+0.5)/faceW, (float64(y)+0.5)/faceH, 11)
			i := 3 * (y*faceW + x)
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = encode(c.x), encode(c.y), encode(c.z)
		}
	}
	return out
}
