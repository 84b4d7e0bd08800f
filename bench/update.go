package main

import (
	"fmt"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// adamW updates parameters with the engine's operator.
type adamW struct {
	e      engine.Engine
	kernel engine.Kernel
	call   engine.Call
	slots  []slot
}

// slot is a parameter and its state.
type slot struct {
	w    *tensor.Tensor
	m, v engine.Buffer
}

func newAdamW(e engine.Engine, params []*nn.Param) (*adamW, error) {
	o := &adamW{e: e, call: engine.Call{Op: engine.OpAdamUpdate}}
	var ok bool
	if o.kernel, ok = e.Lookup(engine.OpAdamUpdate, engine.F32); !ok {
		return nil, fmt.Errorf("the engine %s has no %v", e.Name(), engine.OpAdamUpdate)
	}
	o.call.Attr = engine.Attr{LR: learningRate, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 1e-2, Decoupled: true}
	for _, p := range params {
		if err := o.add(p.Tensor); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (o *adamW) add(w *tensor.Tensor) error {
	s := slot{w: w}
	for _, b := range []*engine.Buffer{&s.m, &s.v} {
		var err error
		if *b, err = o.e.Alloc(engine.F32, w.Len()); err != nil {
			return err
		}
		if err = o.e.CopyIn(*b, 0, make([]float32, w.Len())); err != nil {
			return err
		}
	}
	o.slots = append(o.slots, s)
	return nil
}

func (o *adamW) step() error {
	o.call.Attr.StepCount++
	for _, s := range o.slots {
		shape := s.w.Shape()
		o.call.In = append(o.call.In[:0], s.w.Grad().Array())
		o.call.Out = append(o.call.Out[:0], s.w.Array(), engine.Array{Buf: s.m, Shape: shape}, engine.Array{Buf: s.v, Shape: shape})
		if err := o.kernel(&o.call); err != nil {
			return err
		}
	}
	return nil
}

func (o *adamW) close() {
	for _, s := range o.slots {
		o.e.Free(s.m)
		o.e.Free(s.v)
	}
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
	o *adamW
}

func newUpdateSide(e *native.Engine, sizes []int) (*updateSide, error) {
	s := &updateSide{}
	var err error
	if s.o, err = newAdamW(e, nil); err != nil {
		return nil, err
	}
	for _, n := range sizes {
		w, err := tensor.NewLeaf(e, engine.F32, engine.Of(n))
		if err != nil {
			return nil, err
		}
		w.SetRequiresGrad(true)
		for _, set := range []struct {
			to func(any) error
			v  float32
		}{{w.Set, 0.5}, {w.SetGrad, 1e-3}} {
			if err := set.to(filled(n, set.v)); err != nil {
				return nil, err
			}
		}
		if err := s.o.add(w); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func filled(n int, v float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func (s *updateSide) step(numbers bool) (reading, error) {
	began := time.Now()
	err := s.o.step()
	x := reading{ms: float64(time.Since(began).Nanoseconds()) / 1e6}
	if numbers {
		x.loss = float64(s.o.slots[0].w.Float32s()[0])
	}
	return x, err
}

func (s *updateSide) close() error {
	s.o.close()
	for _, x := range s.o.slots {
		x.w.Release()
	}
	return nil
}
