package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/tensor"
)

// TestTorchLayers replays layers, losses and small models in f64, within the
// file's tolerance, and in f32.
func TestTorchLayers(t *testing.T) {
	suite{
		file:    "torch_layers.json",
		context: []string{"about"},
		sections: map[string]sectionFunc{
			"cases":            func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayLayer) },
			"batch_norm_steps": func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayNormSteps) },
			"errors":           func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayLayerError) },
			"models":           func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayModel) },
			"torchvision_state_dicts": func(t *testing.T, raw json.RawMessage) {
				namedCases(t, raw, func(t *testing.T, want []stateEntry) { replayStateDict(t, path.Base(t.Name()), want) })
			},
		},
	}.replay(t)
}

// array is a tensor as the file has it: {shape, data}, or lists nested in the
// tensor's shape.
type array struct {
	shape  []int
	data   []float64
	bools  bool // a table of what may be attended to
	absent bool
}

func (a *array) UnmarshalJSON(text []byte) error {
	switch {
	case bytes.Equal(text, []byte("null")):
		a.absent = true
		return nil
	case text[0] != '{':
		a.shape = nestedShape(text)
		return json.Unmarshal(text, (*numbers)(&a.data))
	}
	var v struct {
		Shape []int           `json:"shape"`
		Data  json.RawMessage `json:"data"`
		Bool  bool            `json:"bool"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return err
	}
	a.shape, a.bools = v.Shape, v.Bool
	if !v.Bool {
		return json.Unmarshal(v.Data, (*numbers)(&a.data))
	}
	var bits []bool
	if err := json.Unmarshal(v.Data, &bits); err != nil {
		return err
	}
	for _, b := range bits {
		n := 0.
		if b {
			n = 1
		}
		a.data = append(a.data, n)
	}
	return nil
}

// nestedShape is the shape of nested lists.
func nestedShape(text []byte) []int {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		return nil
	}
	if len(list) == 0 {
		return []int{0}
	}
	return append([]int{len(list)}, nestedShape(list[0])...)
}

// ints are the elements as integers.
func (a array) ints() []int64 {
	out := make([]int64, len(a.data))
	for i, v := range a.data {
		out[i] = int64(v)
	}
	return out
}

// layerCase is one case of the section "cases".
type layerCase struct {
	Op           string           `json:"op"`
	Kwargs       arguments        `json:"kwargs"`
	Inputs       map[string]array `json:"inputs"`
	Consts       map[string]array `json:"consts"`
	Note         string           `json:"note"`
	StatesBefore map[string]array `json:"states_before"`
	StatesAfter  map[string]array `json:"states_after"`
	Output       array            `json:"output"`
	GradOutput   array            `json:"grad_output"`
	Grads        map[string]array `json:"grads"`
}

// layerTypes are the float types that layers are replayed in. The file's
// numbers have 12 digits: 1e-9 relative, 1e-10 absolute. In f32 rounding an
// input moves a result by about 1e-7 times its condition, which for the cases'
// norms and attentions stays below a hundred.
var layerTypes = []struct {
	dt  engine.DType
	tol func(want []float64) tolerance
}{
	{engine.F64, func([]float64) tolerance { return tolerance{Rel: 1e-9, Abs: 1e-10} }},
	{engine.F32, func(want []float64) tolerance { return tolerance{Rel: 1e-5, Abs: 1e-5 * largest(want)} }},
}

// largest is the largest finite magnitude, at least 1.
func largest(v []float64) float64 {
	m := 1.
	for _, x := range v {
		if a := math.Abs(x); !math.IsInf(a, 0) {
			m = max(m, a)
		}
	}
	return m
}

// layerRun is a case on its way through one float type.
type layerRun struct {
	layerCase
	t      *testing.T
	tape   *tensor.Tape
	dt     engine.DType
	leaves map[string]*tensor.Tensor
	used   map[string]bool // keys of kwargs, inputs and consts that were read
}

// newLayerTape is a tape of the given type on an engine of its own.
func newLayerTape(t *testing.T, dt engine.DType) *tensor.Tape {
	t.Helper()
	e := reference.New(reference.Options{Debug: true})
	tape := tensor.NewTape(e)
	tape.SetDType(dt)
	t.Cleanup(func() {
		tape.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return tape
}

func replayLayer(t *testing.T, c layerCase) {
	for _, typ := range layerTypes {
		r := &layerRun{layerCase: c, t: t, dt: typ.dt, tape: newLayerTape(t, typ.dt), leaves: map[string]*tensor.Tensor{}, used: map[string]bool{}}
		what := func(s string) string { return fmt.Sprintf("%v %s", typ.dt, s) }
		op, ok := layerOps[c.Op]
		if !ok {
			t.Fatalf("no operator %q", c.Op)
		}
		var out []float64
		err := r.tape.Do(func() {
			y := op(r)
			out = y.Float64s()
			if got, want := y.Shape(), engine.Of(c.Output.shape...); got != want {
				t.Fatalf("output of shape %v, want %v", got, want)
			}
			r.tape.Backward(y, r.tape.FromF64(y.Shape(), c.GradOutput.data))
		})
		if err != nil {
			t.Fatal(err)
		}
		typ.tol(c.Output.data).compare(t, what("output"), out, c.Output.data)
		for name, want := range c.Grads {
			g := r.leaves[name].Grad()
			if g == nil {
				t.Errorf("%s has no gradient", name)
				continue
			}
			typ.tol(want.data).compare(t, what("gradient of "+name), g.Float64s(), want.data)
		}
		for name, want := range c.StatesAfter {
			typ.tol(want.data).compare(t, what(name), r.leaves[name].Float64s(), want.data)
		}
		r.checkUsed()
	}
}

// checkUsed fails on a key that the operator did not read.
func (r *layerRun) checkUsed() {
	keys := slices.Collect(maps.Keys(r.Kwargs))
	keys = append(keys, slices.Collect(maps.Keys(r.Inputs))...)
	keys = append(keys, slices.Collect(maps.Keys(r.Consts))...)
	for _, k := range keys {
		if !r.used[k] {
			r.t.Errorf("%s: %q was not read", r.Op, k)
		}
	}
}

// leaf makes a leaf of the run's type.
func newLayerLeaf(t *testing.T, tape *tensor.Tape, a array, trained bool) *tensor.Tensor {
	t.Helper()
	x, err := tensor.NewLeaf(tape.Engine(), tape.DType(), engine.Of(a.shape...))
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Set(a.data); err != nil {
		t.Fatal(err)
	}
	x.SetRequiresGrad(trained)
	return x
}

// in is the input of the given name, nil where the case has none.
func (r *layerRun) in(name string) *tensor.Tensor {
	a, ok := r.Inputs[name]
	if !ok {
		return nil
	}
	r.used[name] = true
	r.leaves[name] = newLayerLeaf(r.t, r.tape, a, true)
	return r.leaves[name]
}

// state is a leaf of states_before.
func (r *layerRun) state(name string) *tensor.Tensor {
	a, ok := r.StatesBefore[name]
	if !ok {
		return nil
	}
	r.leaves[name] = newLayerLeaf(r.t, r.tape, a, false)
	return r.leaves[name]
}

// constant is a float constant, nil where absent.
func (r *layerRun) constant(name string) *tensor.Tensor {
	a, ok := r.Consts[name]
	r.used[name] = true
	if !ok || a.absent {
		return nil
	}
	return r.tape.FromF64(engine.Of(a.shape...), a.data)
}

// target is a constant of class indices or, with as many axes as the logits, of
// probabilities.
func (r *layerRun) target() *tensor.Tensor {
	a := r.Consts["target"]
	if len(a.shape) == len(r.Inputs["x"].shape) {
		return r.constant("target")
	}
	r.used["target"] = true
	return r.tape.FromI64(engine.Of(a.shape...), a.ints())
}

// kwarg reads an argument, by default def.
func (r *layerRun) kwarg(key string, def any) any {
	r.used[key] = true
	if v, ok := r.Kwargs[key]; ok {
		return v
	}
	return def
}

func (r *layerRun) num(key string, def float64) float64 {
	switch v := r.kwarg(key, def).(type) {
	case int:
		return float64(v)
	case float64:
		return v
	case nil:
		return def
	}
	r.t.Fatalf("%s is no number: %v", key, r.Kwargs[key])
	return 0
}

func (r *layerRun) flag(key string, def bool) bool {
	v, ok := r.kwarg(key, def).(bool)
	if !ok {
		r.t.Fatalf("%s is neither true nor false", key)
	}
	return v
}

// pair is a size given as one number or as [height, width].
func (r *layerRun) pair(key string, def int) [2]int {
	switch v := r.kwarg(key, def).(type) {
	case int:
		return [2]int{v, v}
	case []any:
		if len(v) == 2 {
			return [2]int{v[0].(int), v[1].(int)}
		}
	}
	r.t.Fatalf("%s is no size: %v", key, r.Kwargs[key])
	return [2]int{}
}

// vector is a list of numbers as a tensor, nil where absent.
func (r *layerRun) vector(key string) *tensor.Tensor {
	v := r.kwarg(key, nil)
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	var a array
	decode(r.t, text, &a)
	return r.tape.FromF64(engine.Of(a.shape...), a.data)
}

func (r *layerRun) reduction() tensor.Reduction {
	switch v := r.kwarg("reduction", "mean"); v {
	case "mean":
		return tensor.Mean
	case "sum":
		return tensor.Sum
	case "none":
		return tensor.None
	default:
		r.t.Fatalf("reduction %v", v)
		return 0
	}
}
