package main

import (
	"fmt"
	"math"
	"os"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/profile"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/tensor"
)

// training is a model, a batch, and what is trained of it.
type training struct {
	model   string // as the rival calls it
	input   []int  // shape of the batch
	classes int
	layers  int // of blocks
	heads   int // of its attention
	head    bool
	build   func(s *nn.Scope, c training) *nn.Network
}

// learningRate is small: after a step of AdamW rounding shows in the sign of what
// was nearly zero, and batch norms of few samples enlarge it.
const learningRate = 1e-5

// bout makes the case. Weights and batch go to the rival by a file.
func (c training) bout(family, name string) *bout {
	q := request{
		Kind: "train", Model: c.model, Classes: c.classes, Layers: c.layers, Heads: c.heads,
		Width: c.input[len(c.input)-1], Head: c.head, LR: learningRate,
	}
	b := &bout{family: family, name: name}
	for _, layout := range []string{"default", "channels_last"} {
		if layout == "default" || len(c.input) == 4 {
			q.Layout = layout
			b.theirs = append(b.theirs, way{"torch " + layout, q})
		}
	}
	b.ours = func(e *native.Engine) (side, error) {
		s, err := c.prepare(e)
		if err != nil {
			return nil, err
		}
		f, err := os.CreateTemp("", "thaw-bench-*.safetensors")
		if err != nil {
			return nil, err
		}
		s.file = f.Name()
		for i := range b.theirs {
			b.theirs[i].q.File = s.file
		}
		if err := safetensors.Write(f, nil, s.entries()); err != nil {
			return nil, err
		}
		return s, f.Close()
	}
	return b
}

// trainingSide is ours.
type trainingSide struct {
	file   string
	net    *nn.Network
	tape   *tensor.Tape
	x, y   *tensor.Tensor
	opt    *adamW
	params []*nn.Param // that are trained
	loss   float64
}

func (c training) prepare(e *native.Engine) (*trainingSide, error) {
	s := &trainingSide{tape: tensor.NewTape(e)}
	s.net = c.build(nn.NewScope(nn.Config{Engine: e, Seed: 1}), c)
	if err := s.net.Err(); err != nil {
		return nil, err
	}
	all := s.net.Params().All()
	for i, p := range all {
		if p.Buffer {
			continue
		}
		on := !c.head || i >= len(all)-2
		p.Tensor.SetRequiresGrad(on)
		if on {
			s.params = append(s.params, p)
		}
	}
	s.tape.SetTraining(!c.head)
	if err := s.batch(e, c); err != nil {
		return nil, err
	}
	names, tensors := make([]string, len(s.params)), make([]*tensor.Tensor, len(s.params))
	for i, p := range s.params {
		names[i], tensors[i] = p.Name, p.Tensor
	}
	var err error
	s.opt, err = newAdamW(e, names, tensors)
	return s, err
}

// batch draws a batch.
func (s *trainingSide) batch(e engine.Engine, c training) error {
	stream := rng.New(1)
	shape := engine.Of(c.input...)
	x, y := make([]float32, shape.Len()), make([]int64, c.input[0])
	for i := range x {
		x[i] = float32(stream.Normal())
	}
	for i := range y {
		y[i] = int64(i % c.classes)
	}
	var err error
	if s.x, err = tensor.NewLeaf(e, engine.F32, shape); err != nil {
		return err
	}
	if s.y, err = tensor.NewLeaf(e, engine.I64, engine.Of(len(y))); err != nil {
		return err
	}
	if err := s.x.Set(x); err != nil {
		return err
	}
	return s.y.Set(y)
}

func (s *trainingSide) entries() []safetensors.Entry {
	return append(nn.Entries(s.net.Params().All()),
		safetensors.Floats("bench.x", safetensors.F32, sizes(s.x), s.x.Float32s()),
		safetensors.Ints("bench.y", sizes(s.y), s.y.Int64s()))
}

func (s *trainingSide) step(numbers bool) (reading, error) {
	began := time.Now()
	s.net.Params().ZeroGrad()
	err := s.tape.Do(func() {
		loss := s.tape.CrossEntropy(s.net.Run(s.tape, nil, s.x), s.y, tensor.CrossEntropyOptions{})
		s.loss = loss.Item()
		s.tape.Backward(loss, nil)
	})
	s.tape.Reset()
	if err != nil {
		return reading{}, err
	}
	if err := s.opt.step(); err != nil {
		return reading{}, err
	}
	x := reading{ms: float64(time.Since(began).Nanoseconds()) / 1e6, loss: s.loss}
	if numbers {
		x.norm = s.norm()
	}
	return x, nil
}

// profile takes one more step and tells where its time goes.
func (s *trainingSide) profile() (string, error) {
	c := profile.New()
	s.tape.SetObserver(c)
	defer s.tape.SetObserver(nil)
	x, err := s.step(false)
	return fmt.Sprintf("%.2f ms in all, optimizer included\n%s", x.ms, c), err
}

// norm is that of all gradients together.
func (s *trainingSide) norm() float64 {
	sum := 0.0
	for _, p := range s.params {
		for _, g := range host.F32(p.Tensor.Grad().Array().Buf) {
			sum += float64(g) * float64(g)
		}
	}
	return math.Sqrt(sum)
}

func (s *trainingSide) close() error {
	s.x.Release()
	s.y.Release()
	s.tape.Close()
	s.net.Params().Release()
	if err := os.Remove(s.file); err != nil {
		return fmt.Errorf("removing the weights: %w", err)
	}
	return nil
}
