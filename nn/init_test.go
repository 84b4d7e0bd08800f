package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
)

// TestInitialValuesFollowSeedAndName: not the order in which modules are made,
// not what else the network has, not the element type.
func TestInitialValuesFollowSeedAndName(t *testing.T) {
	e := newEngine(t)
	values := func(c nn.Config, first bool) []float64 {
		c.Engine = e
		s := nn.NewScope(c)
		defer s.Params().Release()
		if !first {
			nn.NewLinear(s.Sub("other"), 3, 3, true)
		}
		l := nn.NewLinear(s.Sub("fc"), 50, 40, true)
		return append(l.Weight.Tensor.Float64s(), l.Bias.Tensor.Float64s()...)
	}
	a := values(nn.Config{Seed: 1, DType: engine.F64}, true)
	if !slices.Equal(a, values(nn.Config{Seed: 1, DType: engine.F64, Prefix: "model."}, false)) {
		t.Error("what else was made, or a prefix, changes the values")
	}
	if slices.Equal(a, values(nn.Config{Seed: 2, DType: engine.F64}, true)) {
		t.Error("the seed changes nothing")
	}
	for i, v := range values(nn.Config{Seed: 1}, true) {
		if v != float64(float32(a[i])) {
			t.Fatalf("element %d is %v in f32, %v in f64", i, v, a[i])
		}
	}
}

// TestDistributions compares mean, standard deviation and range; five standard
// errors of 20,000 draws.
func TestDistributions(t *testing.T) {
	s := nn.NewScope(nn.Config{Engine: newEngine(t), DType: engine.F64, Seed: 3})
	defer s.Params().Release()
	shape := engine.Of(200, 25, 2, 2) // fan in 100, fan out 800
	for _, c := range []struct {
		name       string
		init       nn.Init
		std, bound float64
	}{
		{"uniform", nn.Uniform(.5), .5 / math.Sqrt(3), .5},
		{"normal", nn.Normal(2), 2, math.Inf(1)},
		{"kaiming_uniform", nn.KaimingUniform(), .1 / math.Sqrt(3), .1},
		{"kaiming_normal_fan_out", nn.KaimingNormalFanOut(), .05, math.Inf(1)},
		// The variance of a normal distribution cut at ±2 is 0.7737.
		{"trunc_normal", nn.TruncNormal(.02), .02 * math.Sqrt(.7737413), .04},
	} {
		v := s.Param("Test", c.name, shape, c.init).Tensor.Float64s()
		var sum, squares, most float64
		for _, x := range v {
			sum, squares, most = sum+x, squares+x*x, max(most, math.Abs(x))
		}
		n := float64(len(v))
		if mean := sum / n; math.Abs(mean) > 5*c.std/math.Sqrt(n) {
			t.Errorf("%s: mean %v", c.name, mean)
		}
		if std := math.Sqrt(squares / n); math.Abs(std/c.std-1) > 5/math.Sqrt(n) {
			t.Errorf("%s: standard deviation %v, want %v", c.name, std, c.std)
		}
		if most > c.bound || !math.IsInf(c.bound, 1) && most < .98*c.bound {
			t.Errorf("%s: reaches to %v, want just below %v", c.name, most, c.bound)
		}
	}
	emb := nn.NewEmbedding(s.Sub("emb"), 3, 4, 1).Weight.Tensor.Float64s()
	if !slices.Equal(emb[4:8], make([]float64, 4)) || emb[0] == 0 || emb[8] == 0 {
		t.Errorf("the padding row is not the zero one: %v", emb)
	}
	if err := s.Params().Err(); err != nil {
		t.Error(err)
	}
}

func TestLazyNetworksWaitForTheirValues(t *testing.T) {
	e := newEngine(t)
	eager := residual(t, nn.Config{Engine: e, Seed: 4}, 1)
	lazy := residual(t, nn.Config{Engine: e, Seed: 4, Lazy: true}, 1)
	for i, p := range lazy.Params().All() {
		if err := p.Initialize(); err != nil {
			t.Fatal(err)
		}
		if want := eager.Params().All()[i]; p.Tensor.DType().Float() && !slices.Equal(p.Tensor.Float64s(), want.Tensor.Float64s()) {
			t.Errorf("%s differs", p.Name)
		}
	}
}
