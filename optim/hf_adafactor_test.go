package optim_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/thaw-go/thaw/optim"
)

// TestHFAdafactor: numbers, vectors, matrices and stacks of them move as with
// transformers' class.
func TestHFAdafactor(t *testing.T) {
	text, err := os.ReadFile("testdata/transformers_adafactor.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Args            optim.Args
			Shapes          [][]int
			Init            [][]float64
			Grads, Expected [][][]float64
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		t.Run(fmt.Sprint(c.Args), func(t *testing.T) {
			params := map[string]*optim.Param{}
			var names []string
			for i, shape := range c.Shapes {
				names = append(names, fmt.Sprint(i))
				params[names[i]] = &optim.Param{Name: names[i], Shape: shape, Value: optim.Slice{F64: c.Init[i]}}
			}
			o := makeGroup(t, "transformers.Adafactor", c.Args, names...)
			for step := range c.Grads {
				for i, name := range names {
					params[name].Grad.F64 = c.Grads[step][i]
				}
				if err := o.Step(func(name string) *optim.Param { return params[name] }); err != nil {
					t.Fatal(err)
				}
				for i, name := range names {
					for k, want := range c.Expected[step][i] {
						if got := params[name].Value.F64[k]; math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
							t.Fatalf("step %d, shape %v, element %d: %v, want %v", step, c.Shapes[i], k, got, want)
						}
					}
				}
			}
		})
	}
}
