package schedule

import (
	"slices"
	"strings"
	"unicode"
)

// atomKind is what a regular expression's smallest part is.
type atomKind int

const (
	literal atomKind = iota // a character, or a dot for any
	escaped                 // \.
	group                   // (…), […] or \d: what a repetition suits
	other                   // | ^ $ ( and our own braces
)

// atom is a part of a pattern, text[at:end], with the inside of the {…} that
// repeats it.
type atom struct {
	at, end int
	kind    atomKind
	repeat  string
}

// atoms splits a pattern that compiles. Our own braces ({0..3}, {a,b}) are
// atoms of kind other.
func atoms(text []rune) []atom {
	var out []atom
	for i := 0; i < len(text); {
		a := atom{at: i, end: i + 1}
		switch text[i] {
		case '\\':
			a.kind, a.end = escaped, min(i+2, len(text))
			if i+1 < len(text) && unicode.IsLetter(text[i+1]) {
				a.kind = group
			}
		case '[':
			a.kind = group
			if end, err := classEnd(text, i); err == nil {
				a.end = end + 1
			}
		case ')':
			a.kind = group
		case '(', '|', '^', '$', '*', '+', '?', '{':
			a.kind = other
			if text[i] == '{' {
				a.end = i + max(slices.Index(text[i:], '}')+1, 1)
			}
		}
		i = a.end
		if a.kind != other && i < len(text) && text[i] == '{' {
			if n := slices.Index(text[i:], '}'); n > 0 {
				if body := string(text[i+1 : i+n]); isQuantifier(body) {
					a.repeat, i = body, i+n+1
				}
			}
		}
		out = append(out, a)
	}
	return out
}

// openNumbers finds the digits behind which a pattern lets further digits
// follow: at its end, before an unescaped dot, or at the end of an alternative.
func openNumbers(text []rune) []atom {
	var out []atom
	all := atoms(text)
	for i := 0; i < len(all); i++ {
		if !isDigit(text, all[i]) {
			continue
		}
		run := all[i]
		for ; i+1 < len(all) && isDigit(text, all[i+1]); i++ {
			run.end = all[i+1].end
		}
		if all[i].repeat != "" {
			continue
		}
		if i+1 == len(all) || strings.ContainsRune(".|)", text[all[i+1].at]) {
			out = append(out, run)
		}
	}
	return out
}

func isDigit(text []rune, a atom) bool {
	return a.kind == literal && text[a.at] >= '0' && text[a.at] <= '9'
}
