package conformance

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// textLayer is one layer of the file's small text models.
type textLayer struct {
	query, key, value, attnOut, inter, out *nn.Linear
	attnNorm, outNorm                      *nn.LayerNorm
	attention                              *nn.Attention
}

var (
	headsText  = regexp.MustCompile(`heads (\d+)`)
	passesText = regexp.MustCompile(`(\d+) passes`)
)

const textEps = 1e-12

// newTextModel builds a model whose sizes are those of the state dict. heads and
// passes through the layers stand in its name; 4 and one each where they do not.
func newTextModel(t *testing.T, s *nn.Scope, name string, dict []stateEntry) *nn.Network {
	t.Helper()
	shape := map[string][]int{}
	layers := 0
	for _, e := range dict {
		shape[e.name] = e.shape
		if strings.HasSuffix(e.name, ".query.weight") {
			layers++
		}
	}
	size := func(name string, axis int) int {
		if shape[name+".weight"] == nil {
			t.Fatalf("the state dict has no %s", name)
		}
		return shape[name+".weight"][axis]
	}
	heads := 4
	if m := headsText.FindStringSubmatch(name); m != nil {
		heads = atoi(m[1])
	}
	net := nn.NewNetwork(s)
	net.Add(newTextEmbedding(s, size, shape["proj.weight"] != nil))
	var blocks []func(t *tensor.Tape, in nn.Inputs, x *tensor.Tensor) *tensor.Tensor
	for i := range layers {
		l := newTextLayer(s.Sub(fmt.Sprintf("layer.%d", i)), size, heads)
		blocks = append(blocks, l.forward)
	}
	passes := layers
	if m := passesText.FindStringSubmatch(name); m != nil {
		passes = atoi(m[1])
	}
	for i := range passes {
		net.Add(nn.Block{Name: fmt.Sprintf("pass.%d", i), Forward: blocks[i%layers]})
	}
	hidden := size("pooler", 0)
	pooler, classifier := nn.NewLinear(s.Sub("pooler"), hidden, hidden, true), nn.NewLinear(s.Sub("classifier"), hidden, size("classifier", 0), true)
	net.Add(nn.Block{Name: "head", Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		return classifier.Forward(t, pooler.ForwardAct(t, t.Take(x, 1, 0), engine.FnTanh))
	}})
	if err := net.Err(); err != nil {
		t.Fatal(err)
	}
	return net
}

func newTextEmbedding(s *nn.Scope, size func(string, int) int, projected bool) nn.Block {
	dim := size("word", 1)
	word := nn.NewEmbedding(s.Sub("word"), size("word", 0), dim, -1)
	pos := nn.NewEmbedding(s.Sub("pos"), size("pos", 0), dim, -1)
	kind := nn.NewEmbedding(s.Sub("tok_type"), size("tok_type", 0), dim, -1)
	norm := nn.NewLayerNorm(s.Sub("norm"), textEps, dim)
	var proj *nn.Linear
	if projected {
		proj = nn.NewLinear(s.Sub("proj"), dim, size("proj", 0), true)
	}
	return nn.Block{Name: "embeddings", Forward: func(t *tensor.Tape, in nn.Inputs, ids *tensor.Tensor) *tensor.Tensor {
		x := t.Add(t.Add(word.Forward(t, ids), pos.Forward(t, in["positions"])), kind.Forward(t, in["token_types"]))
		x = norm.Forward(t, x)
		if proj != nil {
			x = proj.Forward(t, x)
		}
		return x
	}}
}

func newTextLayer(s *nn.Scope, size func(string, int) int, heads int) *textLayer {
	hidden, ffn := size("layer.0.query", 0), size("layer.0.inter", 0)
	square := func(name string) *nn.Linear { return nn.NewLinear(s.Sub(name), hidden, hidden, true) }
	return &textLayer{
		query: square("query"), key: square("key"), value: square("value"), attnOut: square("attn_out"),
		attnNorm: nn.NewLayerNorm(s.Sub("attn_norm"), textEps, hidden),
		inter:    nn.NewLinear(s.Sub("inter"), hidden, ffn, true), out: nn.NewLinear(s.Sub("out"), ffn, hidden, true),
		outNorm:   nn.NewLayerNorm(s.Sub("out_norm"), textEps, hidden),
		attention: nn.NewAttention(s, heads, 0),
	}
}

func (l *textLayer) forward(t *tensor.Tape, in nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
	a := l.attention.Forward(t, l.query.Forward(t, x), l.key.Forward(t, x), l.value.Forward(t, x), in["mask"])
	x = l.attnNorm.Forward(t, t.Add(x, l.attnOut.Forward(t, a)))
	h := l.inter.ForwardAct(t, x, engine.FnGeluErf)
	return l.outNorm.Forward(t, t.Add(x, l.out.Forward(t, h)))
}

var textInput = regexp.MustCompile(`^ids\[b\]\[i\]=\((\d+)\*i\+(\d+)\*b\)%(\d+) \((\d+)x(\d+)\), token types 0 for i<(\d+) else 1, attention lengths ([\d,]+);` +
	` positions 0\.\.\d+; no dropout; LayerNorm eps 1e-12; GELU erf; mask -1e9 added; pooler tanh on token 0$`)

// textInputs reads the input's description.
func textInputs(t *testing.T, text string) func(*tensor.Tape) (nn.Inputs, *tensor.Tensor) {
	t.Helper()
	m := textInput.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("input %q", text)
	}
	byPos, byRow, vocab, n, length, second := atoi(m[1]), atoi(m[2]), atoi(m[3]), atoi(m[4]), atoi(m[5]), atoi(m[6])
	var ids, types, positions []int64
	var mask []float64
	for b, attended := range strings.Split(m[7], ",") {
		for i := range length {
			ids = append(ids, int64((byPos*i+byRow*b)%vocab))
			kind, hidden := int64(0), 0.
			if i >= second {
				kind = 1
			}
			if i >= atoi(attended) {
				hidden = -1e9
			}
			types, mask = append(types, kind), append(mask, hidden)
			if b == 0 {
				positions = append(positions, int64(i))
			}
		}
	}
	return func(t *tensor.Tape) (nn.Inputs, *tensor.Tensor) {
		shape := engine.Of(n, length)
		return nn.Inputs{
			"token_types": t.FromI64(shape, types), "positions": t.FromI64(engine.Of(length), positions),
			"mask": t.FromF64(engine.Of(n, 1, 1, length), mask),
		}, t.FromI64(shape, ids)
	}
}
