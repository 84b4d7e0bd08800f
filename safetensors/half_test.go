package safetensors

import (
	"math"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

// Widening checked against the definition: (−1)ˢ·2ᵉ⁻ᵇⁱᵃˢ·(1+f/2ⁿ).
func define(bits uint16, expBits, fracBits int) float64 {
	exp := int(bits>>fracBits) & (1<<expBits - 1)
	frac := float64(bits&(1<<fracBits-1)) / float64(int(1)<<fracBits)
	bias := 1<<(expBits-1) - 1
	v := math.Ldexp(1+frac, exp-bias)
	switch {
	case exp == 0:
		v = math.Ldexp(frac, 1-bias)
	case exp == 1<<expBits-1 && frac == 0:
		v = math.Inf(1)
	case exp == 1<<expBits-1:
		v = math.NaN()
	}
	if bits>>15 == 1 {
		v = -v
	}
	return v
}

var formats = []struct {
	name      string
	exp, frac int
	from      func(uint16) float32
	to        func(float32) uint16
}{
	{"f16", 5, 10, fromF16, toF16},
	{"bf16", 8, 7, fromBF16, toBF16},
}

func TestEveryHalf(t *testing.T) {
	for _, f := range formats {
		for b := range 1 << 16 {
			want, got := define(uint16(b), f.exp, f.frac), float64(f.from(uint16(b)))
			if want != want {
				if got == got || f.from(f.to(float32(got))) == f.from(f.to(float32(got))) {
					t.Fatalf("%s %#04x is not a number; got %v", f.name, b, got)
				}
				continue
			}
			if math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("%s %#04x = %v, want %v", f.name, b, got, want)
			}
			if back := f.to(f.from(uint16(b))); back != uint16(b) {
				t.Fatalf("%s %#04x came back as %#04x", f.name, b, back)
			}
		}
	}
}

// nearest finds the nearest of all values of the format, ties to even, by
// search: the sorted positive values are those of bits 0, 1, 2, ….
func nearest(v float64, exp, frac int) uint16 {
	inf := (1<<exp - 1) << frac
	a := math.Abs(v)
	hi := sort.Search(inf, func(b int) bool { return define(uint16(b), exp, frac) >= a })
	best := hi
	if hi > 0 {
		up := define(uint16(hi), exp, frac)
		if hi == inf { // infinity rounds as the next power of two would
			up = math.Ldexp(1, 1<<(exp-1))
		}
		down := define(uint16(hi-1), exp, frac)
		// (a−down) against (up−a), both exact here.
		if d := (a - down) - (up - a); d < 0 || d == 0 && hi%2 == 1 {
			best = hi - 1
		}
	}
	if math.Signbit(v) {
		best |= 0x8000
	}
	return uint16(best)
}

func TestRoundingIsToNearest(t *testing.T) {
	for _, f := range formats {
		rapid.Check(t, func(t *rapid.T) {
			// Near a value of the format or halfway between two, moved by
			// single bits of a float64.
			b := uint16(rapid.IntRange(0, (1<<f.exp-1)<<f.frac-2).Draw(t, "b"))
			v := define(b, f.exp, f.frac)
			next := define(b+1, f.exp, f.frac)
			v += (next - v) * float64(rapid.IntRange(0, 4).Draw(t, "quarters")) / 4
			v = math.Float64frombits(math.Float64bits(v) + uint64(rapid.IntRange(0, 2).Draw(t, "ulps")))
			if rapid.Bool().Draw(t, "negative") {
				v = -v
			}
			if got, want := f.to(narrow(v)), nearest(v, f.exp, f.frac); got != want {
				t.Fatalf("%s of float64 %x is %#04x, want %#04x", f.name, v, got, want)
			}
			v32 := float32(v)
			if got, want := f.to(v32), nearest(float64(v32), f.exp, f.frac); got != want {
				t.Fatalf("%s of float32 %x is %#04x, want %#04x", f.name, v32, got, want)
			}
		})
		for _, v := range []float32{math.MaxFloat32, 65520, 65519.996, -70000, 1e-30, math.SmallestNonzeroFloat32, float32(math.Inf(-1))} {
			if got, want := f.to(v), nearest(float64(v), f.exp, f.frac); got != want {
				t.Errorf("%s of %v is %#04x, want %#04x", f.name, v, got, want)
			}
		}
	}
}
