package nn_test

import (
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// TestStatisticsOfFrozenBatchNorms: what a batch norm normalises with, and
// whether its running statistics move.
func TestStatisticsOfFrozenBatchNorms(t *testing.T) {
	for _, c := range []struct {
		name           string
		statistics     nn.Statistics
		training       bool
		centred, moved bool
	}{
		{"tracked", nn.Tracked, true, true, true},
		{"stored", nn.Stored, true, false, false},
		{"untracked", nn.Untracked, true, true, false},
		{"tracked, evaluating", nn.Tracked, false, false, false},
		{"untracked, evaluating", nn.Untracked, false, false, false},
	} {
		e := newEngine(t)
		s := nn.NewScope(nn.Config{Engine: e, DType: engine.F64})
		bn := nn.NewBatchNorm1d(s.Sub("bn"), 2)
		if got := s.Params().BatchNorms(); len(got) != 1 || got[0] != bn || bn.Path != "bn" {
			t.Errorf("the tree knows %v", got)
		}
		bn.SetStatistics(c.statistics)
		tape := tensor.NewTape(e)
		tape.SetDType(engine.F64)
		tape.SetTraining(c.training)
		var out []float64
		err := tape.Do(func() {
			out = bn.Forward(tape, tape.FromF64(engine.Of(2, 2), []float64{10, 20, 14, 26})).Float64s()
		})
		if err != nil {
			t.Fatal(err)
		}
		if centred := out[0]+out[2] == 0; centred != c.centred {
			t.Errorf("%s: output %v", c.name, out)
		}
		moved := !slices.Equal(bn.Mean.Tensor.Float64s(), []float64{0, 0})
		if n := bn.Batches.Tensor.Int64s()[0]; moved != c.moved || (n == 1) != c.moved {
			t.Errorf("%s: running mean %v after %d batches", c.name, bn.Mean.Tensor.Float64s(), n)
		}
		tape.Close()
		s.Params().Release()
	}
}
