package ktp

import (
	"context"
	"math"
	"sync"
	"testing"

	"anycheck/internal/imaging"
	"anycheck/internal/specimen"
)

// scene is a way to photograph a card and how well it must be found.
type scene struct {
	name string
	shot specimen.Shot
	off  float64 // how far a corner in the picture may be off, in millimetres
	cut  float64 // the same for corners outside the picture
}

// with changes a copy of the usual photo.
func with(change func(*specimen.Shot)) specimen.Shot {
	s := specimen.Easy
	s.W, s.H = 960, 720
	change(&s)
	return s
}

// scenes are what people send. Where the left of a card is cut off, nothing in
// the picture tells how much: only the corners that are seen must be right. A screen's grid hides the rim.
var scenes = []scene{
	{"wooden table", with(func(s *specimen.Shot) {}), 1, 0},
	{"white table", with(func(s *specimen.Shot) { s.WhitePaper = true }), 1, 0},
	{"black table", with(func(s *specimen.Shot) { s.Black = true }), 1, 0},
	{"turned 90", with(func(s *specimen.Shot) { s.Turn = 90 }), 1, 0},
	{"turned 137", with(func(s *specimen.Shot) { s.Turn, s.Wobble = 137, 0 }), 1, 0},
	{"strong perspective", with(func(s *specimen.Shot) { s.Tilt, s.Fill = 0.22, 0.9 }), 1, 0},
	{"clutter", with(func(s *specimen.Shot) { s.Clutter, s.Fill = 8, 0.6 }), 1, 0},
	{"three fingers", with(func(s *specimen.Shot) { s.Fingers = 3 }), 1, 0},
	{"fingers on white", with(func(s *specimen.Shot) { s.Fingers, s.WhitePaper = 2, true }), 1, 0},
	{"shadow", with(func(s *specimen.Shot) { s.Shadow = 0.5 }), 1, 0},
	{"cut on the left", with(func(s *specimen.Shot) { s.MoveX, s.Fill, s.Wobble = -0.16, 0.9, 2 }), 1, 12},
	{"cut at the top", with(func(s *specimen.Shot) { s.MoveY, s.Fill, s.Wobble = -0.26, 0.9, 2 }), 1, 6},
	{"cut at a corner", with(func(s *specimen.Shot) { s.MoveX, s.MoveY, s.Fill, s.Turn, s.Wobble = 0.06, 0.1, 1.0, 20, 0 }), 1, 3},
	{"photocopy", with(func(s *specimen.Shot) { s.Photocopy, s.WhitePaper, s.Fill, s.Light = true, true, 0.8, 0 }), 1, 0},
	{"photocopy turned", with(func(s *specimen.Shot) { s.Photocopy, s.WhitePaper, s.Fill, s.Turn = true, true, 0.7, 60 }), 1, 0},
	{"a third of the picture", with(func(s *specimen.Shot) { s.Fill, s.W, s.H = 0.36, 1200, 900 }), 1, 0},
	{"a sixth of the picture", with(func(s *specimen.Shot) { s.Fill, s.W, s.H = 0.24, 1200, 900 }), 1, 0},
	{"two cards", with(func(s *specimen.Shot) { s.Fill, s.MoveY, s.Second = 0.5, -0.2, sceneCards()[1] }), 1, 0},
	{"screen", with(func(s *specimen.Shot) { s.Screen, s.Fill = true, 0.7 }), 10, 0},
}

// sceneCards are the cards of two people.
var sceneCards = sync.OnceValue(func() (out [2]*imaging.Picture) {
	for i, p := range specimen.People(2, 11) {
		out[i] = specimen.Card(p, specimen.Portrait(p.Identity, specimen.Studio(p)))
	}
	return out
})

func TestFindInEveryScene(t *testing.T) {
	if RaceDetector {
		t.Skip("one goroutine, and pixel loops are twenty times slower with the race detector")
	}
	card := sceneCards()[0]
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			photo := specimen.Photograph(card, s.shot, 2)
			f, err := find(context.Background(), photo.Picture)
			if err != nil {
				t.Fatal(err)
			}
			truth := quad(photo.Corners)
			for i, c := range truth {
				limit := s.off
				if c.X < 0 || c.Y < 0 || c.X >= float64(photo.Picture.W) || c.Y >= float64(photo.Picture.H) {
					limit = s.cut
				}
				off := math.Hypot(c.X-f.quad[i].X, c.Y-f.quad[i].Y) / truth.side(0) * cardWidth
				if off > limit {
					t.Errorf("corner %d is %.2f mm off, layout %.2f, rim %.2f", i, off, f.layout, f.rim)
				}
			}
			if want := s.shot.Second != nil; want != (f.others > 0) {
				t.Errorf("%d other cards", f.others)
			}
		})
	}
}
