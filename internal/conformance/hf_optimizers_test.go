package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// hfOptimizerSections replays the sections of optimizers_and_hf_schedules.json
// that are about optimizers.
var hfOptimizerSections = map[string]sectionFunc{"optimizers": namedSection(replayGoldenOptimizer)}

// goldenProblem is to minimise ½Σa(w−c)² from w0.
type goldenProblem struct {
	W0 numbers `json:"w0"`
	A  numbers `json:"a"`
	C  numbers `json:"c"`
}

type goldenOptimizerCase struct {
	Class  string    `json:"class"`
	Kwargs arguments `json:"kwargs"`
	// Source is the package that was executed.
	Source string `json:"source"`
	// Shape is that of w, a and c.
	Shape []int     `json:"shape"`
	Trace []numbers `json:"trace"`
	Note  string    `json:"note"`
}

// classPaths are the packages that a source may name, with the path of their
// classes.
var classPaths = []struct{ source, path string }{
	{"torch_optimizer ", "torch_optimizer"},
	{"pytorch_optimizer ", "pytorch_optimizer"},
	{"transformers ", "transformers"},
	{"Flash ", "flash.core.optimizers"},
	{"torch ", "torch.optim"},
}

// classPath is the path of a package's class, which catalogs know as an alias.
func classPath(t *testing.T, source, class string) string {
	t.Helper()
	for _, p := range classPaths {
		if strings.HasPrefix(source, p.source) {
			return p.path + "." + class
		}
	}
	t.Fatalf("unknown source %q", source)
	return ""
}

// replayGoldenOptimizer minimises the problem.
func replayGoldenOptimizer(t *testing.T, c goldenOptimizerCase) {
	var p goldenProblem
	context(t, hfFile, "problem", &p)
	name := classPath(t, c.Source, c.Class)
	if c.Shape == nil {
		c.Shape = []int{len(p.W0)}
	}
	s := newOptimizerScene(t, name, c.Kwargs, [][]int{c.Shape}, []numbers{p.W0})
	s.group(t, nil, 0)
	w := s.params[0]
	for i, want := range c.Trace {
		_, err := s.o.StepClosure(s.lookup, func() (loss float64, err error) {
			w.Grad.F64 = make([]float64, len(p.A))
			for k, a := range p.A {
				off := w.Value.F64[k] - p.C[k]
				loss += 0.5 * a * off * off
				w.Grad.F64[k] = a * off
			}
			return loss, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		optimizerTolerance.compare(t, fmt.Sprintf("step %d", i), s.values(0), want)
	}
}
