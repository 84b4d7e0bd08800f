package host

import (
	"math"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

func TestCopies(t *testing.T) {
	p := NewPool(0, false)
	defer closePool(t, p)
	for _, dt := range []engine.DType{engine.F32, engine.F64, engine.BF16} {
		b := alloc(t, p, dt, 4)
		must(t, CopyIn(b, 0, []float64{1, -2.5, math.Inf(1), 0}))
		must(t, CopyIn(b, 3, []float32{0.375}))
		f32, f64 := make([]float32, 4), make([]float64, 2)
		must(t, CopyOut(f32, b, 0))
		must(t, CopyOut(f64, b, 2))
		if !slices.Equal(f32, []float32{1, -2.5, float32(math.Inf(1)), 0.375}) || !slices.Equal(f64, []float64{math.Inf(1), 0.375}) {
			t.Errorf("%v: %v %v", dt, f32, f64)
		}
		wantError(t, CopyIn(b, 3, []float32{1, 2}), "copying in: elements 3 to 5 of a buffer of 4")
		wantError(t, CopyIn(b, -1, []float64{1}), "copying in: elements -1 to 0 of a buffer of 4")
		wantError(t, CopyOut(f32, b, 1), "copying out: elements 1 to 5 of a buffer of 4")
		wantError(t, CopyIn(b, 0, []int64{1}), "copying in: []int64 into a buffer of "+dt.String())
		wantError(t, CopyOut([]uint8{1}, b, 0), "copying out: a buffer of "+dt.String()+" into []uint8")
	}
	i := alloc(t, p, engine.I64, 2)
	must(t, CopyIn(i, 0, []int64{math.MaxInt64, math.MinInt64}))
	got := make([]int64, 1)
	must(t, CopyOut(got, i, 1))
	if got[0] != math.MinInt64 {
		t.Errorf("%v", got)
	}
	wantError(t, CopyIn(i, 0, []float32{1}), "copying in: []float32 into a buffer of i64")
	wantError(t, CopyIn(i, 0, []int{1}), "copying in: []int is not a slice of a supported type")
	wantError(t, CopyOut(3, i, 0), "copying out: int is not a slice of a supported type")
}

func TestBF16RoundsToNearestEven(t *testing.T) {
	for _, c := range []struct{ in, want uint32 }{
		{0x3f800000, 0x3f80}, // 1
		{0x3f808000, 0x3f80}, // a tie, the even one is below
		{0x3f818000, 0x3f82}, // a tie, the even one is above
		{0x3f808001, 0x3f81}, // just above a tie
		{0x7f7fffff, 0x7f80}, // the largest float32 becomes infinite
		{0xff800000, 0xff80}, // −∞
		{0x7f800001, 0x7fc0}, // a NaN stays one
		{0x00000001, 0},      // the smallest subnormal
	} {
		if got := ToBF16(math.Float32frombits(c.in)); uint32(got) != c.want {
			t.Errorf("%08x becomes %04x, want %04x", c.in, got, c.want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %v", err, want)
	}
}
