package plan_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/plan"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/trainer"
)

// layers is a model of n layers, of which only names and shapes are known.
func layers(n int) []param.Info {
	var out []param.Info
	for i := range n {
		m := fmt.Sprintf("model.layer.%d.linear", i)
		out = append(out, param.Info{Name: m + ".weight", Shape: []int{10, 10}, Module: m, Block: -1, DType: "f32"},
			param.Info{Name: m + ".bias", Shape: []int{10}, Module: m, Block: -1, DType: "f32"})
	}
	return out
}

func fit(t *testing.T, infos []param.Info, s *schedule.Schedule) plan.Fit {
	t.Helper()
	resolved, found := s.Resolve(infos, schedule.Options{BaseMaxLR: 1e-3})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	es := phase.DefaultEarlyStopping()
	ch := lrsched.Named("ExponentialLR", lrsched.Args{"gamma": 0.5})
	return plan.Fit{
		Config: phase.Config{
			Plan: resolved, Options: phase.Options{MaxDepth: -1}, EarlyStopping: &es, MaxEpochs: 50,
			Optimizer: registry.Spec{Name: "adamw", Args: registry.Args{"lr": 0.1}}, Optimizers: trainer.Describe(optim.Builtin()),
			LRScheduler: &ch, LRSchedulers: lrsched.Builtin(), StepsPerEpoch: 5,
		},
		Optimizers: optim.Builtin(), Params: infos,
	}
}

// TestNamesAndShapesAlone previews a model that cannot be run.
func TestNamesAndShapesAlone(t *testing.T) {
	one := 1
	p, err := plan.New(fit(t, layers(3), &schedule.Schedule{Phases: []schedule.PhaseSpec{
		{Key: 0, Params: []schedule.Entry{{Text: "model.layer.2"}}, MaxTransitionEpoch: &one},
		{Key: 1, Params: []schedule.Entry{{Text: "model.layer.1.linear.weight"}}},
		{Key: 2, Params: []schedule.Entry{{Text: "rest"}}, NewOptimizer: &registry.Spec{Name: "sgd", Args: registry.Args{"momentum": 0.9}}},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	// Learning rates halve after each epoch. Phase 0 lasts one, the others until
	// three checks have not improved: phase 1 from epoch 1 to 3, phase 2 from 4 to
	// 6, where phase 1's group is down to 0.001/2^5.
	want := `phase  thaws      trainable      lr                  state     frozen below              until
0      2 tensors  110 (33.3 %)   0.1                 880 B     model.layer.2 (2 blocks)  epoch 1
1      1 tensor   210 (63.6 %)   0.00025 … 0.05      1.64 KiB  model.layer.1 (1 block)   early stopping
2      3 tensors  330 (100.0 %)  3.13e-05 … 0.00625  1.29 KiB  nothing                   early stopping
                                                                                         new optimizer sgd
`
	if got, _, _ := strings.Cut(p.String(), "phases end"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// elements counts the elements of a drawing, which must be XML.
func elements(t *testing.T, svg string) map[string]int {
	t.Helper()
	count := map[string]int{}
	for dec := xml.NewDecoder(strings.NewReader(svg)); ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
}

// TestSVG reads the picture of a network back: a cell for each block and phase,
// a frontier for each phase.
func TestSVG(t *testing.T) {
	infos := layers(4)
	infos[0].Module = `model.layer.<0>&"`
	p, err := plan.New(fit(t, infos, schedule.Default(infos)))
	if err != nil {
		t.Fatal(err)
	}
	if count := elements(t, p.SVG()); count["g"] != 4*len(p.Blocks) || count["path"] != 4 {
		t.Errorf("%d cells and %d frontiers for 4 phases of %d blocks", count["g"], count["path"], len(p.Blocks))
	}
}

// TestCourse reads the picture of a simulation back: a line for each metric and
// group, a dot for each value.
func TestCourse(t *testing.T) {
	infos := layers(3)
	f := fit(t, infos, schedule.ByBlock(infos))
	tr, err := plan.ParseMetrics([]string{"val_loss=3,2,2,2,2,1,nan", "<acc>=0,0,0,1,1,1,1"})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := phase.Simulate(f.Config, tr)
	if err != nil {
		t.Fatal(err)
	}
	if sim.Phase != 1 || sim.Stop == nil {
		t.Fatal(sim)
	}
	count := elements(t, plan.Course(sim))
	if count["path"] != 2+2 || count["circle"] != 6+7 || count["rect"] != 1+3*2 {
		t.Errorf("%d lines, %d dots and %d areas for 2 metrics, 2 groups and 2 phases", count["path"], count["circle"], count["rect"])
	}
	if elements(t, plan.Course(&phase.Simulation{}))["svg"] != 1 {
		t.Error("a simulation of nothing cannot be drawn")
	}
}
