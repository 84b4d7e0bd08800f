package enginetest

import (
	"math"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

// buffers checks what Alloc, Free, the copies and the account promise.
func buffers(t *testing.T, e engine.Engine) {
	start := e.Memory()
	for _, dt := range []engine.DType{engine.F32, engine.F64, engine.BF16, engine.I32, engine.I64, engine.U8} {
		for _, n := range []int{0, 1, 17, 100_000} {
			b, err := e.Alloc(dt, n)
			if err != nil {
				t.Fatalf("%d %v: %v", n, dt, err)
			}
			if b.DType() != dt || b.Len() != n {
				t.Errorf("asked for %d %v, got %d %v", n, dt, b.Len(), b.DType())
			}
			if m := e.Memory(); m.Live < start.Live+int64(n*dt.Size()) || m.Peak < m.Live {
				t.Errorf("%d %v are live, the account says %+v (before: %+v)", n, dt, m, start)
			}
			e.Free(b)
		}
	}
	if m := e.Memory(); m.Live != start.Live {
		t.Errorf("%d bytes live after everything was freed, %d before", m.Live, start.Live)
	}
	e.ResetPeak()
	if m := e.Memory(); m.Peak != m.Live {
		t.Errorf("after ResetPeak the account says %+v", m)
	}
}

// copies checks conversions, ranges and refusals.
func copies(t *testing.T, e engine.Engine) {
	for _, dt := range []engine.DType{engine.F32, engine.F64, engine.BF16} {
		b := fresh(t, e, dt, 5)
		values := []float64{0, -1.5, math.Inf(-1), math.NaN(), 256}
		if err := e.CopyIn(b, 0, values); err != nil {
			t.Errorf("%v: %v", dt, err)
		}
		if err := e.CopyIn(b, 1, []float32{2.5}); err != nil {
			t.Errorf("%v: %v", dt, err)
		}
		values[1] = 2.5
		got, part := make([]float64, 5), make([]float32, 2)
		if err := e.CopyOut(got, b, 0); err != nil {
			t.Errorf("%v: %v", dt, err)
		}
		if err := e.CopyOut(part, b, 1); err != nil {
			t.Errorf("%v: %v", dt, err)
		}
		for i, v := range values {
			if v != got[i] && !(math.IsNaN(v) && math.IsNaN(got[i])) {
				t.Errorf("%v: %v went in, %v came out", dt, values, got)
				break
			}
		}
		if part[0] != 2.5 || !math.IsInf(float64(part[1]), -1) {
			t.Errorf("%v: elements 1 and 2 are %v", dt, part)
		}
		refused(t, dt, e.CopyIn(b, 4, []float64{1, 2}), e.CopyIn(b, -1, []float64{1}), e.CopyIn(b, 0, []int64{1}), e.CopyOut(got, b, 1), e.CopyOut([]int32{0}, b, 0), e.CopyIn(b, 0, "text"))
		e.Free(b)
	}
	b := fresh(t, e, engine.I64, 3)
	want := []int64{math.MaxInt64, 0, math.MinInt64}
	got := make([]int64, 3)
	if err := e.CopyIn(b, 0, want); err != nil {
		t.Error(err)
	}
	if err := e.CopyOut(got, b, 0); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v went in, %v came out (%v)", want, got, err)
	}
	refused(t, engine.I64, e.CopyIn(b, 0, []float64{1}), e.CopyOut([]float32{0}, b, 0), e.CopyIn(b, 2, []int64{1, 2}))
	e.Free(b)
}

func refused(t *testing.T, dt engine.DType, errs ...error) {
	t.Helper()
	for i, err := range errs {
		if err == nil {
			t.Errorf("%v: wrong copy %d was not refused", dt, i)
		}
	}
}

func fresh(t *testing.T, e engine.Engine, dt engine.DType, n int) engine.Buffer {
	t.Helper()
	b, err := e.Alloc(dt, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
