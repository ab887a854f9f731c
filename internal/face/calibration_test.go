package face

import (
	"math"
	"testing"

	"anycheck/internal/nn"
)

// normal fits N(mean, deviation) to probabilities P(x < t) by least squares on
// the normal quantiles.
func normal(t, below []float64) (mean, deviation float64) {
	var mt, mz, tt, tz float64
	n := float64(len(t))
	z := make([]float64, len(t))
	for i := range t {
		z[i] = math.Sqrt2 * math.Erfinv(2*below[i]-1)
		mt += t[i] / n
		mz += z[i] / n
	}
	for i := range t {
		tt += (t[i] - mt) * (t[i] - mt)
		tz += (t[i] - mt) * (z[i] - mz)
	}
	deviation = tt / tz
	return mt - mz*deviation, deviation
}

func TestCalibrationFollowsFromThePool(t *testing.T) {
	at := []float64{0.28, 0.32, 0.36, 0.40, 0.45}
	im, is := normal(at, []float64{1 - 0.022, 1 - 0.011, 1 - 0.003, 1 - 0.001, 1 - 0.0002})
	gm, gs := normal(at, []float64{0.076, 0.130, 0.168, 0.218, 0.29})
	ratio := func(s float64) float64 {
		return math.Log(is/gs) + (s-im)*(s-im)/(2*is*is) - (s-gm)*(s-gm)/(2*gs*gs)
	}
	lo, hi := im, gm
	for range 60 {
		if mid := (lo + hi) / 2; ratio(mid) < 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	slope := ratio(0.40) / (0.40 - lo)
	if math.Abs(mobileFaceNet.Midpoint-lo) > 0.001 || math.Abs(mobileFaceNet.Slope-slope) > 0.2 {
		t.Errorf("constants %+v, the fit gives %.4f and %.2f from N(%.3f, %.3f) and N(%.3f, %.3f)", mobileFaceNet, lo, slope, im, is, gm, gs)
	}
}

func TestScoreRisesThroughItsAnchors(t *testing.T) {
	previous := -1.0
	for s := -1.0; s <= 1; s += 0.01 {
		score := mobileFaceNet.Score(s)
		if score <= previous || score < 0 || score > 100 {
			t.Fatalf("score %v at %v after %v", score, s, previous)
		}
		previous = score
	}
	for _, tt := range []struct{ similarity, score float64 }{{mobileFaceNet.Midpoint, 50}, {0.30, 73.9}, {0.40, 97.9}, {0.1, 1.0}} {
		if got := mobileFaceNet.Score(tt.similarity); math.Abs(got-tt.score) > 0.1 {
			t.Errorf("score at %v is %.2f, want %.1f", tt.similarity, got, tt.score)
		}
	}
}

func TestCalibrationComesFromTheSpec(t *testing.T) {
	got := calibrationOf(nn.Spec{Thresholds: map[string]float64{"score_midpoint": 0.4, "score_slope": 12}})
	if got.Midpoint != 0.4 || got.Slope != 12 || got.Pool.Name == "" || got.Pool.Genuine != 0 {
		t.Errorf("%+v", got)
	}
	built := nn.Spec{Thresholds: map[string]float64{"score_midpoint": 0.263, "score_slope": 28.1, "match": 0.4, "review": 0.3}}
	if got := calibrationOf(built); got != mobileFaceNet || got.Pool.Genuine != 262 || got.Pool.Impostor != 4564 {
		t.Errorf("%+v, want the fitted one with its pool", got)
	}
	// Not fitted: a score of 74 at review and 98 at match.
	got = calibrationOf(nn.Spec{Thresholds: map[string]float64{"match": 0.8, "review": 0.6}})
	if math.Abs(got.Score(0.6)-73.9) > 0.2 || math.Abs(got.Score(0.8)-97.9) > 0.2 || got.Pool.Genuine != 0 {
		t.Errorf("%+v: %.1f at review, %.1f at match", got, got.Score(0.6), got.Score(0.8))
	}
}

func TestJudge(t *testing.T) {
	blurred := []Issue{IssueBlurred}
	for _, tt := range []struct {
		similarity float64
		issues     []Issue
		level      Level
		outcome    Outcome
	}{
		{0.40, nil, High, Match}, {0.3999, nil, Medium, Review}, {0.30, nil, Medium, Review}, {0.2999, nil, Low, NoMatch}, {-0.5, nil, Low, NoMatch},
		{0.40, blurred, High, Match}, {0.35, blurred, Medium, Review}, {0.29, blurred, Low, Inconclusive},
	} {
		c := Comparison{Similarity: &tt.similarity, Selfie: Side{Issues: tt.issues}, Thresholds: Thresholds{Match: 0.4, Review: 0.3, Calibration: mobileFaceNet}}
		c.judge()
		if c.Level != tt.level || c.Outcome != tt.outcome {
			t.Errorf("%v %v: %s %s, want %s %s", tt.similarity, tt.issues, c.Level, c.Outcome, tt.level, tt.outcome)
		}
	}
}
