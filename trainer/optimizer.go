package trainer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/safetensors"
)

// optimizer joins the groups that the machine decides on, the parameters' and
// gradients' memory, and an optim.Optimizer.
type optimizer struct {
	engine  engine.Engine
	catalog *optim.Catalog
	*optim.Optimizer
	tensors map[string]*nn.Param
	views   map[string]*optim.Param
	// params are those in groups, in order.
	params []*optim.Param
	rates  []float64
	// accumulate is accumulate_grad_batches.
	accumulate int
}

func (f *fit) newOptimizer(spec registry.Spec) (*optimizer, error) {
	o := &optimizer{engine: f.Engine, catalog: f.Optimizers, tensors: f.byName, views: map[string]*optim.Param{}, accumulate: f.AccumulateGradBatches}
	if err := o.replace(spec); err != nil {
		return nil, err
	}
	f.remark(o)
	return o, nil
}

// remark passes on what the user should know of an optimizer's arguments.
func (f *fit) remark(o *optimizer) {
	for _, text := range o.Remarks() {
		f.Sink.Emit(event.Warning{Text: text})
	}
}

// Describe tells a machine what an optimizer's groups start from.
func Describe(c *optim.Catalog) func(registry.Spec) (phase.OptimizerInfo, error) {
	return func(spec registry.Spec) (phase.OptimizerInfo, error) {
		o, err := optim.Make(c, spec)
		if err != nil {
			return phase.OptimizerInfo{}, err
		}
		return phase.OptimizerInfo{Name: o.Name(), Options: optim.Options(o.Rule())}, nil
	}
}

// replace starts over with another optimizer and empty state.
func (o *optimizer) replace(spec registry.Spec) error {
	made, err := optim.Make(o.catalog, spec)
	if err != nil {
		return err
	}
	if made.Evaluates() && o.accumulate > 1 {
		return fmt.Errorf("%s evaluates each batch several times and cannot add up the gradients of %d batches\n    hint: leave accumulate_grad_batches out", made.Name(), o.accumulate)
	}
	made.UseEngine(o.engine)
	o.Optimizer = made
	return nil
}

// regroup takes the machine's table over.
func (o *optimizer) regroup(groups []phase.Group) error {
	made := make([]optim.Group, len(groups))
	o.params = o.params[:0]
	o.rates = make([]float64, len(groups))
	for i, g := range groups {
		args := maps.Clone(g.Options)
		if args == nil {
			args = registry.Args{}
		}
		args["lr"] = g.LR
		if _, has := optim.Options(o.Rule())["weight_decay"]; has {
			args["weight_decay"] = g.WeightDecay
		}
		r, err := optim.Bind(o.Name(), o.Rule(), args)
		if err != nil {
			return fmt.Errorf("group %d: %w", i, err)
		}
		made[i] = optim.Group{Params: g.Params, Rule: r}
		for _, name := range g.Params {
			p, err := o.view(name)
			if err != nil {
				return err
			}
			o.params = append(o.params, p)
		}
		o.rates[i] = g.LR
	}
	return o.SetGroups(made)
}

// setRates takes the machine's learning rates and momenta over.
func (o *optimizer) setRates(groups []phase.Group) {
	cycled := false
	for i, g := range groups {
		o.SetRate(i, g.LR)
		o.rates[i] = g.LR
		cycled = cycled || g.BaseMomentum.Set
	}
	if !cycled {
		return
	}
	for i, g := range groups {
		o.SetMomentum(i, g.Momentum)
	}
}

// view is a parameter's memory; the engine's buffers lie in the host's.
func (o *optimizer) view(name string) (*optim.Param, error) {
	if p, ok := o.views[name]; ok {
		return p, nil
	}
	t, ok := o.tensors[name]
	if !ok {
		return nil, fmt.Errorf("the model has no parameter %s", name)
	}
	p := &optim.Param{Name: name, Shape: t.Shape, Value: slice(t.Tensor.Array())}
	o.views[name] = p
	return p, nil
}

// slice is an array's memory.
func slice(a engine.Array) optim.Slice {
	if a.Buf.DType() == engine.F64 {
		return optim.Slice{F64: host.F64(a.Buf)[:a.Shape.Len()]}
	}
	return optim.Slice{F32: host.F32(a.Buf)[:a.Shape.Len()]}
}

// step updates the parameters by their gradients.
func (o *optimizer) step() error {
	o.takeGradients()
	o.pickRows()
	return o.Step(func(name string) *optim.Param { return o.views[name] })
}

// search updates the parameters by evaluations of the model, which leave the
// gradients in the tensors; it returns the first one's loss.
func (o *optimizer) search(evaluate func() (float64, error)) (float64, error) {
	return o.StepClosure(func(name string) *optim.Param { return o.views[name] }, func() (float64, error) {
		loss, err := evaluate()
		o.takeGradients()
		o.pickRows()
		return loss, err
	})
}

// takeGradients points the views at the gradients of this step.
func (o *optimizer) takeGradients() {
	for _, p := range o.params {
		p.Grad, p.Rows = optim.Slice{}, nil
		if g := o.tensors[p.Name].Tensor.Grad(); g != nil {
			p.Grad = slice(g.Array())
		}
	}
}

// pickRows reduces sparse gradients to the rows that they consist of.
func (o *optimizer) pickRows() {
	for _, p := range o.params {
		rows := o.tensors[p.Name].Tensor.GradRows()
		if rows == nil || p.Grad.Absent() {
			continue
		}
		width := p.Grad.Len() / p.Shape[0]
		p.Rows, p.Grad = rows, optim.Slice{F32: pick(p.Grad.F32, rows, width), F64: pick(p.Grad.F64, rows, width)}
	}
}

// pick copies some rows of a table; nil stays nil.
func pick[T optim.Float](table []T, rows []int, width int) []T {
	if table == nil {
		return nil
	}
	out := make([]T, 0, len(rows)*width)
	for _, r := range rows {
		out = append(out, table[r*width:(r+1)*width]...)
	}
	return out
}

// optimizerState is the part of an optimizer's state that is no tensor.
type optimizerState struct {
	Name   string                `json:"name"`
	Params map[string]paramState `json:"params"`
}

// paramState is what an optimizer remembers of one parameter: updates, numbers,
// and the shapes of the tensors that stand beside it.
type paramState struct {
	Step    int           `json:"step"`
	Tensors []savedTensor `json:"tensors,omitempty"`
	Scalars []savedScalar `json:"scalars,omitempty"`
}

type savedTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

type savedScalar struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// state gives the state for a checkpoint: numbers as JSON, tensors as entries
// named "<parameter>/<tensor>".
func (o *optimizer) state() (json.RawMessage, []safetensors.Entry, error) {
	st := optimizerState{Name: o.Name(), Params: map[string]paramState{}}
	var entries []safetensors.Entry
	states := o.States()
	for _, name := range slices.Sorted(maps.Keys(states)) {
		s := states[name]
		saved := paramState{Step: s.Step}
		for i, t := range s.Layout.Tensors {
			saved.Tensors = append(saved.Tensors, savedTensor{t.Name, t.Shape})
			entries = append(entries, entry(name+"/"+t.Name, t.Shape, s.Tensors[i]))
		}
		for i, c := range s.Layout.Scalars {
			saved.Scalars = append(saved.Scalars, savedScalar{c.Name, s.Scalars[i]})
		}
		st.Params[name] = saved
	}
	raw, err := json.Marshal(st)
	return raw, entries, err
}

func entry(name string, shape []int, x optim.Slice) safetensors.Entry {
	if x.F64 != nil {
		return safetensors.Floats(name, safetensors.F64, shape, x.F64)
	}
	return safetensors.Floats(name, safetensors.F32, shape, x.F32)
}

// load takes the state of a checkpoint over, in place of what was there.
func (o *optimizer) load(raw json.RawMessage, f *safetensors.File) error {
	var st optimizerState
	if err := json.Unmarshal(raw, &st); err != nil {
		return fmt.Errorf("reading the optimizer's state: %w", err)
	}
	if st.Name != o.Name() {
		return fmt.Errorf("the checkpoint holds the state of %s, the optimizer is %s\n    hint: set restore_best to false, or re-create the optimizer in every phase", st.Name, o.Name())
	}
	o.Forget()
	for _, name := range slices.Sorted(maps.Keys(st.Params)) {
		s, err := o.read(f, name, st.Params[name])
		if err != nil {
			return fmt.Errorf("reading the optimizer's state of %s: %w", name, err)
		}
		if err := o.SetState(name, s); err != nil {
			return err
		}
	}
	return nil
}

// read makes a parameter's state of what a checkpoint holds.
func (o *optimizer) read(f *safetensors.File, name string, saved paramState) (*optim.State, error) {
	p, err := o.view(name)
	if err != nil {
		return nil, err
	}
	expected := o.Rule().Layout(p.Shape)
	s := &optim.State{Step: saved.Step, Layout: optim.Layout{Counter: expected.Counter}}
	for _, t := range saved.Tensors {
		if want := expected.Shape(t.Name, p.Shape); want != nil && !slices.Equal(want, t.Shape) {
			return nil, fmt.Errorf("%s has shape %v in the checkpoint, the parameter's is %v", t.Name, t.Shape, want)
		}
		x, err := readTensor(f, name+"/"+t.Name, t.Shape, p.Value.F64 != nil)
		if err != nil {
			return nil, err
		}
		s.Layout.Tensors = append(s.Layout.Tensors, optim.Tensor{Name: t.Name, Shape: t.Shape})
		s.Tensors = append(s.Tensors, x)
	}
	for _, c := range saved.Scalars {
		s.Layout.Scalars = append(s.Layout.Scalars, optim.Scalar{Name: c.Name})
		s.Scalars = append(s.Scalars, c.Value)
	}
	return s, nil
}

func readTensor(f *safetensors.File, name string, shape []int, wide bool) (optim.Slice, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return optim.Slice{}, err
	}
	if !slices.Equal(t.Shape, shape) {
		return optim.Slice{}, fmt.Errorf("%s has shape %v, expected %v", name, t.Shape, shape)
	}
	if wide {
		x := make([]float64, t.Len())
		return optim.Slice{F64: x}, t.ReadFloat64(x)
	}
	x := make([]float32, t.Len())
	return optim.Slice{F32: x}, t.ReadFloat32(x)
}
