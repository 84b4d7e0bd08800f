package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// chunk is how much is read at a time when elements are converted.
const chunk = 1 << 16

// littleEndian reports whether this machine stores numbers as the format does.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func (t Tensor) failf(format string, args ...any) error {
	return &Error{File: t.src.name, Tensor: t.Name, Msg: fmt.Sprintf(format, args...)}
}

// inMemory returns the stored bytes if they are in memory.
func (t Tensor) inMemory() ([]byte, bool) {
	if t.src.data == nil {
		return nil, false
	}
	return t.src.data[t.begin:t.end:t.end], true
}

// Bytes are the tensor's bytes as stored (little-endian), without a copy if
// the file is mapped or in memory.
func (t Tensor) Bytes() ([]byte, error) {
	if b, ok := t.inMemory(); ok {
		return b, nil
	}
	b := make([]byte, t.Size())
	return b, t.ReadBytes(b)
}

// ReadBytes copies the tensor's bytes into dst, which has their size.
func (t Tensor) ReadBytes(dst []byte) error {
	if int64(len(dst)) != t.Size() {
		return t.failf("read into %d bytes, it has %d", len(dst), t.Size())
	}
	return t.read(dst, 0)
}

// read copies bytes from the given position of the tensor.
func (t Tensor) read(dst []byte, at int64) error {
	if len(dst) == 0 {
		return nil
	}
	if b, ok := t.inMemory(); ok {
		copy(dst, b[at:])
		return nil
	}
	if t.src.r == nil {
		return t.failf("the file is closed")
	}
	if err := readFull(t.src.r, dst, t.src.base+t.begin+at); err != nil {
		return fmt.Errorf("%s: reading tensor %q: %w", t.src.name, t.Name, err)
	}
	return nil
}

// Float32 are the elements as float32: of an F32 tensor without a copy if the
// file is mapped or in memory and the data are aligned (such a slice is valid
// until Close), of F16, BF16 and F64 converted. F64 is rounded to nearest.
func (t Tensor) Float32() ([]float32, error) {
	if t.DType == F32 {
		if v, ok := alias[float32](t); ok {
			return v, nil
		}
	}
	return allocated(t, t.ReadFloat32)
}

// Float64 is like [Tensor.Float32].
func (t Tensor) Float64() ([]float64, error) {
	if t.DType == F64 {
		if v, ok := alias[float64](t); ok {
			return v, nil
		}
	}
	return allocated(t, t.ReadFloat64)
}

// Int64 are the elements of an integer or boolean tensor; U64 is read by
// Bytes.
func (t Tensor) Int64() ([]int64, error) {
	if t.DType == I64 {
		if v, ok := alias[int64](t); ok {
			return v, nil
		}
	}
	return allocated(t, t.ReadInt64)
}

// ReadFloat32 converts the elements into dst, which has their number.
func (t Tensor) ReadFloat32(dst []float32) error {
	if !t.DType.Float() {
		return t.failf("%s elements are no floats", t.DType)
	}
	return convert(t, dst, F32, toFloat32)
}

// ReadFloat64 converts the elements into dst, which has their number.
func (t Tensor) ReadFloat64(dst []float64) error {
	if !t.DType.Float() {
		return t.failf("%s elements are no floats", t.DType)
	}
	return convert(t, dst, F64, toFloat64)
}

// ReadInt64 converts the elements into dst, which has their number.
func (t Tensor) ReadInt64(dst []int64) error {
	if !t.DType.Int() {
		return t.failf("%s elements are no integers of at most 63 bits", t.DType)
	}
	return convert(t, dst, I64, toInt64)
}

type number interface{ float32 | float64 | int64 }

// allocated makes a slice for read to fill. Its size follows from the bytes
// stored, which were compared with the file's size.
func allocated[T number](t Tensor, read func([]T) error) ([]T, error) {
	if !t.DType.Float() && !t.DType.Int() {
		return nil, read(nil)
	}
	v := make([]T, t.elements)
	if err := read(v); err != nil {
		return nil, err
	}
	return v, nil
}

// alias sees the stored bytes as elements of the same type.
func alias[T number](t Tensor) ([]T, bool) {
	b, ok := t.inMemory()
	var zero T
	if !ok || !littleEndian || len(b) == 0 || uintptr(unsafe.Pointer(&b[0]))%unsafe.Alignof(zero) != 0 {
		return nil, false
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), t.elements), true
}

// convert fills dst; elements stored as same are copied as they are.
func convert[T number](t Tensor, dst []T, same DType, to func(DType, []T, []byte)) error {
	if len(dst) != t.elements {
		return t.failf("read into %d elements, it has %d", len(dst), t.elements)
	}
	if len(dst) == 0 {
		return nil
	}
	if t.DType == same && littleEndian {
		return t.read(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), t.Size()), 0)
	}
	if b, ok := t.inMemory(); ok {
		to(t.DType, dst, b)
		return nil
	}
	width := int(t.Size()) / t.elements
	buf := make([]byte, min(int64(chunk), t.Size()))
	for at := 0; at < len(dst); {
		n := min(len(dst)-at, len(buf)/width)
		if err := t.read(buf[:n*width], int64(at*width)); err != nil {
			return err
		}
		to(t.DType, dst[at:at+n], buf[:n*width])
		at += n
	}
	return nil
}

func toFloat32(d DType, dst []float32, b []byte) {
	le := binary.LittleEndian
	switch d {
	case F16:
		for i := range dst {
			dst[i] = fromF16(le.Uint16(b[2*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = fromBF16(le.Uint16(b[2*i:]))
		}
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(le.Uint64(b[8*i:])))
		}
	}
}

func toFloat64(d DType, dst []float64, b []byte) {
	le := binary.LittleEndian
	switch d {
	case F16:
		for i := range dst {
			dst[i] = float64(fromF16(le.Uint16(b[2*i:])))
		}
	case BF16:
		for i := range dst {
			dst[i] = float64(fromBF16(le.Uint16(b[2*i:])))
		}
	case F32:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(le.Uint32(b[4*i:])))
		}
	case F64:
		for i := range dst {
			dst[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
	}
}

func toInt64(d DType, dst []int64, b []byte) {
	le := binary.LittleEndian
	for i := range dst {
		switch d {
		case Bool, U8:
			dst[i] = int64(b[i])
		case I8:
			dst[i] = int64(int8(b[i]))
		case U16:
			dst[i] = int64(le.Uint16(b[2*i:]))
		case I16:
			dst[i] = int64(int16(le.Uint16(b[2*i:])))
		case U32:
			dst[i] = int64(le.Uint32(b[4*i:]))
		case I32:
			dst[i] = int64(int32(le.Uint32(b[4*i:])))
		case I64:
			dst[i] = int64(le.Uint64(b[8*i:]))
		}
	}
}

// Float32 is [Tensor.Float32] of the named tensor.
func (f *File) Float32(name string) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Float32()
}

// Float64 is [Tensor.Float64] of the named tensor.
func (f *File) Float64(name string) ([]float64, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	return t.Float64()
}

// ReadInto is [Tensor.ReadFloat32] of the named tensor.
func (f *File) ReadInto(name string, dst []float32) error {
	t, err := f.Tensor(name)
	if err != nil {
		return err
	}
	return t.ReadFloat32(dst)
}
