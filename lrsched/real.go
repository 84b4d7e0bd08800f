package lrsched

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Real is a float64 whose JSON form may be one of the strings "nan", "inf" and
// "-inf". Finite values keep every bit.
type Real float64

// MarshalJSON implements json.Marshaler.
func (r Real) MarshalJSON() ([]byte, error) {
	switch f := float64(r); {
	case math.IsNaN(f):
		return []byte(`"nan"`), nil
	case math.IsInf(f, 1):
		return []byte(`"inf"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-inf"`), nil
	default:
		return json.Marshal(f)
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Real) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	if err != nil {
		return fmt.Errorf("want a number, got %s", text)
	}
	*r = Real(f)
	return nil
}

// Reals are floats in JSON form as Real.
type Reals []float64

// MarshalJSON implements json.Marshaler.
func (r Reals) MarshalJSON() ([]byte, error) {
	list := make([]Real, len(r))
	for i, f := range r {
		list[i] = Real(f)
	}
	return json.Marshal(list)
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Reals) UnmarshalJSON(text []byte) error {
	var list []Real
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*r = make(Reals, len(list))
	for i, f := range list {
		(*r)[i] = float64(f)
	}
	return nil
}
