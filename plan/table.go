package plan

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

// String is the preview as a table, and what governs the phases below it.
func (p *Preview) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	head := "phase\tthaws\ttrainable\tlr\tstate"
	if p.BatchSize > 0 {
		head += fmt.Sprintf("\twork a batch of %d\tmemory", p.BatchSize)
	}
	fmt.Fprintln(w, head+"\tfrozen below\tuntil")
	for _, ph := range p.Phases {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s", ph.Phase, tensors(len(ph.Thaws)), share(ph.Trainable, p.Parameters), ph.LR, Bytes(ph.StateBytes))
		if p.BatchSize > 0 {
			cost, peak := "", ""
			if ph.Cost != nil {
				cost, peak = flops(ph.Cost.FLOPs()), Bytes(ph.Cost.PeakBytes)
			}
			fmt.Fprintf(w, "\t%s\t%s", cost, peak)
		}
		fmt.Fprintf(w, "\t%s\t%s\n", ph.below(), p.until(ph))
		for _, line := range ph.anew() {
			fmt.Fprintf(w, "%s%s\n", strings.Repeat("\t", strings.Count(head, "\t")+2), line)
		}
	}
	w.Flush()
	out := trimmed(b.String())
	if n := len(p.Unscheduled); n > 0 {
		out += fmt.Sprintf("never thawed: %s (%s)\n", tensors(n), few(p.Unscheduled))
	}
	return out + p.fit.Config.Governs()
}

// below names what is frozen below the frontier.
func (ph Phase) below() string {
	switch {
	case ph.Frontier == "":
		return "everything"
	case ph.FrozenBlocks == 0:
		return "nothing"
	case ph.FrozenBlocks == 1:
		return ph.Frontier + " (1 block)"
	}
	return fmt.Sprintf("%s (%d blocks)", ph.Frontier, ph.FrozenBlocks)
}

func (p *Preview) until(ph Phase) string {
	c := p.fit.Config
	stops := c.EarlyStopping != nil && !c.EpochTransitionsOnly
	switch {
	case !ph.Reached:
		return "beyond max_depth"
	case ph.Until >= 0 && ph.Phase < c.LastPhase():
		return "epoch " + strconv.Itoa(ph.Until)
	case stops:
		return "early stopping"
	}
	return "the fit's end"
}

func (ph Phase) anew() []string {
	var out []string
	if ph.NewOptimizer != "" {
		out = append(out, "new optimizer "+ph.NewOptimizer)
	}
	if ph.NewLRScheduler != "" {
		out = append(out, "new LR scheduler "+ph.NewLRScheduler)
	}
	return out
}

// String is the range, or the one number that it is.
func (r Range) String() string {
	lo, hi := number(r.Min), number(r.Max)
	if lo == hi {
		return lo
	}
	return lo + " … " + hi
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

func tensors(n int) string {
	if n == 1 {
		return "1 tensor"
	}
	return strconv.Itoa(n) + " tensors"
}

// share is "12,345 (6.7 %)".
func share(n, of int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return fmt.Sprintf("%s (%.1f %%)", s, 100*float64(n)/float64(max(of, 1)))
}

func few(names []string) string {
	if len(names) <= 4 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, … %s", strings.Join(names[:2], ", "), names[len(names)-1])
}

// Bytes shows an amount of memory with three digits.
func Bytes(n int64) string { return scaled(float64(n), "B", 1024, "KiB", "MiB", "GiB", "TiB") }

func flops(n int64) string {
	return scaled(float64(n), "FLOP", 1000, "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP")
}

func scaled(v float64, unit string, step float64, units ...string) string {
	for _, u := range units {
		if v < step {
			break
		}
		v, unit = v/step, u
	}
	if v >= 100 || v == float64(int64(v)) {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	return fmt.Sprintf("%.3g %s", v, unit)
}

func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
