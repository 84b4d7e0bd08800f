package data

import (
	"fmt"
	"maps"
	"slices"
)

// Collate makes a batch of its samples: it fills b.Fields; b.Indices are set.
// The samples' memory is reused after it returns, so b must not alias it.
type Collate func(b *Batch, samples []Sample) error

// Stack is the Collate for samples that all have the same fields and shapes.
func Stack(b *Batch, samples []Sample) error {
	first := samples[0]
	for name := range b.Fields {
		if _, ok := first[name]; !ok {
			delete(b.Fields, name)
		}
	}
	var shape []int
	for _, name := range slices.Sorted(maps.Keys(first)) {
		a := first[name]
		if err := a.check(); err != nil {
			return fmt.Errorf("field %q of sample %d: %w", name, b.Indices[0], err)
		}
		for k, s := range samples {
			if err := same(first, s, name); err != nil {
				return fmt.Errorf("sample %d does not go into one batch with sample %d: %w", b.Indices[k], b.Indices[0], err)
			}
		}
		shape = append(append(shape[:0], len(samples)), a.Shape...)
		n := a.Len()
		if a.I64 != nil {
			dst := b.Int64(name, shape...)
			for k, s := range samples {
				copy(dst[k*n:(k+1)*n], s[name].I64)
			}
			continue
		}
		dst := b.Float32(name, shape...)
		for k, s := range samples {
			copy(dst[k*n:(k+1)*n], s[name].F32)
		}
	}
	return nil
}

func same(first, s Sample, name string) error {
	want, got := first[name], s[name]
	_, ok := s[name]
	switch {
	case !ok || len(s) != len(first):
		return fmt.Errorf("they have different fields")
	case (want.I64 == nil) != (got.I64 == nil):
		return fmt.Errorf("field %q has different element types", name)
	case !slices.Equal(want.Shape, got.Shape):
		return fmt.Errorf("field %q has shape %v here and %v there; bring all samples to one shape (resize or crop images, pad text)", name, got.Shape, want.Shape)
	}
	return got.check()
}
