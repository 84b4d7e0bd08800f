package data

import (
	"slices"
	"strings"
	"testing"
)

func TestArrays(t *testing.T) {
	d, err := NewArrays(map[string]Array{
		"x":      Floats([]float32{1, 2, 3, 4, 5, 6}, 3, 2),
		"labels": Ints([]int64{7, 8, 9}, 3),
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Sample(SampleKey{}, 1)
	if err != nil || d.Len() != 3 {
		t.Fatalf("%d samples, %v", d.Len(), err)
	}
	x, y := s["x"], s["labels"]
	if !slices.Equal(x.F32, []float32{3, 4}) || !slices.Equal(x.Shape, []int{2}) || y.I64[0] != 8 || len(y.Shape) != 0 {
		t.Errorf("%v", s)
	}
	for _, c := range []struct {
		fields map[string]Array
		want   string
	}{
		{nil, "without fields"},
		{map[string]Array{"x": Ints([]int64{1})}, `field "x" has no dimension that counts samples`},
		{map[string]Array{"x": Ints([]int64{1}, 2)}, `field "x": shape [2] needs 2 elements, it has 1`},
		{map[string]Array{"x": Ints(nil, -1)}, "negative"},
		{map[string]Array{"x": {Shape: []int{1}, F32: []float32{1}, I64: []int64{}}}, "both"},
		{map[string]Array{"x": Ints([]int64{1}, 1), "y": Ints([]int64{1, 2}, 2)}, `field "y" has 2 samples, the others have 1`},
	} {
		if _, err := NewArrays(c.fields); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

func TestStackRefuses(t *testing.T) {
	one := Sample{"x": Floats([]float32{1, 2}, 2)}
	for _, c := range []struct {
		other Sample
		want  string
	}{
		{Sample{"x": Floats([]float32{1, 2, 3}, 3)}, `sample 9 does not go into one batch with sample 4: field "x" has shape [3] here and [2] there; bring all samples to one shape`},
		{Sample{"x": Ints([]int64{1, 2}, 2)}, "different element types"},
		{Sample{"y": Floats([]float32{1, 2}, 2)}, "different fields"},
		{Sample{"x": one["x"], "y": one["x"]}, "different fields"},
		{Sample{"x": Floats([]float32{1}, 2)}, "needs 2 elements, it has 1"},
	} {
		b := &Batch{Fields: map[string]Array{"old": {}}, Indices: []int{4, 9}}
		if err := Stack(b, []Sample{one, c.other}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
	b := &Batch{Fields: map[string]Array{"old": {}}, Indices: []int{4, 9}}
	if err := Stack(b, []Sample{one, one}); err != nil || len(b.Fields) != 1 {
		t.Errorf("%v, %v", b.Fields, err)
	}
	bad := Sample{"x": Floats([]float32{1}, 2)}
	if err := Stack(b, []Sample{bad}); err == nil {
		t.Error("a sample whose data do not fit its shape was taken")
	}
}

func TestSplit(t *testing.T) {
	d := &numbers{n: 10}
	first, second, err := Split(d, 0.25, 1)
	if err != nil || first.Len() != 7 || second.Len() != 3 {
		t.Fatalf("%v, %v, %v", first.Indices, second.Indices, err)
	}
	all := append(slices.Clone(first.Indices), second.Indices...)
	slices.Sort(all)
	if !slices.Equal(all, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("%v and %v", first.Indices, second.Indices)
	}
	if again, _, _ := Split(d, 0.25, 1); !slices.Equal(again.Indices, first.Indices) {
		t.Error("the same seed split differently")
	}
	if other, _, _ := Split(d, 0.25, 2); slices.Equal(other.Indices, first.Indices) {
		t.Error("another seed split alike")
	}
	if _, second, err := Split(d, 0.001, 1); err != nil || second.Len() != 1 {
		t.Errorf("a small fraction took %d samples, %v", second.Len(), err)
	}
	for _, f := range []float64{0, 1, -1} {
		if _, _, err := Split(d, f, 1); err == nil {
			t.Errorf("a fraction of %v was taken", f)
		}
	}
	if _, _, err := Split(&numbers{n: 1}, 0.5, 1); err == nil {
		t.Error("one sample was split")
	}
}
