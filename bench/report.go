package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report is the table that grows as cases end.
type report struct {
	s      *settings
	torch  string
	absent map[string]bool // rivals that are not installed, once told
	text   strings.Builder // as Markdown
}

func newReport(s *settings, r *rival) *report {
	rep := &report{s: s, torch: "absent", absent: map[string]bool{}}
	if r != nil {
		rep.torch = r.version
	}
	return rep
}

// head says what was measured where.
func (rep *report) head() string {
	text := fmt.Sprintf("%s, %s/%s, %s, torch %s, commit %s, %d rounds, seed %d, %s\n", processor(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), rep.torch, commit(), rep.s.rounds, rep.s.seed, time.Now().UTC().Format(time.DateOnly))
	fmt.Fprintf(&rep.text, "%s\n    go run ./bench %s\n", text, strings.Join(os.Args[1:], " "))
	return text
}

// processor is the CPU's name, where the system tells.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

const row = "%-36s %18s %18s  %-20s %6s %6s %s\n"

// title begins the table of a number of threads.
func (rep *report) title(threads int, path string) string {
	fmt.Fprintf(&rep.text, "\n## %d thread(s), %s\n\n", threads, path)
	rep.text.WriteString("| case | thaw ms, min / median | rival ms, min / median | rival | ratio of minima | of medians | GFLOP/s (share of the core's peak) |\n|---|---|---|---|---|---|---|\n")
	return fmt.Sprintf("\n%d thread(s), %s; ms, minimum / median\n", threads, path) +
		fmt.Sprintf(row, "case", "thaw", "rival", "", "ratio", "median", "")
}

// add is the line of a case.
func (rep *report) add(o *outcome) string {
	us, them := o.sides[0], o.rival()
	times := func(c *contestant) string { return fmt.Sprintf("%.2f / %.2f", c.best(), c.median()) }
	theirs, name, ratio, medians := "", "", "", ""
	if them != nil {
		theirs, name = times(them), them.name
		ratio, medians = fmt.Sprintf("%.2f", them.best()/us.best()), fmt.Sprintf("%.2f", them.median()/us.median())
	}
	speed := o.speed(us)
	if them != nil && o.flops > 0 {
		speed += ", rival " + o.speed(them)
	}
	fmt.Fprintf(&rep.text, "| %s | %s | %s | %s | %s | %s | %s |\n", o.name, times(us), theirs, name, ratio, medians, speed)
	line := fmt.Sprintf(row, o.name, times(us), theirs, name, ratio, medians, speed)
	if o.profile != "" {
		fmt.Fprintf(&rep.text, "\n```\n%s```\n\n", o.profile)
		line += o.profile
	}
	for _, c := range o.sides[1:] {
		if c.absent != nil && !rep.absent[c.name] {
			rep.absent[c.name] = true
			line += fmt.Sprintf("without %s: %v\n", c.name, c.absent)
		}
	}
	return line
}

// speed of a product, and its share of the peak of the cores in use.
func (o *outcome) speed(c *contestant) string {
	if o.flops == 0 {
		return ""
	}
	perSecond := o.flops / c.best() * 1e3
	if o.peak == 0 {
		return fmt.Sprintf("%.1f", perSecond/1e9)
	}
	return fmt.Sprintf("%.1f (%.2f)", perSecond/1e9, perSecond/o.peak/float64(o.threads))
}

func (rep *report) markdown() string { return rep.text.String() }
