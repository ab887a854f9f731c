package face

import (
	"cmp"
	"math"
	"slices"
)

// Pair is one comparison of a benchmark.
type Pair struct {
	Same  bool     // one person
	Score *float64 // higher is more alike; nil when a face was not found
}

// Metrics describe how well scores tell one person from two. The rates are
// over scored pairs (FNMR and FMR of ISO/IEC 19795-1); pairs without a score
// are counted apart. A rate without pairs is NaN.
type Metrics struct {
	Genuine, Impostor                 int // scored pairs
	GenuineUnscored, ImpostorUnscored int
	// AUC is the chance that a genuine pair scores above an impostor pair.
	AUC float64
	// EER is the error rate where FAR and FRR are equal. EERLow to EERHigh is the
	// mean of both rates' 95 % intervals there, as if pairs were independent.
	EER, EERLow, EERHigh float64
	// TAR at a FAR of at most 1 % and 0.1 %.
	TAR1, TAR01                    float64
	LowestGenuine, HighestImpostor float64
}

// Measure computes the metrics of a list of pairs.
func Measure(pairs []Pair) Metrics {
	var m Metrics
	var genuine, impostor []float64
	for _, p := range pairs {
		switch {
		case p.Score == nil && p.Same:
			m.GenuineUnscored++
		case p.Score == nil:
			m.ImpostorUnscored++
		case p.Same:
			genuine = append(genuine, *p.Score)
		default:
			impostor = append(impostor, *p.Score)
		}
	}
	m.Genuine, m.Impostor = len(genuine), len(impostor)
	nan := math.NaN()
	m.AUC, m.EER, m.EERLow, m.EERHigh, m.TAR1, m.TAR01, m.LowestGenuine, m.HighestImpostor = nan, nan, nan, nan, nan, nan, nan, nan
	slices.Sort(genuine)
	slices.Sort(impostor)
	if len(genuine) > 0 {
		m.LowestGenuine = genuine[0]
	}
	if len(impostor) > 0 {
		m.HighestImpostor = impostor[len(impostor)-1]
	}
	if len(genuine) == 0 || len(impostor) == 0 {
		return m
	}
	m.AUC = auc(genuine, impostor)
	m.EER, m.EERLow, m.EERHigh = eer(genuine, impostor)
	m.TAR1, m.TAR01 = tar(genuine, impostor, 0.01), tar(genuine, impostor, 0.001)
	return m
}

// below counts the sorted values under t.
func below(sorted []float64, t float64) int {
	n, _ := slices.BinarySearch(sorted, t)
	return n
}

// auc is the Mann-Whitney statistic; a tie counts half.
func auc(genuine, impostor []float64) float64 {
	var wins float64
	for _, g := range genuine {
		lower := below(impostor, g)
		ties := below(impostor, math.Nextafter(g, math.Inf(1))) - lower
		wins += float64(lower) + float64(ties)/2
	}
	return wins / float64(len(genuine)*len(impostor))
}

// rates are FAR and FRR when scores from t on are accepted.
func rates(genuine, impostor []float64, t float64) (far, frr float64) {
	return 1 - float64(below(impostor, t))/float64(len(impostor)), float64(below(genuine, t)) / float64(len(genuine))
}

// eer is the mean of FAR and FRR at the threshold where they differ least, and
// that of their intervals.
func eer(genuine, impostor []float64) (rate, low, high float64) {
	candidates := slices.Concat(genuine, impostor, []float64{math.Inf(1)})
	best := slices.MinFunc(candidates, func(a, b float64) int {
		fa, ra := rates(genuine, impostor, a)
		fb, rb := rates(genuine, impostor, b)
		return cmp.Or(cmp.Compare(math.Abs(fa-ra), math.Abs(fb-rb)), cmp.Compare(fa+ra, fb+rb))
	})
	accepted, refused := len(impostor)-below(impostor, best), below(genuine, best)
	farLow, farHigh := Wilson(accepted, len(impostor))
	frrLow, frrHigh := Wilson(refused, len(genuine))
	far, frr := rates(genuine, impostor, best)
	return (far + frr) / 2, (farLow + frrLow) / 2, (farHigh + frrHigh) / 2
}

// Wilson is the 95 % interval of the share k of n (Wilson 1927); 0 to 1 of
// nothing.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}

// tar is the share of genuine pairs accepted at the lowest threshold that
// accepts at most maxFAR of the impostor pairs.
func tar(genuine, impostor []float64, maxFAR float64) float64 {
	allowed := int(maxFAR*float64(len(impostor)) + 1e-9)
	// The threshold lies just above the first impostor that must be refused.
	refused := impostor[len(impostor)-1-allowed]
	return 1 - float64(below(genuine, math.Nextafter(refused, math.Inf(1))))/float64(len(genuine))
}
