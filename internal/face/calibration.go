package face

import (
	"math"

	"anycheck/internal/nn"
)

// Calibration turns a similarity into a score people can read:
//
//	score = 100 / (1 + exp(-Slope*(similarity - Midpoint)))
//
// the logistic function of a log-likelihood ratio that is linear in the
// similarity, so it rises strictly. 50 means that the similarity is as likely
// between two pictures of one person as between two persons.
type Calibration struct {
	Midpoint float64 `json:"midpoint"`
	Slope    float64 `json:"slope"`
	Pool     Pool    `json:"pool"`
}

// Pool is the pairs of pictures that a calibration was fitted to; 0 pairs when
// it was not fitted or the manifest does not say.
type Pool struct {
	Name     string `json:"name"`
	Genuine  int    `json:"genuine"`
	Impostor int    `json:"impostor"`
}

// mobileFaceNet is fitted to the East Asian card pool (262 genuine, 4,564
// impostor pairs; photos against simulated cards of middling quality, mirrored
// embeddings): FAR 2.2/1.1/0.3/0.1/0.02 % and FRR 7.6/13.0/16.8/21.8/29 % at
// 0.28/0.32/0.36/0.40/0.45. Least squares on their normal quantiles give
// impostors N(0.064, 0.109) and genuine pairs N(0.556, 0.200). Midpoint is where
// those densities are equal; Slope makes the ratio exact at the match threshold
// 0.40 as well. TestCalibrationFollowsFromThePool repeats the fit.
var mobileFaceNet = Calibration{Midpoint: 0.263, Slope: 28.1,
	Pool: Pool{Name: "East Asian photos against simulated cards of middling quality", Genuine: 262, Impostor: 4564}}

// calibrationOf takes the thresholds score_midpoint and score_slope where the
// model has been calibrated. Without them the curve is drawn through its
// operating points, to give the scores that mobileFaceNet has at its own.
func calibrationOf(spec nn.Spec) Calibration {
	midpoint, fitted := spec.Thresholds["score_midpoint"]
	slope := spec.Thresholds["score_slope"]
	if fitted && slope > 0 {
		if midpoint == mobileFaceNet.Midpoint && slope == mobileFaceNet.Slope {
			return mobileFaceNet
		}
		return Calibration{Midpoint: midpoint, Slope: slope, Pool: Pool{Name: "that of the model's manifest entry"}}
	}
	const atReview, atMatch = 1.04, 3.85 // log-odds of mobileFaceNet's scores at 0.30 and 0.40
	match, review := spec.Thresholds["match"], spec.Thresholds["review"]
	slope = (atMatch - atReview) / max(match-review, 0.01)
	return Calibration{Midpoint: review - atReview/slope, Slope: slope, Pool: Pool{Name: "none: drawn through the operating points"}}
}

// Score is 0..100.
func (c Calibration) Score(similarity float64) float64 {
	return 100 / (1 + math.Exp(-c.Slope*(similarity-c.Midpoint)))
}
