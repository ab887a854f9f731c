package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// whole is a whole number of a request, however it is written: 1000, 1e3 and
// 1000.0 are the same.
type whole int64

// UnmarshalJSON reads the number.
func (w *whole) UnmarshalJSON(data []byte) error {
	n, ok := wholeNumber(string(data))
	if !ok {
		return fmt.Errorf("%.32q is no whole number of 64 bits", data)
	}
	*w = whole(n)
	return nil
}

// wholeNumber gives the value of a JSON number that is a whole number of 64
// bits. An exponent that no such number needs is not worked out: that could
// take for ever.
func wholeNumber(text string) (int64, bool) {
	_, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if e, _ := strconv.Atoi(exponent); len(text) > 64 || e < -64 || e > 64 {
		return 0, false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// unmarshal is json.Unmarshal for huma, which reads a body twice: as any value,
// to hold it against the schema, and into the handler's type. In the first,
// what whole would refuse becomes no number at all, so that it is refused as
// what it is, with its field.
func unmarshal(data []byte, v any) error {
	value, ok := v.(*any)
	if !ok {
		return json.Unmarshal(data, v)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(value); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value")
	}
	*value = numbered(*value)
	return nil
}

// numbered makes numbers of the texts that numbers were read as.
func numbered(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, v := range value {
			value[name] = numbered(v)
		}
	case []any:
		for i, v := range value {
			value[i] = numbered(v)
		}
	case json.Number:
		if n, ok := wholeNumber(value.String()); ok {
			return float64(n)
		}
		if f, err := value.Float64(); err == nil && f != math.Trunc(f) {
			return f
		}
		return math.NaN()
	}
	return value
}
