package specimen

import "math"

// The head is a signed distance field: how far a point is from the surface,
// negative inside, put together with smooth minima (Quilez, "Smooth minimum").
// One unit is about 11 cm: the crown is at y = 1.1, the chin at -1. x points to
// the picture's right, y up, z to the camera.

type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec            { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec            { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) scale(s float64) vec      { return vec{a.x * s, a.y * s, a.z * s} }
func (a vec) mul(b vec) vec            { return vec{a.x * b.x, a.y * b.y, a.z * b.z} }
func (a vec) dot(b vec) float64        { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) len() float64             { return math.Sqrt(a.x*a.x + a.y*a.y + a.z*a.z) }
func (a vec) unit() vec                { return a.scale(1 / a.len()) }
func (a vec) mix(b vec, t float64) vec { return a.add(b.sub(a).scale(t)) }

func sphere(p vec, r float64) float64 { return p.len() - r }

// ellipsoid is a bound that is exact at the surface to first order.
func ellipsoid(p, r vec) float64 {
	a := vec{p.x / r.x, p.y / r.y, p.z / r.z}
	b := vec{a.x / r.x, a.y / r.y, a.z / r.z}
	k := a.len()
	return k * (k - 1) / (b.len() + 1e-9)
}

// capsule is a line from a to b, ra thick at a and rb at b.
func capsule(p, a, b vec, ra, rb float64) float64 {
	pa, ba := p.sub(a), b.sub(a)
	t := clamp(pa.dot(ba) / ba.dot(ba))
	return pa.sub(ba.scale(t)).len() - ra - t*(rb-ra)
}

// smin is a minimum without an edge: values closer than k are blended.
func smin(a, b, k float64) float64 {
	d := a - b
	if d >= k {
		return b
	}
	if d <= -k {
		return a
	}
	if d < 0 {
		h := k + d
		return a - h*h/(4*k)
	}
	h := k - d
	return b - h*h/(4*k)
}

func smax(a, b, k float64) float64 { return -smin(-a, -b, k) }

// hypot is math.Hypot without its care for overflow.
func hypot(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

func clamp(t float64) float64 { return min(max(t, 0), 1) }

// step is 0 below a, 1 above b, smooth between; a may be above b.
func step(a, b, x float64) float64 {
	t := clamp((x - a) / (b - a))
	return t * t * (3 - 2*t)
}

// bump is 1 at x = 0 and falls off within about width.
func bump(x, width float64) float64 { return math.Exp(-x * x / (width * width)) }

// Hair styles.
const (
	shortHair = iota
	longHair
	hijab
	fringe
	cropped
	bun
)

// traits are what makes a face this person's. Lengths are factors of, or
// offsets from, an average head.
type traits struct {
	width, jaw, chin, cheek, ridge      float64
	eyeApart, eyeSize, eyeOpen, eyeTilt float64
	browHeight, browThick, browArch     float64
	noseWidth, noseLength, noseOut      float64
	mouthWidth, upperLip, lowerLip      float64
	mouthY                              float64
	hair                                int
	hairline                            float64
	skin, hairColour, lips, cloth       vec // linear RGB
	beard, moustache, wrinkles          float64
	glasses                             bool
}

// scene is one head in front of the camera.
type scene struct {
	traits
	smile, gaze float64
	turn        [3]vec // rows of the rotation from the world to the head
}

// pivot is where the head turns on the neck.
var pivot = vec{0, -0.75, -0.2}

func (s *scene) pose(yaw, pitch, roll float64) {
	sy, cy := math.Sincos(yaw)
	sp, cp := math.Sincos(pitch)
	sr, cr := math.Sincos(roll)
	s.turn = [3]vec{
		{cr*cy - sr*sp*sy, sr * cp, -cr*sy - sr*sp*cy},
		{-sr*cy - cr*sp*sy, cr * cp, sr*sy - cr*sp*cy},
		{cp * sy, sp, cp * cy},
	}
}

func (s *scene) toHead(p vec) vec { return s.rotate(p.sub(pivot)).add(pivot) }

func (s *scene) rotate(d vec) vec { return vec{s.turn[0].dot(d), s.turn[1].dot(d), s.turn[2].dot(d)} }

const (
	matSkin = iota
	matEye
	matHair
	matCloth
	matFrame
)

// distance is the field at p in the world, and the nearest material.
func (s *scene) distance(p vec) (float64, int) {
	q := s.toHead(p)
	if far := sphere(q.sub(vec{0, 0.05, -0.1}), 1.3); far > 0.4 && p.y > -0.6 {
		return far, matSkin // a bound is enough
	}
	d, m := s.skinAt(p, q), matSkin
	if e := sphere(vec{math.Abs(q.x), q.y, q.z}.sub(s.eye()), s.eyeRadius()); e < d {
		d, m = e, matEye
	}
	if h := s.hairAt(p, q); h < d {
		d, m = h, matHair
	}
	if c := s.clothAt(p); c < d {
		d, m = c, matCloth
	}
	if s.glasses {
		if g := s.glassesAt(q); g < d {
			d, m = g, matFrame
		}
	}
	return d, m
}

func (s *scene) eye() vec           { return vec{0.285 * s.eyeApart, 0.04, 0.535} }
func (s *scene) eyeRadius() float64 { return 0.132 * s.eyeSize }

// opening is negative between the lids; x and y are relative to the eye, x
// growing outwards.
func (s *scene) opening(x, y float64) (d, upper float64) {
	half := 0.132 * s.eyeSize
	t := x / half
	y -= s.eyeTilt * x
	arc := max(1-t*t, 0)
	upper = y - 0.062*s.eyeOpen*s.eyeSize*math.Sqrt(arc)*(1-0.12*t) + 0.010
	lower := -y - 0.036*s.eyeSize*arc - 0.004
	return max(upper, lower, math.Abs(x)-half) * 0.8, upper
}

func (s *scene) mouth() vec { return vec{0, -0.555 + s.mouthY, 0.70} }

func (s *scene) skinAt(p, q vec) float64 {
	a := vec{math.Abs(q.x), q.y, q.z} // both halves are alike
	d := ellipsoid(q.sub(vec{0, 0.22, -0.12}), vec{0.69 * s.width, 0.86, 0.86})
	d = smin(d, ellipsoid(q.sub(vec{0, -0.28, 0.05}), vec{0.55 * s.width * (0.6 + 0.4*s.jaw), 0.68, 0.65}), 0.22)
	d = smin(d, sphere(a.sub(vec{0.285 * s.jaw, -0.60, 0.18}), 0.165), 0.25)
	d = smin(d, ellipsoid(q.sub(vec{0, -0.83 - s.chin, 0.45}), vec{0.21 * s.jaw, 0.15, 0.17}), 0.30)
	d = smin(d, sphere(a.sub(vec{0.34 * s.width, -0.19, 0.42}), 0.20*s.cheek), 0.25)
	if a.x > 0.5 {
		ear := ellipsoid(a.sub(vec{0.69 * s.width, -0.05, -0.08}), vec{0.075, 0.21, 0.13})
		ear = smax(ear, -ellipsoid(a.sub(vec{0.76 * s.width, -0.02, -0.02}), vec{0.05, 0.12, 0.07}), 0.04)
		d = smin(d, ear, 0.06)
	}
	if q.z > 0.1 {
		if d < reach+0.15 {
			d = s.features(d, q, a)
		} else {
			d -= reach
		}
	}
	neck := capsule(p, vec{0, -0.75, -0.12}, vec{0, -1.75, -0.22}, 0.36*s.width, 0.42*s.width)
	return smin(d, neck, 0.12)
}

// reach is how far the nose, the longest feature, stands out.
const reach = 0.28

// features adds brows, eyes, nose and mouth to a smooth head, each only where
// it can be felt.
func (s *scene) features(d float64, q, a vec) float64 {
	if q.y > -0.30 && q.y < 0.45 {
		d = s.eyesAt(d, a)
	}
	tip := s.noseTip()
	if q.y < 0.30 && q.y > tip.y-0.25 && a.x < 0.35 {
		d = s.noseAt(d, q, a, tip)
	}
	if q.y < tip.y+0.05 && q.z > 0.25 {
		d = s.mouthAt(d, q, a, tip)
	}
	return d
}

func (s *scene) eyesAt(d float64, a vec) float64 {
	d = smin(d, capsule(a, vec{0.10, 0.19, 0.66}, vec{0.40, 0.19, 0.50}, 0.06*s.ridge, 0.06*s.ridge), 0.14)
	e := a.sub(s.eye())
	d = smax(d, -sphere(e.sub(vec{-0.02, 0.01, 0.30}), 0.18), 0.13)
	d = smin(d, sphere(e, s.eyeRadius()+0.016), 0.07) // lids
	open, _ := s.opening(e.x, e.y)
	return smax(d, -max(open, -e.z), 0.012)
}

func (s *scene) noseTip() vec { return vec{0, -0.28 * s.noseLength, 0.83 + 0.06*s.noseOut} }

func (s *scene) noseAt(d float64, q, a, tip vec) float64 {
	w := s.noseWidth
	d = smin(d, capsule(q, vec{0, 0.12, 0.665}, tip.add(vec{0, 0.03, -0.01}), 0.045, 0.075*w), 0.10)
	d = smin(d, sphere(q.sub(tip), 0.092*(0.6+0.4*w)), 0.07)
	d = smin(d, ellipsoid(a.sub(vec{0.105 * w, tip.y - 0.015, tip.z - 0.085}), vec{0.062 * w, 0.065, 0.095}), 0.05)
	return smax(d, -ellipsoid(a.sub(vec{0.056 * w, tip.y - 0.092, tip.z - 0.062}), vec{0.030 * w, 0.026, 0.04}), 0.02) // nostrils
}

func (s *scene) mouthAt(d float64, q, a, tip vec) float64 {
	m := q.sub(s.mouth())
	m.y -= s.smile * 0.9 * m.x * m.x
	front := step(0.25, 0.5, q.z)
	half := (0.215 + 0.03*s.smile) * s.mouthWidth
	d -= 0.030 * front * math.Exp(-(m.x*m.x)/0.075-(m.y*m.y)/0.03) // teeth behind
	curve := m.z + 1.1*m.x*m.x                                     // lips follow them
	d = smin(d, ellipsoid(vec{m.x, m.y - 0.038*s.upperLip, curve - 0.012}, vec{half, 0.045 * s.upperLip, 0.062}), 0.035)
	d = smin(d, ellipsoid(vec{m.x, m.y + 0.048*s.lowerLip, curve - 0.010}, vec{half * 0.85, 0.052 * s.lowerLip, 0.068}), 0.035)
	d += 0.014 * front * bump(m.y-0.002, 0.014) * step(1.0, 0.75, a.x/half)                          // between the lips
	d += 0.010 * front * bump(q.x, 0.03) * step(0.06, 0.10, m.y) * step(tip.y-0.08, tip.y-0.13, q.y) // philtrum
	// The fold from the nose to the corner of the mouth.
	fold := capsule(a, vec{0.17 * s.noseWidth, tip.y, 0.74}, vec{0.29, s.mouth().y - 0.02, 0.62}, 0.01, 0.01)
	return d + (0.003+0.008*s.wrinkles+0.008*s.smile)*bump(fold, 0.06)*step(tip.y+0.05, tip.y-0.05, q.y)
}

func (s *scene) hairAt(p, q vec) float64 {
	a := vec{math.Abs(q.x), q.y, q.z}
	crown := ellipsoid(q.sub(vec{0, 0.27, -0.15}), vec{0.735 * s.width, 0.90, 0.91})
	// face is negative in front of the face: hair leaves it free.
	face := func(top, bottom, half, k float64) float64 {
		mid, r := (top+bottom)/2, (top-bottom)/2
		return max((hypot(q.x/half, (q.y-mid)/r)-1)*min(half, r), k-q.z)
	}
	switch s.hair {
	case shortHair, cropped, bun:
		line := min(max(0.10+0.82*q.z+0.12*math.Sin(a.x*7+1), -0.40), s.hairline-0.25*a.x*a.x)
		if s.hair == cropped {
			crown += 0.025
		} else if s.hair == shortHair {
			// Fuller on top, with a parting.
			crown -= 0.05*step(0.4, 1, q.y) + 0.02*math.Sin(q.x*4+1.2)*step(0.3, 0.8, q.y)
		}
		d := smax(crown, line-q.y, 0.07)
		if s.hair == bun {
			d = smin(d, sphere(q.sub(vec{0.05, 0.95, -0.75}), 0.3), 0.1)
		}
		return d
	case fringe:
		d := smin(crown-0.03, ellipsoid(q.sub(vec{0, -0.18, -0.22}), vec{0.82 * s.width, 0.88, 0.72}), 0.2)
		return smax(d, -face(s.hairline-0.22+0.03*math.Sin(q.x*19), -1.6, 0.60*s.width, 0.1), 0.05)
	case longHair:
		d := smin(crown-0.02, ellipsoid(q.sub(vec{0, -0.45, -0.30}), vec{0.86 * s.width, 1.25, 0.62}), 0.25)
		d = smax(d, -face(s.hairline+0.10-0.35*math.Abs(q.x+0.08), -2.2, 0.585*s.width, 0.0), 0.05)
		return smax(d, -1.75-q.y, 0.1)
	default: // hijab
		d := ellipsoid(q.sub(vec{0, 0.17, -0.10}), vec{0.80 * s.width, 0.98, 0.96})
		d = smin(d, capsule(p, vec{0, -0.75, 0.02}, vec{0, -1.5, 0.0}, 0.60, 0.95), 0.35)
		d += 0.012 * math.Sin(9*p.y+4*math.Sin(3*p.x)) * step(-0.5, -0.9, p.y)
		return smax(d, -face(s.hairline+0.02, -0.99-s.chin, 0.565*s.width, 0.05), 0.05)
	}
}

func (s *scene) clothAt(p vec) float64 {
	d := ellipsoid(p.sub(vec{0, -2.08, -0.32}), vec{1.50, 0.78, 0.60})
	d = smin(d, ellipsoid(p.sub(vec{0, -3.0, -0.3}), vec{1.5, 1.5, 0.7}), 0.2)
	if s.hair == hijab {
		return d
	}
	// A round collar.
	return smin(d, torus(p.sub(vec{0, -1.36, -0.14}), 0.46, 0.05), 0.08)
}

func torus(p vec, ring, r float64) float64 {
	y, z := p.y+0.35*p.z, p.z // tipped forward
	return hypot(hypot(p.x, z)-ring, y) - r
}

func (s *scene) glassesAt(q vec) float64 {
	a := vec{math.Abs(q.x), q.y, q.z}
	e := a.sub(vec{s.eye().x + 0.01, s.eye().y - 0.02, 0.80 - 0.35*a.x*a.x})
	// A rounded rectangle of wire.
	x, y := math.Abs(e.x)-0.13, math.Abs(e.y)-0.07
	rim := math.Abs(hypot(max(x, 0), max(y, 0))+min(max(x, y), 0)-0.07) - 0.001
	d := hypot(max(rim, 0), e.z) - 0.016
	d = min(d, capsule(a, vec{0, 0.05, 0.82}, vec{0.085, 0.04, 0.795}, 0.014, 0.014))
	return min(d, capsule(a, vec{0.49, 0.06, 0.70}, vec{0.71 * s.width, 0.05, 0.0}, 0.016, 0.016))
}
