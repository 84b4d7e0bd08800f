package conformance

import (
	"fmt"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
)

// normSteps is one batch norm over several calls.
type normSteps struct {
	Layer         string    `json:"layer"`
	Features      int       `json:"features"`
	Kwargs        arguments `json:"kwargs"`
	W             array     `json:"w"`
	B             array     `json:"b"`
	StateDictKeys []string  `json:"state_dict_keys"`
	Steps         []struct {
		Mode              string           `json:"mode"`
		X                 array            `json:"x"`
		Output            array            `json:"output"`
		GradOutput        array            `json:"grad_output"`
		Grads             map[string]array `json:"grads"`
		RunningMean       array            `json:"running_mean"`
		RunningVar        array            `json:"running_var"`
		NumBatchesTracked *int64           `json:"num_batches_tracked"`
	} `json:"steps"`
}

// config reads the layer's arguments.
func (c normSteps) config(t *testing.T) nn.BatchNormConfig {
	n := nn.BatchNormConfig{Features: c.Features}
	for k, v := range c.Kwargs {
		switch k {
		case "momentum":
			if v == nil {
				n.Cumulative = true
			} else {
				m := v.(float64)
				n.Momentum = &m
			}
		case "eps":
			n.Eps = v.(float64)
		case "affine":
			n.NoAffine = !v.(bool)
		case "track_running_stats":
			n.NoRunning = !v.(bool)
		default:
			t.Fatalf("argument %q", k)
		}
	}
	return n
}

func replayNormSteps(t *testing.T, c normSteps) {
	for _, typ := range layerTypes {
		tape := newLayerTape(t, typ.dt)
		s := nn.NewScope(nn.Config{Engine: tape.Engine(), DType: typ.dt})
		bn := nn.NewBatchNorm(s, c.Layer, c.config(t))
		if err := s.Params().Err(); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range s.Params().All() {
			names = append(names, p.Name)
		}
		if fmt.Sprint(names) != fmt.Sprint(c.StateDictKeys) {
			t.Errorf("state dict %v, want %v", names, c.StateDictKeys)
		}
		for p, v := range map[*nn.Param]array{bn.Weight: c.W, bn.Bias: c.B} {
			if p != nil {
				if err := p.Tensor.Set(v.data); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, step := range c.Steps {
			what := func(s string) string { return fmt.Sprintf("%v step %d (%s): %s", typ.dt, i, step.Mode, s) }
			compare := func(name string, got []float64, want array) {
				if !want.absent && want.data != nil {
					typ.tol(want.data).compare(t, what(name), got, want.data)
				}
			}
			x := newLayerLeaf(t, tape, step.X, true)
			tape.SetTraining(step.Mode == "train")
			err := tape.Do(func() {
				y := bn.Forward(tape, x)
				compare("output", y.Float64s(), step.Output)
				tape.Backward(y, tape.FromF64(engine.Of(step.GradOutput.shape...), step.GradOutput.data))
			})
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range step.Grads {
				switch name {
				case "x":
					compare(name, x.Grad().Float64s(), want)
				case "w":
					compare(name, bn.Weight.Tensor.Grad().Float64s(), want)
				case "b":
					compare(name, bn.Bias.Tensor.Grad().Float64s(), want)
				default:
					t.Errorf("gradient of %q", name)
				}
			}
			if bn.Mean != nil {
				compare("running_mean", bn.Mean.Tensor.Float64s(), step.RunningMean)
				compare("running_var", bn.Var.Tensor.Float64s(), step.RunningVar)
				if n := bn.Batches.Tensor.Int64s()[0]; step.NumBatchesTracked == nil || n != *step.NumBatchesTracked {
					t.Errorf("%s: %d, want %v", what("num_batches_tracked"), n, step.NumBatchesTracked)
				}
			} else if step.NumBatchesTracked != nil {
				t.Errorf("%s: the layer tracks nothing", what("num_batches_tracked"))
			}
			tape.Reset()
			x.Release()
			s.Params().ZeroGrad()
		}
		s.Params().Release()
	}
}
