package host

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/engine"
)

// CopyIn fills dst from element off on with src, as engine.Engine says.
func CopyIn(dst engine.Buffer, off int, src any) error {
	h := own(dst)
	switch s := src.(type) {
	case []float32:
		return floatsIn(h, off, s)
	case []float64:
		return floatsIn(h, off, s)
	case []int32:
		return sameIn(h, off, s)
	case []int64:
		return sameIn(h, off, s)
	case []uint8:
		return sameIn(h, off, s)
	}
	return fmt.Errorf("copying in: %T is not a slice of a supported type", src)
}

// CopyOut reads src from element off on into dst, as engine.Engine says.
func CopyOut(dst any, src engine.Buffer, off int) error {
	h := own(src)
	switch d := dst.(type) {
	case []float32:
		return floatsOut(d, h, off)
	case []float64:
		return floatsOut(d, h, off)
	case []int32:
		return sameOut(d, h, off)
	case []int64:
		return sameOut(d, h, off)
	case []uint8:
		return sameOut(d, h, off)
	}
	return fmt.Errorf("copying out: %T is not a slice of a supported type", dst)
}

// CheckRange says whether elements off … off+n lie within a buffer.
func CheckRange(b engine.Buffer, off, n int) error {
	if off < 0 || n > b.Len()-off {
		return fmt.Errorf("elements %d to %d of a buffer of %d", off, off+n, b.Len())
	}
	return nil
}

func floatsIn[S float32 | float64](h *Buffer, off int, src []S) error {
	if err := CheckRange(h, off, len(src)); err != nil {
		return fmt.Errorf("copying in: %w", err)
	}
	switch h.dt {
	case engine.F32:
		convert(F32(h)[off:], src)
	case engine.F64:
		convert(F64(h)[off:], src)
	case engine.BF16:
		for i, v := range src {
			Bits[uint16](h)[off+i] = ToBF16(float32(v))
		}
	default:
		return fmt.Errorf("copying in: %T into a buffer of %v", src, h.dt)
	}
	return nil
}

func floatsOut[D float32 | float64](dst []D, h *Buffer, off int) error {
	if err := CheckRange(h, off, len(dst)); err != nil {
		return fmt.Errorf("copying out: %w", err)
	}
	switch h.dt {
	case engine.F32:
		convert(dst, F32(h)[off:off+len(dst)])
	case engine.F64:
		convert(dst, F64(h)[off:off+len(dst)])
	case engine.BF16:
		for i := range dst {
			dst[i] = D(FromBF16(Bits[uint16](h)[off+i]))
		}
	default:
		return fmt.Errorf("copying out: a buffer of %v into %T", h.dt, dst)
	}
	return nil
}

func convert[D, S float32 | float64](dst []D, src []S) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = D(v)
	}
}

func sameIn[T Element](h *Buffer, off int, src []T) error {
	if h.dt != TypeOf[T]() {
		return fmt.Errorf("copying in: %T into a buffer of %v", src, h.dt)
	}
	if err := CheckRange(h, off, len(src)); err != nil {
		return fmt.Errorf("copying in: %w", err)
	}
	copy(View[T](h)[off:], src)
	return nil
}

func sameOut[T Element](dst []T, h *Buffer, off int) error {
	if h.dt != TypeOf[T]() {
		return fmt.Errorf("copying out: a buffer of %v into %T", h.dt, dst)
	}
	if err := CheckRange(h, off, len(dst)); err != nil {
		return fmt.Errorf("copying out: %w", err)
	}
	copy(dst, View[T](h)[off:])
	return nil
}

// ToBF16 rounds to the nearest bfloat16, ties to even; NaN stays NaN.
func ToBF16(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// FromBF16 widens a bfloat16.
func FromBF16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }
