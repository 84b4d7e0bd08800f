package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is the table of times, which grows as cases end.
type report struct {
	document
	profiles []*outcome       // that have one
	absent   map[string]error // rivals that are not installed
}

func newReport(s *settings, r *rival) *report {
	rep := &report{document: s.document("times"), absent: map[string]error{}}
	rep.head(s, r)
	rep.line("Rounds: %d, in each of which every side takes steps for %d ms, at least one; ratios are rival/thaw, above 1 thaw is faster. "+
		"Loss and norm of the gradient are those of thaw and of the rivals after %d equal steps.", s.rounds, roundTime, checkSteps)
	return rep
}

// document starts a section, of its own for a forced path.
func (s *settings) document(section string) document {
	if s.profile {
		section = "profiles"
	}
	if s.cpu != "" {
		section += " " + s.cpu
	}
	return document{section: section}
}

// head says what was measured where.
func (d *document) head(s *settings, r *rival) {
	torch := "absent"
	if r != nil {
		torch = r.version
	}
	d.line("%s, %s/%s, %s, torch %s, commit %s, seed %d, %s%s", processor(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), torch, commit(), s.seed, time.Now().UTC().Format("2006-01-02 15:04"), load())
	d.line("    go run ./bench %s", strings.Join(quoted(os.Args[1:]), " "))
}

// quoted are arguments as a shell wants them.
func quoted(args []string) (out []string) {
	for _, a := range args {
		if strings.ContainsAny(a, " |()*$^") {
			a = "'" + a + "'"
		}
		out = append(out, a)
	}
	return out
}

// processor is the CPU's name, where the system tells.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	says := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		says[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return fmt.Sprintf("%s (family %s model %s), %d CPUs", says["model name"], says["cpu family"], says["model"], runtime.NumCPU())
}

// load is what else the machine has to do, where the system tells.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(b)); err == nil && len(f) > 2 {
		return fmt.Sprintf("; load before: %s", strings.Join(f[:3], " "))
	}
	return ""
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// title begins the table of a number of threads.
func (rep *report) title(threads int, path string) {
	rep.table(fmt.Sprintf("%d thread(s), %s; ms, minimum / median", threads, path),
		column{"case", 36}, column{"thaw", 18}, column{"rival", 18}, column{"fastest rival", 20},
		column{"ratio", 6}, column{"of medians", 10}, column{"GFLOP/s (share of peak), or loss and norm", 0})
}

// add is the line of a case.
func (rep *report) add(o *outcome) {
	us, them := o.sides[0], o.rival()
	times := func(c *contestant) string { return fmt.Sprintf("%.2f / %.2f", c.best(), c.median()) }
	theirs, name, ratio, medians := "", "", "", ""
	if them != nil {
		theirs, name = times(them), them.name
		ratio, medians = fmt.Sprintf("%.2f", them.best()/us.best()), fmt.Sprintf("%.2f", them.median()/us.median())
	}
	rep.row(o.name, times(us), theirs, name, ratio, medians, o.remark(them))
	if o.profile != "" {
		rep.profiles = append(rep.profiles, o)
	}
	for _, c := range o.sides[1:] {
		if c.absent != nil {
			rep.absent[c.name] = c.absent
		}
	}
}

// end is what follows the table: where the time went, and who was not there.
func (rep *report) end() {
	rep.text.WriteString("\n")
	for _, o := range rep.profiles {
		rep.line("Where a step of %s spends its time on %d thread(s):", o.name, o.threads)
		rep.block(o.profile)
	}
	for _, name := range slices.Sorted(maps.Keys(rep.absent)) {
		rep.line("Without %s: %v", name, rep.absent[name])
	}
	rep.profiles, rep.absent = nil, map[string]error{}
}

// remark is the speed of a product, otherwise the numbers that were compared.
func (o *outcome) remark(them *contestant) string {
	us := o.sides[0]
	if o.flops > 0 {
		if them == nil {
			return o.speed(us)
		}
		return o.speed(us) + ", rival " + o.speed(them)
	}
	if them == nil {
		return us.numbers()
	}
	return us.numbers() + ", rival " + them.numbers()
}

// speed of a product, and its share of the peak of the cores in use.
func (o *outcome) speed(c *contestant) string {
	perSecond := o.flops / c.best() * 1e3
	if o.peak == 0 {
		return fmt.Sprintf("%.1f", perSecond/1e9)
	}
	return fmt.Sprintf("%.1f (%.2f)", perSecond/1e9, perSecond/o.peak/float64(o.threads))
}

func (c *contestant) numbers() string {
	return fmt.Sprintf("%.6g %.6g", c.checked.loss, c.checked.norm)
}
