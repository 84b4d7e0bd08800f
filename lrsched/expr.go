package lrsched

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Expr is a formula of the expression language: Python's arithmetic on floats.
//
//   - - * / // % **   < <= > >= == !=   and or not   x if c else y   ( )
//     min max abs round floor ceil int float pow sqrt exp log log2 log10
//     cos sin tan tanh   pi   True False   1_000 .5 1e-6
//
// Precedence, chained comparisons, floor division, the sign of % and rounding
// half to even are Python's; functions may be written with "math." in front,
// and a formula may begin with "lambda epoch:". Division by zero and results
// without a real value are errors, as there.
type Expr struct {
	text string
	root node
}

// String is the formula as it was written.
func (x *Expr) String() string { return x.text }

// Eval computes the formula with the variables' values, in the order in which
// ParseExpr was given them.
func (x *Expr) Eval(vars ...float64) (float64, error) {
	v, err := x.root.eval(vars)
	if err != nil {
		return 0, fmt.Errorf("%q: %w", x.text, err)
	}
	return v, nil
}

// node is a part of a parsed formula.
type node interface {
	eval(vars []float64) (float64, error)
}

type (
	constant float64
	variable int
	unary    struct {
		op string
		x  node
	}
	binary struct {
		op   string
		x, y node
	}
	// comparison is a chain: first op[0] rest[0] op[1] rest[1] ….
	comparison struct {
		first node
		ops   []string
		rest  []node
	}
	conditional struct{ then, cond, otherwise node }
	call        struct {
		f    function
		args []node
	}
)

func (c constant) eval([]float64) (float64, error) { return float64(c), nil }

func (v variable) eval(vars []float64) (float64, error) {
	if int(v) >= len(vars) {
		return 0, fmt.Errorf("variable %d of %d has no value", v, len(vars))
	}
	return vars[v], nil
}

func (u unary) eval(vars []float64) (float64, error) {
	x, err := u.x.eval(vars)
	if err != nil {
		return 0, err
	}
	switch u.op {
	case "-":
		return -x, nil
	case "not":
		return truth(x == 0), nil
	}
	return x, nil
}

func (b binary) eval(vars []float64) (float64, error) {
	x, err := b.x.eval(vars)
	if err != nil {
		return 0, err
	}
	switch {
	case b.op == "and" && x == 0, b.op == "or" && x != 0:
		return x, nil
	}
	y, err := b.y.eval(vars)
	if err != nil {
		return 0, err
	}
	switch b.op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "**":
		return power(x, y)
	case "and", "or":
		return y, nil
	}
	if y == 0 {
		return 0, errZero
	}
	switch b.op {
	case "/":
		return x / y, nil
	case "//":
		return (x - modulo(x, y)) / y, nil
	}
	return modulo(x, y), nil
}

func (c comparison) eval(vars []float64) (float64, error) {
	x, err := c.first.eval(vars)
	if err != nil {
		return 0, err
	}
	for i, op := range c.ops {
		y, err := c.rest[i].eval(vars)
		if err != nil {
			return 0, err
		}
		if !compare(op, x, y) {
			return 0, nil
		}
		x = y
	}
	return 1, nil
}

func compare(op string, x, y float64) bool {
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	case ">=":
		return x >= y
	case "==":
		return x == y
	}
	return x != y
}

func (c conditional) eval(vars []float64) (float64, error) {
	cond, err := c.cond.eval(vars)
	if err != nil {
		return 0, err
	}
	if cond != 0 {
		return c.then.eval(vars)
	}
	return c.otherwise.eval(vars)
}

func (c call) eval(vars []float64) (float64, error) {
	args := make([]float64, len(c.args))
	for i, a := range c.args {
		var err error
		if args[i], err = a.eval(vars); err != nil {
			return 0, err
		}
	}
	v, err := c.f.apply(args)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", c.f.name, err)
	}
	return v, nil
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// errDomain is Python's ValueError "math domain error".
var errDomain = errors.New("no real value")

// errRange is Python's OverflowError.
var errRange = errors.New("the result is too large")

// power is Python's ** where it is real and finite.
func power(x, y float64) (float64, error) {
	switch {
	case x == 0 && y < 0:
		return 0, errZero
	case x < 0 && y != math.Trunc(y):
		return 0, errDomain
	}
	return finite(math.Pow(x, y), x, y)
}

// finite refuses an infinite result of finite operands.
func finite(v float64, of ...float64) (float64, error) {
	if math.IsInf(v, 0) && !slices.ContainsFunc(of, func(x float64) bool { return math.IsInf(x, 0) }) {
		return 0, errRange
	}
	return v, nil
}

// modulo is Python's %: the result has the sign of y. y is not 0.
func modulo(x, y float64) float64 {
	m := math.Mod(x, y)
	if m != 0 && (m < 0) != (y < 0) {
		m += y
	}
	return m
}

// function is a function of the language with its least and greatest number of
// arguments; most -1 is any.
type function struct {
	name        string
	least, most int
	apply       func(a []float64) (float64, error)
}

func one(name string, f func(x float64) float64) function {
	return function{name, 1, 1, func(a []float64) (float64, error) {
		v := f(a[0])
		if math.IsNaN(v) && !math.IsNaN(a[0]) {
			return 0, errDomain
		}
		return finite(v, a[0])
	}}
}

func positive(name string, f func(x float64) float64) function {
	return function{name, 1, 1, func(a []float64) (float64, error) {
		if a[0] <= 0 {
			return 0, errDomain
		}
		return f(a[0]), nil
	}}
}

// functions are the language's functions by name.
func functions() []function {
	return []function{
		{"min", 2, -1, func(a []float64) (float64, error) { return slices.Min(a), nil }},
		{"max", 2, -1, func(a []float64) (float64, error) { return slices.Max(a), nil }},
		{"pow", 2, 2, func(a []float64) (float64, error) { return power(a[0], a[1]) }},
		{"round", 1, 2, round},
		{"log", 1, 2, logarithm},
		positive("log2", math.Log2), positive("log10", math.Log10),
		one("abs", math.Abs), one("fabs", math.Abs), one("floor", math.Floor), one("ceil", math.Ceil),
		one("int", math.Trunc), one("float", func(x float64) float64 { return x }),
		one("sqrt", math.Sqrt), one("exp", math.Exp),
		one("cos", math.Cos), one("sin", math.Sin), one("tan", math.Tan), one("tanh", math.Tanh),
	}
}

func logarithm(a []float64) (float64, error) {
	for _, x := range a {
		if x <= 0 {
			return 0, errDomain
		}
	}
	if len(a) == 1 {
		return math.Log(a[0]), nil
	}
	if a[1] == 1 {
		return 0, errZero
	}
	return math.Log(a[0]) / math.Log(a[1]), nil
}

// round is Python's round: half to even, on the exact binary value.
func round(a []float64) (float64, error) {
	if len(a) == 1 {
		return math.RoundToEven(a[0]), nil
	}
	digits := int(max(-400, min(400, a[1])))
	if float64(digits) != a[1] {
		return 0, errors.New("want a whole number of digits")
	}
	if digits < 0 {
		unit := math.Pow(10, float64(-digits))
		return math.RoundToEven(a[0]/unit) * unit, nil
	}
	return strconv.ParseFloat(strconv.FormatFloat(a[0], 'f', digits, 64), 64)
}
