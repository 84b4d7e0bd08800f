package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

// String is the plan as a table: a phase a line.
func (p *Plan) String() string {
	var b strings.Builder
	sizes := map[string]int{}
	total := 0
	for _, i := range p.params {
		sizes[i.Name] = i.Len()
		total += i.Len()
	}
	trainable := 0
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "phase\tthaws\ttrainable\tlr\tuntil\tparams")
	for i, ph := range p.phases {
		for _, n := range ph.Params {
			trainable += sizes[n]
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", i, tensors(len(ph.Params)), share(trainable, total), ph.rate(i), ph.until(), shorten(ph.Written))
		for _, line := range ph.directives() {
			fmt.Fprintf(w, "\t\t\t\t\t%s\n", line)
		}
	}
	w.Flush()
	if n := len(p.unscheduled); n > 0 {
		fmt.Fprintf(&b, "never thawed: %s (%s)\n", tensors(n), shorten(p.unscheduled))
	}
	return trimLines(b.String())
}

func tensors(n int) string {
	if n == 1 {
		return "1 tensor"
	}
	return strconv.Itoa(n) + " tensors"
}

// share is "12,345 (6.7 %)".
func share(n, of int) string {
	if of == 0 {
		return thousands(n)
	}
	return fmt.Sprintf("%s (%.1f %%)", thousands(n), 100*float64(n)/float64(of))
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (ph Phase) rate(i int) string {
	if i == 0 {
		return "optimizer's"
	}
	return strconv.FormatFloat(ph.LR, 'g', -1, 64)
}

func (ph Phase) until() string {
	if ph.MaxTransitionEpoch < 0 {
		return "early stopping"
	}
	return "epoch " + strconv.Itoa(ph.MaxTransitionEpoch)
}

func (ph Phase) directives() []string {
	var out []string
	if ph.NewOptimizer != nil {
		out = append(out, "new optimizer "+lastDot(ph.NewOptimizer.Name))
	}
	if r := ph.NewLRScheduler; r != nil {
		line := "new LR scheduler " + r.LRScheduler.String()
		switch {
		case r.InitPGLRs != nil:
			line += fmt.Sprintf(", existing groups start at %v", r.InitPGLRs)
		case r.UseCurrentLRs:
			line += ", existing groups keep their learning rates"
		}
		out = append(out, line)
	}
	return out
}

// shorten shows at most four names.
func shorten(names []string) string {
	switch {
	case len(names) == 0:
		return "nothing new"
	case len(names) <= 4:
		return strings.Join(names, ", ")
	default:
		return fmt.Sprintf("%s, … %s (%d in all)", strings.Join(names[:2], ", "), names[len(names)-1], len(names))
	}
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
