package optim

import "math"

// linePoint is a point t along the direction, with loss, gradient and slope
// there.
type linePoint[T Float] struct {
	t, f  float64
	g     []T
	slope float64
}

// Constants of the strong Wolfe conditions, the most evaluations and the least
// width of a bracket; torch's, which no option changes.
const (
	wolfeDecrease  = 1e-4
	wolfeCurvature = 0.9
	wolfeLimit     = 25
	wolfeWidth     = 1e-9
)

// strongWolfe looks along d for a point with a sufficient decrease and a slope
// that is small enough: first for a bracket of such a point, then inside it
// (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, as in
// torch). from holds the first t to try. It returns the point and how often the
// loss was evaluated; the weights are as before.
func (r *lbfgsRun[T]) strongWolfe(from linePoint[T]) (linePoint[T], int, error) {
	s := lineSearch[T]{run: r, start: from, origin: r.weights()}
	s.start.t = 0
	bracket, found, err := s.bracket(from.t)
	if err != nil {
		return from, s.evals, err
	}
	if !found && s.rounds < wolfeLimit {
		err = s.zoom(&bracket)
	}
	low, _ := bracket.order()
	return bracket[low], s.evals, err
}

type lineSearch[T Float] struct {
	run           *lbfgsRun[T]
	start         linePoint[T]
	origin        []T
	evals, rounds int
}

// bracketOf is two points with one that fulfils the conditions between them.
type bracketOf[T Float] [2]linePoint[T]

// order tells which point has the lower loss.
func (b *bracketOf[T]) order() (low, high int) {
	if b[0].f <= b[1].f {
		return 0, 1
	}
	return 1, 0
}

// at evaluates the point t.
func (s *lineSearch[T]) at(t float64) (linePoint[T], error) {
	s.run.move(t, s.run.d)
	f, g, err := s.run.at()
	s.run.put(s.origin)
	s.evals++
	return linePoint[T]{t: t, f: f, g: append([]T{}, g...), slope: dot(g, s.run.d)}, err
}

// tooHigh tells a point without sufficient decrease.
func (s *lineSearch[T]) tooHigh(p linePoint[T]) bool {
	return p.f > s.start.f+wolfeDecrease*p.t*s.start.slope
}

func (s *lineSearch[T]) flat(p linePoint[T]) bool {
	return abs(p.slope) <= -wolfeCurvature*s.start.slope
}

// bracket widens the step until a point is found, or two around one.
func (s *lineSearch[T]) bracket(t float64) (b bracketOf[T], found bool, err error) {
	previous := s.start
	p, err := s.at(t)
	for ; err == nil && s.rounds < wolfeLimit; s.rounds++ {
		switch {
		case s.tooHigh(p) || s.rounds > 1 && p.f >= previous.f:
			return bracketOf[T]{previous, p}, false, nil
		case s.flat(p):
			return bracketOf[T]{p, p}, true, nil
		case p.slope >= 0:
			return bracketOf[T]{previous, p}, false, nil
		}
		next := cubicMinimum(previous, p, p.t+0.01*(p.t-previous.t), p.t*10)
		previous = p
		p, err = s.at(next)
	}
	return bracketOf[T]{s.start, p}, false, err
}

// zoom narrows the bracket to a point that fulfils the conditions, or until it
// is too small.
func (s *lineSearch[T]) zoom(b *bracketOf[T]) error {
	reach := largest(s.run.d)
	stuck := false
	low, high := b.order()
	for ; s.rounds < wolfeLimit; s.rounds++ {
		if abs(b[1].t-b[0].t)*reach < wolfeWidth {
			return nil
		}
		p, err := s.at(b.next(&stuck))
		if err != nil {
			return err
		}
		if s.tooHigh(p) || p.f >= b[low].f {
			b[high] = p
			low, high = b.order()
			continue
		}
		done := s.flat(p)
		if !done && p.slope*(b[high].t-b[low].t) >= 0 {
			b[high] = b[low]
		}
		b[low] = p
		if done {
			return nil
		}
	}
	return nil
}

// next is the point to try: the minimum of the cubic, kept off the ends if it
// fell close to one twice or lies on one.
func (b *bracketOf[T]) next(stuck *bool) float64 {
	lo, hi := min(b[0].t, b[1].t), max(b[0].t, b[1].t)
	t := cubicMinimum(b[0], b[1], lo, hi)
	margin := 0.1 * (hi - lo)
	if min(hi-t, t-lo) >= margin {
		*stuck = false
		return t
	}
	if !*stuck && t < hi && t > lo {
		*stuck = true
		return t
	}
	*stuck = false
	if abs(t-hi) < abs(t-lo) {
		return hi - margin
	}
	return lo + margin
}

// cubicMinimum is the minimum, in [lo, hi], of the cubic with the losses and
// slopes of two points; the middle if it has none.
func cubicMinimum[T Float](a, b linePoint[T], lo, hi float64) float64 {
	d1 := a.slope + b.slope - 3*(a.f-b.f)/(a.t-b.t)
	square := d1*d1 - a.slope*b.slope
	if !(square >= 0) {
		return (lo + hi) / 2
	}
	d2 := math.Sqrt(square)
	if a.t > b.t {
		a, b = b, a
	}
	t := b.t - (b.t-a.t)*((b.slope+d2-d1)/(b.slope-a.slope+2*d2))
	return min(max(t, lo), hi)
}
