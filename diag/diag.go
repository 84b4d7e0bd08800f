// Package diag holds findings: what is wrong where, and what to do about it.
// Many can be reported at once, as text with the offending line and a caret.
package diag

import (
	"fmt"
	"strings"
)

// Severity of a finding.
type Severity int

// The severities, gravest first.
const (
	Error Severity = iota
	Warning
	Note
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Pos is a place in a text file; lines and columns count from 1 (columns in
// runes), 0 means unknown.
type Pos struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"column,omitempty"`
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// Finding is one thing to report.
type Finding struct {
	Severity Severity
	// Code names the kind of finding ("pattern-matches-nothing"); stable.
	Code string
	Pos  Pos
	// Message says what is wrong, lower case, without a full stop.
	Message string
	// Hint says what to do; may be empty.
	Hint string
	// Line is the offending line's text, shown with a caret under Pos.Col.
	Line string
}

// Error makes a finding usable as an error.
func (f Finding) Error() string {
	var b strings.Builder
	if p := f.Pos.String(); p != "" {
		b.WriteString(p)
		b.WriteString(": ")
	}
	b.WriteString(f.Message)
	if f.Line != "" && f.Pos.Col > 0 {
		line, mark := excerpt(f.Line, f.Pos.Col)
		fmt.Fprintf(&b, "\n    %s\n    %s", line, mark)
	}
	if f.Hint != "" {
		b.WriteString("\n    hint: ")
		b.WriteString(f.Hint)
	}
	return b.String()
}

// List is a set of findings in the order they were made.
type List []Finding

// Errors keeps the errors.
func (l List) Errors() List {
	var out List
	for _, f := range l {
		if f.Severity == Error {
			out = append(out, f)
		}
	}
	return out
}

// Err is nil where the list holds no error, else the errors joined.
func (l List) Err() error {
	if e := l.Errors(); len(e) > 0 {
		return e
	}
	return nil
}

// Error joins the findings' texts.
func (l List) Error() string {
	parts := make([]string, len(l))
	for i, f := range l {
		parts[i] = f.Error()
	}
	return strings.Join(parts, "\n")
}
