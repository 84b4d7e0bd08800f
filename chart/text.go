package chart

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const textRows = 14

// Text draws with braille dots, two by four a character, in lines of at most
// width characters. Several series have their names at the foot, where all lines
// are drawn alike: a terminal without colours tells them by their values.
func (c Chart) Text(width int) string {
	x, y := c.axes()
	labels := map[int]string{}
	margin := 0
	for _, t := range y.ticks(4) {
		row := int(math.Round((1 - y.at(t)) * (textRows - 1)))
		labels[row] = label(t)
		margin = max(margin, utf8.RuneCountInString(labels[row]))
	}
	cols := max(width-margin-2, 16)
	dots := newCanvas(cols, textRows)
	for _, s := range c.Series {
		s.segments(x, y, dots.line)
	}
	var b strings.Builder
	if c.Title != "" {
		b.WriteString(c.Title + "\n")
	}
	if c.YLabel != "" {
		fmt.Fprintf(&b, "%*s %s\n", margin, "", c.YLabel)
	}
	for r := range textRows {
		fmt.Fprintf(&b, "%*s │%s\n", margin, labels[r], strings.TrimRight(dots.row(r), "\u2800"))
	}
	fmt.Fprintf(&b, "%*s └%s\n", margin, "", strings.Repeat("─", cols))
	b.WriteString(foot(x, margin+2, cols) + "\n")
	if c.XLabel != "" {
		fmt.Fprintf(&b, "%*s%s\n", margin+2+max(cols-utf8.RuneCountInString(c.XLabel), 0), "", c.XLabel)
	}
	if len(c.Series) > 1 {
		for _, s := range c.Series {
			lo, hi := math.Inf(1), math.Inf(-1)
			for _, v := range s.Y {
				if y.has(v) {
					lo, hi = min(lo, v), max(hi, v)
				}
			}
			if lo <= hi {
				fmt.Fprintf(&b, "%*s %s: %s … %s\n", margin, "", s.Name, label(lo), label(hi))
			}
		}
	}
	return b.String()
}

// foot is the line of numbers below the horizontal axis.
func foot(x axis, margin, cols int) string {
	line := []rune(strings.Repeat(" ", margin+cols))
	free := 0
	for _, t := range x.ticks(6) {
		text := []rune(label(t))
		at := margin + int(math.Round(x.at(t)*float64(cols-1)))
		at = min(at, margin+cols-len(text))
		if at < free {
			continue
		}
		copy(line[at:], text)
		free = at + len(text) + 2
	}
	return strings.TrimRight(string(line), " ")
}

// canvas is a field of braille dots.
type canvas struct {
	cols, rows int
	cells      []rune
}

func newCanvas(cols, rows int) *canvas {
	return &canvas{cols, rows, make([]rune, cols*rows)}
}

// bits of the dots of a character, by column and row.
var bits = [2][4]rune{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

func (c *canvas) dot(px, py int) {
	c.cells[py/4*c.cols+px/2] |= bits[px%2][py%4]
}

func (c *canvas) line(x0, y0, x1, y1 float64) {
	w, h := float64(c.cols*2-1), float64(c.rows*4-1)
	ax, ay, bx, by := x0*w, (1-y0)*h, x1*w, (1-y1)*h
	n := int(math.Ceil(max(math.Abs(bx-ax), math.Abs(by-ay))))
	for i := range n + 1 {
		t := 0.0
		if n > 0 {
			t = float64(i) / float64(n)
		}
		c.dot(int(math.Round(ax+t*(bx-ax))), int(math.Round(ay+t*(by-ay))))
	}
}

func (c *canvas) row(r int) string {
	out := make([]rune, c.cols)
	for i := range out {
		out[i] = 0x2800 | c.cells[r*c.cols+i]
	}
	return string(out)
}
