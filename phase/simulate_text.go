package phase

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/thaw-go/thaw/lrsched"
)

// String is the simulation as a table: a line for each validation.
func (s *Simulation) String() string {
	var b strings.Builder
	names := s.metricNames()
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "epoch\tstep\tphase\tlearning rates\t%swait\twhat happens\n", cells(names))
	for _, e := range s.Epochs {
		for _, line := range e.begins() {
			fmt.Fprintf(w, "%d\t\t%d\t\t%s\t%s\n", e.Epoch, e.Phase, strings.Repeat("\t", len(names)), line)
		}
		rates := e.rates()
		for _, c := range e.Checks {
			fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s%s\t%s\n", e.Epoch, c.Step, e.Phase, rates, cells(c.values(names)), c.waiting(), strings.Join(c.happens(), "; "))
			rates = ""
		}
		if len(e.Checks) == 0 {
			fmt.Fprintf(w, "%d\t\t%d\t%s\t%s\t\n", e.Epoch, e.Phase, rates, strings.Repeat("\t", len(names)))
		}
	}
	w.Flush()
	return trimmed(b.String()) + s.Ending() + "\n"
}

// Ending says how the fit ends.
func (s *Simulation) Ending() string {
	switch {
	case len(s.Epochs) == 0:
		return "no epoch was simulated"
	case s.Stop == nil:
		return fmt.Sprintf("the metrics end after epoch %d, in phase %d of %d", len(s.Epochs)-1, s.Phase, s.MaxDepth)
	}
	return fmt.Sprintf("the fit ends in epoch %d, phase %d of %d: %s", len(s.Epochs)-1, s.Phase, s.MaxDepth, s.Stop.Reason)
}

// cells are values, each followed by a tab.
func cells(values []string) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(v + "\t")
	}
	return b.String()
}

// metricNames lists what the trace measured, in order of name.
func (s *Simulation) metricNames() []string {
	in := map[string]bool{}
	for _, e := range s.Epochs {
		for _, c := range e.Checks {
			for k := range c.Metrics {
				in[k] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(in))
}

// begins says what happens before the epoch's first batch.
func (e SimulatedEpoch) begins() []string {
	var out []string
	if e.Reason != "" {
		out = append(out, fmt.Sprintf("phase %d begins: %s", e.Phase, e.Reason))
	}
	if e.Restored != "" {
		out = append(out, "restores "+e.Restored)
	}
	if e.NewOptimizer != "" {
		out = append(out, "new optimizer "+e.NewOptimizer)
	}
	if e.NewLRScheduler != "" {
		out = append(out, "new LR scheduler "+e.NewLRScheduler)
	}
	return out
}

// rates are the groups' learning rates, with the epoch's last ones where they
// change within it.
func (e SimulatedEpoch) rates() string {
	out := make([]string, len(e.Groups))
	for i, g := range e.Groups {
		out[i] = rate(g.LR)
		if i < len(e.LRs) && rate(e.LRs[i]) != out[i] {
			out[i] += "→" + rate(e.LRs[i])
		}
	}
	return strings.Join(out, ", ")
}

func rate(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func (c SimulatedCheck) values(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		if v, ok := c.Metrics[n]; ok {
			out[i] = strconv.FormatFloat(float64(v), 'g', 6, 64)
		}
	}
	return out
}

func (c SimulatedCheck) waiting() string {
	switch {
	case c.Patience < 0:
		return ""
	case c.Done:
		return "done"
	}
	return fmt.Sprintf("%d/%d", c.Wait, c.Patience)
}

func (c SimulatedCheck) happens() []string {
	var out []string
	for _, n := range c.Saved {
		if n == c.Best {
			n += " (best)"
		}
		out = append(out, "saves "+n)
	}
	for _, n := range c.Dropped {
		out = append(out, "drops "+n)
	}
	return out
}

// WriteCSV writes a row for each validation: learning rates are those of the
// epoch's first and last step, by group.
func (s *Simulation) WriteCSV(w io.Writer) error {
	names := s.metricNames()
	groups := 0
	for _, e := range s.Epochs {
		groups = max(groups, len(e.Groups))
	}
	head := append([]string{"epoch", "step", "phase", "begins", "restored", "new_optimizer", "new_lr_scheduler"}, names...)
	head = append(head, "wait", "patience", "phase_done", "saved", "dropped", "best", "stop")
	for i := range groups {
		head = append(head, fmt.Sprintf("lr_%d", i), fmt.Sprintf("last_lr_%d", i))
	}
	out := csv.NewWriter(w)
	if err := out.Write(head); err != nil {
		return err
	}
	for i, e := range s.Epochs {
		checks := e.Checks
		if len(checks) == 0 {
			checks = []SimulatedCheck{{Patience: -1}}
		}
		for k, c := range checks {
			row := []string{strconv.Itoa(e.Epoch), strconv.Itoa(c.Step), strconv.Itoa(e.Phase)}
			if k == 0 {
				row = append(row, e.Reason, e.Restored, e.NewOptimizer, e.NewLRScheduler)
			} else {
				row = append(row, "", "", "", "")
			}
			row = append(row, exact(c.Metrics, names)...)
			stop := ""
			if i == len(s.Epochs)-1 && k == len(checks)-1 && s.Stop != nil {
				stop = s.Stop.Cause
			}
			row = append(row, strconv.Itoa(c.Wait), strconv.Itoa(c.Patience), strconv.FormatBool(c.Done),
				strings.Join(c.Saved, " "), strings.Join(c.Dropped, " "), c.Best, stop)
			for g := range groups {
				first, last := "", ""
				if g < len(e.Groups) {
					first = strconv.FormatFloat(e.Groups[g].LR, 'g', -1, 64)
				}
				if g < len(e.LRs) {
					last = strconv.FormatFloat(e.LRs[g], 'g', -1, 64)
				}
				row = append(row, first, last)
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func exact(metrics map[string]lrsched.Real, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		if v, ok := metrics[n]; ok {
			out[i] = strconv.FormatFloat(float64(v), 'g', -1, 64)
		}
	}
	return out
}

func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
