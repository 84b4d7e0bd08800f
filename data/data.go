// Package data brings samples to the trainer: datasets, a deterministic
// sampler, and a loader whose workers make batches ahead of time and hand them
// out strictly in order. Everything lies in host memory; a task turns a batch
// into tensors.
//
// Nothing here keeps random state. The order of an epoch follows from (seed,
// epoch), a sample's augmentation from (seed, epoch, sample), so a run can be
// resumed at any batch and gives the same data for any number of workers.
package data

import (
	"fmt"
	"slices"
)

// Array is a dense array, row-major. Exactly one of F32 and I64 is set; its
// length is the product of Shape.
type Array struct {
	Shape []int
	F32   []float32
	I64   []int64
}

// Floats is an array of data, which it keeps.
func Floats(data []float32, shape ...int) Array { return Array{Shape: shape, F32: data} }

// Ints is an array of data, which it keeps. Without a shape it is one number.
func Ints(data []int64, shape ...int) Array { return Array{Shape: shape, I64: data} }

// Len is the number of elements that the shape asks for.
func (a Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// check reports an array whose data do not fit its shape.
func (a Array) check() error {
	switch {
	case slices.ContainsFunc(a.Shape, func(d int) bool { return d < 0 }):
		return fmt.Errorf("shape %v has a negative dimension", a.Shape)
	case a.F32 != nil && a.I64 != nil:
		return fmt.Errorf("both floats and integers are set")
	case len(a.F32)+len(a.I64) != a.Len():
		return fmt.Errorf("shape %v needs %d elements, it has %d", a.Shape, a.Len(), len(a.F32)+len(a.I64))
	}
	return nil
}

// Sample is one example: its arrays by field ("pixel_values", "labels",
// "input_ids", …), without a batch dimension. A label is an Array of no
// dimensions.
type Sample map[string]Array

// Float32 gives the field the shape and returns its elements, to be filled;
// memory that the field had is reused.
func (s Sample) Float32(name string, shape ...int) []float32 { return float32s(s, name, shape) }

// Int64 is like Float32, for integers.
func (s Sample) Int64(name string, shape ...int) []int64 { return int64s(s, name, shape) }

func float32s(fields map[string]Array, name string, shape []int) []float32 {
	a := fields[name]
	a.Shape, a.I64 = append(a.Shape[:0], shape...), nil
	a.F32 = sized(a.F32, a.Len())
	fields[name] = a
	return a.F32
}

func int64s(fields map[string]Array, name string, shape []int) []int64 {
	a := fields[name]
	a.Shape, a.F32 = append(a.Shape[:0], shape...), nil
	a.I64 = sized(a.I64, a.Len())
	fields[name] = a
	return a.I64
}

// sized is s with n elements, in the same memory if it is large enough.
func sized[T any](s []T, n int) []T {
	if s == nil || cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// SampleKey is what the randomness of a sample may depend on, besides its
// index.
type SampleKey struct {
	Seed  uint64
	Epoch int
}

// Dataset is a finite collection of samples. Sample is called from several
// goroutines at once. The same key and index give the same sample, always.
type Dataset interface {
	Len() int
	Sample(key SampleKey, i int) (Sample, error)
}

// Filler is a Dataset that can write a sample over an earlier one, whose
// memory it reuses. The loader prefers it.
type Filler interface {
	Dataset
	Fill(key SampleKey, i int, s Sample) error
}

// Batch is several samples, each field with a leading batch dimension.
type Batch struct {
	Fields map[string]Array
	// Indices are the dataset's indices of the samples.
	Indices []int
	// Size is the number of samples, len(Indices).
	Size int
	// Index is the batch's position in its epoch.
	Index int
	// Skipped is the number of samples that could not be read and were left
	// out since the previous batch of the epoch.
	Skipped int

	owner *Loader
}

// Float32 is like [Sample.Float32].
func (b *Batch) Float32(name string, shape ...int) []float32 {
	return float32s(b.Fields, name, shape)
}

// Int64 is like [Sample.Int64].
func (b *Batch) Int64(name string, shape ...int) []int64 { return int64s(b.Fields, name, shape) }

// Release gives the batch's memory back to the loader that made it; neither
// the batch nor its arrays may be used any more. Without a Release the garbage
// collector does the same later.
func (b *Batch) Release() {
	if l := b.owner; l != nil {
		b.owner = nil
		l.recycle(b)
	}
}
