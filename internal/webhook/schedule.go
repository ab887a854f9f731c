package webhook

import "time"

// schedule is the wait before each attempt, as the specification proposes: ten
// attempts over three days.
var schedule = [...]time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute,
	2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// Next is the wait after a number of failed attempts, and false when that was
// the last. random is in [0, 1) and moves the wait by up to a tenth, so that
// what failed together does not come back together.
func Next(attempts int, random float64) (wait time.Duration, more bool) {
	if attempts >= len(schedule) {
		return 0, false
	}
	d := schedule[max(attempts, 0)]
	return d + time.Duration(float64(d)*(random-0.5)/5), true
}
