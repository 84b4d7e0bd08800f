// Package safetensors reads and writes weight files in the safetensors format:
// eight bytes with the header's length, a JSON header, the tensors' data.
//
// The reader trusts nothing: every number of the header is checked against the
// file's size before anything is allocated for it, tensors must lie one after
// another without overlap or hole, and no name may occur twice. A file on disk
// is mapped privately, so that only what is used is read.
package safetensors

import "fmt"

// DType is the element type of a stored tensor.
type DType uint8

// The element types of the format, in the reference implementation's order:
// its writer puts the last ones first, so that data stay aligned.
const (
	Bool DType = iota + 1
	F4
	F6E2M3
	F6E3M2
	U8
	I8
	F8E5M2
	F8E4M3
	F8E8M0
	F8E4M3FNUZ
	F8E5M2FNUZ
	I16
	U16
	F16
	BF16
	I32
	U32
	F32
	C64
	F64
	I64
	U64
)

var dtypes = [...]struct {
	name string
	bits int64
}{
	Bool: {"BOOL", 8}, F4: {"F4", 4}, F6E2M3: {"F6_E2M3", 6}, F6E3M2: {"F6_E3M2", 6}, U8: {"U8", 8}, I8: {"I8", 8},
	F8E5M2: {"F8_E5M2", 8}, F8E4M3: {"F8_E4M3", 8}, F8E8M0: {"F8_E8M0", 8}, F8E4M3FNUZ: {"F8_E4M3FNUZ", 8}, F8E5M2FNUZ: {"F8_E5M2FNUZ", 8},
	I16: {"I16", 16}, U16: {"U16", 16}, F16: {"F16", 16}, BF16: {"BF16", 16}, I32: {"I32", 32}, U32: {"U32", 32}, F32: {"F32", 32},
	C64: {"C64", 64}, F64: {"F64", 64}, I64: {"I64", 64}, U64: {"U64", 64},
}

func (d DType) valid() bool { return d >= Bool && d <= U64 }

// String is the type's name in a file's header.
func (d DType) String() string {
	if !d.valid() {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Float reports whether elements convert to float32 and float64.
func (d DType) Float() bool { return d == F16 || d == BF16 || d == F32 || d == F64 }

// Int reports whether elements convert to int64.
func (d DType) Int() bool {
	switch d {
	case Bool, U8, I8, I16, U16, I32, U32, I64:
		return true
	}
	return false
}

// ParseDType finds the element type of a header's name.
func ParseDType(name string) (DType, bool) {
	for d := Bool; d <= U64; d++ {
		if dtypes[d].name == name {
			return d, true
		}
	}
	return 0, false
}

// product multiplies the dimensions; ok is false when that or a dimension
// overflows.
func product(shape []int) (n int64, ok bool) {
	n = 1
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if n, ok = mul(n, int64(d)); !ok {
			return 0, false
		}
	}
	return n, true
}

func mul(a, b int64) (int64, bool) {
	if a != 0 && b > (1<<63-1)/a {
		return 0, false
	}
	return a * b, true
}

// bytes is the size of n elements; ok is false when it overflows or is not a
// whole number of bytes.
func (d DType) bytes(n int64) (size int64, ok bool) {
	bits, ok := mul(n, dtypes[d].bits)
	return bits / 8, ok && bits%8 == 0
}
