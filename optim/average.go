package optim

import "fmt"

// Averaging says how averaged weights follow the trained ones.
type Averaging struct {
	ema   bool
	decay float64
}

// EqualAveraging is the mean of all weights seen: avg += (w−avg)/(n+1) after n
// of them (stochastic weight averaging, Izmailov et al. 2018).
func EqualAveraging() Averaging { return Averaging{} }

// ExponentialAveraging is avg = decay·avg + (1−decay)·w, with a decay in [0,1].
func ExponentialAveraging(decay float64) (Averaging, error) {
	if !(decay >= 0 && decay <= 1) {
		return Averaging{}, fmt.Errorf("invalid decay value %s provided. Please provide a value in [0,1] range", python(decay))
	}
	return Averaging{true, decay}, nil
}

// Follow moves avg towards now, the n+1st value; the first is copied.
func (a Averaging) Follow(avg, now Slice, n int) {
	follow(a, avg.F32, now.F32, n)
	follow(a, avg.F64, now.F64, n)
}

func follow[T Float](a Averaging, avg, now []T, n int) {
	switch {
	case n == 0:
		copy(avg, now)
	case a.ema:
		keep, add := T(a.decay), T(1-a.decay)
		for i, w := range now {
			avg[i] = keep*avg[i] + add*w
		}
	default:
		for i, w := range now {
			avg[i] += (w - avg[i]) / T(n+1)
		}
	}
}

// followInts averages whole numbers, towards zero, as torch does with integer
// buffers.
func (a Averaging) followInts(avg, now []int64, n int) {
	for i, w := range now {
		x := []float64{float64(avg[i])}
		follow(a, x, []float64{float64(w)}, n)
		avg[i] = int64(x[0])
	}
}

// Tracked is one value that an average follows: floats or whole numbers.
type Tracked struct {
	Name   string
	Buffer bool
	Value  Slice
	Ints   []int64
}

// Average is averaged values by name (torch.optim.swa_utils.AveragedModel).
type Average struct {
	How Averaging
	// Buffers averages buffers too, instead of copying the latest.
	Buffers bool
	// N counts the updates.
	N int
	// Values and Ints are the averages; they share no memory with what they
	// follow.
	Values map[string]Slice
	Ints   map[string][]int64
}

// Update takes the present values in. A name that was not there before starts
// as it is.
func (a *Average) Update(now []Tracked) {
	if a.Values == nil {
		a.Values, a.Ints = map[string]Slice{}, map[string][]int64{}
	}
	for _, t := range now {
		n := a.N
		if t.Buffer && !a.Buffers {
			n = 0
		}
		if t.Ints != nil {
			a.updateInts(t, n)
			continue
		}
		avg, known := a.Values[t.Name]
		if !known || avg.Len() != t.Value.Len() {
			a.Values[t.Name] = t.Value.Clone()
			continue
		}
		a.How.Follow(avg, t.Value, n)
	}
	a.N++
}

func (a *Average) updateInts(t Tracked, n int) {
	if avg := a.Ints[t.Name]; len(avg) == len(t.Ints) {
		a.How.followInts(avg, t.Ints, n)
		return
	}
	a.Ints[t.Name] = append([]int64{}, t.Ints...)
}
