package trainer

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// The environment of the process that TestKilled kills: the fit's folder, and
// the file operation to stop within.
const (
	childDir   = "THAW_KILL_CHILD_DIR"
	childStall = "THAW_KILL_CHILD_STALL"
)

// child fits: three phases with a new optimizer and a new LR scheduler,
// restores of the best weights, and two validations an epoch. It tells its
// parent of each event and file operation.
func child(t *testing.T, dir string) {
	e := newEngine(t)
	tk, s, c := scenario(t, e)
	s.Plan = threePhases(t, s.Plan)
	c.Dir, c.MaxEpochs, c.ValCheckInterval = dir, 7, Limit{Share: true, Value: 0.5}
	s.Checkpoint.SaveTopK, s.Checkpoint.SaveLast = 2, true
	w := &watched{}
	w.stall, _ = strconv.Atoi(os.Getenv(childStall))
	c.files = w
	c.Sink = event.SinkFunc(func(ev event.Event) {
		switch ev := ev.(type) {
		case event.RunStarted:
			w.opened = true
		case event.StepDone:
			fmt.Printf("event: step %d loss %v lrs %v\n", ev.Step, ev.Loss, ev.LRs)
		case event.Validated:
			fmt.Printf("event: validated at step %d %v wait %d best %v\n", ev.Step, ev.Metrics, ev.Wait, ev.Best)
		case event.PhaseStarted:
			if ev.Reason != "" {
				fmt.Printf("event: phase %d at step %d restores %s\n", ev.Phase, ev.Step, ev.Restored)
			}
		}
	})
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(context.Background(), tk, toyData(t, 44, 4, c.Seed), s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "result.txt"), []byte(bits(tk)), 0o600); err != nil {
		t.Fatal(err)
	}
	fmt.Println("done: all epochs")
}

// threePhases is a plan for the parameters of another.
func threePhases(t *testing.T, p *schedule.Plan) *schedule.Plan {
	t.Helper()
	lr, two, four := 0.02, 2, 4
	s := &schedule.Schedule{Name: "test", Phases: []schedule.PhaseSpec{
		{Key: 0, Params: []schedule.Entry{{Text: "model.out.*"}}, MaxTransitionEpoch: &two},
		{
			Key: 1, Params: []schedule.Entry{{Text: "model.bn.*"}}, LR: &lr, MaxTransitionEpoch: &four,
			NewOptimizer: &registry.Spec{Name: "sgd", Args: registry.Args{"lr": 0.02, "momentum": 0.9}},
			NewLRScheduler: &schedule.Reinit{LRScheduler: schedule.LRScheduler{
				Spec: registry.Spec{Name: "StepLR", Args: registry.Args{"step_size": 3, "gamma": 0.9}}, Interval: "step",
			}},
		},
		{Key: 2, Params: []schedule.Entry{{Text: "rest"}}, LR: &lr},
	}}
	plan, found := s.Resolve(p.Params(), schedule.Options{})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// watched is the file system of a process that is killed: it tells of each
// operation, and one that is chosen it begins and never ends.
type watched struct {
	checkpoint.OS
	ops, stall int
	opened     bool // the fit has begun or been resumed
}

// during tells of an operation; true means to begin it and wait for the end.
func (w *watched) during(what string) bool {
	if !w.opened {
		what = resuming
	}
	w.ops++
	fmt.Printf("op: %s %d\n", what, w.ops)
	return w.ops == w.stall
}

// wait tells the parent to kill this process.
func (w *watched) wait(what, op, name string) {
	if !w.opened {
		what = resuming
	}
	fmt.Printf("stalled: %s at %s of %s\n", what, op, name)
	time.Sleep(time.Minute)
	os.Exit(3)
}

func (w *watched) act(what, op, name string, do func() error) error {
	stop := w.during(what)
	if stop && w.ops%2 == 0 { // before it, or after it
		w.wait(what, "the start of "+op, name)
	}
	err := do()
	if stop {
		w.wait(what, "the end of "+op, name)
	}
	return err
}

func (w *watched) MkdirAll(dir string) error {
	return w.act(saving, "mkdir", dir, func() error { return w.OS.MkdirAll(dir) })
}

func (w *watched) Rename(from, to string) error {
	return w.act(saving, "rename", from, func() error { return w.OS.Rename(from, to) })
}

func (w *watched) RemoveAll(name string) error {
	return w.act(saving, "remove", name, func() error { return w.OS.RemoveAll(name) })
}

func (w *watched) SyncDir(dir string) error {
	return w.act(saving, "sync", dir, synced)
}

// synced does nothing: the system keeps what a killed process wrote.
func synced() error { return nil }

func (w *watched) ReadDir(dir string) (entries []fs.DirEntry, err error) {
	err = w.act(saving, "list", dir, func() error { entries, err = w.OS.ReadDir(dir); return err })
	return entries, err
}

func (w *watched) Open(name string) (f io.ReadCloser, err error) {
	err = w.act(restoring, "open", name, func() error { f, err = w.OS.Open(name); return err })
	return f, err
}

func (w *watched) Create(name string) (checkpoint.File, error) {
	var f checkpoint.File
	err := w.act(saving, "create", name, func() (err error) { f, err = w.OS.Create(name); return err })
	if err != nil {
		return nil, err
	}
	return &watchedFile{f, w, name}, nil
}

type watchedFile struct {
	checkpoint.File
	w    *watched
	name string
}

// Write stops with half of it written.
func (f *watchedFile) Write(p []byte) (int, error) {
	if f.w.during(saving) {
		if _, err := f.File.Write(p[:len(p)/2]); err != nil {
			return 0, err
		}
		f.w.wait(saving, "half a write", f.name)
	}
	return f.File.Write(p)
}

func (f *watchedFile) Sync() error {
	return f.w.act(saving, "sync", f.name, synced)
}
