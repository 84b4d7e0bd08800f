package config_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/tree"
)

// TestCallbackDefaults: the phase machine's defaults, for users of the library,
// are those of the configuration.
func TestCallbackDefaults(t *testing.T) {
	es, wantES := config.DefaultEarlyStopping(), phase.DefaultEarlyStopping()
	got := phase.EarlyStopping{
		Monitor: es.Monitor, MinDelta: es.MinDelta, Patience: es.Patience, Mode: es.Mode, Strict: es.Strict, CheckFinite: es.CheckFinite,
		StoppingThreshold: es.StoppingThreshold, DivergenceThreshold: es.DivergenceThreshold, CheckOnTrainEpochEnd: es.CheckOnTrainEpochEnd,
	}
	if d := cmp.Diff(wantES, got); d != "" {
		t.Errorf("early stopping: %s", d)
	}
	fts, want := config.DefaultFinetuningScheduler(), phase.DefaultOptions()
	if fts.MaxDepth != want.MaxDepth || fts.RestoreBest != want.RestoreBest || fts.EpochTransitionsOnly != want.EpochTransitionsOnly || fts.EnforcePhase0 != want.EnforcePhase0Params ||
		fts.ApplyLambdasNewPGs != want.ApplyLambdasNewPGs || string(fts.FrozenBatchNorm) != string(want.FrozenBatchNorm) || fts.AllowUntested != want.AllowUntested {
		t.Errorf("finetuning scheduler: %+v, the machine has %+v", fts, want)
	}
	ck, wantCK := config.DefaultCheckpoint(), phase.DefaultCheckpoint()
	wantCK.Monitor = "" // the machine's completion gives it where there are phases
	if d := cmp.Diff(wantCK, phase.Checkpoint{Monitor: ck.Monitor, Mode: ck.Mode, SaveTopK: ck.SaveTopK, SaveLast: ck.SaveLast, Filename: ck.Filename, EveryNEpochs: ck.EveryNEpochs, EveryNTrainSteps: ck.EveryNTrainSteps, SaveOnTrainEpochEnd: ck.SaveOnTrainEpochEnd, Dir: ck.Dir}); d != "" {
		t.Errorf("checkpoint: %s", d)
	}
}

// values is a tree without places and quotes, as text; a key is its text.
func values(n *tree.Node) string {
	var b strings.Builder
	var walk func(n *tree.Node)
	walk = func(n *tree.Node) {
		switch n.Kind {
		case tree.String:
			fmt.Fprintf(&b, "%q ", n.Text)
		case tree.List, tree.Map:
			fmt.Fprintf(&b, "%v(", n.Kind)
			for _, it := range n.Items {
				walk(it)
			}
			for _, f := range n.Fields {
				fmt.Fprintf(&b, "%q:", f.Key.Text)
				walk(f.Value)
			}
			b.WriteString(") ")
		default:
			fmt.Fprintf(&b, "%v %v %v %v ", n.Kind, n.Bool, n.Int, n.Float)
		}
	}
	walk(n)
	return b.String()
}

// FuzzWrite: what is written reads back as the same values, with and without
// sources.
func FuzzWrite(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [x, {c: 1e-06}]\n", "- - - a\n  - b\n- {}\n", "a: |\n  x\n   y\n\n", "'': ''\n' a ': ' b '\n", "a: \"\\0\\e\\u2028\\U0001F600\\x85\"\n",
		"a: '010'\nb: !!float 3\nc: !!str 1\nd: '- x'\ne: '? y'\nf: '='\n", "1.7: x\n~: y\ntrue: z\n", "a: 'yes'\nb: '1:30'\nc: '0x'\nd: '<<'\n", "<<: {a: 1}\n", "a: .nan\nb: -.inf\nc: 1_0.5e3\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := config.ParseYAML("f", data)
		if err != nil || len(data) > 10_000 {
			return
		}
		for _, sources := range []bool{false, true} {
			out := config.Write(n, sources)
			again, err := config.ParseYAML("g", []byte(out))
			if err != nil {
				t.Fatalf("%q is written as\n%s\n%v", data, out, err)
			}
			if a, b := values(n), values(again); a != b {
				t.Fatalf("%q is written as\n%s\n%s\n%s", data, out, a, b)
			}
		}
	})
}

// FuzzRun: no document makes decoding panic; what is refused is refused as
// findings with a place; what is taken, printed and read again is the same run.
func FuzzRun(f *testing.F) {
	for _, s := range []string{
		"trainer: {max_epochs: 3, max_time: 01:00:00:00, limit_train_batches: 0.5, devices: [0, 1], fast_dev_run: 3}\n",
		"optimizer: [adamw, {lr: 1e-3}]\nlearning_rate: .5\nno_decay: [a, b]\nseed_everything: 7\n",
		"callbacks: [{class_path: FTSEarlyStopping, init_args: {patience: 1}}]\ntask: {a: {b: c}}\n",
		"trainer: {default_root_dir: x, max_epochs: null}\nname: 1e3\n",
	} {
		f.Add([]byte(s))
	}
	files, err := os.ReadDir("testdata/bad")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		if b, err := os.ReadFile("testdata/bad/" + e.Name()); err == nil && e.Name() != "bomb.yaml" {
			f.Add(b)
		}
	}
	same := cmp.Options{cmpopts.IgnoreFields(config.Component{}, "Node", "ArgsNode", "Pos"), cmpopts.IgnoreFields(tree.Node{}, "Pos", "Src", "Quoted", "Text"), cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(tree.Field{}, "Key")}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := config.ParseYAML("f", data)
		if err != nil || len(data) > 10_000 {
			return
		}
		r := config.DefaultRun()
		if err := config.Decode(n, &r); err != nil {
			l, ok := errors.AsType[diag.List](err)
			if !ok || len(l) == 0 {
				t.Fatalf("no list of findings: %v", err)
			}
			for _, x := range l {
				if x.Pos.File != "f" || x.Message == "" || x.Code == "" {
					t.Fatalf("a finding without place, message or code: %#v", x)
				}
			}
			return
		}
		for _, c := range append(r.Callbacks, r.Trainer.Callbacks...) {
			if _, _, err := config.ReadCallback(c); err != nil && !strings.HasPrefix(err.Error(), "f:") {
				t.Fatalf("no place: %v", err)
			}
		}
		text := config.Text(n, r)
		m, err := config.ParseYAML("g", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again := config.DefaultRun()
		if err := config.Decode(m, &again); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if d := cmp.Diff(r, again, same); d != "" {
			t.Fatalf("%s\n%s", text, d)
		}
		if a, b := config.Canonical(n, r), config.Canonical(m, again); a != b {
			t.Fatalf("canonical:\n%s\nand again:\n%s", a, b)
		}
	})
}

// FuzzOverride: no override panics or changes the files' trees.
func FuzzOverride(f *testing.F) {
	for _, s := range []string{"a.b=1", "list.0=x", "list.9=x", "list.0.k=x", "t.max_epochs={a: 1}", "=", "a=", ".=.", "base=x", "seed_everything=1", "trainer.default_root_dir=x", "--a.b.c.d=[1"} {
		f.Add(s)
	}
	dir := f.TempDir()
	file := dir + "/a.yaml"
	if err := os.WriteFile(file, []byte("a: 1\nlist: [{k: v}, [1]]\nt: {u: {v: w}}\nn:\n"), 0o644); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := config.Load([]string{file}, []string{text})
		if err != nil {
			if !strings.HasPrefix(err.Error(), "--") {
				t.Fatalf("no place: %v", err)
			}
			return
		}
		if n.Kind != tree.Map {
			t.Fatalf("the configuration became a %v", n.Kind)
		}
	})
}
