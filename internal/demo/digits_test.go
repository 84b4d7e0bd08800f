package demo

import "testing"

func TestDigits(t *testing.T) {
	d, err := Digits(28)
	if err != nil {
		t.Fatal(err)
	}
	var count [10]int
	for _, l := range d.Labels {
		count[l]++
	}
	// The class sizes that scikit-learn documents for load_digits.
	if want := [10]int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; count != want {
		t.Errorf("class sizes %v, want %v", count, want)
	}
	for i, p := range d.Pixels {
		if len(p) != 28*28 {
			t.Fatalf("digit %d has %d pixels", i, len(p))
		}
		for _, v := range p {
			if v < 0 || v > 1 {
				t.Fatalf("digit %d has a pixel of %v", i, v)
			}
		}
	}
}

func TestResize(t *testing.T) {
	// torch.nn.functional.interpolate([[0,1],[2,3]], size=4, mode="bilinear").
	want := []float32{0, .25, .75, 1, .5, .75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3}
	for i, v := range resize([]float32{0, 1, 2, 3}, 2, 4) {
		if v != want[i] {
			t.Errorf("pixel %d is %v, want %v", i, v, want[i])
		}
	}
}
