package rng

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Known answers of philox4x32-10 from Random123's kat_vectors (v1.14).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		key, hi, lo uint64
		want        [4]uint32
	}{
		{0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{math.MaxUint64, math.MaxUint64, math.MaxUint64, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox(c.key, c.hi, c.lo); got != c.want {
			t.Errorf("Philox(%x, %x, %x) = %x, want %x", c.key, c.hi, c.lo, got, c.want)
		}
	}
}

// The reference values of FNV-1a come from its authors' test vectors.
func TestName(t *testing.T) {
	for s, want := range map[string]uint64{"": 0xcbf29ce484222325, "a": 0xaf63dc4c8601ec8c, "foobar": 0x85944171f73967e8} {
		if got := Name(s); got != want {
			t.Errorf("Name(%q) = %x, want %x", s, got, want)
		}
	}
}

func TestStreamIsItsPositions(t *testing.T) {
	s := New(7, Name("weights"))
	key := Key(7, Name("weights"))
	for i := range uint64(11) {
		if got, want := s.Uint32(), At(key, 0, i); got != want {
			t.Fatalf("word %d: the stream says %x, At %x", i, got, want)
		}
	}
}

func TestKeysDiffer(t *testing.T) {
	keys := []uint64{Key(), Key(0), Key(0, 0), Key(1), Key(0, 1), Key(1, 0), Key(Name("a")), Key(Name("b"))}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != 8 {
		t.Error("two different lists of parts gave one key")
	}
}

func TestBelowIsUnbiasedAtTheEdges(t *testing.T) {
	// With n = 3, 2⁶⁴ = 3·k + 1: exactly one word of 2⁶⁴ must be refused.
	if _, ok := below(0, 3); ok {
		t.Error("below(0, 3) should ask for another word")
	}
	if v, ok := below(1, 3); !ok || v != 0 {
		t.Errorf("below(1, 3) = %d, %v", v, ok)
	}
	if v, ok := below(math.MaxUint64, 3); !ok || v != 2 {
		t.Errorf("below(max, 3) = %d, %v", v, ok)
	}
	for _, n := range []uint64{1, 2, 1 << 40} {
		if _, ok := below(0, n); !ok {
			t.Errorf("below(0, %d) was refused: a power of two has no bias", n)
		}
	}
}

func TestPermIsAPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "n")
		s := New(rapid.Uint64().Draw(t, "seed"))
		p := s.Perm(n)
		slices.Sort(p)
		for i, v := range p {
			if i != v {
				t.Fatalf("%v", p)
			}
		}
	})
}

func TestLog(t *testing.T) {
	s := New(1)
	for range 20000 {
		x := math.Ldexp(0.5+s.Float64()/2, -s.IntN(54))
		if got, want := log(x), math.Log(x); math.Abs(got-want) > 4e-16*math.Abs(want) {
			t.Fatalf("log(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestQuantileInvertsTheDistribution(t *testing.T) {
	for _, p := range []float64{0x1p-53, 1e-14, 1e-9, 1e-3, 0.07, 0.075, 0.08, 0.3, 0.5} {
		z := quantile(p)
		if got := math.Erfc(-z/math.Sqrt2) / 2; math.Abs(got-p) > 2e-14*p {
			t.Errorf("the distribution function of quantile(%g) is %g", p, got)
		}
		if p > 1e-3 {
			if up := quantile(1 - p); math.Abs(up+z) > 1e-14 {
				t.Errorf("quantile is not odd at %g: %g, %g", p, z, up)
			}
		}
	}
}

func TestMoments(t *testing.T) {
	const n = 200000
	s := New(3, Name("moments"))
	var u1, u2, n1, n2, n3, n4 float64
	for range n {
		u := s.Float64()
		z := s.Normal()
		u1, u2 = u1+u, u2+u*u
		n1, n2, n3, n4 = n1+z, n2+z*z, n3+z*z*z, n4+z*z*z*z
	}
	// Five standard errors each.
	for _, c := range []struct {
		what           string
		got, want, err float64
	}{
		{"mean of uniform", u1 / n, 0.5, math.Sqrt(1. / 12 / n)},
		{"square of uniform", u2 / n, 1. / 3, math.Sqrt(4. / 45 / n)},
		{"mean of normal", n1 / n, 0, math.Sqrt(1. / n)},
		{"variance of normal", n2 / n, 1, math.Sqrt(2. / n)},
		{"third moment of normal", n3 / n, 0, math.Sqrt(15. / n)},
		{"fourth moment of normal", n4 / n, 3, math.Sqrt(96. / n)},
	} {
		if math.Abs(c.got-c.want) > 5*c.err {
			t.Errorf("%s: %v, want %v ± %v", c.what, c.got, c.want, c.err)
		}
	}
}

// These values are a promise: a run resumed by a later version draws the same.
func TestGolden(t *testing.T) {
	s := New(42, 1, Name("golden"))
	if got, want := []uint64{s.Uint64(), s.Uint64(), s.Uint64()}, goldenWords; !slices.Equal(got, want) {
		t.Errorf("words %#x", got)
	}
	if got := []float64{s.Float64(), s.Normal(), s.Normal()}; !slices.Equal(got, goldenFloats) {
		t.Errorf("floats %x", got)
	}
	if got := s.Perm(10); !slices.Equal(got, goldenPerm) {
		t.Errorf("perm %v", got)
	}
	if got := []int{s.IntN(10), s.IntN(1000), s.IntN(math.MaxInt)}; !slices.Equal(got, goldenInts) {
		t.Errorf("ints %d", got)
	}
	if got := s.Float32(); got != goldenFloat32 {
		t.Errorf("float32 %x", got)
	}
}

var (
	goldenWords   = []uint64{0x85ad3113de8717f5, 0xf69a615b45aee6eb, 0xdea3c1f497cb8cec}
	goldenFloats  = []float64{0x1.5e63016199da9p-01, 0x1.d6c2e6119cb38p-06, -0x1.5ed66efd3a229p-01}
	goldenPerm    = []int{7, 0, 6, 1, 8, 5, 4, 9, 3, 2}
	goldenInts    = []int{8, 588, 1265150173695535383}
	goldenFloat32 = float32(0x1.2a2a36p-01)
)

func BenchmarkPhilox(b *testing.B) {
	b.SetBytes(16)
	var x uint32
	for i := range b.N {
		x ^= Philox(1, 2, uint64(i))[0]
	}
	_ = x
}

func BenchmarkNormal(b *testing.B) {
	s := New(1)
	b.ReportAllocs()
	for range b.N {
		s.Normal()
	}
}
