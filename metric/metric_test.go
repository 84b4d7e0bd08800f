package metric

import (
	"math"
	"testing"
)

// Expected values are worked by hand from the definitions: per class 2·hit/(targets
// + predictions) is 2/3, 0.8 and 0.5.
func TestMetrics(t *testing.T) {
	// Predictions 0 1 2 2 1 0 against targets 0 1 2 1 1 2.
	scores := []float64{3, 1, 0, 0, 2, 1, 0, 1, 5, 0, 1, 2, 1, 3, 0, 9, 1, 1}
	targets := []int64{0, 1, 2, 1, 1, 2}
	for _, c := range []struct {
		name string
		want float64
	}{
		{"accuracy", 4.0 / 6},
		{"f1", (2.0/3 + 0.8 + 0.5) / 3},
		{"mcc", (4.0*6 - (1*2 + 3*2 + 2*2)) / math.Sqrt((36.0-12)*(36-14))},
	} {
		e, err := Builtin().Find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := e.Value(Config{Classes: 3})
		whole.Update(scores, targets)
		if got := whole.Value(); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s = %v, want %v", c.name, got, c.want)
		}
		// Two halves, merged, are the same to the last bit.
		a, _ := e.Value(Config{Classes: 3})
		b, _ := e.Value(Config{Classes: 3})
		a.Update(scores[:6], targets[:2])
		b.Update(scores[6:], targets[2:])
		a.Merge(b)
		if a.Value() != whole.Value() {
			t.Errorf("%s: merged %v, whole %v", c.name, a.Value(), whole.Value())
		}
		a.Reset()
		if got := a.Value(); !math.IsNaN(got) {
			t.Errorf("%s of nothing is %v", c.name, got)
		}
	}
}

func TestAUROC(t *testing.T) {
	m, err := newAUROC(Config{Classes: 2})
	if err != nil {
		t.Fatal(err)
	}
	// Margins .1 .4 .35 .8 with targets 0 0 1 1: 0.75 (scikit-learn's example);
	// then a tie across the classes, counted half.
	for i, s := range []float64{.1, .4, .35, .8} {
		m.Update([]float64{0, s}, []int64{int64(i / 2)})
	}
	if got := m.Value(); got != 0.75 {
		t.Errorf("got %v", got)
	}
	m.Update([]float64{0, .8}, []int64{0})
	if got := m.Value(); math.Abs(got-3.5/6) > 1e-15 {
		t.Errorf("with a tie: %v", got)
	}
	m.Reset()
	m.Update([]float64{0, math.NaN()}, []int64{1})
	if got := m.Value(); !math.IsNaN(got) {
		t.Errorf("one class only: %v", got)
	}
}

func TestMean(t *testing.T) {
	var m Mean
	m.Add(1, 3)
	m.Add(5, 1)
	if m.Value() != 2 {
		t.Errorf("got %v", m.Value())
	}
}
