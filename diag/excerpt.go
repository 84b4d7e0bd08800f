package diag

import (
	"strings"
	"unicode"
)

// Widths of an excerpt in runes: a longer line is cut to a window around the
// column.
const (
	excerptWidth  = 120
	excerptBefore = 60
)

// excerpt is the part of a line around column col (from 1) that is worth
// showing, and a caret under that column. Control characters, which could
// command a terminal, are shown as a replacement character.
func excerpt(line string, col int) (text, caret string) {
	runes := []rune(line)
	for i, r := range runes {
		if r != '\t' && unicode.IsControl(r) {
			runes[i] = unicode.ReplacementChar
		}
	}
	at := min(col-1, len(runes))
	lead, tail := "", ""
	if len(runes) > excerptWidth {
		from := max(0, min(at-excerptBefore, len(runes)-excerptWidth))
		to := from + excerptWidth
		if from > 0 {
			lead = "…"
		}
		if to < len(runes) {
			tail = "…"
		}
		runes, at = runes[from:to], at-from
	}
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, lead+string(runes[:at]))
	return lead + string(runes) + tail, pad + "^"
}
