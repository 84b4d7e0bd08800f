package tensor

import (
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/rng"
)

// fusing is the reference engine with the optional operators, each composed of
// required ones.
type fusing struct {
	*reference.Engine
	ran map[engine.Op]int
}

func (f *fusing) Lookup(op engine.Op, dt engine.DType) (engine.Kernel, bool) {
	k, ok := map[engine.Op]func(*composer, *engine.Call){
		engine.OpAttention: (*composer).attention, engine.OpAttentionGrad: (*composer).attentionGrad,
		engine.OpBatchNormAct: (*composer).normAct, engine.OpBatchNormActGrad: (*composer).normActGrad,
		engine.OpBatchNormEvalAct: (*composer).normEvalAct,
		engine.OpAddLayerNorm:     (*composer).addNorm,
	}[op]
	if !ok {
		return f.Engine.Lookup(op, dt)
	}
	return func(c *engine.Call) (err error) {
		f.ran[op]++
		m := &composer{f: f, dt: dt}
		k(m, c)
		for _, b := range m.made {
			f.Free(b)
		}
		return m.err
	}, true
}

// composer runs operators one after another and keeps the first error.
type composer struct {
	f    *fusing
	dt   engine.DType
	made []engine.Buffer
	err  error
}

func (m *composer) temp(s engine.Shape) engine.Array {
	b, err := m.f.Alloc(m.dt, s.Len())
	if err != nil {
		m.err = err
		return engine.Array{}
	}
	m.made = append(m.made, b)
	return engine.Array{Buf: b, Shape: s}
}

func (m *composer) run(op engine.Op, a engine.Attr, in, out []engine.Array) {
	if k, ok := m.f.Lookup(op, m.dt); m.err == nil && ok {
		m.err = k(&engine.Call{Op: op, Attr: a, In: in, Out: out})
	}
}

type arrays = []engine.Array

// rank3 sees [b,h,s,d] as [b·h,s,d].
func rank3(a engine.Array) engine.Array {
	s := a.Shape
	a.Shape = engine.Of(s.Dim(0)*s.Dim(1), s.Dim(2), s.Dim(3))
	return a
}

func (m *composer) weights(c *engine.Call) engine.Array {
	q, k := c.In[0], c.In[1]
	scores := m.temp(q.Shape.With(3, k.Shape.Dim(2)))
	w := m.temp(scores.Shape)
	m.run(engine.OpMatMul, engine.Attr{TransB: true, Alpha: 1}, arrays{rank3(q), rank3(k), {}}, arrays{rank3(scores)})
	m.run(engine.OpSoftmax, engine.Attr{Alpha: c.Attr.Alpha}, arrays{scores, c.In[3]}, arrays{w})
	return w
}

func (m *composer) attention(c *engine.Call) {
	m.run(engine.OpMatMul, engine.Attr{Alpha: 1}, arrays{rank3(m.weights(c)), rank3(c.In[2]), {}}, arrays{rank3(c.Out[0])})
	m.run(engine.OpFill, engine.Attr{}, nil, arrays{c.Out[1]})
}

func (m *composer) attentionGrad(c *engine.Call) {
	q, k, v, gy := rank3(c.In[0]), rank3(c.In[1]), rank3(c.In[2]), rank3(c.In[6])
	w := m.weights(c)
	gw, gs := m.temp(w.Shape), m.temp(w.Shape)
	m.run(engine.OpMatMul, engine.Attr{TransB: true, Alpha: 1}, arrays{gy, v, {}}, arrays{rank3(gw)})
	m.run(engine.OpSoftmaxGrad, engine.Attr{Alpha: c.Attr.Alpha}, arrays{w, gw}, arrays{gs})
	m.run(engine.OpMatMul, engine.Attr{Alpha: 1}, arrays{rank3(gs), k, {}}, arrays{rank3(c.Out[0])})
	m.run(engine.OpMatMul, engine.Attr{TransA: true, Alpha: 1}, arrays{rank3(gs), q, {}}, arrays{rank3(c.Out[1])})
	m.run(engine.OpMatMul, engine.Attr{TransA: true, Alpha: 1}, arrays{rank3(w), gy, {}}, arrays{rank3(c.Out[2])})
}

func (m *composer) normAct(c *engine.Call) {
	sum := m.temp(c.Out[0].Shape)
	m.run(engine.OpBatchNorm, c.Attr, c.In[:5], arrays{sum, c.Out[1], c.Out[2]})
	m.addAct(c, sum)
}

func (m *composer) normEvalAct(c *engine.Call) {
	sum := m.temp(c.Out[0].Shape)
	m.run(engine.OpBatchNormEval, c.Attr, c.In[:5], arrays{sum})
	m.addAct(c, sum)
}

// addAct is what stands behind a norm.
func (m *composer) addAct(c *engine.Call, sum engine.Array) {
	res := c.In[5]
	if !res.Absent() {
		m.run(engine.OpAxpy, engine.Attr{Alpha: 1}, arrays{res}, arrays{sum})
	}
	if c.Attr.Fn == engine.FnNone {
		m.run(engine.OpCopy, engine.Attr{}, arrays{sum}, c.Out[:1])
		return
	}
	m.run(engine.OpUnary, c.Attr, arrays{sum}, c.Out[:1])
}

func (m *composer) normActGrad(c *engine.Call) {
	g := c.In[1]
	if c.Attr.Fn != engine.FnNone {
		g = m.temp(c.In[1].Shape)
		m.run(engine.OpUnaryGrad, c.Attr, arrays{c.In[5], c.In[1]}, arrays{g})
	}
	m.run(engine.OpBatchNormGrad, c.Attr, arrays{c.In[0], g, c.In[2], c.In[3], c.In[4]}, c.Out[:3])
	if !c.Out[3].Absent() {
		m.run(engine.OpCopy, engine.Attr{}, arrays{g}, c.Out[3:])
	}
}

func (m *composer) addNorm(c *engine.Call) {
	x, res, bias, w, b, ids := c.In[0], c.In[1], c.In[2], c.In[3], c.In[4], c.In[5]
	sum := c.Out[0]
	if bias.Absent() {
		m.run(engine.OpCopy, engine.Attr{}, arrays{x}, arrays{sum})
	} else {
		m.run(engine.OpBinary, engine.Attr{Fn: engine.FnAdd}, arrays{x, bias}, arrays{sum})
	}
	if !ids.Absent() {
		each := engine.Of(ids.Shape.Len(), sum.Shape.Len()/ids.Shape.Len())
		from, to := sum, m.temp(each)
		from.Shape = each
		m.run(engine.OpDropout, c.Attr, arrays{from, ids}, arrays{to})
		m.run(engine.OpCopy, engine.Attr{}, arrays{to}, arrays{from})
	}
	m.run(engine.OpAxpy, engine.Attr{Alpha: 1}, arrays{res}, arrays{sum})
	m.run(engine.OpLayerNorm, c.Attr, arrays{sum, w, b}, c.Out[1:])
}

// fusible are the operators that an engine may have in one piece.
var fusible = []gradCase{
	{"attention", [][]int{{2, 2, 3, 4}, {2, 2, 5, 4}, {2, 2, 5, 3}}, func(t *Tape, x []*Tensor) *Tensor {
		mask := t.FromF64(engine.Of(2, 1, 1, 5), []float64{0, 0, 0, 0, -1, 0, 0, -9, -9, -9})
		return t.Attention(x[0], x[1], x[2], AttentionOptions{Mask: mask})
	}},
	{"batch_norm, residual and tanh", [][]int{{3, 2, 4}, {2}, {2}, {3, 2, 4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.BatchNorm(x[0], BatchNormOptions{Weight: x[1], Bias: x[2], Residual: x[3], Act: engine.FnTanh, Eps: .1})
	}},
	{"batch_norm and residual", [][]int{{3, 2, 4}, {3, 2, 4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.BatchNorm(x[0], BatchNormOptions{Residual: x[1], Eps: .1})
	}},
	{"batch_norm by stored statistics", [][]int{{3, 2, 4}, {2}, {3, 2, 4}}, func(t *Tape, x []*Tensor) *Tensor {
		mean, variance := t.FromF64(engine.Of(2), []float64{.5, -1}), t.FromF64(engine.Of(2), []float64{.3, 2})
		return t.BatchNorm(x[0], BatchNormOptions{Weight: x[1], Residual: x[2], Mean: mean, Var: variance, Stored: true, Act: engine.FnTanh, Eps: .1})
	}},
	{"batch_norm and gelu", [][]int{{3, 2, 4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.BatchNorm(x[0], BatchNormOptions{Act: engine.FnGeluErf, Eps: .1})
	}},
	{"add_layer_norm with everything", [][]int{{2, 3, 4}, {2, 3, 4}, {4}, {4}, {4}}, func(t *Tape, x []*Tensor) *Tensor {
		t.SetSamples([]int64{3, 8})
		return t.AddLayerNorm(x[0], x[1], AddNormOptions{XBias: x[2], Weight: x[3], Bias: x[4], Eps: .1, Dropout: .3, Module: "m"})
	}},
	{"add_layer_norm", [][]int{{2, 4}, {2, 4}}, func(t *Tape, x []*Tensor) *Tensor { return t.AddLayerNorm(x[0], x[1], AddNormOptions{Eps: .1}) }},
}

// TestFusedOperators: in one piece or in steps, values and gradients agree, and
// those of the one piece with differences.
func TestFusedOperators(t *testing.T) {
	used := map[engine.Op]int{}
	for i, c := range fusible {
		t.Run(c.name, func(t *testing.T) {
			var value, quiet [2]float64
			var grads [2][][]float64
			for k, e := range []engine.Engine{newEngine(t), &fusing{newEngine(t), used}} {
				tape := NewTape(e)
				t.Cleanup(tape.Close)
				tape.SetDType(engine.F64)
				tape.SetTraining(true)
				s := rng.New(uint64(i))
				var leaves []*Tensor
				for _, dims := range c.shapes {
					leaves = append(leaves, leafOf(t, e, &s, dims...))
				}
				loss := func() *Tensor { return weighted(tape, c.run(tape, leaves)) }
				do(t, tape, func() {
					value[k] = loss().Item()
					tape.NoGrad(func() { quiet[k] = loss().Item() })
				})
				tape.Reset()
				for j := range leaves {
					for i, x := range leaves {
						x.SetRequiresGrad(i == j)
					}
					checkGrads(t, tape, leaves, loss)
				}
				for _, x := range leaves {
					x.SetRequiresGrad(true)
				}
				checkGrads(t, tape, leaves, loss)
				for _, x := range leaves {
					grads[k] = append(grads[k], x.Grad().Float64s())
				}
			}
			near := func(a, b float64) bool { return abs(a-b) <= 1e-13*(1+abs(a)) }
			if !near(value[0], value[1]) {
				t.Errorf("in steps %v, in one %v", value[0], value[1])
			}
			if !near(quiet[0], quiet[1]) {
				t.Errorf("unrecorded, in steps %v, in one %v", quiet[0], quiet[1])
			}
			for j := range grads[0] {
				for i, g := range grads[0][j] {
					if !near(g, grads[1][j][i]) {
						t.Fatalf("leaf %d, element %d: in steps %v, in one %v", j, i, g, grads[1][j][i])
					}
				}
			}
		})
	}
	for op := engine.OpFirstFused; int(op) < engine.Count; op++ {
		if used[op] == 0 {
			t.Errorf("%v never ran in one piece", op)
		}
	}
}
