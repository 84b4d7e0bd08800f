package nn

import "github.com/thaw-go/thaw/tensor"

// Attention is multi-head attention between projected queries, keys and values,
// without parameters of its own.
type Attention struct {
	heads   int
	dropout float64
	path    string
}

// NewAttention makes an attention of so many heads, which drops weights with
// probability dropout in training, keyed by s's path.
func NewAttention(s *Scope, heads int, dropout float64) *Attention {
	s.positive("heads", heads)
	return &Attention{heads: heads, dropout: dropout, path: s.path}
}

// Forward attends from q[b,s,d] to k, v[b,t,d]. The additive mask, which may be
// nil, broadcasts to [b,heads,s,t].
func (a *Attention) Forward(t *tensor.Tape, q, k, v, mask *tensor.Tensor) *tensor.Tensor {
	t.Enter("")
	y := t.Attention(SplitHeads(t, q, a.heads), SplitHeads(t, k, a.heads), SplitHeads(t, v, a.heads), tensor.AttentionOptions{
		Mask: mask, Dropout: a.dropout, Module: a.path,
	})
	return t.Leave(MergeHeads(t, y))
}

// SplitHeads turns [b,s,h·d] into [b,h,s,d].
func SplitHeads(t *tensor.Tape, x *tensor.Tensor, heads int) *tensor.Tensor {
	r := t.Reshape(x, x.Dim(0), x.Dim(1), heads, -1)
	y := t.Permute(r, 0, 2, 1, 3)
	t.Drop(r)
	return y
}

// MergeHeads turns [b,h,s,d] into [b,s,h·d].
func MergeHeads(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	p := t.Permute(x, 0, 2, 1, 3)
	y := t.Reshape(p, p.Dim(0), p.Dim(1), -1)
	t.Drop(p)
	return y
}
