package schedule_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// TestPlans resolves schedules against models and shows the plans. Commands:
//
//	model NAME              names with shapes ("a.weight 2x3"), "tied=NAME" for a tied copy
//	plan model=NAME [file=seed/X.yaml] [base_max_lr=] [epochs_only]
//	names model=NAME        like plan, but every name of every phase as written
//	preset NAME model=NAME [option=value …]
//	yaml                    parses a schedule and writes it back
func TestPlans(t *testing.T) {
	datadriven.Walk(t, "testdata/plans", func(t *testing.T, path string) {
		models := map[string][]param.Info{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "model":
				models[d.CmdArgs[0].Key] = readModel(t, d.Input)
				return ""
			case "preset":
				return runPreset(t, d, models)
			case "yaml":
				s, found := parse(t, "schedule.yaml", d.Input)
				return show(found) + s.YAML()
			case "plan", "names":
				return runPlan(t, d, models)
			default:
				t.Fatalf("unknown command %s", d.Cmd)
				return ""
			}
		})
	})
}

func readModel(t *testing.T, text string) []param.Info {
	t.Helper()
	var out []param.Info
	blocks := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		words := strings.Fields(line)
		p := param.Info{Name: words[0], Block: -1, DType: "f32"}
		p.Module = p.Name[:max(strings.LastIndexByte(p.Name, '.'), 0)]
		for _, w := range words[1:] {
			key, value, ok := strings.Cut(w, "=")
			switch {
			case !ok:
				for _, n := range strings.Split(w, "x") {
					i, err := strconv.Atoi(n)
					if err != nil {
						t.Fatalf("%s: %v", line, err)
					}
					p.Shape = append(p.Shape, i)
				}
			case key == "tied":
				p.SharedWith = value
			case key == "block":
				if _, ok := blocks[value]; !ok {
					blocks[value] = len(blocks)
				}
				p.Block, p.BlockName = blocks[value], value
			}
		}
		out = append(out, p)
	}
	return out
}

func parse(t testing.TB, name, text string) (*schedule.Schedule, diag.List) {
	t.Helper()
	root, err := parseYAML(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return schedule.Parse(root)
}

func show(found diag.List) string {
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s: %s\n", f.Severity, f.Error())
	}
	return b.String()
}

func runPlan(t *testing.T, d *datadriven.TestData, models map[string][]param.Info) string {
	var model, file string
	d.ScanArgs(t, "model", &model)
	name, text := "schedule.yaml", d.Input
	if d.MaybeScanArgs(t, "file", &file) {
		b, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		name, text = filepath.Base(file), string(b)
	}
	opts := schedule.Options{BaseMaxLR: schedule.DefaultBaseMaxLR, EpochTransitionsOnly: d.HasArg("epochs_only")}
	s, found := parse(t, name, text)
	if found.Err() != nil {
		return show(found)
	}
	plan, more := s.Resolve(models[model], opts)
	out := show(append(found, more...))
	if plan == nil {
		return out
	}
	if d.Cmd == "plan" {
		return out + plan.String()
	}
	for i := range plan.Len() {
		out += fmt.Sprintf("%d: %s\n", i, strings.Join(plan.Phase(i).Written, " "))
	}
	return out
}

func runPreset(t *testing.T, d *datadriven.TestData, models map[string][]param.Info) string {
	var model string
	opts := schedule.PresetOptions{Epoch: -1, LR: 0.01}
	for _, a := range d.CmdArgs[1:] {
		v := strings.Join(a.Vals, ",")
		n, _ := strconv.Atoi(v)
		switch a.Key {
		case "model":
			model = v
		case "head":
			opts.Head = a.Vals
		case "epoch":
			opts.Epoch = n
		case "layers":
			opts.Layers = n
		case "no_decay":
			opts.NoDecay = true
		case "milestones":
			opts.Milestones[0], _ = strconv.Atoi(a.Vals[0])
			opts.Milestones[1], _ = strconv.Atoi(a.Vals[1])
		case "lr", "decay":
			x, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			if a.Key == "lr" {
				opts.LR = x
			} else {
				opts.Decay = x
			}
		}
	}
	s, err := schedule.Generate(d.CmdArgs[0].Key, models[model], opts)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	if _, found := s.Resolve(models[model], schedule.Options{}); found.Err() != nil {
		t.Fatalf("the generated schedule does not resolve: %v", found)
	}
	return s.YAML()
}

// TestBad reads one file per mistake. Its first lines, "# want: …", are the
// findings that it gives, errors and warnings, without the line shown.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	model := readModel(t, "model.0.weight 2x2\nmodel.0.bias 2\nmodel.1.weight 2x2\nmodel.1.bias 2\nmodel.10.weight 2x2\nmodel.out.weight 2x2 tied=model.0.weight")
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(strings.TrimSuffix(name, ".yaml"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, line := range strings.Split(string(b), "\n") {
				if w, ok := strings.CutPrefix(line, "# want: "); ok {
					want = append(want, w)
				}
			}
			opts := schedule.Options{BaseMaxLR: 1e-5, EpochTransitionsOnly: strings.Contains(name, "epochs_only")}
			s, found := parse(t, name, string(b))
			if found.Err() == nil {
				_, more := s.Resolve(model, opts)
				found = append(found, more...)
			}
			var got []string
			for _, f := range found {
				if f.Severity == diag.Note && f.Code == "never-thawed" {
					continue
				}
				f.Line = ""
				got = append(got, strings.ReplaceAll(fmt.Sprintf("%s: %s", f.Severity, f.Error()), "\n    ", " "))
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got:\n# want: %s", strings.Join(got, "\n# want: "))
			}
		})
	}
}

// TestRoundTrip writes schedules and reads them back.
func TestRoundTrip(t *testing.T) {
	word := rapid.OneOf(
		rapid.StringMatching(`[a-z0-9._*()|{}\[\]=,:# '"\\-]{1,12}`),
		rapid.SampledFrom([]string{"model.1.*", "=a.b", "1e-06", "0", "true", "null", "~", "- x", "a: b", "é", "a #b", "'", "\t", "x\ny"}),
	)
	number := rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 1, 1e-6, 1e-5, 1e20, 123456, 0.1}))
	rapid.Check(t, func(t *rapid.T) {
		s := &schedule.Schedule{}
		for i := range rapid.IntRange(1, 3).Draw(t, "phases") {
			ph := schedule.PhaseSpec{Key: i}
			for range rapid.IntRange(0, 3).Draw(t, "params") {
				ph.Params = append(ph.Params, schedule.Entry{Text: word.Draw(t, "name")})
			}
			if rapid.Bool().Draw(t, "epoch") {
				e := rapid.IntRange(-1, 9).Draw(t, "n")
				ph.MaxTransitionEpoch = &e
			}
			if i > 0 {
				lr := number.Draw(t, "lr")
				ph.LR = &lr
				ph.NewOptimizer = &registry.Spec{Name: "SGD", Args: registry.Args{"x": []any{word.Draw(t, "arg"), number.Draw(t, "v"), map[string]any{"k": word.Draw(t, "w")}}}}
				ph.NewLRScheduler = &schedule.Reinit{
					LRScheduler: schedule.LRScheduler{
						Spec: registry.Spec{Name: "StepLR", Args: registry.Args{"gamma": number.Draw(t, "gamma"), "s": word.Draw(t, "text")}}, Interval: "step", Frequency: 3, Monitor: word.Draw(t, "monitor"), Lenient: true,
					},
					InitPGLRs: []float64{number.Draw(t, "first"), number.Draw(t, "second")}, UseCurrentLRs: true,
				}
			}
			s.Phases = append(s.Phases, ph)
		}
		text := s.YAML()
		root, err := parseYAML("s.yaml", text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		again, found := schedule.Parse(root)
		if len(found) > 0 {
			t.Fatalf("%v in\n%s", found, text)
		}
		if got := again.YAML(); got != text {
			t.Fatalf("wrote\n%s\nread\n%s", text, got)
		}
		if len(again.Phases) != len(s.Phases) {
			t.Fatalf("%d phases became %d", len(s.Phases), len(again.Phases))
		}
		for i, ph := range again.Phases {
			for k, e := range ph.Params {
				if e.Text != s.Phases[i].Params[k].Text {
					t.Fatalf("%q became %q", s.Phases[i].Params[k].Text, e.Text)
				}
			}
		}
	})
}

// FuzzSchedule reads documents of any kind: nothing panics, and what is read
// can be written and read again.
func FuzzSchedule(f *testing.F) {
	for _, dir := range []string{"testdata/bad", "testdata/seed"} {
		files, _ := filepath.Glob(dir + "/*.yaml")
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(b))
		}
	}
	f.Add("0: {params: [=a.{0..3}.*, 'a{b,c}[d', rest]}\n1: {params: [\"(?i)A\", \"\\\\\"]}\n")
	infos := []param.Info{{Name: "layer.0.weight"}, {Name: "layer.0.bias"}, {Name: "layer.10.weight"}, {Name: "a"}}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseYAML("f.yaml", text)
		if err != nil {
			return
		}
		s, found := schedule.Parse(root)
		_ = found.Error()
		plan, more := s.Resolve(infos, schedule.Options{BaseMaxLR: 1e-5})
		draft, all := s.Lint(infos, schedule.Options{BaseMaxLR: 1e-5})
		if (plan == nil) != (all.Err() != nil) || len(draft.String()) == 0 || len(more) > len(all) {
			t.Fatalf("resolving finds\n%v\nlinting\n%v", more, all)
		}
		if found.Err() != nil {
			return
		}
		out := s.YAML()
		again, err := parseYAML("g.yaml", out)
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		s2, found := schedule.Parse(again)
		if found.Err() != nil || s2.YAML() != out {
			t.Fatalf("wrote\n%s\nread\n%s\n%v", out, s2.YAML(), found)
		}
	})
}
