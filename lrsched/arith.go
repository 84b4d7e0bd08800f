package lrsched

import "math"

// pow is Python's ** on floats.
func pow(x, y float64) float64 { return math.Pow(x, y) }

// floorDiv is Python's // on integers: it rounds down.
func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
