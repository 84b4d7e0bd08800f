package conformance

import (
	"encoding/json"
	"math"
	"testing"
)

// TestHarness checks what every runner relies on: that a wrong value, a wrong
// length and an unknown key are noticed.
func TestHarness(t *testing.T) {
	tol := tolerance{Rel: 1e-12, Abs: 1e-15}
	for _, c := range []struct {
		got, want float64
		near      bool
	}{
		{1, 1, true},
		{1, 1 + 1e-13, true},
		{1, 1 + 1e-9, false},
		{0, 1e-16, true},
		{0, 1e-9, false},
		{math.NaN(), math.NaN(), true},
		{1, math.NaN(), false},
		{math.NaN(), 1, false},
		{math.Inf(1), math.Inf(1), true},
		{math.Inf(1), math.Inf(-1), false},
		{1, math.Inf(1), false},
		{math.Inf(1), 1, false},
	} {
		if tol.near(c.got, c.want) != c.near {
			t.Errorf("near(%v, %v) = %v", c.got, c.want, !c.near)
		}
	}
	var n numbers
	if err := json.Unmarshal([]byte(`[1, ["nan", [2.5]], "-inf"]`), &n); err != nil || len(n) != 4 || n[2] != 2.5 || !math.IsInf(n[3], -1) {
		t.Errorf("nested numbers: %v, %v", n, err)
	}
	var a arguments
	if err := json.Unmarshal([]byte(`{"i": 10, "f": 10.0, "l": [1, 1e-3]}`), &a); err != nil {
		t.Fatal(err)
	}
	if a["i"] != any(10) || a["f"] != any(10.0) || a["l"].([]any)[0] != any(1) {
		t.Errorf("arguments: %#v", a)
	}
	if s, err := members([]byte(`{"b": 1, "a": [2]}`)); err != nil || len(s) != 2 || s[0].name != "b" || string(s[1].raw) != "[2]" {
		t.Errorf("members: %v, %v", s, err)
	}
	if label(3, json.RawMessage(`{"scheduler": "StepLR"}`)) != "003_StepLR" || label(0, json.RawMessage(`{"id": "x"}`)) != "x" {
		t.Error("labels")
	}
}
