package data

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thaw-go/thaw/rng"
)

// Arrays is a dataset in memory: fields whose first dimension counts samples.
type Arrays struct {
	n      int
	fields map[string]Array
}

// NewArrays makes a dataset of fields, whose data it keeps.
func NewArrays(fields map[string]Array) (*Arrays, error) {
	d := &Arrays{n: -1, fields: maps.Clone(fields)}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		a := fields[name]
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		if len(a.Shape) == 0 {
			return nil, fmt.Errorf("field %q has no dimension that counts samples", name)
		}
		if d.n >= 0 && d.n != a.Shape[0] {
			return nil, fmt.Errorf("field %q has %d samples, the others have %d", name, a.Shape[0], d.n)
		}
		d.n = a.Shape[0]
	}
	if d.n < 0 {
		return nil, fmt.Errorf("a dataset without fields")
	}
	return d, nil
}

// Len implements Dataset.
func (d *Arrays) Len() int { return d.n }

// Sample implements Dataset. The sample aliases the arrays.
func (d *Arrays) Sample(_ SampleKey, i int) (Sample, error) {
	s := make(Sample, len(d.fields))
	for name, a := range d.fields {
		row := Array{Shape: a.Shape[1:]}
		n := row.Len()
		if a.I64 != nil {
			row.I64 = a.I64[i*n : (i+1)*n : (i+1)*n]
		} else {
			row.F32 = a.F32[i*n : (i+1)*n : (i+1)*n]
		}
		s[name] = row
	}
	return s, nil
}

// Subset is some samples of a dataset, in the order of Indices. A sample's
// randomness stays that of its index in the dataset.
type Subset struct {
	Dataset
	Indices []int
}

// Len implements Dataset.
func (d Subset) Len() int { return len(d.Indices) }

// Sample implements Dataset.
func (d Subset) Sample(key SampleKey, i int) (Sample, error) {
	return d.Dataset.Sample(key, d.Indices[i])
}

// Fill implements Filler, whether the dataset does or not.
func (d Subset) Fill(key SampleKey, i int, s Sample) error {
	if f, ok := d.Dataset.(Filler); ok {
		return f.Fill(key, d.Indices[i], s)
	}
	one, err := d.Dataset.Sample(key, d.Indices[i])
	clear(s)
	maps.Copy(s, one)
	return err
}

// Split cuts a dataset in two at random, by seed: the second part has the
// given fraction of the samples, rounded, and at least one if there are two.
func Split(set Dataset, fraction float64, seed uint64) (first, second Subset, err error) {
	n := set.Len()
	if !(fraction > 0 && fraction < 1) {
		return first, second, fmt.Errorf("splitting a dataset: the fraction %v is not between 0 and 1", fraction)
	}
	if n < 2 {
		return first, second, fmt.Errorf("splitting a dataset: it has %d samples; two are needed", n)
	}
	stream := rng.New(seed, rng.Name("data split"))
	perm := stream.Perm(n)
	k := min(n-1, max(1, int(fraction*float64(n)+0.5)))
	a, b := perm[k:], perm[:k]
	slices.Sort(a)
	slices.Sort(b)
	return Subset{set, a}, Subset{set, b}, nil
}
