// Package differences is where thaw differs from its originals on purpose: each
// difference by its cause, with the reason. The conformance tests check that a
// replayed case departs from the original's outcome only where one of them
// says so, and docs/differences.md is made of them.
package differences

import (
	"fmt"
	"slices"
	"strings"
)

// Difference is one rule. It goes by sections of the conformance cases and by
// cause, never by case.
type Difference struct {
	// ID is stable.
	ID string
	// Sections of the cases in which the cause may appear.
	Sections []string
	// Defect of the original, by its number; empty where it is another way to do
	// a thing.
	Defect string
	// Cause in the input that brings the difference about.
	Cause string
	// Reason for what is done instead.
	Reason string
}

// Defect is something that an original does badly.
type Defect struct{ ID, Text string }

// Original is a library whose behaviour is replayed.
type Original struct {
	Name string
	// Intro says what is the same, and how that is known; About what the last
	// column counts.
	Intro, About string
	Differences  []Difference
	Defects      []Defect
}

// Originals are all of them.
func Originals() []Original {
	return []Original{
		{
			Name: "finetuning-scheduler",
			Intro: `A schedule or a callbacks section written for finetuning-scheduler gives the
same phases, parameter groups, learning rates, restores and stops here, case by
case; the cases were executed with finetuning-scheduler 2.14.1.`,
			About: `behaviour of finetuning-scheduler that
contradicts its documentation, or that nobody can want`,
			Differences: FinetuningScheduler, Defects: FinetuningSchedulerDefects,
		},
		{
			Name: "Lightning Flash",
			Intro: `Optimizers and LR schedulers are chosen as in Lightning Flash: by name, by name
and arguments, with a scheduler config, or by a constructor; the cases are
those of its tests, or were executed with its modules.`,
			About:       `behaviour of Flash 0.8.2 that nobody can want`,
			Differences: Flash, Defects: FlashDefects,
		},
	}
}

// Markdown is docs/differences.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Where thaw differs

<!-- Made by "go test ./internal/differences -update" from the rules in that
package; the conformance tests hold every replayed case to the same rules. -->
`)
	for _, o := range Originals() {
		fmt.Fprintf(&b, "\n## From %s\n\n%s Where the\noutcome differs, it does so for one of these causes.\n\n", o.Name, o.Intro)
		b.WriteString("| cause | what thaw does, and why | defect |\n|---|---|---|\n")
		for _, d := range o.Differences {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(d.Cause), cell(d.Reason), d.Defect)
		}
		fmt.Fprintf(&b, "\nThe defects, which the last column counts, are %s:\n\n", o.About)
		for _, d := range o.Defects {
			fmt.Fprintf(&b, "- **%s** %s", d.ID, d.Text)
			if !slices.ContainsFunc(o.Differences, func(x Difference) bool { return x.Defect == d.ID }) {
				b.WriteString(" (no replayed case shows it)")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// cell keeps a text within its cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
