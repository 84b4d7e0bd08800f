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
	// Defect of the original, by its number in Defects.
	Defect string
	// Cause in the input that brings the difference about.
	Cause string
	// Reason for what is done instead.
	Reason string
}

// Defect is something that an original does badly.
type Defect struct{ ID, Text string }

// Markdown is docs/differences.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Where thaw differs

<!-- Made by "go test ./internal/differences -update" from the rules in that
package; the conformance tests hold every replayed case to the same rules. -->

A schedule or a callbacks section written for finetuning-scheduler gives the
same phases, parameter groups, learning rates, restores and stops here, case by
case; the cases were executed with finetuning-scheduler 2.14.1. Where the
outcome differs, it does so for one of these causes.

| cause | what thaw does, and why | defect |
|---|---|---|
`)
	for _, d := range FinetuningScheduler {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(d.Cause), cell(d.Reason), d.Defect)
	}
	b.WriteString("\n## The defects\n\nWhat the last column counts: behaviour of finetuning-scheduler that\ncontradicts its documentation, or that nobody can want.\n\n")
	for _, d := range FinetuningSchedulerDefects {
		fmt.Fprintf(&b, "- **%s** %s", d.ID, d.Text)
		if !slices.ContainsFunc(FinetuningScheduler, func(x Difference) bool { return x.Defect == d.ID }) {
			b.WriteString(" (no replayed case shows it)")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// cell keeps a text within its cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
