package conformance

import (
	"slices"
	"testing"

	"github.com/thaw-go/thaw/optim"
)

type clipCase struct {
	Fn        string  `json:"fn"`
	MaxNorm   number  `json:"max_norm"`
	NormType  *number `json:"norm_type"`
	ClipValue number  `json:"clip_value"`
	// Given is the norm that clip_grads_with_norm_ is told.
	Given  number    `json:"given_total_norm"`
	Strict bool      `json:"error_if_nonfinite"`
	Grads  []numbers `json:"grads"`
	None   []int     `json:"none"`
	Raises *struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	} `json:"raises"`
	TotalNorm *number    `json:"total_norm"`
	Expected  []*numbers `json:"expected"`
	Note      string     `json:"note"`
}

// replayClip clips the first gradients of the problem, or the case's own.
func replayClip(t *testing.T, c clipCase) {
	if c.Grads == nil {
		var p optimizerProblem
		context(t, torchOptimizersFile, "problem", &p)
		c.Grads = p.Grads[0]
	}
	var params []*optim.Param
	for i, g := range c.Grads {
		p := &optim.Param{Name: paramName(i)}
		if !slices.Contains(c.None, i) {
			p.Grad.F64 = slices.Clone([]float64(g))
		}
		params = append(params, p)
	}
	order := 2.0
	if c.NormType != nil {
		order = float64(*c.NormType)
	}
	var norm float64
	var err error
	switch c.Fn {
	case "clip_grad_norm_":
		norm, err = optim.Clipping{Norm: float64(c.MaxNorm), Order: order, ErrorIfNonfinite: c.Strict}.Apply(params)
	case "get_total_norm":
		norm = optim.TotalNorm(params, order)
	case "clip_grads_with_norm_":
		optim.ScaleToNorm(params, float64(c.MaxNorm), float64(c.Given))
	case "clip_grad_value_":
		optim.ClipValue(params, float64(c.ClipValue))
	default:
		t.Fatalf("unknown function %q", c.Fn)
	}
	if (err != nil) != (c.Raises != nil) {
		t.Fatalf("error %v, want %v", err, c.Raises)
	}
	if c.TotalNorm != nil {
		optimizerTolerance.compare(t, "total norm", []float64{norm}, []float64{float64(*c.TotalNorm)})
	}
	for i, want := range c.Expected {
		if want == nil {
			if params[i].Grad.F64 != nil {
				t.Errorf("%s has a gradient", params[i].Name)
			}
			continue
		}
		optimizerTolerance.compare(t, params[i].Name, params[i].Grad.F64, *want)
	}
}
