package tensor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

// diary notes every kernel.
type diary struct{ strings.Builder }

func (d *diary) Observe(s Span) {
	way := "forward"
	if s.Backward {
		way = "backward"
	}
	fmt.Fprintf(d, "%s %s %v", way, s.Block, s.Call.Op)
	for _, a := range s.Call.Out {
		fmt.Fprintf(d, " %v", a.Shape)
	}
	d.WriteString("\n")
	if s.Duration < 0 || s.Start.IsZero() {
		d.WriteString("without a time\n")
	}
}

func TestObserver(t *testing.T) {
	tape := newTape(t)
	w := leafWith(t, tape.Engine(), engine.F64, make([]float64, 6), 3, 2)
	var d diary
	x := tape.FromF64(engine.Of(4, 2), make([]float64, 8))
	tape.SetObserver(&d)
	do(t, tape, func() {
		y := tape.Block("head", func() *Tensor {
			return tape.Block("fc", func() *Tensor { return tape.Tanh(tape.Linear(x, w, nil)) })
		})
		tape.Backward(tape.Sum(y), nil)
	})
	want := `forward head.fc mat_mul [4,3]
forward head.fc unary [4,3]
forward  sum_to [1,1]
backward  fill []
backward  binary [4,3]
backward head.fc unary_grad [4,3]
backward head.fc mat_mul [3,2]
`
	if d.String() != want {
		t.Errorf("got\n%swant\n%s", d.String(), want)
	}
}
