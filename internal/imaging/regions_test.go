package imaging

import (
	"fmt"
	"slices"
	"testing"
)

func TestRegions(t *testing.T) {
	g := NewGray(20, 12)
	for x := 3; x < 15; x++ { // a frame of 12 x 8, one pixel wide
		g.Pix[2*20+x], g.Pix[9*20+x] = 255, 255
	}
	for y := 2; y < 10; y++ {
		g.Pix[y*20+3], g.Pix[y*20+14] = 255, 255
	}
	g.Pix[10*20+15] = 255 // touches the frame over a corner
	light := g.Regions(false, 1)
	if len(light) != 1 || light[0].Area != 37 || light[0].AtBorder {
		t.Fatalf("light regions %+v, want one of 37 pixels", light)
	}
	if hull := ConvexHull(light[0].Outline); PolygonArea(hull) < 11*7 {
		t.Errorf("outline %v does not span the frame", light[0].Outline)
	}
	dark := g.Regions(true, 1)
	if len(dark) != 2 || !dark[0].AtBorder || dark[1].AtBorder || dark[1].Area != 10*6 {
		t.Fatalf("dark regions %+v, want the outside and an inside of 60 pixels", dark)
	}
}

// flooded is Regions by its definition: one pixel after the other, from each
// to its neighbours.
func flooded(g *Gray, dark bool, minArea int) []Region {
	in := func(x, y int) bool {
		return x >= 0 && y >= 0 && x < g.W && y < g.H && (g.Pix[y*g.W+x] == 0) == dark
	}
	done := map[[2]int]bool{}
	var out []Region
	for i := range g.Pix {
		queue := [][2]int{{i % g.W, i / g.W}}
		if !in(queue[0][0], queue[0][1]) || done[queue[0]] {
			continue
		}
		done[queue[0]] = true
		for k := 0; k < len(queue); k++ {
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					next := [2]int{queue[k][0] + dx, queue[k][1] + dy}
					if dark && dx != 0 && dy != 0 || !in(next[0], next[1]) || done[next] {
						continue
					}
					done[next] = true
					queue = append(queue, next)
				}
			}
		}
		if len(queue) < minArea {
			continue
		}
		r := Region{Area: len(queue)}
		for y := range g.H {
			x0, x1 := g.W, -1
			for _, p := range queue {
				if p[1] == y {
					x0, x1 = min(x0, p[0]), max(x1, p[0])
					r.AtBorder = r.AtBorder || y == 0 || y == g.H-1 || p[0] == 0 || p[0] == g.W-1
				}
			}
			if x1 >= 0 {
				r.Outline = append(r.Outline, Point{X: float64(x0), Y: float64(y)})
			}
			if x1 > x0 {
				r.Outline = append(r.Outline, Point{X: float64(x1), Y: float64(y)})
			}
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Region) int { return b.Area - a.Area })
	return out
}

func TestRegionsAgainstFlooding(t *testing.T) {
	for _, limit := range []uint8{20, 90, 128, 150, 230} {
		g := grayNoise(37, 29)
		for i, v := range g.Pix {
			if v < limit {
				g.Pix[i] = 0
			}
		}
		for _, dark := range []bool{false, true} {
			for _, minArea := range []int{1, 5} {
				got, want := fmt.Sprint(g.Regions(dark, minArea)), fmt.Sprint(flooded(g, dark, minArea))
				if got != want {
					t.Errorf("limit %d, dark %v, area %d:\n got %s\nwant %s", limit, dark, minArea, got, want)
				}
			}
		}
	}
	if got := NewGray(0, 0).Regions(true, 0); len(got) != 0 {
		t.Errorf("regions of nothing: %v", got)
	}
}

func BenchmarkRegions(b *testing.B) {
	g := smooth(640, 480).Gray().Edges().Above(20, 60).DilateRect(3, 3)
	for b.Loop() {
		g.Regions(false, 200)
		g.Regions(true, 200)
	}
}
