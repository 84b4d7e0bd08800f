package conformance

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
)

// stage orders the moments of a run, to tell which error came first.
type stage struct{ epoch, part int }

const (
	inSetup = iota - 2
	inFitStart
	inTransition
	inTraining
)

func (s stage) before(o stage) bool {
	return s.epoch < o.epoch || s.epoch == o.epoch && s.part < o.part
}

// ftsLog is what was observed in a run.
type ftsLog struct {
	setup    *ftsSetup
	machine  *phase.Machine
	events   []ftsEvent
	epochs   map[int]ftsEpoch
	stepLRs  map[int][]numbers
	final    *ftsFinal
	warnings []string
	err      error
	at       stage
	// states maps each checkpoint to the machine's state that it holds.
	states map[string]savedState
	files  []string
}

// savedState is a machine's state as JSON, and where the run stood.
type savedState struct {
	text  []byte
	epoch int
	// validations that had run.
	validations int
	// endOfEpoch tells that the epoch's end was already reported.
	endOfEpoch bool
}

// ftsStart is where a session begins: at a state, in a directory that holds
// files. The zero value is a fresh start.
type ftsStart struct {
	from  *savedState
	dir   string
	files []string
}

// drive runs a session as a trainer would, with the metrics as written.
func (f *ftsFile) drive(t *testing.T, r *ftsRun, start ftsStart) *ftsLog {
	t.Helper()
	log := &ftsLog{epochs: map[int]ftsEpoch{}, stepLRs: map[int][]numbers{}, states: map[string]savedState{}, files: slices.Clone(start.files)}
	var err error
	if log.setup, err = f.setup(t, r); err != nil {
		log.err, log.at = err, stage{part: inSetup}
		return log
	}
	log.warnings = log.setup.found
	if ck := log.setup.cfg.Checkpoint; ck != nil {
		ck.Dir = start.dir
	}
	d := &driver{run: r, log: log, val: 0}
	d.machine(t, start)
	return log
}

// driver stands in for a trainer.
type driver struct {
	run *ftsRun
	log *ftsLog
	m   *phase.Machine
	// val counts the validations of this session.
	val   int
	epoch int
	dir   phase.Directive
	ended bool
}

func (d *driver) machine(t *testing.T, start ftsStart) {
	t.Helper()
	cfg := d.log.setup.cfg
	fail := func(err error, part int) bool {
		if err != nil {
			d.log.err, d.log.at = err, stage{d.epoch, part}
		}
		return err != nil
	}
	var err error
	first := 0
	var open phase.Event = phase.FitStart{Existing: start.files}
	if start.from == nil {
		d.m, err = phase.New(cfg)
	} else {
		var st phase.State
		if err := json.Unmarshal(start.from.text, &st); err != nil {
			t.Fatal(err)
		}
		first = start.from.epoch
		d.m, err = phase.Restore(cfg, st)
		open = phase.Resumed{Existing: start.files}
	}
	if fail(err, inSetup) {
		return
	}
	d.log.machine = d.m
	if fail(d.step(open), inFitStart) {
		return
	}
	if start.from != nil {
		d.epoch = first
		if !start.from.endOfEpoch {
			if fail(d.step(phase.EpochEnd{}), inTraining) {
				return
			}
		}
		first++
	}
	for d.epoch = first; !d.ended; d.epoch++ {
		if d.epoch > 4000 {
			t.Fatal("the run does not end")
		}
		if fail(d.step(phase.EpochStart{Epoch: d.epoch}), inTransition) {
			return
		}
		d.log.epochs[d.epoch] = d.row()
		if fail(d.train(), inTraining) {
			return
		}
	}
	d.finish()
}

// step feeds an event and does what the directive says, as far as names and
// numbers go.
func (d *driver) step(ev phase.Event) error {
	dir, err := d.m.Step(ev)
	if err != nil {
		return err
	}
	d.dir = dir
	for _, n := range dir.Notes {
		d.log.warnings = append(d.log.warnings, n.Message)
	}
	for _, s := range dir.Save {
		text, err := json.Marshal(d.m.State())
		if err != nil {
			return err
		}
		_, end := ev.(phase.EpochEnd)
		d.log.states[s.Name] = savedState{text, d.epoch, d.val, end}
		d.log.files = append(d.log.files, s.Name)
	}
	for _, r := range dir.Drop {
		d.log.files = slices.DeleteFunc(d.log.files, func(n string) bool { return n == r.Name })
	}
	d.ended = d.ended || dir.Stop != nil
	return nil
}

// train runs the batches and validations of an epoch.
func (d *driver) train() error {
	r := d.run
	every := r.Steps
	if r.ValInterval > 0 && r.ValInterval < 1 {
		every = max(1, int(float64(r.Steps)*r.ValInterval))
	}
	partial := false
	for b := range r.Steps {
		d.log.stepLRs[d.epoch] = append(d.log.stepLRs[d.epoch], lrsOf(d.dir.Groups))
		if err := d.step(phase.StepEnd{Batch: b}); err != nil {
			return err
		}
		if b+1 == r.Steps {
			if err := d.step(phase.TrainEnd{}); err != nil {
				return err
			}
		}
		if (b+1)%every == 0 && (d.epoch+1)%max(r.ValEpochs, 1) == 0 {
			if err := d.validate(); err != nil {
				return err
			}
			if d.ended {
				partial = b+1 < r.Steps
				break
			}
		}
	}
	return d.step(phase.EpochEnd{Partial: partial})
}

// validate feeds the next metrics; after the end the last ones repeat.
func (d *driver) validate() error {
	metrics := map[string]float64{}
	for name, list := range d.run.Metrics {
		if len(list) > 0 {
			metrics[name] = list[min(d.val, len(list)-1)]
		}
	}
	d.val++
	if err := d.step(phase.Validated{Metrics: metrics}); err != nil {
		return err
	}
	st := d.m.State()
	e := ftsEvent{E: d.epoch, Best: d.best(), BD: ptr(bestDepth(st))}
	cfg := d.log.setup.cfg
	if ck := cfg.Checkpoint; ck != nil {
		e.M = metric(metrics, ck.Monitor)
	}
	if es := cfg.EarlyStopping; es != nil && !cfg.EpochTransitionsOnly {
		e.W, e.Done, e.Stop = ptr(st.Stopping.Wait), ptr(st.Stopping.PhaseDone), ptr(st.Stop != nil)
		if cfg.Checkpoint != nil && cfg.Checkpoint.Monitor != es.Monitor {
			e.CM = e.M
		}
		e.M = metric(metrics, es.Monitor)
	}
	d.log.events = append(d.log.events, e)
	return nil
}

func metric(m map[string]float64, name string) *number {
	v, ok := m[name]
	if !ok {
		return nil
	}
	return ptr(number(float32(v)))
}

func ptr[T any](v T) *T { return &v }

func lrsOf(gs []phase.Group) numbers {
	out := numbers{}
	for _, g := range gs {
		out = append(out, g.LR)
	}
	return out
}

func bestDepth(st phase.State) int {
	if st.Keeping.Best == nil {
		return 0
	}
	return st.Keeping.Best.Phase
}

// best names the best checkpoint's file, "" where there is none.
func (d *driver) best() string {
	ref, ok := d.m.Best()
	if !ok {
		return ""
	}
	return ref.Name + ".ckpt"
}

// row samples an epoch after its start.
func (d *driver) row() ftsEpoch {
	st := d.m.State()
	cfg := d.log.setup.cfg
	row := ftsEpoch{
		D: st.Phase, Rem: max(d.m.MaxDepth()-st.Phase, 0), FE: d.epoch, TR: d.dir.Transition != nil,
		LRs: lrsOf(d.dir.Groups), Best: d.best(), CK: []int{st.Keeping.Phase, bestDepth(st), st.Keeping.Phase, bestDepth(st)},
		Thaw: len(cfg.Plan.Thawed(st.Phase)), Opt: d.optimizer(st),
	}
	if d.dir.Restore != nil {
		row.Rst = ptr(d.dir.Restore.From.Name + ".ckpt")
	}
	for _, g := range d.dir.Groups {
		var il *number
		if g.InitialLR.Set {
			il = ptr(number(g.InitialLR.Value))
		}
		row.IL = append(row.IL, il)
		row.WD = append(row.WD, g.WeightDecay)
		row.N = append(row.N, len(g.Params))
		row.PG = append(row.PG, g.Params)
	}
	row.Train = cfg.Plan.Thawed(st.Phase)
	row.Sch = d.scheduler()
	if cfg.EarlyStopping != nil && !cfg.EpochTransitionsOnly {
		row.W, row.Fin = ptr(st.Stopping.Wait), ptr(row.Rem == 0)
		row.ESB = ptr(number(st.Stopping.Best))
	}
	row.BN = d.batchNorm(st.Phase)
	return row
}

func (d *driver) optimizer(st phase.State) string {
	cfg := d.log.setup.cfg
	spec := cfg.Optimizer
	if st.OptimizerFrom > 0 {
		if cfg.ReinitOptimizer != nil {
			spec = *cfg.ReinitOptimizer
		} else {
			spec = *cfg.Plan.Phase(st.OptimizerFrom).NewOptimizer
		}
	}
	return spec.Name[strings.LastIndexByte(spec.Name, '.')+1:]
}

func (d *driver) scheduler() *ftsSched {
	s, cfg := d.m.LRScheduler()
	if s == nil {
		return nil
	}
	out := &ftsSched{Class: s.Class(), Interval: string(cfg.Interval), Last: s.LastEpoch(), Base: s.BaseLRs()}
	if p, ok := s.(lrsched.Metered); ok {
		out.Min = p.MinLRs()
	}
	return out
}

// batchNorm derives each BatchNorm layer's state from the groups and the knob,
// as a trainer does.
func (d *driver) batchNorm(ph int) map[string][2]bool {
	out := map[string][2]bool{}
	for _, layer := range d.run.BN {
		trains := slices.ContainsFunc(d.dir.Groups, func(g phase.Group) bool { return slices.Contains(g.Params, layer+".weight") })
		out[layer] = [2]bool{trains || d.dir.FrozenBatchNorm != phase.BatchNormEval, trains}
	}
	return out
}

// finish samples the state after the run.
func (d *driver) finish() {
	st := d.m.State()
	cfg := d.log.setup.cfg
	fin := &ftsFinal{
		Depth: st.Phase, Remaining: max(d.m.MaxDepth()-st.Phase, 0), MaxDepth: d.m.MaxDepth(),
		FTEpoch: st.Epoch + 1, FTSteps: st.Step, Epoch: st.Epoch + 1, Step: st.Step, MaxEpochs: d.m.MaxEpochs(),
		Thawed: len(cfg.Plan.Thawed(st.Phase)), Best: d.best(), BestDepth: ptr(bestDepth(st)), SavedInside: ptr(st.Keeping.Phase),
	}
	if given := d.run.FTS.MaxDepth; given != nil && *given < -1 {
		fin.MaxDepth = *given // acts as 0, and FTS shows it as written
	}
	if cfg.EarlyStopping != nil && !cfg.EpochTransitionsOnly {
		fin.Stopped, fin.Wait, fin.ESBest = ptr(st.StoppedEpoch), ptr(st.Stopping.Wait), ptr(number(st.Stopping.Best))
	}
	if b := st.Keeping.Best; b != nil {
		fin.BestScore = ptr(number(b.Score))
	}
	if l := st.Keeping.Last; l != nil {
		fin.Last = l.Name + ".ckpt"
	}
	fin.Kth = kth(st, cfg.Checkpoint)
	d.log.final = fin
}

// kth is the checkpoint that the next better one would replace.
func kth(st phase.State, ck *phase.Checkpoint) string {
	if ck == nil || ck.Monitor == "" || ck.SaveTopK == 0 || len(st.Keeping.Kept) == 0 || ck.SaveTopK > len(st.Keeping.Kept) {
		return ""
	}
	worst := st.Keeping.Kept[0]
	for _, e := range st.Keeping.Kept {
		if ck.Mode == "max" && e.Score < worst.Score || ck.Mode != "max" && e.Score > worst.Score {
			worst = e
		}
	}
	return worst.Name + ".ckpt"
}
