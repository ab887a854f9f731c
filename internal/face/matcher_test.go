package face

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"anycheck/internal/fault"
	"anycheck/internal/imaging"
	"anycheck/internal/nn"
)

var fakeRoles = Roles{Detector: "detector", Embedder: "embedder", Liveness: []string{"v2", "v1se", "third"}}

func fakes() fakeSource {
	return fakeSource{"detector": fakeDetector(), "embedder": fakeEmbedder()}
}

func compare(t *testing.T, s nn.Source, card, selfie *imaging.Picture) Comparison {
	t.Helper()
	c, err := NewMatcher(s, fakeRoles, DefaultPolicy).Compare(context.Background(), card, selfie)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompare(t *testing.T) {
	portrait := func(who uint8) drawnFace { return drawnFace{x: 700, y: 200, w: 130, h: 160, who: who, noise: 80} }
	person := func(who uint8) drawnFace { return drawnFace{x: 300, y: 200, w: 300, h: 400, who: who, noise: 80} }
	card := draw(1000, 640, portrait(20))
	small := draw(1000, 640, drawnFace{x: 700, y: 200, w: 80, h: 100, who: 20, noise: 80})
	second := drawnFace{x: 20, y: 200, w: 200, h: 300, who: 90, noise: 80}
	wall := drawnFace{x: 20, y: 30, w: 60, h: 80, who: 90, noise: 80}
	for _, tt := range []struct {
		name         string
		card, selfie *imaging.Picture
		outcome      Outcome
		level        Level
		cardIssues   []Issue
		selfieIssues []Issue
	}{
		{"same", card, draw(900, 900, person(20)), Match, High, nil, nil},
		{"same, a portrait on the wall", card, draw(900, 900, person(20), wall), Match, High, nil, nil},
		{"between", card, draw(900, 900, person(119)), Review, Medium, nil, nil}, // cos(99/255*pi) = 0.34
		{"other", card, draw(900, 900, person(220)), NoMatch, Low, nil, nil},
		{"same, two persons", card, draw(900, 900, person(20), second), Review, High, nil, []Issue{IssueSeveral}},
		{"other, blurred", card, draw(900, 900, drawnFace{x: 300, y: 200, w: 300, h: 400, who: 220}), Inconclusive, Low, nil, []Issue{IssueBlurred, IssueFlat}},
		{"same, small portrait", small, draw(900, 900, person(20)), Match, High, []Issue{IssueTooSmall}, nil},
		{"same, small portrait, blurred selfie", small, draw(900, 900, drawnFace{x: 300, y: 200, w: 300, h: 400, who: 20}), Review, High, []Issue{IssueTooSmall}, []Issue{IssueBlurred, IssueFlat}},
		{"other, small portrait", small, draw(900, 900, person(220)), Inconclusive, Low, []Issue{IssueTooSmall}, nil},
		{"no portrait", draw(1000, 640), draw(900, 900, person(20)), Inconclusive, "", []Issue{IssueNotFound}, nil},
		{"no selfie", card, draw(900, 900), Inconclusive, "", nil, []Issue{IssueNotFound}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := compare(t, fakes(), tt.card, tt.selfie)
			if c.Outcome != tt.outcome || c.Level != tt.level {
				t.Errorf("%s %s, want %s %s", c.Outcome, c.Level, tt.outcome, tt.level)
			}
			if !slices.Equal(c.Card.Issues, tt.cardIssues) || !slices.Equal(c.Selfie.Issues, tt.selfieIssues) {
				t.Errorf("issues %v and %v, want %v and %v (%+v, %+v)", c.Card.Issues, c.Selfie.Issues, tt.cardIssues, tt.selfieIssues, c.Card.Quality, c.Selfie.Quality)
			}
			if scored := tt.level != ""; (c.Similarity != nil) != scored || (c.Score != nil) != scored {
				t.Errorf("similarity %v, score %v", c.Similarity, c.Score)
			}
			if want := []ModelRef{{"detector", "1"}, {"embedder", "2"}}; !slices.Equal(c.Models, want) {
				t.Errorf("models %v", c.Models)
			}
			if c.Liveness != nil {
				t.Error("liveness without a model")
			}
		})
	}
}

func TestCompareReportsInPixelsOfTheGivenPicture(t *testing.T) {
	// 2400 pixels high: it is worked on at 1600, and lies on its side.
	drawn := drawnFace{x: 600, y: 700, w: 600, h: 900, who: 20, noise: 80}
	upright := draw(1800, 2400, drawn)
	card := draw(1000, 640, drawnFace{x: 700, y: 200, w: 130, h: 160, who: 20, noise: 80})
	for turned := range 4 {
		c := compare(t, fakes(), card, upright.Rotate90(turned))
		if want := 90 * ((4 - turned) % 4); c.Selfie.Rotation != want {
			t.Errorf("turned %d: rotation %d, want %d", turned, c.Selfie.Rotation, want)
		}
		// Turn the expected box the way the picture was turned.
		want := Box{X: 600, Y: 700, W: 600, H: 900}
		w, h := 1800.0, 2400.0
		for range turned {
			want = Box{X: h - want.Y - want.H, Y: want.X, W: want.H, H: want.W}
			w, h = h, w
		}
		got := *c.Selfie.Box
		for _, d := range []float64{got.X - want.X, got.Y - want.Y, got.W - want.W, got.H - want.H} {
			if math.Abs(d) > 15 { // about two pixels of the detector's frame
				t.Fatalf("turned %d: box %v, want %v", turned, got, want)
			}
		}
		if c.Outcome != Match || math.Abs(c.Selfie.Quality.FaceWidth-600) > 15 {
			t.Errorf("turned %d: %s, face width %v", turned, c.Outcome, c.Selfie.Quality.FaceWidth)
		}
	}
}

func TestCompareWithoutModels(t *testing.T) {
	for _, missing := range []string{"detector", "embedder"} {
		s := fakes()
		delete(s, missing)
		_, err := NewMatcher(s, fakeRoles, DefaultPolicy).Compare(context.Background(), draw(100, 100), draw(100, 100))
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

func TestComparisonWithoutAFaceSaysNullInJSON(t *testing.T) {
	data, err := json.Marshal(compare(t, fakes(), draw(1000, 640), draw(900, 900)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"similarity":null`, `"score":null`, `"outcome":"INCONCLUSIVE"`, `"issues":["FACE_NOT_FOUND"]`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in %s", want, data)
		}
	}
}

func TestEmbeddingHasLengthOne(t *testing.T) {
	e, err := NewEmbedder(fakeEmbedder())
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Embed(context.Background(), draw(112, 112, drawnFace{w: 112, h: 112, who: 100}))
	if err != nil || math.Abs(v.Similarity(v)-1) > 1e-6 {
		t.Errorf("length %v, %v", v.Similarity(v), err)
	}
	if _, ok := e.Align(draw(50, 50), Landmarks{}); ok {
		t.Error("landmarks in one spot were aligned")
	}
}

func TestQuality(t *testing.T) {
	flat := imaging.New(112, 112)
	for i := range flat.Pix {
		flat.Pix[i] = 77
	}
	if q := quality(flat, nil, Face{}, 5); q.Sharpness != 0 || q.Brightness != 77 || q.FaceWidth != 5 {
		t.Errorf("flat: %+v", q)
	}
	board := imaging.New(112, 112) // alternating 0 and 100: every Laplacian is +-400
	for i := range 112 * 112 {
		if (i/112+i%112)%2 == 0 {
			copy(board.Pix[3*i:], []uint8{100, 100, 100})
		}
	}
	if q := quality(board, nil, Face{}, 5); math.Abs(q.Sharpness-160000) > 1 || math.Abs(q.Brightness-50) > 0.1 {
		t.Errorf("chess board: %+v", q)
	}
}
