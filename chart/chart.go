// Package chart draws lines: as text for a terminal, and as SVG. It is pure: no
// files, no clock.
package chart

import (
	"math"
	"strconv"
)

// Chart is lines over a common axis. A NaN is a gap.
type Chart struct {
	Title, XLabel, YLabel string
	// LogX and LogY leave out what is not positive.
	LogX, LogY bool
	Series     []Series
}

// Series is one line. Step keeps each value until the next X.
type Series struct {
	Name string
	X, Y []float64
	Step bool
}

// axis maps values to [0,1].
type axis struct {
	lo, hi float64 // of the logarithms, where log
	log    bool
}

func (c Chart) axes() (x, y axis) {
	x, y = axis{math.Inf(1), math.Inf(-1), c.LogX}, axis{math.Inf(1), math.Inf(-1), c.LogY}
	for _, s := range c.Series {
		for i := range min(len(s.X), len(s.Y)) {
			if x.has(s.X[i]) && y.has(s.Y[i]) {
				x.widen(s.X[i])
				y.widen(s.Y[i])
			}
		}
	}
	return x.settle(), y.settle()
}

// has tells a value that can be drawn.
func (a axis) has(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && (!a.log || v > 0) }

func (a *axis) widen(v float64) {
	if a.log {
		v = math.Log10(v)
	}
	a.lo, a.hi = min(a.lo, v), max(a.hi, v)
}

// settle gives an empty or single-valued axis a width.
func (a axis) settle() axis {
	switch {
	case a.lo > a.hi:
		a.lo, a.hi = 0, 1
	case a.lo == a.hi && a.lo == 0:
		a.hi = 1
	case a.lo == a.hi:
		pad := math.Abs(a.lo) * .1
		a.lo, a.hi = a.lo-pad, a.hi+pad
	}
	return a
}

// at is the place of a value, 0 at the low end.
func (a axis) at(v float64) float64 {
	if a.log {
		v = math.Log10(v)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// value is what lies at a place.
func (a axis) value(at float64) float64 {
	v := a.lo + at*(a.hi-a.lo)
	if a.log {
		return math.Pow(10, v)
	}
	return v
}

// ticks are about n round values on the axis.
func (a axis) ticks(n int) []float64 {
	if a.log && a.hi-a.lo >= 1 {
		var out []float64
		every := math.Ceil((a.hi - a.lo) / float64(n))
		for e := math.Ceil(a.lo - 1e-9); e <= a.hi+1e-9; e += every {
			out = append(out, math.Pow(10, e))
		}
		return out
	}
	lo, hi := a.value(0), a.value(1)
	raw := (hi - lo) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := unit
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * unit; step >= raw {
			break
		}
	}
	var out []float64
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		out = append(out, i*step)
	}
	return out
}

// label writes a number for an axis.
func label(v float64) string {
	s := strconv.FormatFloat(v, 'g', 4, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

// segments calls draw for each stretch of a line between drawable points, both
// in [0,1]²; single points have both ends alike.
func (s Series) segments(x, y axis, draw func(x0, y0, x1, y1 float64)) {
	before := -1
	for i := range min(len(s.X), len(s.Y)) {
		if !x.has(s.X[i]) || !y.has(s.Y[i]) {
			before = -1
			continue
		}
		px, py := x.at(s.X[i]), y.at(s.Y[i])
		switch {
		case before < 0:
			draw(px, py, px, py)
		case s.Step:
			qx, qy := x.at(s.X[before]), y.at(s.Y[before])
			draw(qx, qy, px, qy)
			draw(px, qy, px, py)
		default:
			draw(x.at(s.X[before]), y.at(s.Y[before]), px, py)
		}
		before = i
	}
}
