package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// stateEntry is a state dict's name and shape, written [name, [sizes]].
type stateEntry struct {
	name  string
	shape []int
}

func (e *stateEntry) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&e.name, &e.shape})
}

// modelCase is a training trace of a whole model.
type modelCase struct {
	Name           string             `json:"name"`
	Formula        string             `json:"formula"`
	Input          string             `json:"input"`
	Optimizer      string             `json:"optimizer"`
	StateDict      []stateEntry       `json:"state_dict"`
	Parameters     []string           `json:"parameters"`
	EvalLogits     array              `json:"eval_logits"`
	Target         []int64            `json:"target"`
	TrainLosses    numbers            `json:"train_losses"`
	FirstStepGrads map[string]numbers `json:"first_step_grad_norm_and_sum"`
	EvalAfter      array              `json:"eval_logits_after"`
}

// modelTolerance is what a trace may be off by: early, before the first update,
// and late, after several.
type modelTolerance struct {
	early, late tolerance
	// grad is relative to a gradient's norm.
	grad float64
}

// In f32 the forward and backward passes of tens of layers keep three to four
// digits where the network is well conditioned.
var modelTypes = map[engine.DType]modelTolerance{
	engine.F64: {early: tolerance{Rel: 1e-9, Abs: 1e-10}, late: tolerance{Rel: 1e-6, Abs: 1e-9}, grad: 1e-8},
	engine.F32: {early: tolerance{Rel: 1e-4, Abs: 1e-4}, late: tolerance{Rel: 2e-3, Abs: 2e-3}, grad: 2e-3},
}

// trace is a model case on its way through one float type.
type trace struct {
	modelCase
	t       *testing.T
	tape    *tensor.Tape
	net     *nn.Network
	inputs  func(*tensor.Tape) (nn.Inputs, *tensor.Tensor)
	trained []*nn.Param
	tol     modelTolerance
	rounded bool // weights and pictures are rounded to f32
}

func replayModel(t *testing.T, c modelCase) {
	r := newTrace(t, c, engine.F64, false)
	r.checkEval()
	r.checkTraining()
	r.net.Params().Release()
	single := newTrace(t, c, engine.F32, false)
	defer single.net.Params().Release()
	single.checkEval()
	if shift := conditioning(t, c); shift > 1e-5 {
		t.Logf("rounding the weights to f32 moves the f64 gradients by %.2g: training in f32 is not compared", shift)
		return
	}
	single.checkTraining()
}

func newTrace(t *testing.T, c modelCase, dt engine.DType, rounded bool) *trace {
	t.Helper()
	tape := newModelTape(t, dt)
	r := &trace{modelCase: c, t: t, tape: tape, tol: modelTypes[dt], rounded: rounded}
	r.build(nn.NewScope(nn.Config{Engine: tape.Engine(), DType: dt, Lazy: true}))
	return r
}

// newModelTape is a tape on an engine that is not watched: models are large.
func newModelTape(t *testing.T, dt engine.DType) *tensor.Tape {
	t.Helper()
	e := reference.New(reference.Options{})
	tape := tensor.NewTape(e)
	tape.SetDType(dt)
	t.Cleanup(func() { e.Close() })
	return tape
}

// conditioning is how far, relative to the largest, the norm of a gradient moves
// in f64 when weights and pictures are rounded to f32. Training in f32 does at
// least that, at every layer.
func conditioning(t *testing.T, c modelCase) (shift float64) {
	r := newTrace(t, c, engine.F64, true)
	defer r.net.Params().Release()
	r.train()
	most := 0.
	for _, p := range r.trained {
		norm, _ := normAndSum(p)
		want := c.FirstStepGrads[p.Name][0]
		most, shift = max(most, want), max(shift, math.Abs(norm-want))
	}
	return shift / most
}

var (
	torchvisionName = regexp.MustCompile(`^torchvision (\w+), (\d+) classes, (\d+)x`)
	onlyTrained     = regexp.MustCompile(`only (\S+)\.\* trained`)
	pictureInput    = regexp.MustCompile(`^shape \[(\d+),(\d+),(\d+),(\d+)\], element j = sin\(([\d.]+)\*j\+([\d.]+)\)$`)
)

// build makes the network, sets its weights by the formula and freezes what is
// not trained.
func (r *trace) build(s *nn.Scope) {
	if m := torchvisionName.FindStringSubmatch(r.Name); m != nil {
		r.net = newPictureModel(r.t, s, m[1], model.Config{Classes: atoi(m[2]), Channels: atoi(m[3])})
		r.inputs = r.pictures
	} else {
		r.net = newTextModel(r.t, s, r.Name, r.StateDict)
		r.inputs = textInputs(r.t, r.Input)
	}
	checkStateDict(r.t, r.net, r.StateDict)
	only := onlyTrained.FindStringSubmatch(r.Name)
	n := 0
	var names []string
	for _, p := range r.net.Params().All() {
		r.fill(p, &n)
		if p.Buffer {
			continue
		}
		names = append(names, p.Name)
		on := only == nil || strings.HasPrefix(p.Name, only[1]+".")
		p.Tensor.SetRequiresGrad(on)
		if on {
			r.trained = append(r.trained, p)
		}
	}
	if fmt.Sprint(names) != fmt.Sprint(r.Parameters) {
		r.t.Errorf("parameters %v, want %v", names, r.Parameters)
	}
}

func newPictureModel(t *testing.T, s *nn.Scope, name string, c model.Config) *nn.Network {
	t.Helper()
	m, err := model.Images().Find(name)
	if err != nil {
		t.Fatal(err)
	}
	net := m.Value.New(s, c)
	if err := net.Err(); err != nil {
		t.Fatal(err)
	}
	return net
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err) // a regular expression let it through
	}
	return n
}

// checkStateDict compares names, order and shapes.
func checkStateDict(t *testing.T, net *nn.Network, want []stateEntry) {
	t.Helper()
	all := net.Params().All()
	if len(all) != len(want) {
		t.Fatalf("%d entries, want %d", len(all), len(want))
	}
	for i, p := range all {
		if w := want[i]; p.Name != w.name || engine.Of(p.Shape...) != engine.Of(w.shape...) {
			t.Fatalf("entry %d is %s %v, want %s %v", i, p.Name, p.Shape, w.name, w.shape)
		}
	}
}

// fill sets a parameter by the file's formula; n counts the entries.
func (r *trace) fill(p *nn.Param, n *int) {
	if strings.HasSuffix(p.Name, "num_batches_tracked") {
		if err := p.Tensor.Set([]int64{0}); err != nil {
			r.t.Fatal(err)
		}
		return
	}
	v := make([]float64, p.Tensor.Len())
	for j := range v {
		s := math.Sin(.7*float64(*n) + 1.3*float64(j) + .1)
		switch {
		case len(p.Shape) > 1:
			v[j] = s * math.Sqrt(2/(float64(len(v))/float64(p.Shape[0])))
		case strings.HasSuffix(p.Name, "running_var"):
			v[j] = 1 + .3*s
		case strings.HasSuffix(p.Name, "running_mean"), strings.HasSuffix(p.Name, "bias"):
			v[j] = .05 * s
		default:
			v[j] = 1 + .1*s
		}
	}
	*n++
	r.round(v)
	if err := p.Tensor.Set(v); err != nil {
		r.t.Fatal(err)
	}
}

func (r *trace) round(v []float64) {
	for i := range v {
		if r.rounded {
			v[i] = float64(float32(v[i]))
		}
	}
}

func (r *trace) pictures(t *tensor.Tape) (nn.Inputs, *tensor.Tensor) {
	m := pictureInput.FindStringSubmatch(r.Input)
	if m == nil {
		r.t.Fatalf("input %q", r.Input)
	}
	shape := engine.Of(atoi(m[1]), atoi(m[2]), atoi(m[3]), atoi(m[4]))
	a, _ := strconv.ParseFloat(m[5], 64)
	b, _ := strconv.ParseFloat(m[6], 64)
	v := make([]float64, shape.Len())
	for j := range v {
		v[j] = math.Sin(a*float64(j) + b)
	}
	r.round(v)
	x := t.FromF64(shape, v)
	return nn.Inputs{"pixel_values": x}, x
}

// what says which value of which run is wrong.
func (r *trace) what(format string, args ...any) string {
	return fmt.Sprintf("%v %s", r.tape.DType(), fmt.Sprintf(format, args...))
}

func (r *trace) checkEval() {
	r.tol.early.compare(r.t, r.what("eval_logits"), r.eval(), r.EvalLogits.data)
}

// checkTraining trains, and evaluates afterwards.
func (r *trace) checkTraining() {
	update := newUpdate(r.t, r.tape.Engine(), r.Optimizer)
	for step, want := range r.TrainLosses {
		tol := r.tol.late
		if step == 0 {
			tol = r.tol.early
		}
		tol.compare(r.t, r.what("loss before step %d", step), []float64{r.train()}, []float64{want})
		if step == 0 {
			r.checkGrads()
		}
		for _, p := range r.trained {
			update.apply(r.t, p)
			p.Tensor.ZeroGrad()
		}
		update.step++
	}
	r.tol.late.compare(r.t, r.what("eval_logits_after"), r.eval(), r.EvalAfter.data)
}

func (r *trace) eval() (logits []float64) {
	r.tape.SetTraining(false)
	err := r.tape.Do(func() {
		r.tape.NoGrad(func() { logits = r.net.Run(r.forward()).Float64s() })
	})
	r.tape.Reset()
	if err != nil {
		r.t.Fatal(err)
	}
	return logits
}

func (r *trace) forward() (*tensor.Tape, nn.Inputs, *tensor.Tensor) {
	in, x := r.inputs(r.tape)
	return r.tape, in, x
}

// train runs forward and backward.
func (r *trace) train() (loss float64) {
	r.tape.SetTraining(true)
	err := r.tape.Do(func() {
		t, in, x := r.forward()
		l := t.CrossEntropy(r.net.Run(t, in, x), t.FromI64(engine.Of(len(r.Target)), r.Target), tensor.CrossEntropyOptions{})
		loss = l.Item()
		t.Backward(l, nil)
	})
	r.tape.Reset()
	if err != nil {
		r.t.Fatal(err)
	}
	return loss
}

// checkGrads compares the L2 norm and the sum of each gradient. Where the true
// gradient is zero, as that of a key's bias, rounding is all there is: the
// largest gradient says what counts as zero.
func (r *trace) checkGrads() {
	if len(r.FirstStepGrads) != len(r.trained) {
		r.t.Errorf("%d parameters are trained, %d have a gradient", len(r.trained), len(r.FirstStepGrads))
	}
	most := 0.
	for _, want := range r.FirstStepGrads {
		most = max(most, want[0])
	}
	for _, p := range r.trained {
		want, ok := r.FirstStepGrads[p.Name]
		g := p.Tensor.Grad()
		if !ok || g == nil {
			r.t.Errorf("%s: gradient %v, wanted: %v", p.Name, g, ok)
			continue
		}
		norm, sum := normAndSum(p)
		tol := tolerance{Abs: r.tol.grad*want[0] + 1e-3*r.tol.grad*most}
		tol.compare(r.t, r.what("gradient of %s: norm and sum", p.Name), []float64{norm, sum}, want)
	}
}

// normAndSum are the L2 norm and the sum of a parameter's gradient.
func normAndSum(p *nn.Param) (norm, sum float64) {
	for _, v := range p.Tensor.Grad().Float64s() {
		norm, sum = norm+v*v, sum+v
	}
	return math.Sqrt(norm), sum
}

// replayStateDict checks a torchvision model's names and shapes.
func replayStateDict(t *testing.T, name string, want []stateEntry) {
	tape := newLayerTape(t, engine.F32)
	classes := want[len(want)-1].shape[0]
	net := newPictureModel(t, nn.NewScope(nn.Config{Engine: tape.Engine(), Lazy: true}), name, model.Config{Classes: classes, Channels: want[0].shape[1]})
	defer net.Params().Release()
	checkStateDict(t, net, want)
}
