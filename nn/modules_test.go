package nn_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// TestModules compares what each module registers, and the shape it gives.
func TestModules(t *testing.T) {
	for _, c := range []struct {
		name   string
		build  func(s *nn.Scope) nn.Module
		params string
		in     []int
		out    engine.Shape
	}{
		{"Linear", func(s *nn.Scope) nn.Module { return nn.NewLinear(s, 3, 5, true) }, "[m.weight:Linear[5,3] m.bias:Linear[5]]", []int{2, 4, 3}, engine.Of(2, 4, 5)},
		{"Linear without bias", func(s *nn.Scope) nn.Module { return nn.NewLinear(s, 3, 5, false) }, "[m.weight:Linear[5,3]]", []int{3}, engine.Of(5)},
		{
			"Conv2d", func(s *nn.Scope) nn.Module {
				return nn.NewConv2d(s, nn.Conv2dConfig{In: 4, Out: 6, Kernel: 3, StrideHW: [2]int{2, 1}, PaddingHW: [2]int{1, 2}, Groups: 2, Bias: true})
			}, "[m.weight:Conv2d[6,2,3,3] m.bias:Conv2d[6]]", []int{1, 4, 5, 5}, engine.Of(1, 6, 3, 7),
		},
		{
			"Conv2d of uneven kernel", func(s *nn.Scope) nn.Module {
				return nn.NewConv2d(s, nn.Conv2dConfig{In: 1, Out: 2, KernelHW: [2]int{1, 3}, DilationHW: [2]int{1, 2}})
			}, "[m.weight:Conv2d[2,1,1,3]]", []int{1, 1, 5, 5}, engine.Of(1, 2, 5, 1),
		},
		{
			"Conv1d", func(s *nn.Scope) nn.Module {
				return nn.NewConv1d(s, nn.Conv1dConfig{In: 2, Out: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true})
			}, "[m.weight:Conv1d[4,2,3] m.bias:Conv1d[4]]", []int{3, 2, 7}, engine.Of(3, 4, 4),
		},
		{"LayerNorm", func(s *nn.Scope) nn.Module { return nn.NewLayerNorm(s, 1e-5, 3, 4) }, "[m.weight:LayerNorm[3,4] m.bias:LayerNorm[3,4]]", []int{2, 3, 4}, engine.Of(2, 3, 4)},
		{"RMSNorm", func(s *nn.Scope) nn.Module { return nn.NewRMSNorm(s, 1e-6, 4) }, "[m.weight:RMSNorm[4]]", []int{2, 4}, engine.Of(2, 4)},
		{"GroupNorm", func(s *nn.Scope) nn.Module { return nn.NewGroupNorm(s, 2, 4, 1e-5) }, "[m.weight:GroupNorm[4] m.bias:GroupNorm[4]]", []int{2, 4, 3}, engine.Of(2, 4, 3)},
		{
			"BatchNorm1d", func(s *nn.Scope) nn.Module { return nn.NewBatchNorm1d(s, 4) },
			"[m.weight:BatchNorm1d[4] m.bias:BatchNorm1d[4] m.running_mean:BatchNorm1d[4] m.running_var:BatchNorm1d[4] m.num_batches_tracked:BatchNorm1d[]]",
			[]int{2, 4},
			engine.Of(2, 4),
		},
		{"MaxPool2d", func(*nn.Scope) nn.Module { return nn.MaxPool2d{Window: [2]int{2, 3}} }, "[]", []int{1, 2, 6, 6}, engine.Of(1, 2, 3, 2)},
		{"AvgPool2d", func(*nn.Scope) nn.Module { return nn.AvgPool2d{Window: [2]int{3, 3}, Stride: [2]int{1, 1}} }, "[]", []int{1, 2, 6, 6}, engine.Of(1, 2, 4, 4)},
		{"GlobalAvgPool", func(*nn.Scope) nn.Module { return nn.GlobalAvgPool{} }, "[]", []int{2, 3, 4, 5}, engine.Of(2, 3)},
		{"Flatten", func(*nn.Scope) nn.Module { return nn.Flatten(1) }, "[]", []int{2, 3, 4, 5}, engine.Of(2, 60)},
		{"Dropout", func(s *nn.Scope) nn.Module { return nn.NewDropout(s, .5) }, "[]", []int{2, 3}, engine.Of(2, 3)},
		{"Func", func(*nn.Scope) nn.Module { return nn.Func((*tensor.Tape).Relu) }, "[]", []int{2}, engine.Of(2)},
	} {
		e := newEngine(t)
		s := nn.NewScope(nn.Config{Engine: e})
		m := c.build(s.Sub("m"))
		if err := s.Params().Err(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		params := []string{}
		for _, p := range s.Params().All() {
			params = append(params, fmt.Sprintf("%s:%s%v", p.Name, p.Kind, p.Tensor.Shape()))
		}
		if got := fmt.Sprint(params); got != c.params {
			t.Errorf("%s registers %s, want %s", c.name, got, c.params)
		}
		tape := tensor.NewTape(e)
		if err := tape.Do(func() {
			if got := m.Forward(tape, tape.Full(engine.Of(c.in...), 1)).Shape(); got != c.out {
				t.Errorf("%s gives %v, want %v", c.name, got, c.out)
			}
		}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		tape.Close()
		s.Params().Release()
	}
}

// TestHeadsAreApart: each head attends on its own columns.
func TestHeadsAreApart(t *testing.T) {
	e := newEngine(t)
	a := nn.NewAttention(nn.NewScope(nn.Config{Engine: e}), 2, 0)
	tape := tensor.NewTape(e)
	defer tape.Close()
	err := tape.Do(func() {
		// In the first head every key is alike, so it averages; in the second
		// the first key wins by far.
		q := tape.FromF64(engine.Of(1, 1, 4), []float64{1, 0, 100, 0})
		k := tape.FromF64(engine.Of(1, 2, 4), []float64{0, 0, 100, 0, 0, 0, 0, 0})
		v := tape.FromF64(engine.Of(1, 2, 4), []float64{1, 2, 3, 4, 5, 6, 7, 8})
		if got := a.Forward(tape, q, k, v, nil).Float64s(); !slices.Equal(got, []float64{3, 4, 3, 4}) {
			t.Errorf("got %v", got)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// TestActivationAfterLinear: fused or not, the activation of a linear layer is
// the same.
func TestActivationAfterLinear(t *testing.T) {
	e := newEngine(t)
	s := nn.NewScope(nn.Config{Engine: e, DType: engine.F64})
	l := nn.NewLinear(s, 3, 4, true)
	defer s.Params().Release()
	tape := tensor.NewTape(e)
	defer tape.Close()
	tape.SetDType(engine.F64)
	for _, a := range nn.Activations().Entries() {
		err := tape.Do(func() {
			x := tape.FromF64(engine.Of(2, 3), []float64{1, -2, 3, .5, 0, -1})
			want := a.Value.Forward(tape, l.Forward(tape, x)).Float64s()
			for i, got := range a.Value.After(tape, l, x).Float64s() {
				if d := got - want[i]; d > 1e-15 || d < -1e-15 {
					t.Errorf("%s: %v, want %v", a.Name, got, want[i])
				}
			}
		})
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
}
