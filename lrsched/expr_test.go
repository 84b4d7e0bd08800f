package lrsched

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
)

// TestPython compares formulas with what Python computes. The cases are random
// formulas evaluated by CPython 3.11; those that pass through complex numbers,
// which a formula here cannot, are not among them.
func TestPython(t *testing.T) {
	file := "testdata/python.json"
	if f := os.Getenv("THAW_PYTHON_FORMULAS"); f != "" {
		file = f
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Formula string          `json:"formula"`
		E       int             `json:"e"`
		Value   json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	values, refusals := 0, 0
	for _, c := range cases {
		var got float64
		l, err := ParseLambda(c.Formula)
		if err == nil {
			got, err = l.At(c.E)
		}
		var want float64
		if json.Unmarshal(c.Value, &want) != nil {
			refusals++
			if err == nil && !math.IsInf(got, 0) && !math.IsNaN(got) {
				t.Errorf("%s at %d is %v; Python: %s", c.Formula, c.E, got, c.Value)
			}
			continue
		}
		values++
		if err != nil {
			t.Errorf("%s at %d: %v; Python: %v", c.Formula, c.E, err, want)
		} else if math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
			t.Errorf("%s at %d is %v; Python: %v", c.Formula, c.E, got, want)
		}
	}
	if values < 100 || refusals < 10 {
		t.Errorf("only %d values and %d refusals were compared", values, refusals)
	}
}

// TestFormulaErrors: a mistake is shown where it stands.
func TestFormulaErrors(t *testing.T) {
	for _, c := range []struct{ formula, want string }{
		{"", `column 1: want a value, but the formula ends`},
		{"1 +* 2", `column 4: want a value, got "*"`},
		{"0.9 ** epohc", `column 8: unknown name "epohc"; did you mean epoch?`},
		{"coss(e)", `did you mean cos?`},
		{"cos(e, 1)", `column 1: cos takes one value, got 2`},
		{"min(1)", `min takes 2 or more values, got 1`},
		{"(1", `want ")", but the formula ends`},
		{"1 if e", `want "else", but the formula ends`},
		{"2 epoch", `column 3: unexpected "epoch"`},
		{"3e", `column 2: unexpected "e" after a number`},
		{"é", `column 1: unexpected character 'é'`},
		{"lambda: 1", `want the name of lambda's argument`},
		{"lambda n: epoch", `unknown name "epoch"; there are: n, min`},
		{"__import__('os')", `unexpected character '\''`},
		{"e.real", `unknown name "e.real"`},
		{strings.Repeat("(", 300) + "1", `nested more than 200 deep`},
		{strings.Repeat("1+", 4000) + "1", `at most 4096 characters`},
	} {
		_, err := ParseLambda(c.formula)
		var mistake *ExprError
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v; want %s", c.formula, err, c.want)
		}
	}
	for _, c := range []struct{ formula, want string }{
		{"1 / e", "division by zero"},
		{"1 % e", "division by zero"},
		{"e ** -1", "division by zero"},
		{"log(e)", "log: no real value"},
		{"sqrt(e - 1)", "sqrt: no real value"},
		{"(e - 8) ** 0.5", "no real value"},
		{"exp(1000)", "exp: the result is too large"},
		{"10.0 ** 400", "the result is too large"},
	} {
		l, err := ParseLambda(c.formula)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.At(0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s at 0: %v; want %s", c.formula, err, c.want)
		}
	}
}

// FuzzParseLambda: no text makes the parser or the evaluation panic, and what
// parses also parses within parentheses and computes the same.
func FuzzParseLambda(f *testing.F) {
	for _, s := range []string{
		"0.95 ** epoch", "epoch / 10 if epoch < 10 else max(0.0, 0.5 * (1 + cos(pi * (epoch - 10) / 90)))",
		"lambda x: -x ** -2 % 3 // 1e-3", "not 1 < e <= 3 and True or round(e / 3, 1)", "((((", "1 if", "min(,)", "math.sqrt(.5)", "9" + strings.Repeat("9", 400),
	} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, text string, step int) {
		l, err := ParseLambda(text)
		if err != nil {
			return
		}
		v, err := l.At(step)
		if strings.HasPrefix(strings.TrimSpace(text), "lambda") || len(text) > maxFormula-2 {
			return
		}
		within, err2 := ParseLambda("(" + text + ")")
		if err2 != nil {
			var mistake *ExprError
			if errors.As(err2, &mistake) && strings.Contains(mistake.Reason, "nested") {
				return
			}
			t.Fatalf("%q parses, but not within parentheses: %v", text, err2)
		}
		w, err2 := within.At(step)
		if (err == nil) != (err2 == nil) || err == nil && v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
			t.Fatalf("%q is %v, %v; within parentheses %v, %v", text, v, err, w, err2)
		}
	})
}
