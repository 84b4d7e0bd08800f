package conformance

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
)

type swaCase struct {
	Name       string    `json:"name"`
	From       int       `json:"update_from_step"`
	Optimizer  string    `json:"optimizer"`
	Kwargs     arguments `json:"kwargs"`
	WeightInit string    `json:"weight_init"`
	BiasInit   string    `json:"bias_init"`
	WeightGrad string    `json:"weight_grad"`
	BiasGrad   string    `json:"bias_grad"`
	NAveraged  int       `json:"n_averaged"`
	Expected   [][]numbers
}

var decimal = regexp.MustCompile(`[0-9.]+[0-9]`)

// averagingNamed reads torch's name of an averaging function, with the decay
// of an exponential one.
func averagingNamed(t *testing.T, name string) (optim.Averaging, error) {
	t.Helper()
	switch {
	case strings.Contains(name, "ema"):
		text := decimal.FindString(name)
		if i := strings.Index(name, "("); i >= 0 {
			text = strings.TrimSuffix(name[i+1:], ")")
		}
		decay, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("no decay in %q", name)
		}
		return optim.ExponentialAveraging(decay)
	case strings.Contains(name, "swa"):
		return optim.EqualAveraging(), nil
	}
	t.Fatalf("unknown averaging %q", name)
	return optim.Averaging{}, nil
}

// at reads what a case refers to: "problem.grads[t][1]" or
// "problem.init[0][:2]".
func (p *optimizerProblem) at(t *testing.T, ref string, step int) numbers {
	t.Helper()
	m := regexp.MustCompile(`^problem\.(init|grads\[t\])\[(\d+)\](?:\[:(\d+)\])?$`).FindStringSubmatch(ref)
	if m == nil {
		t.Fatalf("unknown reference %q", ref)
	}
	i, _ := strconv.Atoi(m[2])
	list := p.Init
	if m[1] != "init" {
		list = p.Grads[step]
	}
	out := slices.Clone(list[i])
	if m[3] != "" {
		n, _ := strconv.Atoi(m[3])
		out = out[:n]
	}
	return out
}

// replaySWA averages the weights of a layer while it trains.
func replaySWA(t *testing.T, c swaCase) {
	var p optimizerProblem
	context(t, torchOptimizersFile, "problem", &p)
	how, err := averagingNamed(t, c.Name)
	if err != nil {
		t.Fatal(err)
	}
	init := []numbers{p.at(t, c.WeightInit, 0), p.at(t, c.BiasInit, 0)}
	s := newOptimizerScene(t, c.Optimizer, c.Kwargs, [][]int{{2, 3}, {2}}, init)
	s.group(t, nil, 0, 1)
	avg := optim.Average{How: how, Values: map[string]optim.Slice{}}
	for _, q := range s.params {
		avg.Values[q.Name] = q.Value.Clone()
	}
	for step, want := range c.Expected {
		s.params[0].Grad.F64 = p.at(t, c.WeightGrad, step)
		s.params[1].Grad.F64 = p.at(t, c.BiasGrad, step)
		s.step(t)
		if step >= c.From {
			avg.Update([]optim.Tracked{{Name: "p0", Value: s.params[0].Value}, {Name: "p1", Value: s.params[1].Value}})
		}
		for i, w := range want {
			optimizerTolerance.compare(t, fmt.Sprintf("step %d, %s", step, paramName(i)), avg.Values[paramName(i)].F64, w)
		}
	}
	if avg.N != c.NAveraged {
		t.Errorf("%d updates, want %d", avg.N, c.NAveraged)
	}
}

type swaBuffersCase struct {
	UseBuffers  bool      `json:"use_buffers"`
	Avg         string    `json:"avg"`
	Batches     []array   `json:"batches"`
	Momentum    float64   `json:"momentum"`
	AfterUpdate []normNow `json:"after_update"`
	Keys        []string  `json:"averaged_state_dict_keys"`
	AfterBN     normNow   `json:"after_update_bn"`
}

// normNow is a batch norm at some time, and the model's that it averages.
type normNow struct {
	Weight    numbers `json:"weight"`
	Mean      numbers `json:"running_mean"`
	Var       numbers `json:"running_var"`
	Batches   int64   `json:"num_batches_tracked"`
	ModelMean numbers `json:"model_running_mean"`
	ModelVar  numbers `json:"model_running_var"`
	Momentum  float64 `json:"momentum"`
}

// replaySWABuffers averages a batch norm with its buffers, and collects its
// statistics anew.
func replaySWABuffers(t *testing.T, c swaBuffersCase) {
	tape := newLayerTape(t, engine.F64)
	tape.SetTraining(true)
	layer := func() (*nn.Scope, *nn.BatchNorm) {
		s := nn.NewScope(nn.Config{Engine: tape.Engine(), DType: engine.F64})
		return s, nn.NewBatchNorm(s, "BatchNorm1d", nn.BatchNormConfig{Features: c.Batches[0].shape[1], Momentum: &c.Momentum})
	}
	forward := func(bn *nn.BatchNorm, x array) {
		if err := tape.Do(func() { bn.Forward(tape, newLayerLeaf(t, tape, x, false)) }); err != nil {
			t.Fatal(err)
		}
		tape.Reset()
	}
	scope, model := layer()
	defer scope.Params().Release()
	how, err := averagingNamed(t, c.Avg)
	if err != nil {
		t.Fatal(err)
	}
	avg := optim.Average{How: how, Buffers: c.UseBuffers}
	for i, x := range c.Batches {
		forward(model, x)
		w := model.Weight.Tensor.Float64s()
		for k := range w {
			w[k] += 0.1 * float64(i+1)
		}
		if err := model.Weight.Tensor.Set(w); err != nil {
			t.Fatal(err)
		}
		avg.Update(trackedNorm(scope))
		want := c.AfterUpdate[i]
		optimizerTolerance.compare(t, "model's mean", model.Mean.Tensor.Float64s(), want.ModelMean)
		optimizerTolerance.compare(t, "model's variance", model.Var.Tensor.Float64s(), want.ModelVar)
		optimizerTolerance.compare(t, "weight", avg.Values["weight"].F64, want.Weight)
		optimizerTolerance.compare(t, "mean", avg.Values["running_mean"].F64, want.Mean)
		optimizerTolerance.compare(t, "variance", avg.Values["running_var"].F64, want.Var)
		if got := avg.Ints["num_batches_tracked"][0]; got != want.Batches {
			t.Errorf("%d batches tracked, want %d", got, want.Batches)
		}
	}
	averaged, bn := layer()
	defer averaged.Params().Release()
	setNorm(t, averaged, avg)
	keys := []string{"n_averaged"}
	for _, p := range averaged.Params().All() {
		keys = append(keys, "module."+p.Name)
	}
	if !slices.Equal(keys, c.Keys) {
		t.Errorf("averaged state dict %v, want %v", keys, c.Keys)
	}
	stop, err := bn.Recollect()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range c.Batches {
		forward(bn, x)
	}
	stop()
	optimizerTolerance.compare(t, "collected mean", bn.Mean.Tensor.Float64s(), c.AfterBN.Mean)
	optimizerTolerance.compare(t, "collected variance", bn.Var.Tensor.Float64s(), c.AfterBN.Var)
	if got := bn.Batches.Tensor.Int64s()[0]; got != c.AfterBN.Batches {
		t.Errorf("%d batches collected, want %d", got, c.AfterBN.Batches)
	}
	checkMomentum(t, bn, func() { forward(bn, c.Batches[0]) }, c.Momentum)
}

// checkMomentum tells by what a further batch does that the momentum is back:
// the running mean moves by that share, the same for every channel.
func checkMomentum(t *testing.T, bn *nn.BatchNorm, forward func(), momentum float64) {
	t.Helper()
	first, count := bn.Mean.Tensor.Float64s(), bn.Batches.Tensor.Int64s()[0]
	forward()
	second := bn.Mean.Tensor.Float64s()
	forward()
	third := bn.Mean.Tensor.Float64s()
	for i := range first {
		share := 1 - (third[i]-second[i])/(second[i]-first[i])
		optimizerTolerance.compare(t, "momentum", []float64{share}, []float64{momentum})
	}
	if bn.Batches.Tensor.Int64s()[0] != count+2 {
		t.Error("the batches are not counted on")
	}
}

// trackedNorm is a module's state dict as an average takes it.
func trackedNorm(s *nn.Scope) []optim.Tracked {
	var out []optim.Tracked
	for _, p := range s.Params().All() {
		v := optim.Tracked{Name: p.Name, Buffer: p.Buffer}
		if p.Tensor.DType() == engine.I64 {
			v.Ints = p.Tensor.Int64s()
		} else {
			v.Value.F64 = p.Tensor.Float64s()
		}
		out = append(out, v)
	}
	return out
}

func setNorm(t *testing.T, s *nn.Scope, avg optim.Average) {
	t.Helper()
	for _, p := range s.Params().All() {
		var src any = avg.Values[p.Name].F64
		if p.Tensor.DType() == engine.I64 {
			src = avg.Ints[p.Name]
		}
		if err := p.Tensor.Set(src); err != nil {
			t.Fatal(err)
		}
	}
}

// conditionCase is a call that raises.
type conditionCase struct {
	Optimizer string    `json:"optimizer"`
	Kwargs    arguments `json:"kwargs"`
	Condition string    `json:"condition"`
	Error     *string   `json:"error"`
	Message   string    `json:"message"`
	Warns     string    `json:"warns"`
}

// refused checks that err says what torch does, but for what inWords evens out.
func (c conditionCase) refused(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %q", c.Message)
	}
	if !strings.Contains(inWords(err.Error()), inWords(c.Message)) {
		t.Errorf("error %q, want %q", err, c.Message)
	}
}

var (
	torchSize   = regexp.MustCompile(`torch\.size\((\[[0-9, ]*\])\)`)
	wholeNumber = regexp.MustCompile(`(\b[0-9]+)\.0\b`)
)

// inWords is a message in lower case, without marks at its end, and with sizes
// and whole numbers as Go writes them.
func inWords(message string) string {
	message = torchSize.ReplaceAllString(strings.ToLower(strings.TrimRight(message, ".")), "$1")
	message = wholeNumber.ReplaceAllString(message, "$1")
	return strings.ReplaceAll(message, ", ", " ")
}

// replaySWAError calls what a condition describes.
func replaySWAError(t *testing.T, c conditionCase) {
	words := strings.Fields(c.Condition)
	switch {
	case strings.HasPrefix(c.Condition, "get_ema"):
		_, err := averagingNamed(t, c.Condition)
		c.refused(t, err)
	case words[0] == "SWALR":
		args := lrsched.Args{"swa_lr": 0.05}
		switch {
		case strings.Contains(c.Condition, "values, one group"):
			args["swa_lr"] = []any{0.05, 0.01}
		default:
			args[words[1]] = literalOrText(words[2])
		}
		r, err := lrsched.Builtin().Resolve(lrsched.Named("SWALR", args))
		if err == nil {
			_, err = r.Build(lrsched.NewTable(0.1), lrsched.Budget{}, nil)
		}
		// The text is lrsched's own; torch's begins with the argument.
		if err == nil || !strings.Contains(err.Error(), strings.Fields(c.Message)[0]) {
			t.Errorf("error %v, want %q", err, c.Message)
		}
	case strings.Contains(c.Condition, "avg_fn and multi_avg_fn"):
		t.Skip("there is one kind of averaging function here")
	default:
		t.Fatalf("unknown condition %q", c.Condition)
	}
}
