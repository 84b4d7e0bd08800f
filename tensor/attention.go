package tensor

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// AttentionOptions are the constants of an attention.
type AttentionOptions struct {
	// Mask is added to the scores; it broadcasts to [b,h,queries,keys]. A query
	// that may attend to nothing (−∞ throughout) gives zeros.
	Mask *Tensor
	// Causal lets a query attend to keys up to its own position. It excludes
	// Mask.
	Causal bool
	// Scale of the scores; 0 stands for 1/√d.
	Scale float64
	// Dropout is the probability with which, in training, a weight is dropped;
	// Module is the path that it is keyed by.
	Dropout float64
	Module  string
}

// Attention is softmax(scale·q·kᵀ + mask)·v for q[b,h,s,d], k[b,h,t,d],
// v[b,h,t,e] (Vaswani et al., Attention Is All You Need, 2017).
func (t *Tape) Attention(q, k, v *Tensor, o AttentionOptions) *Tensor {
	t.begin("attention", q, k, v, o.Mask)
	t.wantFloat(q, k, v, o.Mask)
	if q.Rank() != 4 || k.Rank() != 4 || v.Rank() != 4 || lead(q.shape, 2) != lead(k.shape, 2) || lead(q.shape, 2) != lead(v.shape, 2) ||
		q.Dim(3) != k.Dim(3) || k.Dim(2) != v.Dim(2) {
		t.failf("queries %v, keys %v, values %v: want [b,h,s,d], [b,h,t,d], [b,h,t,e]", q.shape, k.shape, v.shape)
	}
	if o.Mask != nil && o.Causal {
		t.failf("a mask and causal exclude each other")
	}
	if o.Scale == 0 {
		o.Scale = 1 / math.Sqrt(float64(q.Dim(3)))
	}
	if o.Causal {
		o.Mask = t.causal(q.dt, q.Dim(2), k.Dim(2))
	}
	scores := q.shape.With(3, k.Dim(2))
	if o.Mask != nil {
		if s, ok := scores.Broadcast(o.Mask.shape); !ok || s != scores {
			t.failf("a mask of shape %v does not broadcast to the scores %v", o.Mask.shape, scores)
		}
	}
	drops := t.training && o.Dropout > 0
	if !drops && !t.maskNeeds(o.Mask) && t.kernel(engine.OpAttention, q.dt) != nil && t.kernel(engine.OpAttentionGrad, q.dt) != nil {
		return t.fusedAttention(q, k, v, o)
	}
	t.Enter("")
	s := t.MatMulWith(q, k, MatMulOptions{TransB: true})
	w := t.MaskedSoftmax(s, o.Mask, o.Scale)
	t.Drop(s)
	p := t.Dropout(w, o.Dropout, o.Module)
	return t.Leave(t.MatMul(p, v))
}

func (t *Tape) maskNeeds(mask *Tensor) bool { return mask != nil && mask.needs }

func (t *Tape) fusedAttention(q, k, v *Tensor, o AttentionOptions) *Tensor {
	attr := engine.Attr{Alpha: o.Scale}
	y := t.fresh(q.dt, q.shape.With(3, v.Dim(3)))
	lse := t.alloc(q.dt, lead(q.shape, 1))
	t.run(engine.OpAttention, &attr, []val{q.val(), k.val(), v.val(), o.Mask.val()}, []val{y.val(), lse})
	if n := t.record(backAttention, &attr, y, q, k, v); n != nil {
		t.save(n, q.val(), k.val(), v.val(), o.Mask.val(), y.val(), lse)
	}
	lse.drop()
	return y
}

func backAttention(t *Tape, n *node) {
	var in [7]val
	for i := range 6 {
		in[i] = t.held(n, i)
	}
	in[6] = n.gy()
	out := [3]val{t.like(in[0]), t.like(in[1]), t.like(in[2])}
	t.run(engine.OpAttentionGrad, &n.attr, in[:], out[:])
	for i, g := range out {
		t.give(n, i, g)
	}
}

// causal is the additive mask of s queries over n keys, kept until Reset.
func (t *Tape) causal(dt engine.DType, s, n int) *Tensor {
	for _, m := range t.masks {
		if m.dt == dt && m.shape == engine.Of(s, n) {
			return m
		}
	}
	data := make([]float32, s*n)
	for i := range s {
		for j := i + 1; j < n; j++ {
			data[i*n+j] = float32(math.Inf(-1))
		}
	}
	m := t.Keep(t.from(dt, engine.Of(s, n), data))
	t.op = "attention"
	t.masks = append(t.masks, m)
	return m
}

// MaskOf makes the additive mask of a table that says what may be attended to:
// 0 where true, −∞ where false.
func (t *Tape) MaskOf(shape engine.Shape, attend []bool) *Tensor {
	data := make([]float32, len(attend))
	for i, a := range attend {
		if !a {
			data[i] = float32(math.Inf(-1))
		}
	}
	return t.FromF32(shape, data)
}
