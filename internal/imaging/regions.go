package imaging

import "slices"

// Region is a connected set of pixels.
type Region struct {
	Area int
	// Outline holds the first and last pixel of every row: enough for the hull.
	Outline []Point
	// AtBorder: the region touches the border of the picture.
	AtBorder bool
}

// run is a row's unbroken stretch of pixels of one kind, x0 to x1 inclusive.
type run struct {
	y, x0, x1 int32
	parent    int32 // a run of the same region, itself for the first
}

// Regions finds the connected sets of pixels whose value is not 0, or is 0
// when dark, of at least minArea pixels, largest first. Light regions connect
// over corners, dark ones do not.
func (g *Gray) Regions(dark bool, minArea int) []Region {
	runs := g.runs(dark)
	root := func(i int32) int32 {
		for runs[i].parent != i {
			runs[i].parent = runs[runs[i].parent].parent
			i = runs[i].parent
		}
		return i
	}
	reach := int32(1) // how far a run's neighbours reach beyond its ends
	if dark {
		reach = 0
	}
	above := 0 // the first run that may touch one of this row or the next
	for i := range runs {
		r := &runs[i]
		for runs[above].y < r.y-1 || runs[above].y == r.y-1 && runs[above].x1 < r.x0-reach {
			above++
		}
		for k := above; runs[k].y == r.y-1 && runs[k].x0 <= r.x1+reach; k++ {
			// The first run of a region stays its root.
			a, b := root(int32(i)), root(int32(k))
			runs[max(a, b)].parent = min(a, b)
		}
	}
	area := make([]int, len(runs)) // by root
	for i, r := range runs {
		area[root(int32(i))] += int(r.x1 - r.x0 + 1)
	}
	var out []Region
	place := make([]int32, len(runs)) // by root: 1 + the region's place in out
	for i, r := range runs {
		from := root(int32(i))
		if area[from] < minArea {
			continue
		}
		if place[from] == 0 {
			out = append(out, Region{Area: area[from]})
			place[from] = int32(len(out))
		}
		region := &out[place[from]-1]
		region.add(r)
		region.AtBorder = region.AtBorder || r.y == 0 || int(r.y) == g.H-1 || r.x0 == 0 || int(r.x1) == g.W-1
	}
	slices.SortStableFunc(out, func(a, b Region) int { return b.Area - a.Area })
	return out
}

// add puts a run into the outline; runs come row by row, from left to right.
func (r *Region) add(n run) {
	y := float64(n.y)
	last := len(r.Outline) - 1
	switch {
	case last < 0 || r.Outline[last].Y != y:
		r.Outline = append(r.Outline, Point{X: float64(n.x0), Y: y})
	case last > 0 && r.Outline[last-1].Y == y: // the row has a last pixel already
		r.Outline = r.Outline[:last]
	}
	if x1 := float64(n.x1); x1 > r.Outline[len(r.Outline)-1].X {
		r.Outline = append(r.Outline, Point{X: x1, Y: y})
	}
}

// runs lists the stretches of pixels that are not 0, or are 0 when dark, row by
// row.
func (g *Gray) runs(dark bool) []run {
	var out []run
	for y := range g.H {
		row := g.Pix[g.W*y:][:g.W]
		for x := 0; x < len(row); {
			for x < len(row) && (row[x] == 0) != dark {
				x++
			}
			if x == len(row) {
				break
			}
			from := x
			for x < len(row) && (row[x] == 0) == dark {
				x++
			}
			out = append(out, run{y: int32(y), x0: int32(from), x1: int32(x - 1), parent: int32(len(out))})
		}
	}
	return out
}
