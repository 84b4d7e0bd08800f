package enginetest

import "math"

// tape is the oracle's arithmetic: numbers one by one in float64, every
// operation recorded, so that a formula written once gives its values, its
// exact gradients, and for both the blur: what a rounding error of one unit in
// each operation adds up to, in units (running error analysis, Wilkinson). It
// shares nothing with any engine.
type tape struct {
	v, m  []float64 // value and blur of each number
	first []int     // where its edges begin
	edges []edge
	plain bool // values only: edges are not kept
}

// edge is the derivative of a number with respect to an earlier one, with its
// own blur.
type edge struct {
	to      num
	d, blur float64
}

// num is a number on the tape.
type num int32

// leaf is a number that is known exactly.
func (t *tape) leaf(v float64) num { return t.push(v, 0) }

func (t *tape) leaves(v []float64) []num {
	n := make([]num, len(v))
	for i, x := range v {
		n[i] = t.leaf(x)
	}
	return n
}

func (t *tape) push(v, m float64, edges ...edge) num {
	t.v, t.m, t.first = append(t.v, v), append(t.m, m), append(t.first, len(t.edges))
	if !t.plain {
		t.edges = append(t.edges, edges...)
	}
	return num(len(t.v) - 1)
}

// op is a number with the given derivatives.
func (t *tape) op(v float64, edges ...edge) num {
	m := math.Abs(v)
	for _, e := range edges {
		m += math.Abs(e.d) * t.m[e.to]
	}
	return t.push(v, m, edges...)
}

func (t *tape) fn(x num, v, d float64) num { return t.op(v, edge{to: x, d: d}) }

func (t *tape) add(a, b num) num { return t.op(t.v[a]+t.v[b], edge{to: a, d: 1}, edge{to: b, d: 1}) }

func (t *tape) sub(a, b num) num { return t.op(t.v[a]-t.v[b], edge{to: a, d: 1}, edge{to: b, d: -1}) }

func (t *tape) mul(a, b num) num {
	x, y := t.v[a], t.v[b]
	return t.op(x*y, edge{a, y, t.m[b]}, edge{b, x, t.m[a]})
}

func (t *tape) div(a, b num) num {
	x, y := t.v[a], t.v[b]
	blur := t.m[b] / math.Abs(y) // relative
	return t.op(x/y, edge{a, 1 / y, blur / math.Abs(y)}, edge{b, -x / y / y, (t.m[a] + 2*blur*math.Abs(x)) / y / y})
}

// affine is a·x + b.
func (t *tape) affine(x num, a, b float64) num {
	n := t.fn(x, a*t.v[x]+b, a)
	t.m[n] += math.Abs(b)
	return n
}

func (t *tape) exp(x num) num {
	e := math.Exp(t.v[x])
	return t.op(e, edge{x, e, e * t.m[x]})
}

func (t *tape) log(x num) num {
	v := t.v[x]
	return t.op(math.Log(v), edge{x, 1 / v, t.m[x] / v / v})
}

func (t *tape) sqrt(x num) num {
	v := t.v[x]
	s := math.Sqrt(v)
	return t.op(s, edge{x, 0.5 / s, 0.25 * t.m[x] / v / s})
}

func (t *tape) square(x num) num { return t.mul(x, x) }

func (t *tape) tanh(x num) num {
	y := math.Tanh(t.v[x])
	d := 1 - y*y
	return t.op(y, edge{x, d, 2 * math.Abs(y) * (math.Abs(y) + d*t.m[x])})
}

// pick is one of the numbers, as a maximum or a branch chooses it.
func (t *tape) pick(x num) num { return t.fn(x, t.v[x], 1) }

// total is a sum in the making. It is compensated (Neumaier), so that a long
// sum in float64 can be checked too.
type total struct {
	t          *tape
	v, rest, m float64
	from       int
}

// total begins a sum; nothing else may be recorded until its end.
func (t *tape) total() total { return total{t: t, from: len(t.edges)} }

func (s *total) term(x, m float64) {
	v := float64(s.v + x)
	if math.Abs(s.v) >= math.Abs(x) {
		s.rest += s.v - v + x
	} else {
		s.rest += x - v + s.v
	}
	s.v = v
	s.m += m
}

func (s *total) add(x num, by float64) {
	v := by * s.t.v[x]
	s.term(v, math.Abs(v)+math.Abs(by)*s.t.m[x])
	if !s.t.plain {
		s.t.edges = append(s.t.edges, edge{to: x, d: by})
	}
}

func (s *total) addProduct(a, b num) {
	t := s.t
	x, y := t.v[a], t.v[b]
	p := float64(x * y) // rounded: the rest is taken by the fused product
	s.term(p, 2*math.Abs(p)+math.Abs(x)*t.m[b]+math.Abs(y)*t.m[a])
	s.rest += math.FMA(x, y, -p)
	if !t.plain {
		t.edges = append(t.edges, edge{a, y, t.m[b]}, edge{b, x, t.m[a]})
	}
}

// end is the sum times by.
func (s *total) end(by float64) num {
	t := s.t
	for i := s.from; i < len(t.edges); i++ {
		t.edges[i].d *= by
		t.edges[i].blur *= math.Abs(by)
	}
	v := s.v
	if !math.IsInf(v, 0) {
		v += s.rest
	}
	t.v, t.m, t.first = append(t.v, by*v), append(t.m, math.Abs(by)*(math.Abs(v)+s.m)), append(t.first, s.from)
	return num(len(t.v) - 1)
}

func (t *tape) sum(x []num) num {
	s := t.total()
	for _, n := range x {
		s.add(n, 1)
	}
	return s.end(1)
}

// backward gives the gradient of Σ seed·out with respect to every number, and
// its blur.
func (t *tape) backward(out []num, seed []float64) (g, m []float64) {
	g, m = make([]float64, len(t.v)), make([]float64, len(t.v))
	for i, n := range out {
		g[n] += seed[i]
		m[n] += math.Abs(seed[i])
	}
	end := len(t.edges)
	for n := len(t.v) - 1; n >= 0; n-- {
		for _, e := range t.edges[t.first[n]:end] {
			if g[n] == 0 && m[n] == 0 {
				continue // what is not reached may hold infinities
			}
			d := math.Abs(e.d)
			g[e.to] += g[n] * e.d
			m[e.to] += m[n]*d + math.Abs(g[n])*(d+e.blur)
		}
		end = t.first[n]
	}
	return g, m
}

func pluck(v []float64, at []num) []float64 {
	out := make([]float64, len(at))
	for i, n := range at {
		out[i] = v[n]
	}
	return out
}
