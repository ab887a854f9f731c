package specimen

import "math"

// lights are a soft lamp near the camera's left or right, sky light from all
// sides and a weak one from behind.
type lights struct {
	lamp, lampColour, rim vec
}

func newLights(v Variation) *lights {
	sin, cos := math.Sincos((v.Light - 20) * math.Pi / 180)
	return &lights{
		lamp:       vec{sin, 0.45, cos}.unit(),
		lampColour: vec{1 + 0.10*v.Warm, 1, 1 - 0.12*v.Warm}.scale(1.25),
		rim:        vec{-sin, 0.3, -0.6}.unit(),
	}
}

// surface is what the light falls on.
type surface struct {
	colour       vec
	gloss, sharp float64 // strength and exponent of the highlight
	soft         float64 // how far light bleeds past the terminator, red most
	hair         bool
}

// shade is the colour of the point p seen along dir.
func (s *scene) shade(p, dir vec, l *lights) vec {
	q := s.toHead(p)
	_, material := s.distance(p)
	n := s.normal(p)
	var m surface
	switch material {
	case matEye:
		m = s.eyeball(q)
	case matHair:
		m = s.strands(p, q)
	case matCloth:
		m = surface{colour: s.cloth.scale(0.93 + 0.07*math.Sin(130*p.x)*math.Sin(130*p.y)), soft: 0.1}
	case matFrame:
		m = surface{colour: vec{0.02, 0.02, 0.025}, gloss: 0.4, sharp: 40}
	default:
		m = s.skinSurface(p, q)
	}

	shadow := s.shadow(p.add(n.scale(0.02)), l.lamp)
	open := s.openness(p, n)
	facing := n.dot(l.lamp)
	wrap := func(bleed float64) float64 {
		return max((facing+bleed)/(1+bleed), 0) * (shadow + 0.25*bleed*(1-shadow))
	}
	direct := vec{wrap(m.soft), wrap(0.5 * m.soft), wrap(0.35 * m.soft)}.mul(l.lampColour)
	sky := (0.55 + 0.25*n.y + 0.20*n.z) * open * 0.50
	ambient := vec{sky * (1 + 0.12*m.soft*(1-open)), sky * 0.99, sky}
	back := max(n.dot(l.rim), 0) * 0.15 * open
	light := direct.add(ambient).add(vec{back, back, back})

	half := l.lamp.sub(dir).unit()
	var highlight float64
	if m.hair {
		// Highlights run across the strands (Kajiya and Kay 1989).
		along := vec{0.15 * math.Sin(8*q.x), 1, 0}.sub(n.scale(n.y)).unit()
		t := along.dot(half)
		highlight = math.Pow(max(1-t*t, 0), m.sharp/2) * m.gloss
	} else {
		fresnel := 0.35 + 0.65*math.Pow(1-clamp(-n.dot(dir)), 4)
		highlight = math.Pow(max(n.dot(half), 0), m.sharp) * m.gloss * fresnel
	}
	highlight *= shadow
	return m.colour.mul(light).add(l.lampColour.scale(highlight))
}

func (s *scene) normal(p vec) vec {
	const e = 0.0025 // tetrahedron differences (Quilez)
	var n vec
	for _, k := range [4]vec{{1, -1, -1}, {-1, -1, 1}, {-1, 1, -1}, {1, 1, 1}} {
		d, _ := s.distance(p.add(k.scale(e)))
		n = n.add(k.scale(d))
	}
	return n.unit()
}

// shadow is how much of the soft lamp is seen from p.
func (s *scene) shadow(p, lamp vec) float64 {
	lit, t := 1.0, 0.03
	for range 14 {
		d, _ := s.distance(p.add(lamp.scale(t)))
		lit = min(lit, 0.5+4*d/t)
		if lit <= 0 {
			return 0
		}
		t += min(max(d, 0.03), 0.25)
		if t > 1.8 {
			break
		}
	}
	return lit * lit * (3 - 2*min(lit, 1))
}

// openness is how much of the sky is seen: ambient occlusion by probing the
// field along the normal.
func (s *scene) openness(p, n vec) float64 {
	var hidden float64
	for i, h := range [3]float64{0.04, 0.11, 0.24} {
		d, _ := s.distance(p.add(n.scale(h)))
		hidden += (h - d) / h * [3]float64{0.30, 0.30, 0.25}[i]
	}
	return clamp(1 - hidden)
}

func (s *scene) skinSurface(p, q vec) surface {
	ax := math.Abs(q.x)
	c := s.skin
	// Blood under the skin: cheeks, nose, ears; pale forehead.
	red := 0.5*bump(hypot(ax-0.36, q.y+0.22), 0.2) + 0.45*bump(hypot(q.x, q.y+0.28), 0.13) + 0.4*step(0.62, 0.72, ax)
	c = c.mul(vec{1 + 0.10*red, 1 - 0.10*red, 1 - 0.10*red})
	c = c.scale(1 + 0.05*bump(q.y-0.5, 0.25))
	// Grain of the skin, fine and coarse.
	c = c.scale(1 + 0.05*(noise(q.scale(60))-0.5) + 0.07*(noise(q.scale(9))-0.5))

	if q.z > 0.1 {
		e := vec{ax, q.y, q.z}.sub(s.eye())
		open, upper := s.opening(e.x, e.y)
		// Shade of the socket, crease above the lid, lashes on its edge.
		c = c.mul(vec{1, 0.96, 0.95}.scale(1 - 0.17*bump(hypot(e.x/1.4, e.y), 0.11)))
		c = c.scale(1 - 0.08*bump(hypot(e.x*0.7, e.y+0.10), 0.05))
		crease := e.y - 0.094*s.eyeOpen + 1.2*e.x*e.x - s.eyeTilt*e.x
		c = c.scale(1 - 0.35*bump(crease, 0.011)*step(0.15, 0.10, math.Abs(e.x)))
		lash := step(0.020, 0.004, math.Abs(open)) * step(-0.05, 0.01, e.y+0.02)
		if upper < -0.02 {
			lash *= 0.35
		}
		c = c.mix(vec{0.012, 0.01, 0.01}, 0.9*lash)

		c = s.browsOn(c, q, ax)
		c = s.lipsOn(c, q)
		c = s.beardOn(c, q, ax)
		if s.wrinkles > 0 {
			lines := bump(math.Sin(26*q.y+1.5*math.Cos(3*q.x)), 0.25) * step(0.36, 0.44, q.y) * step(0.40, 0.2, ax)
			feet := bump(math.Sin(40*(e.y+0.5*e.x)), 0.3) * step(0.14, 0.17, e.x) * step(0.26, 0.2, e.x) * step(0.1, 0.04, math.Abs(e.y))
			c = c.scale(1 - 0.13*s.wrinkles*(lines+feet))
		}
	}
	return surface{colour: c, gloss: 0.16, sharp: 14, soft: 0.35}
}

func (s *scene) browsOn(c, q vec, ax float64) vec {
	t := (ax - 0.10) / 0.36 // 0 at the nose, 1 at the temple
	middle := 0.205 + 0.03*s.browHeight + 0.055*s.browArch*math.Sin(math.Pi*min(max(0.1+0.8*t, 0), 1)) - 0.02*t
	half := 0.034 * s.browThick * (1 - 0.55*t)
	inside := step(1.15, 0.7, math.Abs(q.y-middle)/max(half, 0.004)) * step(-0.06, 0.1, t) * step(1.08, 0.85, t)
	if inside == 0 {
		return c
	}
	hairs := 0.55 + 0.45*noise(vec{ax*95 + q.y*70*(1-t), q.y*30 - ax*12, 1})
	return c.mix(s.hairColour.scale(0.8), 0.9*inside*hairs)
}

func (s *scene) lipsOn(c, q vec) vec {
	m := q.sub(s.mouth())
	m.y -= s.smile * 0.9 * m.x * m.x
	half := (0.225 + 0.03*s.smile) * s.mouthWidth
	t := m.x / half
	if math.Abs(t) > 1.1 || math.Abs(m.y) > 0.2 {
		return c
	}
	arc := max(1-t*t, 0)
	bow := 0.014 * bump(t, 0.16)
	top := 0.082*s.upperLip*math.Pow(arc, 0.8)*(1-0.15*math.Abs(t)) - bow
	bottom := -0.105 * s.lowerLip * math.Pow(arc, 0.7) * (1 - 0.1*arc)
	on := step(top+0.010, top-0.010, m.y) * step(bottom-0.012, bottom+0.012, m.y) * step(1.05, 0.92, math.Abs(t))
	lip := s.lips.scale(1 + 0.08*math.Sin(90*m.x+4*noise(q.scale(15))))
	c = c.mix(lip, 0.85*on)
	return c.mix(vec{0.05, 0.012, 0.012}, 0.85*bump(m.y-0.002+0.006*math.Cos(t*6), 0.011)*step(1.08, 0.9, math.Abs(t)))
}

func (s *scene) beardOn(c, q vec, ax float64) vec {
	if s.beard == 0 && s.moustache == 0 {
		return c
	}
	m := s.mouth()
	jaw := step(-0.42, -0.62, q.y+0.35*step(0.35, 0.6, ax)) + step(0.42, 0.56, ax)*step(-0.12, -0.3, q.y)
	jaw *= step(-1.04, -0.98, q.y+s.chin) * step(0.10, 0.15, hypot(q.x*0.62, q.y-m.y+0.01)) * step(0.02, 0.1, q.z)
	lip := step(0.30, 0.22, ax) * step(0.035, 0.06, q.y-m.y) * step(0.165, 0.135, q.y-m.y+0.12*ax)
	stubble := 0.75 + 0.9*(noise(vec{q.x * 110, q.y * 45, q.z * 45})-0.5)
	on := clamp(max(s.beard*min(jaw, 1), s.moustache*lip) * stubble)
	return c.mix(s.hairColour, on)
}

func (s *scene) eyeball(q vec) surface {
	e := vec{math.Abs(q.x), q.y, q.z}.sub(s.eye())
	side := math.Copysign(1, q.x)
	x, y := e.x*side-s.gaze*0.03, e.y-0.004
	r := hypot(x, y)
	iris := 0.060 * s.eyeSize
	c := vec{0.72, 0.68, 0.65}.scale(1 - 0.25*step(0.06, 0.13, math.Abs(e.x)))
	angle := math.Atan2(y, x)
	brown := vec{0.085, 0.038, 0.018}.scale(0.7 + 0.5*step(0.02, 0.05, r) + 0.15*math.Sin(23*angle))
	brown = brown.scale(1 - 0.6*step(iris-0.012, iris, r))
	c = c.mix(brown, step(iris+0.004, iris-0.004, r))
	c = c.mix(vec{0.004, 0.003, 0.003}, step(0.030, 0.024, r))
	// The upper lid and its lashes throw a shadow; a window is reflected.
	_, upper := s.opening(e.x, e.y)
	c = c.scale(0.45 + 0.55*step(0, -0.035, upper))
	c = c.mix(vec{1.6, 1.6, 1.65}, step(0.017, 0.009, hypot(x+0.018, y-0.022)))
	return surface{colour: c, gloss: 0.25, sharp: 90, soft: 0.05}
}

func (s *scene) strands(p, q vec) surface {
	if s.hair == hijab {
		weave := 1 + 0.04*math.Sin(220*p.x)*math.Sin(220*p.y)
		return surface{colour: s.cloth.scale(weave), gloss: 0.02, sharp: 8, soft: 0.15}
	}
	angle := math.Atan2(q.x, q.z+0.2)
	strand := noise(vec{angle * 60, q.y * 4, 3}) + 0.5*noise(vec{angle * 170, q.y * 9, 9})
	return surface{colour: s.hairColour.scale(0.55 + 0.75*strand), gloss: 0.10 * (0.5 + strand), sharp: 44, hair: true}
}

// noise is value noise, 0..1.
func noise(p vec) float64 {
	fx, fy, fz := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	ix, iy, iz := int32(fx), int32(fy), int32(fz)
	tx, ty, tz := p.x-fx, p.y-fy, p.z-fz
	tx, ty, tz = tx*tx*(3-2*tx), ty*ty*(3-2*ty), tz*tz*(3-2*tz)
	var sum float64
	for k := range int32(8) {
		dx, dy, dz := k&1, k>>1&1, k>>2
		wx, wy, wz := 1-tx, 1-ty, 1-tz
		if dx == 1 {
			wx = tx
		}
		if dy == 1 {
			wy = ty
		}
		if dz == 1 {
			wz = tz
		}
		sum += wx * wy * wz * lattice(ix+dx, iy+dy, iz+dz)
	}
	return sum
}

func lattice(x, y, z int32) float64 {
	h := uint32(x)*0x8da6b343 ^ uint32(y)*0xd8163841 ^ uint32(z)*0xcb1ab31f
	h = (h ^ h>>13) * 0x5bd1e995
	h ^= h >> 15
	return float64(h&0xffff) / 0xffff
}
