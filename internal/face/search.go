package face

import "math"

// Template is a face as it is kept to be found again: its embedding in one
// signed byte a value, scaled so that the largest is ±127. The scale is lost,
// which a cosine does not notice; rounding moves a similarity by less than 0.01.
type Template struct {
	Model  ModelRef
	Values []byte
}

// templateOf rounds an embedding of the model.
func templateOf(m ModelRef, e Embedding) *Template {
	var largest float64
	for _, v := range e {
		largest = max(largest, math.Abs(float64(v)))
	}
	t := &Template{Model: m, Values: make([]byte, len(e))}
	if largest > 0 {
		for i, v := range e {
			t.Values[i] = byte(int8(math.Round(127 * float64(v) / largest)))
		}
	}
	return t
}

// Reuse is what a Search found, and the thresholds it went by.
type Reuse struct {
	// Compared is how many faces were looked at.
	Compared int `json:"compared"`
	// OtherOwners is how many other owners have a face at or above SameFace;
	// Nearest is the highest similarity to a face of another owner, nil when
	// there is none.
	OtherOwners int      `json:"other_owners"`
	Nearest     *float64 `json:"nearest"`
	SameFace    float64  `json:"same_face"`
	// OtherFaces is how many faces of the same owner are below OtherFace;
	// Farthest is the lowest similarity among them all, nil when there is none.
	OtherFaces int      `json:"other_faces"`
	Farthest   *float64 `json:"farthest"`
	OtherFace  float64  `json:"other_face"`
}

// Search compares one face with many, each of which has an owner: the name of
// whom it was presented as.
type Search struct {
	probe  []byte
	square int64 // of the probe
	owner  string
	limits Thresholds
	found  Reuse
	alike  map[string]float64 // other owners' highest similarity from limits.Match
}

// NewSearch starts a search for a face and its owner, with the thresholds of
// its model.
func NewSearch(probe []byte, owner string, t Thresholds) *Search {
	s := &Search{probe: probe, owner: owner, limits: t, alike: map[string]float64{}}
	_, s.square = products(probe, probe)
	return s
}

// Add compares with one more face, the Values of a Template of the same model;
// one of another length is passed over. It keeps neither argument.
func (s *Search) Add(owner, face []byte) {
	if len(face) != len(s.probe) {
		return
	}
	dot, square := products(s.probe, face)
	if square == 0 || s.square == 0 {
		return
	}
	similarity := float64(dot) / math.Sqrt(float64(square)*float64(s.square))
	s.found.Compared++
	if string(owner) == s.owner {
		if s.found.Farthest == nil || similarity < *s.found.Farthest {
			s.found.Farthest = &similarity
		}
		if similarity < s.limits.Review {
			s.found.OtherFaces++
		}
		return
	}
	if s.found.Nearest == nil || similarity > *s.found.Nearest {
		s.found.Nearest = &similarity
	}
	if similarity >= s.limits.Match {
		s.alike[string(owner)] = max(similarity, s.alike[string(owner)])
	}
}

// Result tells what was found so far. Among n faces the likeliest wrong one is
// more alike the larger n is, so that a single comparison's threshold would
// always find somebody: the same face must be n times likelier than another
// one, which is a posterior probability of one half when one of n is expected.
func (s *Search) Result() Reuse {
	r := s.found
	r.OtherFace = s.limits.Review
	r.SameFace = max(s.limits.Match, s.limits.Calibration.similarityAt(float64(r.Compared)))
	for _, similarity := range s.alike {
		if similarity >= r.SameFace {
			r.OtherOwners++
		}
	}
	return r
}

// similarityAt is the similarity at which one person is ratio times likelier
// than two: the inverse of the likelihood ratio behind Score. Ratios below 1
// count as 1.
func (c Calibration) similarityAt(ratio float64) float64 {
	if c.Slope <= 0 {
		return c.Midpoint
	}
	return c.Midpoint + math.Log(max(ratio, 1))/c.Slope
}

// products are a·b and b·b of signed bytes. a must be as long as b.
func products(a, b []byte) (dot, square int64) {
	a = a[:len(b)]
	var d, q int32 // 127² fits 130,000 times
	for i, v := range b {
		w := int32(int8(v))
		d += int32(int8(a[i])) * w
		q += w * w
	}
	return int64(d), int64(q)
}
