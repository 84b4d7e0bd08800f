package nn_test

import (
	"math"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tensor"
)

func TestLossesByName(t *testing.T) {
	e := newEngine(t)
	losses := nn.Losses()
	out, soft := []float64{1, -1, 2, 0}, []float64{.5, .5, .25, .75}
	lse := func(a, b float64) float64 { return math.Log(math.Exp(a) + math.Exp(b)) }
	kl := 0.
	for i, p := range soft {
		kl += p * (math.Log(p) - out[i])
	}
	for _, c := range []struct {
		name string
		args registry.Args
		want float64
	}{
		{"CrossEntropyLoss", nil, (lse(1, -1) + 1 + lse(2, 0) - 2) / 2},
		{"torch.nn.CrossEntropyLoss", registry.Args{"reduction": "sum", "ignore_index": 1}, lse(2, 0) - 2},
		{"cross_entropy", registry.Args{"weight": []any{3, "1.0"}}, (lse(1, -1) + 1 + 3*(lse(2, 0)-2)) / 4},
		{"mse", registry.Args{"reduction": "sum"}, .25 + 2.25 + 1.75*1.75 + .75*.75},
		{"l1_loss", nil, (.5 + 1.5 + 1.75 + .75) / 4},
		{"SmoothL1", registry.Args{"beta": 1}, (.125 + 1 + 1.25 + .75*.75/2) / 4},
		{"huber", registry.Args{"delta": 2.}, (.125 + 1.125 + 1.75*1.75/2 + .75*.75/2) / 4},
		{"kl_div", registry.Args{"reduction": "batchmean"}, kl / 2},
		{"bce_with_logits", registry.Args{"reduction": "sum", "pos_weight": []float64{1, 1}}, lse(0, 1) - .5 + lse(0, -1) + .5 + lse(0, 2) - .5 + lse(0, 0)},
	} {
		entry, err := losses.Find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		loss, err := entry.Value(c.args)
		if err != nil {
			t.Fatal(err)
		}
		tape := tensor.NewTape(e)
		tape.SetDType(engine.F64)
		err = tape.Do(func() {
			target := tape.FromF64(engine.Of(2, 2), soft)
			if entry.Name == "cross_entropy" {
				target = tape.FromI64(engine.Of(2), []int64{1, 0})
			}
			if got := loss(tape, tape.FromF64(engine.Of(2, 2), out), target).Item(); math.Abs(got-c.want) > 1e-12 {
				t.Errorf("%s%v = %v, want %v", c.name, c.args, got, c.want)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		tape.Close()
	}
}

func TestMistakesInLosses(t *testing.T) {
	losses := nn.Losses()
	for _, c := range []struct {
		name string
		args registry.Args
		want string
	}{
		{"crossentropi", nil, "did you mean cross_entropy"},
		{"mse", registry.Args{"redaction": "sum"}, "mse: redaction: unknown argument; known: reduction"},
		{"mse", registry.Args{"reduction": "median"}, "median is none of mean, sum, none"},
		{"cross_entropy", registry.Args{"label_smoothing": 1.5}, "label_smoothing: 1.5 is not in [0, 1]"},
		{"cross_entropy", registry.Args{"label_smoothing": "much"}, "much is not a number"},
		{"cross_entropy", registry.Args{"ignore_index": .5}, "0.5 is not an integer"},
		{"cross_entropy", registry.Args{"weight": 3}, "weight: want a list of numbers, not 3"},
		{"huber", registry.Args{"delta": 0}, "delta: 0 is not positive"},
		{"kl_div", registry.Args{"log_target": 1}, "log_target: 1 is not true or false"},
	} {
		entry, err := losses.Find(c.name)
		if err == nil {
			_, err = entry.Value(c.args)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s%v: got %v, want %q", c.name, c.args, err, c.want)
		}
	}
}

func TestActivationsByName(t *testing.T) {
	e := newEngine(t)
	tape := tensor.NewTape(e)
	defer tape.Close()
	for _, a := range nn.Activations().Entries() {
		err := tape.Do(func() {
			x := tape.FromF64(engine.Of(1), []float64{-1})
			want := map[string]float64{
				"relu": 0, "gelu": -.158655, "gelu_new": -.158808, "tanh": -.761594, "sigmoid": .268941, "silu": -.268941, "mish": -.303401,
				"relu6": 0, "hardswish": -1. / 3, "hardsigmoid": 1. / 3, "leaky_relu": -.01, "elu": -.632121, "softplus": .313262, "identity": -1,
			}[a.Name]
			if got := a.Value.Forward(tape, x).Item(); math.Abs(got-want) > 1e-6 || a.Value.Name != a.Name {
				t.Errorf("%s(-1) = %v, want %v", a.Name, got, want)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
	if a, err := nn.Activations().Find("gelu_pytorch_tanh"); err != nil || a.Name != "gelu_new" {
		t.Errorf("%v, %v", a.Name, err)
	}
}
