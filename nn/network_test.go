package nn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/tensor"
)

func newEngine(t testing.TB) engine.Engine {
	e := reference.New(reference.Options{Debug: true})
	t.Cleanup(func() { e.Close() })
	return e
}

// residual is a network of a stem, blocks with a shortcut and a head that is
// tied to nothing.
func residual(t testing.TB, c nn.Config, blocks int) *nn.Network {
	t.Helper()
	s := nn.NewScope(c)
	net := nn.NewNetwork(s)
	stem := s.InBlockNamed("stem")
	conv, bn := nn.NewConv2d(stem.Sub("conv1"), nn.Conv2dConfig{In: 2, Out: 4, Kernel: 3, Padding: 1}), nn.NewBatchNorm2d(stem.Sub("bn1"), 4)
	net.AddModule("stem", nn.Sequential{conv, bn, nn.ReLU()})
	for i := range blocks {
		b := s.Sub("layer1").Sub(fmt.Sprint(i)).InBlock()
		conv, bn := nn.NewConv2d(b.Sub("conv1"), nn.Conv2dConfig{In: 4, Out: 4, Kernel: 3, Padding: 1}), nn.NewBatchNorm2d(b.Sub("bn1"), 4)
		drop := nn.NewDropout(b.Sub("drop"), .2)
		body := nn.Sequential{conv, bn, drop}
		net.Add(nn.Block{Name: b.Path(), Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
			return t.Relu(t.Add(body.Forward(t, x), x))
		}})
	}
	fc := nn.NewLinear(s.Sub("fc").InBlock(), 4, 3, true)
	net.AddModule("fc", nn.Sequential{nn.GlobalAvgPool{}, fc})
	if err := net.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(net.Params().Release)
	return net
}

func TestNamesStandInTorchsOrder(t *testing.T) {
	net := residual(t, nn.Config{Engine: newEngine(t), Prefix: "model."}, 1)
	var got []string
	for _, i := range net.Params().Infos() {
		got = append(got, fmt.Sprintf("%s %v %s %s %d:%s", i.Name, i.Shape, i.DType, i.Kind, i.Block, i.BlockName))
	}
	want := `model.conv1.weight [4 2 3 3] f32 Conv2d 0:stem
model.bn1.weight [4] f32 BatchNorm2d 0:stem
model.bn1.bias [4] f32 BatchNorm2d 0:stem
model.bn1.running_mean [4] f32 BatchNorm2d 0:stem
model.bn1.running_var [4] f32 BatchNorm2d 0:stem
model.bn1.num_batches_tracked [] i64 BatchNorm2d 0:stem
model.layer1.0.conv1.weight [4 4 3 3] f32 Conv2d 1:layer1.0
model.layer1.0.bn1.weight [4] f32 BatchNorm2d 1:layer1.0
model.layer1.0.bn1.bias [4] f32 BatchNorm2d 1:layer1.0
model.layer1.0.bn1.running_mean [4] f32 BatchNorm2d 1:layer1.0
model.layer1.0.bn1.running_var [4] f32 BatchNorm2d 1:layer1.0
model.layer1.0.bn1.num_batches_tracked [] i64 BatchNorm2d 1:layer1.0
model.fc.weight [3 4] f32 Linear 2:fc
model.fc.bias [3] f32 Linear 2:fc`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got\n%s", g)
	}
	infos := net.Params().Infos()
	if !infos[3].Buffer || infos[2].Buffer || infos[2].Module != "model.bn1" {
		t.Errorf("buffers or modules are off: %+v, %+v", infos[2], infos[3])
	}
	infos[0].Shape[0] = 99
	if p, _ := net.Params().Lookup("model.conv1.weight"); p.Shape[0] != 4 || p.Local() != "conv1.weight" {
		t.Error("Infos hands out its own memory")
	}
}

func TestFrontierFollowsWhatIsTrained(t *testing.T) {
	net := residual(t, nn.Config{Engine: newEngine(t)}, 2)
	only := func(names ...string) {
		for _, p := range net.Params().All() {
			if !p.Buffer {
				p.Tensor.SetRequiresGrad(slices.Contains(names, p.Name))
			}
		}
	}
	for _, c := range []struct {
		trained []string
		want    int
	}{
		{nil, 4},
		{[]string{"fc.bias"}, 3},
		{[]string{"fc.bias", "layer1.1.bn1.weight"}, 2},
		{[]string{"conv1.weight"}, 0},
	} {
		only(c.trained...)
		if got := net.Frontier(); got != c.want {
			t.Errorf("%v trained: frontier %d, want %d", c.trained, got, c.want)
		}
	}
	only()
	if got := net.FrontierOf(func(p *nn.Param) bool { return p.BlockName == "layer1.0" }); got != 1 {
		t.Errorf("frontier %d, want 1", got)
	}
}

// gradients trains one step's worth and gives the loss and all gradients.
func gradients(t testing.TB, net *nn.Network, forward func(*tensor.Tape, *tensor.Tensor) *tensor.Tensor) (loss float64, grads [][]float64) {
	t.Helper()
	p := net.Params().All()
	e, dt := net.Params().Engine(), p[0].Tensor.DType()
	tape := tensor.NewTape(e)
	defer tape.Close()
	tape.SetDType(dt)
	tape.SetTraining(true)
	tape.SetSamples([]int64{3, 1, 4})
	tape.SetRandom(1, 2)
	s := rng.New(9)
	in := make([]float64, 3*2*5*5)
	for i := range in {
		in[i] = s.Normal()
	}
	err := tape.Do(func() {
		y := tape.CrossEntropy(forward(tape, tape.FromF64(engine.Of(3, 2, 5, 5), in)), tape.FromI64(engine.Of(3), []int64{0, 2, 1}), tensor.CrossEntropyOptions{})
		loss = y.Item()
		tape.Backward(y, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range p {
		if g := p.Tensor.Grad(); g != nil {
			grads = append(grads, g.Float64s())
		} else {
			grads = append(grads, nil)
		}
	}
	net.Params().ZeroGrad()
	return loss, grads
}

// TestAnyStretchOfBlocks: running the blocks in two stretches, or computing them
// again in the backward pass, changes nothing.
func TestAnyStretchOfBlocks(t *testing.T) {
	e := newEngine(t)
	build := func() *nn.Network { return residual(t, nn.Config{Engine: e, DType: engine.F64, Seed: 5}, 3) }
	net := build()
	wantLoss, want := gradients(t, net, func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return net.Run(t, nil, x) })
	state := buffers(net)
	for cut := range net.Len() + 1 {
		net := build()
		loss, got := gradients(t, net, func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
			return net.Forward(t, nil, cut, net.Len(), net.Forward(t, nil, 0, cut, x))
		})
		if loss != wantLoss || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("cut at %d: loss %v, want %v, or other gradients", cut, loss, wantLoss)
		}
	}
	again := build()
	again.Checkpoint = true
	loss, got := gradients(t, again, func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return again.Run(t, nil, x) })
	if loss != wantLoss || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("checkpointed: loss %v, want %v, or other gradients", loss, wantLoss)
	}
	if !slices.Equal(buffers(again), state) {
		t.Error("checkpointing moved the running statistics twice")
	}
}

// buffers are all buffers' values in a row.
func buffers(net *nn.Network) (out []float64) {
	for _, p := range net.Params().All() {
		switch {
		case p.Buffer && p.Tensor.DType() == engine.I64:
			out = append(out, float64(p.Tensor.Int64s()[0]))
		case p.Buffer:
			out = append(out, p.Tensor.Float64s()...)
		}
	}
	return out
}

func TestBuildingErrors(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		want  string
		build func(s *nn.Scope, n *nn.Network)
	}{
		{"fc.weight: registered twice", func(s *nn.Scope, _ *nn.Network) {
			nn.NewLinear(s.Sub("fc"), 2, 3, true)
			nn.NewLinear(s.Sub("fc"), 2, 3, true)
		}},
		{"fc: features must be positive, not [2 0]", func(s *nn.Scope, _ *nn.Network) { nn.NewLinear(s.Sub("fc"), 2, 0, true) }},
		{"a.b: 3 and 4 channels are not divisible by 2 groups", func(s *nn.Scope, _ *nn.Network) {
			nn.NewConv2d(s.Sub("a").Sub("b"), nn.Conv2dConfig{In: 3, Out: 4, Kernel: 1, Groups: 2})
		}},
		{"emb: padding row 9 of 3", func(s *nn.Scope, _ *nn.Network) { nn.NewEmbedding(s.Sub("emb"), 3, 2, 9) }},
		{`two blocks are named "a"`, func(_ *nn.Scope, n *nn.Network) {
			n.AddModule("a", nn.ReLU())
			n.AddModule("a", nn.ReLU())
		}},
		{`fc.weight belongs to a block "fc" that was not added`, func(s *nn.Scope, _ *nn.Network) { nn.NewLinear(s.Sub("fc").InBlock(), 2, 2, false) }},
		{"big.weight [30000000,30000000]: memory limit", func(s *nn.Scope, _ *nn.Network) { nn.NewLinear(s.Sub("big"), 30000000, 30000000, false) }},
	} {
		s := nn.NewScope(nn.Config{Engine: e})
		n := nn.NewNetwork(s)
		c.build(s, n)
		if err := n.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		s.Params().Release()
	}
	if live := e.Memory().Live; live != 0 {
		t.Errorf("%d bytes live", live)
	}
}

func TestTiedParameters(t *testing.T) {
	s := nn.NewScope(nn.Config{Engine: newEngine(t), Prefix: "model."})
	emb := nn.NewEmbedding(s.Sub("word"), 5, 2, -1)
	p := s.Sub("decoder").Tie("Linear", "weight", emb.Weight)
	defer s.Params().Release()
	if p.Tensor != emb.Weight.Tensor || p.SharedWith != "model.word.weight" || p.Name != "model.decoder.weight" {
		t.Errorf("%+v", p)
	}
	if n := len(nn.Entries(s.Params().All())); n != 1 {
		t.Errorf("%d tensors would be written, want the shared one", n)
	}
}
