package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/tensor"
)

// adamW is the optimizer as a fit has it.
type adamW struct {
	*optim.Optimizer
	tensors map[string]*tensor.Tensor
	params  map[string]*optim.Param
}

func newAdamW(e engine.Engine, names []string, tensors []*tensor.Tensor) (*adamW, error) {
	rule := optim.DefaultAdamW()
	rule.LR = learningRate
	o := &adamW{tensors: map[string]*tensor.Tensor{}, params: map[string]*optim.Param{}}
	var err error
	if o.Optimizer, err = optim.NewOptimizer("AdamW", rule); err != nil {
		return nil, err
	}
	o.UseEngine(e)
	for i, name := range names {
		x := tensors[i]
		o.tensors[name] = x
		o.params[name] = &optim.Param{Name: name, Shape: sizes(x), Value: elements(x)}
	}
	return o, o.SetGroups([]optim.Group{{Params: names, Rule: rule}})
}

func elements(x *tensor.Tensor) optim.Slice {
	return optim.Slice{F32: host.F32(x.Array().Buf)[:x.Len()]}
}

func sizes(x *tensor.Tensor) (dims []int) {
	for i := range x.Rank() {
		dims = append(dims, x.Dim(i))
	}
	return dims
}

func (o *adamW) step() error {
	for name, p := range o.params {
		p.Grad = optim.Slice{}
		if g := o.tensors[name].Grad(); g != nil {
			p.Grad = elements(g)
		}
	}
	return o.Step(func(name string) *optim.Param { return o.params[name] })
}

// updateBout is AdamW alone.
func updateBout(name string, sizes []int) *bout {
	return &bout{
		family: "adamw", name: name,
		theirs: []way{{"torch fused", request{Kind: "update", Sizes: sizes, LR: learningRate}}},
		ours:   func(e *native.Engine) (side, error) { return newUpdateSide(e, sizes) },
	}
}

type updateSide struct {
	o  *adamW
	ws []*tensor.Tensor
}

func newUpdateSide(e *native.Engine, sizes []int) (*updateSide, error) {
	s := &updateSide{}
	var names []string
	grads := make([]float32, slices.Max(sizes))
	fill(grads, 1e-3)
	for i, n := range sizes {
		w, err := tensor.NewLeaf(e, engine.F32, engine.Of(n))
		if err != nil {
			return nil, err
		}
		w.SetRequiresGrad(true)
		fill(elements(w).F32, 0.5)
		if err := w.SetGrad(grads[:n]); err != nil {
			return nil, err
		}
		s.ws, names = append(s.ws, w), append(names, strconv.Itoa(i))
	}
	var err error
	s.o, err = newAdamW(e, names, s.ws)
	return s, err
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

func (s *updateSide) step(numbers bool) (reading, error) {
	began := time.Now()
	err := s.o.step()
	x := reading{ms: float64(time.Since(began).Nanoseconds()) / 1e6}
	if numbers {
		x.loss = float64(s.ws[0].Float32s()[0])
	}
	return x, err
}

func (s *updateSide) close() error {
	for _, w := range s.ws {
		w.Release()
	}
	return nil
}
