package trainer

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/phase"
)

// TestFindLR: sweeps find a rate per group, see a divergence, and leave no
// trace.
func TestFindLR(t *testing.T) {
	e := newEngine(t)
	tk, s, c := scenario(t, e)
	before := bits(tk)
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	d := toyData(t, 44, 4, c.Seed)
	w := DefaultSweep()
	w.From, w.To, w.Steps = 1e-6, 1e3, 120
	head, err := tr.FindLR(context.Background(), tk, d, s, w)
	if err != nil {
		t.Fatal(err)
	}
	if bits(tk) != before {
		t.Fatal("the sweep changed the network")
	}
	if len(head) != 1 || head[0].Group != 0 || head[0].Phase != 0 || head[0].Params != 2 {
		t.Fatalf("phase 0 has one group of two tensors, got %+v", head)
	}
	if g := head[0]; !(g.Suggestion > 1e-4 && g.Suggestion < 10) || !g.Diverged {
		t.Errorf("suggestion %v, diverged %v", g.Suggestion, g.Diverged)
	}
	for i, p := range head[0].Points {
		if want := 1e-6 * math.Pow(1e9, float64(i)/119); math.Abs(p.LR/want-1) > 1e-9 {
			t.Fatalf("step %d at %v, wanted %v", i, p.LR, want)
		}
	}
	again, err := tr.FindLR(context.Background(), tk, d, s, w)
	if err != nil || again[0].Points[50] != head[0].Points[50] {
		t.Errorf("a second sweep differs: %v, %v", again[0].Points[50], head[0].Points[50])
	}
}

// TestFindLROfGroups: a later phase has a group for each phase before; together
// they have one curve.
func TestFindLROfGroups(t *testing.T) {
	e := newEngine(t)
	tk, s, c := scenario(t, e)
	s.Options.EpochTransitionsOnly, s.EarlyStopping = true, nil
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	d := toyData(t, 44, 4, c.Seed)
	w := DefaultSweep()
	w.Phase, w.Steps = 1, 15
	curves, err := tr.FindLR(context.Background(), tk, d, s, w)
	if err != nil {
		t.Fatal(err)
	}
	if len(curves) != 2 || curves[0].Phase != 0 || curves[1].Phase != 1 || curves[1].Params != 4 {
		t.Errorf("wanted a curve for each of two groups, got %+v", curves)
	}
	w.Together = true
	if curves, err = tr.FindLR(context.Background(), tk, d, s, w); err != nil || len(curves) != 1 || curves[0].Params != 6 || curves[0].Group != -1 {
		t.Errorf("wanted one curve, got %+v, %v", curves, err)
	}
	w.Phase = 2
	if _, err = tr.FindLR(context.Background(), tk, d, s, w); err == nil || !strings.Contains(err.Error(), "phase 2 is never reached; the last one is 1") {
		t.Errorf("an error was wanted, got %v", err)
	}
	w = DefaultSweep()
	w.From = 0
	if _, err = tr.FindLR(context.Background(), tk, d, Schedule{Options: phase.DefaultOptions()}, w); err == nil {
		t.Error("a sweep from 0 was taken")
	}
}
