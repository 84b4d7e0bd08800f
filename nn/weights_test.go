package nn_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/safetensors"
)

// file writes entries and opens what was written.
func file(t *testing.T, entries []safetensors.Entry) *safetensors.File {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, entries); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Parse("weights.safetensors", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWeightsRoundTrip(t *testing.T) {
	e := newEngine(t)
	from := residual(t, nn.Config{Engine: e, Seed: 1, Prefix: "model."}, 1)
	if err := from.Params().BatchNorms()[0].Batches.Tensor.Set([]int64{42}); err != nil {
		t.Fatal(err)
	}
	saved := file(t, nn.Entries(from.Params().All()))
	for _, c := range []nn.Config{{Prefix: "model."}, {Prefix: "model.", DType: engine.F64}} {
		c.Engine, c.Seed = e, 2
		to := residual(t, c, 1)
		if err := nn.Load(to.Params().All(), saved, nn.LoadOptions{Exact: true}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(values(to), values(from)) {
			t.Error("other values came back")
		}
	}
}

// values are all entries' values in a row.
func values(net *nn.Network) []float64 {
	out := buffers(net)
	for _, p := range net.Params().All() {
		if !p.Buffer {
			out = append(out, p.Tensor.Float64s()...)
		}
	}
	return out
}

// TestPretrainedWeights: names without the prefix, no batch counters, a head of
// another size.
func TestPretrainedWeights(t *testing.T) {
	e := newEngine(t)
	var entries []safetensors.Entry
	for _, en := range nn.Entries(residual(t, nn.Config{Engine: e, Seed: 1}, 1).Params().All()) {
		switch {
		case strings.HasSuffix(en.Name, "num_batches_tracked"):
		case en.Name == "fc.weight":
			entries = append(entries, safetensors.Floats("fc.weight", safetensors.F32, []int{7, 4}, make([]float32, 28)))
		default:
			entries = append(entries, en)
		}
	}
	f := file(t, entries)
	net := residual(t, nn.Config{Engine: e, Seed: 2, Prefix: "model."}, 1)
	before := values(net)
	load := func(o nn.LoadOptions) error { return nn.Load(net.Params().All(), f, o) }
	err := load(nn.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "weights.safetensors: tensor fc.weight has shape [7 4], the network wants [3 4]") {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(values(net), before) {
		t.Error("a refused file has left values behind")
	}
	if err := load(nn.LoadOptions{Fresh: []string{"fc."}, Exact: true}); err != nil {
		t.Errorf("with a fresh head: %v", err)
	}
	after := values(net)
	n := len(after) - 15 // the head's 12 weights and 3 biases
	if slices.Equal(after[:n], before[:n]) || !slices.Equal(after[n:], before[n:]) {
		t.Error("the body was not loaded, or the head was")
	}
}

func TestMisnamedWeights(t *testing.T) {
	e := newEngine(t)
	net := residual(t, nn.Config{Engine: e}, 0)
	entries := nn.Entries(net.Params().All())
	for i := range entries {
		entries[i].Name = strings.Replace(entries[i].Name, "fc.weight", "fc.weigth", 1)
	}
	err := nn.Load(net.Params().All(), file(t, entries), nn.LoadOptions{})
	if err == nil || !strings.Contains(err.Error(), "has no tensor fc.weight of shape [3 4]") || !strings.Contains(err.Error(), "hint: it has fc.weigth") {
		t.Errorf("got %v", err)
	}
	extra := append(nn.Entries(net.Params().All()), safetensors.Ints("left_over", nil, []int64{1}))
	if err := nn.Load(net.Params().All(), file(t, extra), nn.LoadOptions{Exact: true}); err == nil || !strings.Contains(err.Error(), "left_over") {
		t.Errorf("got %v", err)
	}
	if err := nn.Load(net.Params().All(), file(t, extra), nn.LoadOptions{}); err != nil {
		t.Errorf("a file may hold more: %v", err)
	}
}
