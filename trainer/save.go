package trainer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/tensor"
)

// The files of a checkpoint; WeightsFile holds the parameters and buffers.
const (
	WeightsFile   = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
	// gradientsFile is there where a validation stands between batches whose
	// gradients make one step.
	gradientsFile = "gradients.safetensors"
	stateFile     = "state.json"
)

// CheckpointDir is the folder of a run's checkpoints.
func CheckpointDir(run string) string { return filepath.Join(run, "checkpoints") }

// saved is a checkpoint's state.json.
type saved struct {
	Position  position        `json:"position"`
	Machine   json.RawMessage `json:"machine"`
	Optimizer json.RawMessage `json:"optimizer"`
	Seed      uint64          `json:"seed"`
	Best      string          `json:"best,omitempty"`
	Score     float64         `json:"score,omitempty"`
	// Averaged counts the weights in the averages.
	Averaged int `json:"averaged,omitempty"`
}

// saver writes the checkpoints of a fit. Besides those that the machine asks
// for it keeps the newest, from which a killed run continues.
type saver struct {
	store  *checkpoint.Store // nil: nothing is kept on disk
	latest string
	// moving is the newest checkpoint where the machine did not ask for it; it
	// goes when a newer one is safe.
	moving string
}

func (s *saver) dir() string {
	if s.store == nil {
		return ""
	}
	return s.store.Dir()
}

// save writes a checkpoint under the name that the machine gave it, or, with
// none, as the moving one.
func (f *fit) save(name string, best bool) error {
	if best && f.saver.store != nil {
		f.best = name
		f.score, _ = f.machine.BestScore()
	}
	return f.write(name, best)
}

// write is save for a best one that is known already.
func (f *fit) write(name string, best bool) error {
	if f.saver.store == nil {
		return nil
	}
	began := time.Now()
	asked := name != ""
	if !asked {
		name = fmt.Sprintf("last-epoch=%d-step=%d", f.pos.Epoch, f.pos.Step)
	}
	f.pos.Saved, f.pos.Elapsed = true, f.time()
	parts, err := f.parts()
	if err != nil {
		return fmt.Errorf("saving checkpoint %s: %w", name, err)
	}
	m, err := f.saver.store.Save(checkpoint.Manifest{
		Name: name, Epoch: f.pos.Epoch, Step: f.pos.Step, Phase: f.machine.Phase(),
		Engine: f.Engine.Name(), Path: f.Engine.Path(),
	}, parts)
	if err != nil {
		return err
	}
	f.saver.latest = name
	old := f.saver.moving
	f.saver.moving = ""
	if !asked {
		f.saver.moving = name
	}
	if old != "" && old != name {
		if err := f.saver.store.Remove(old); err != nil {
			return err
		}
	}
	f.Sink.Emit(event.CheckpointSaved{Name: name, Epoch: f.pos.Epoch, Step: f.pos.Step, Best: best, Bytes: m.Bytes(), Seconds: time.Since(began).Seconds()})
	return nil
}

// saveInterrupted saves the position at which the fit was cut short.
func (f *fit) saveInterrupted() error { return f.save("", false) }

// drop removes a checkpoint that the machine no longer wants. The newest stays,
// as the moving one, for it is what a killed run continues from.
func (s *saver) drop(name string) error {
	if s.store == nil {
		return nil
	}
	if name == s.latest {
		s.moving = name
		return nil
	}
	return s.store.Remove(name)
}

// parts are the files of a checkpoint.
func (f *fit) parts() ([]checkpoint.Part, error) {
	machine, err := json.Marshal(f.machine.State())
	if err != nil {
		return nil, err
	}
	optState, optTensors, err := f.opt.state()
	if err != nil {
		return nil, err
	}
	state, err := json.MarshalIndent(saved{f.pos, machine, optState, f.Seed, f.best, f.score, f.averaged()}, "", " ")
	if err != nil {
		return nil, err
	}
	parts := []checkpoint.Part{
		{Name: WeightsFile, Write: func(w io.Writer) error {
			return f.avg.validated(func() error { return f.writeWeights(w) })
		}},
		{Name: optimizerFile, Write: func(w io.Writer) error { return safetensors.Write(w, nil, optTensors) }},
		{Name: stateFile, Write: func(w io.Writer) error { _, err := w.Write(state); return err }},
	}
	switch f.avg.other() {
	case trainedFile:
		parts = append(parts, checkpoint.Part{Name: trainedFile, Write: f.writeWeights})
	case averageFile:
		parts = append(parts, checkpoint.Part{Name: averageFile, Write: func(w io.Writer) error {
			return f.avg.swapped(func() error { return f.writeWeights(w) })
		}})
	}
	if f.accumulating() {
		parts = append(parts, checkpoint.Part{Name: gradientsFile, Write: f.writeGradients})
	}
	return parts, nil
}

func (f *fit) writeWeights(w io.Writer) error {
	return safetensors.Write(w, map[string]string{"format": "pt"}, nn.Entries(f.params))
}

// averaged counts the weights in the averages.
func (f *fit) averaged() int {
	if f.avg == nil {
		return 0
	}
	return f.avg.N
}

// accumulating tells that gradients wait for the batches that complete their
// step.
func (f *fit) accumulating() bool {
	return slices.ContainsFunc(f.params, func(p *nn.Param) bool { return p.Tensor.Grad() != nil })
}

func (f *fit) writeGradients(w io.Writer) error {
	var entries []safetensors.Entry
	for _, p := range f.params {
		if g := p.Tensor.Grad(); g != nil && p.SharedWith == "" {
			entries = append(entries, entry(p.Name, p.Shape, slice(g.Array())))
			if rows := p.Tensor.GradRows(); rows != nil {
				entries = append(entries, safetensors.Ints(p.Name+rowsSuffix, []int{len(rows)}, wide(rows)))
			}
		}
	}
	return safetensors.Write(w, nil, entries)
}

// loadGradients takes up those that wait for the rest of their step.
func (f *fit) loadGradients(m checkpoint.Manifest) error {
	if !slices.ContainsFunc(m.Files, func(i checkpoint.FileInfo) bool { return i.Name == gradientsFile }) {
		return nil
	}
	file, err := safetensors.Open(f.saver.store.Path(m.Name, gradientsFile))
	if err != nil {
		return err
	}
	defer file.Close()
	for _, name := range file.Names() {
		if strings.HasSuffix(name, rowsSuffix) {
			continue
		}
		p, ok := f.byName[name]
		if !ok {
			return fmt.Errorf("there is a gradient of %s, which the model does not have", name)
		}
		t, err := file.Tensor(name)
		if err != nil {
			return err
		}
		values, err := t.Float64()
		if err != nil {
			return err
		}
		if err := p.Tensor.SetGrad(values); err != nil {
			return fmt.Errorf("the gradient of %s: %w", name, err)
		}
		if err := loadRows(p.Tensor, file, name); err != nil {
			return fmt.Errorf("the gradient of %s: %w", name, err)
		}
	}
	return nil
}

// rowsSuffix marks the rows of a sparse gradient.
const rowsSuffix = "/rows"

func wide(rows []int) []int64 {
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = int64(r)
	}
	return out
}

// loadRows takes up which rows a sparse gradient consists of.
func loadRows(x *tensor.Tensor, file *safetensors.File, name string) error {
	if !slices.Contains(file.Names(), name+rowsSuffix) {
		return nil
	}
	t, err := file.Tensor(name + rowsSuffix)
	if err != nil {
		return err
	}
	ids, err := t.Int64()
	if err != nil {
		return err
	}
	rows := make([]int, len(ids))
	for i, r := range ids {
		if r < 0 || int(r) >= x.Dim(0) {
			return fmt.Errorf("there is no row %d in a table of %d", r, x.Dim(0))
		}
		rows[i] = int(r)
	}
	x.SetGradRows(rows)
	return nil
}

// restore loads the weights, and perhaps the optimizer's state, of the best
// checkpoint.
func (f *fit) restore(r phase.Rollback) error {
	if f.saver.store == nil {
		return fmt.Errorf("nothing is kept on disk\n    hint: give the run a folder, or set restore_best to false")
	}
	m, err := f.saver.store.Load(r.From.Name)
	if err != nil {
		return err
	}
	s, err := f.readState(r.From.Name)
	if err != nil {
		return err
	}
	if err := f.loadWeights(m, s.Averaged); err != nil {
		return err
	}
	if !r.Optimizer {
		f.opt.Forget()
		return nil
	}
	return f.loadOptimizer(r.From.Name, s)
}

func (f *fit) readState(name string) (saved, error) {
	var s saved
	data, err := f.saver.store.ReadFile(name, stateFile)
	if err != nil {
		return s, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("reading %s: %w", f.saver.store.Path(name, stateFile), err)
	}
	return s, nil
}

// loadFile reads one of a checkpoint's files of weights into the network.
func (f *fit) loadFile(m checkpoint.Manifest, name string) error {
	file, err := safetensors.Open(f.saver.store.Path(m.Name, name))
	if err != nil {
		return err
	}
	defer file.Close()
	return nn.Load(f.params, file, nn.LoadOptions{})
}

func (f *fit) loadOptimizer(name string, s saved) error {
	file, err := safetensors.Open(f.saver.store.Path(name, optimizerFile))
	if err != nil {
		return err
	}
	defer file.Close()
	return f.opt.load(s.Optimizer, file)
}

// Best names the checkpoint that the newest one holds for the best, or the
// newest where it knows none.
func Best(store *checkpoint.Store) (string, error) {
	m, ok, problems := store.Latest()
	if !ok {
		return "", errors.Join(append(problems, fmt.Errorf("there is no checkpoint in %s", store.Dir()))...)
	}
	data, err := store.ReadFile(m.Name, stateFile)
	if err != nil {
		return "", err
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return "", fmt.Errorf("reading %s: %w", store.Path(m.Name, stateFile), err)
	}
	if s.Best == "" {
		return m.Name, nil
	}
	if _, err := store.Load(s.Best); err != nil {
		return "", err
	}
	return s.Best, nil
}
