package ktp

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNIKStructureDecidesBetweenEqualReadings(t *testing.T) {
	female := Value{Field: Gender}
	female.set("PEREMPUAN", 0.99)
	for _, c := range []struct {
		name, text, doubt string
		percent           uint8
		on                printed
		want              string
		rule              Rule
	}{
		{"a month that cannot be", "5104060207695635", "5104062287695635", 52, printed{}, "5104060207695635", RuleDigits},
		{"a month of 16 or 06", "5104060216695635", "5104060206695635", 60, printed{}, "5104060206695635", RuleStructure},
		{"a province that never was", "0104060206695635", "5104060206695635", 60, printed{}, "5104060206695635", RuleStructure},
		{"gender settles the day", "5104060206695635", "5104064206695635", 60, printed{gender: female}, "5104064206695635", RuleStructure},
		{"clearly read, against the gender", "5104060206695635", "5104064206695635", 100, printed{gender: female}, "5104060206695635", RuleDigits},
		{"clearly read, impossible", "5104060216695635", "5104060206695635", 100, printed{}, "5104060216695635", RuleDigits},
	} {
		v := pageOf(partNIK, readAs(t, c.text, c.doubt, c.percent)).nik(c.on)
		if v.Value == nil || *v.Value != c.want || v.Rule != c.rule {
			t.Errorf("%s: %+v, want %s by %s", c.name, v, c.want, c.rule)
			continue
		}
		if v.Rule != RuleDigits && (v.Confidence > maxUncertain || len(v.Alternatives) == 0) {
			t.Errorf("%s: confidence %.2f, alternatives %v", c.name, v.Confidence, v.Alternatives)
		}
	}
}

func TestSerialDigitIsAsDoubtfulAsItIs(t *testing.T) {
	v := pageOf(partNIK, readAs(t, "5104060206695635", "5104060206695685", 80)).nik(printed{})
	if len(v.Characters) != 16 {
		t.Fatalf("%d characters", len(v.Characters))
	}
	for i, c := range v.Characters {
		if want := 1.0; i == 14 && math.Abs(c.Confidence-0.8) > 0.02 || i != 14 && math.Abs(c.Confidence-want) > 0.02 {
			t.Errorf("character %d: %+v", i, c)
		}
	}
	r := Reading{Values: []Value{v}, Quality: Quality{Sharpness: 1, PixelsPerMM: 20}}
	r.calibrate()
	if got := r.Values[0].Confidence; got > 0.81 || got <= 0 {
		t.Errorf("confidence %.3f of a number with a digit of 0.8", got)
	}
}

func TestCalibrationFallsWithTheEvidence(t *testing.T) {
	clear := evidence{least: 0.999, share: 0.999}
	good := Quality{Sharpness: 0.8, PixelsPerMM: 15}
	best := chance(calibration, clear.inputs(good))
	for name, worse := range map[string]evidence{
		"a doubtful character": {least: 0.6, share: 0.999},
		"another reading near": {least: 0.999, share: 0.6},
		"a reflection":         {least: 0.999, share: 0.999, glare: 0.5},
	} {
		if got := chance(calibration, worse.inputs(good)); got >= best {
			t.Errorf("%s: %.3f, without %.3f", name, got, best)
		}
	}
	if got := chance(calibration, clear.inputs(Quality{Sharpness: 0.2, PixelsPerMM: 15})); got >= best {
		t.Errorf("blurred: %.3f, sharp %.3f", got, best)
	}
	if got := chance(calibration, evidence{}.inputs(Quality{})); math.IsNaN(got) || got > 0.1 {
		t.Errorf("no evidence gives %.3f", got)
	}
	for _, code := range []Code{CardGlare, FieldUncertain} {
		v := Value{Codes: []Code{code}}
		if got := v.capped(0.99); got != 0.5 {
			t.Errorf("%s leaves %.2f", code, got)
		}
	}
}

func TestNearestKeepsWhatLooksAlike(t *testing.T) {
	if got := nearest(occupations, "KARYAWAN SWASIA", 4); !slices.Contains(got, "KARYAWAN SWASTA") || len(got) != 4 {
		t.Errorf("nearest %v", got)
	}
	if got := nearest(genders, "", 4); !slices.Equal(got, genders) {
		t.Errorf("a short list became %v", got)
	}
}

func TestReliability(t *testing.T) {
	var r Report
	add := func(n int, f Field, confidence float64, right bool) {
		for range n {
			r.Given = append(r.Given, Given{Field: f, Confidence: confidence, Right: right})
		}
	}
	add(98, Name, 0.97, true)
	add(2, Name, 0.97, false)
	add(5, NIK, 1, true)
	add(1, NIK, 0.3, false)
	bins := r.Reliability(everyField)
	if b := bins[5]; b.From != 0.95 || b.Of != 100 || b.Exact != 98 || math.Abs(b.Mean-0.97) > 1e-9 {
		t.Errorf("bin %+v", b)
	}
	if b := bins[len(bins)-1]; b.Of != 5 || b.To != 1 {
		t.Errorf("last bin %+v", b)
	}
	if s := r.Accepted(0.9, onlyNIK); s != (Score{5, 5}) {
		t.Errorf("NIK %+v", s)
	}
	// Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
	if low, high := (Score{81, 263}).Wilson(); math.Abs(low-0.2553) > 1e-4 || math.Abs(high-0.3662) > 1e-4 {
		t.Errorf("interval %.4f to %.4f", low, high)
	}
	var text strings.Builder
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "fields given with >= 0.95: 105 of 106 read, wrong 2 (1.90 %") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestFitFindsTheWeights(t *testing.T) {
	// Values are right with the chance that two weights say.
	var b Bench
	for i := range 4000 {
		x := [inputs]float64{inputBias: 1, inputShare: float64(i%9) - 4}
		p := 1 / (1 + math.Exp(-(0.5 + 1.2*x[inputShare])))
		b.given = append(b.given, Given{inputs: x, Right: math.Mod(float64(i)*0.6180339887, 1) < p})
	}
	for _, c := range b.Fit() {
		want := map[string]float64{"bias": 0.5, "share": 1.2}[c.Name]
		if math.Abs(c.Fitted-want) > 0.1 {
			t.Errorf("%s: %.3f, want %.1f", c.Name, c.Fitted, want)
		}
	}
}

func TestShiftedRowsAreDoubted(t *testing.T) {
	good := func(f Field, text string) Value {
		v := Value{Field: f, Raw: text}
		v.set(text, 0.99)
		return v
	}
	refused := func(f Field) Value { return Value{Field: f, Raw: "KAWIN", Codes: []Code{FieldUnreadable}} }
	for _, c := range []struct {
		name    string
		values  []Value
		doubted bool // the name
	}{
		{"in place", []Value{good(NIK, "1"), good(Name, "ANA"), good(Religion, "ISLAM"), refused(MaritalStatus)}, false},
		{"a row too far", []Value{good(NIK, "1"), good(Name, "ANA"), refused(Religion), refused(MaritalStatus)}, true},
		{"nothing printed", []Value{good(NIK, "1"), good(Name, "ANA"), {Field: Religion}, {Field: MaritalStatus}}, false},
	} {
		doubtRows(c.values)
		if c.values[0].Confidence != 0.99 {
			t.Errorf("%s: the NIK is doubted", c.name)
		}
		if v := c.values[1]; (v.Confidence <= maxUncertain) != c.doubted || slices.Contains(v.Codes, FieldUncertain) != c.doubted {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}
