package runlog

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/thaw-go/thaw/event"
)

// Progress tells a person how a run goes. On a terminal the current batch's
// line is redrawn in place; elsewhere only whole lines are written, so that a
// log file stays readable.
type Progress struct {
	w    io.Writer
	live bool
	// Width is the terminal's width in columns.
	Width int

	now    func() time.Time
	drawn  time.Time
	inLine bool
	run    event.RunStarted
	phases int
	epoch  event.EpochStarted
	steps  rate
}

// redraw is how often the live line changes at most.
const redraw = 100 * time.Millisecond

// NewProgress writes to w; live says that w is a terminal.
func NewProgress(w io.Writer, live bool) *Progress {
	return &Progress{w: w, live: live, Width: 100, now: time.Now}
}

// Emit implements event.Sink.
func (p *Progress) Emit(e event.Event) {
	switch e := e.(type) {
	case event.RunStarted:
		p.runStarted(e)
	case event.PhaseStarted:
		p.phaseStarted(e)
	case event.EpochStarted:
		p.epoch = e
		p.steps.start(p.now(), e.Batches)
	case event.StepDone:
		p.step(e)
	case event.Progress:
		p.draw(fmt.Sprintf("%s %s %d/%d", e.What, bar(e.Batch, e.Batches), e.Batch, e.Batches))
	case event.Validated:
		p.validated(e)
	case event.EpochDone:
		p.epochDone(e)
	case event.Warning:
		p.line("warning: %s", e.Text)
	case event.Note:
		p.line("note: %s", e.Text)
	case event.RunDone:
		p.runDone(e)
	}
}

// line writes a whole line, over the live one if there is one.
func (p *Progress) line(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *Progress) clear() {
	if p.inLine {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.inLine = false
	}
}

// draw redraws the live line, not more often than is of use.
func (p *Progress) draw(text string) {
	if !p.live || p.now().Sub(p.drawn) < redraw {
		return
	}
	p.drawn = p.now()
	if r := []rune(text); len(r) >= p.Width {
		text = string(r[:max(p.Width-1, 0)])
	}
	fmt.Fprint(p.w, "\r\x1b[K"+text)
	p.inLine = true
}

func (p *Progress) runStarted(e event.RunStarted) {
	p.run, p.phases = e, e.Phases
	what := "fit"
	if e.Resumed != "" {
		what = "resuming from " + e.Resumed + ","
	}
	p.line("%s %s: %s parameters in %d %s, %s training and %s validation samples, engine %s (%s), seed %d",
		what, e.Task, count(e.Parameters), e.Phases, plural(e.Phases, "phase"), count(e.TrainSamples), count(e.ValSamples), e.Engine, e.Path, e.Seed)
	if e.Dir != "" {
		p.line("run folder %s", e.Dir)
	}
}

func (p *Progress) phaseStarted(e event.PhaseStarted) {
	head := fmt.Sprintf("phase %d of %d from epoch %d", e.Phase, e.Phases, e.Epoch)
	if e.Reason != "" {
		head += ": " + e.Reason
	}
	p.line("%s", head)
	if e.Restored != "" {
		p.line("    restored the best checkpoint, %s", e.Restored)
	}
	p.line("    thaws %s; trains %s of %s parameters (%.1f %%)%s",
		names(e.Thawed), count(e.Trainable), count(e.Total), 100*float64(e.Trainable)/float64(max(e.Total, 1)), lrs(e.Groups))
}

func lrs(groups []event.Group) string {
	if len(groups) == 0 {
		return ""
	}
	parts := make([]string, len(groups))
	for i, g := range groups {
		parts[i] = fmt.Sprintf("%.3g", g.LR)
	}
	return ", lr " + strings.Join(slices.Compact(parts), " ")
}

// names lists a few names and counts the rest.
func names(all []string) string {
	const show = 4
	switch {
	case len(all) == 0:
		return "nothing new"
	case len(all) <= show:
		return strings.Join(all, ", ")
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(all[:show-1], ", "), len(all)-show+1)
	}
}

func (p *Progress) step(e event.StepDone) {
	lr := 0.0
	for _, v := range e.LRs {
		lr = max(lr, v)
	}
	eta := p.steps.left(p.now(), e.Batch+1)
	text := fmt.Sprintf("epoch %d  phase %d  %s %d/%d  loss %.4f  lr %.3g  %s samples/s%s",
		e.Epoch, e.Phase, bar(e.Batch+1, e.Batches), e.Batch+1, e.Batches, e.Loss, lr, count(int(e.SamplesPerSecond)), eta)
	p.draw(text)
}

func (p *Progress) validated(e event.Validated) {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(e.Metrics)) {
		fmt.Fprintf(&b, "  %s %.4f", k, e.Metrics[k])
	}
	if e.Best {
		b.WriteString("  (best)")
	} else if e.Patience >= 0 && e.Wait > 0 {
		fmt.Fprintf(&b, "  (no better for %d of %d)", e.Wait, max(e.Patience, 1))
	}
	p.line("epoch %d  phase %d  step %d%s", e.Epoch, e.Phase, e.Step, b.String())
}

func (p *Progress) epochDone(e event.EpochDone) {
	rate := float64(e.Samples) / max(e.Seconds, 1e-9)
	text := fmt.Sprintf("epoch %d  train_loss %.4f  %s samples in %s (%s/s)", e.Epoch, e.TrainLoss, count(e.Samples), short(e.Seconds), count(int(rate)))
	if e.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", e.Skipped)
	}
	p.line("%s", text)
}

func (p *Progress) runDone(e event.RunDone) {
	verb := "done"
	if e.Interrupted {
		verb = "interrupted"
	}
	p.line("%s after %d %s, %d %s, %s: %s", verb, e.Epoch, plural(e.Epoch, "epoch"), e.Step, plural(e.Step, "step"), short(e.Seconds), e.Reason)
	if e.Best != "" {
		p.line("best checkpoint %s (%.4f)", e.Best, e.BestScore)
	}
}

// rate measures the time left of an epoch.
type rate struct {
	began time.Time
	total int
}

func (r *rate) start(now time.Time, total int) { r.began, r.total = now, total }

func (r *rate) left(now time.Time, done int) string {
	if r.total <= 0 || done <= 0 || done > r.total || r.began.IsZero() {
		return ""
	}
	left := now.Sub(r.began) / time.Duration(done) * time.Duration(r.total-done)
	return "  ETA " + short(left.Seconds())
}

// bar is a progress bar of ten cells.
func bar(done, total int) string {
	const cells = 10
	full := 0
	if total > 0 {
		full = min(cells, done*cells/total)
	}
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", cells-full) + "]"
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// count writes a whole number with thin groups of three: 75,002.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// short writes a span of seconds: 0.8s, 42s, 3m05s, 2h07m.
func short(s float64) string {
	switch {
	case s < 10:
		return fmt.Sprintf("%.1fs", s)
	case s < 60:
		return fmt.Sprintf("%.0fs", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", int(s)/60, int(s)%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(s)/3600, int(s)%3600/60)
	}
}
