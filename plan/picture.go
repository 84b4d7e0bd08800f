package plan

import (
	"fmt"
	"html"
	"strings"
)

// The picture's measures, in pixels.
const (
	pictureLeft   = 70 // of the blocks: the phases' names stand there
	pictureRight  = 260
	pictureTop    = 44
	pictureBlocks = 640 // wide at most
)

// SVG draws the network by phase: a column for each block from the input to the
// output, a row for each phase. A cell is filled as far as the block's
// parameters train; what thaws with the phase is darker.
func (p *Preview) SVG() string {
	cols, rows := max(len(p.Blocks), 1), max(len(p.Phases), 1)
	cw := min(max(pictureBlocks/cols, 7), 46)
	rh := min(max(900/rows, 9), 26)
	longest := 0
	for _, b := range p.Blocks {
		longest = max(longest, len([]rune(b.Name)))
	}
	height := pictureTop + rows*rh + longest*6 + 24
	width := pictureLeft + cols*cw + pictureRight
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui,sans-serif" font-size="11" fill="#222">`+"\n", width, height, width, height)
	fmt.Fprintf(&s, "<title>What each phase trains</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height)
	legend(&s)
	every := (12 + rh - 1) / rh
	for i, ph := range p.Phases {
		y := pictureTop + i*rh
		for k, b := range p.Blocks {
			b.draw(&s, i, area{pictureLeft + k*cw, y, cw, rh})
		}
		x := pictureLeft + ph.FrozenBlocks*cw
		fmt.Fprintf(&s, "<path d=\"M%d %dv%d\" stroke=\"#b00\" stroke-width=\"2\"/>\n", x, y, rh)
		if i%every == 0 {
			fmt.Fprintf(&s, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">phase %d</text>\n", pictureLeft-8, y+rh/2+4, i)
			fmt.Fprintf(&s, "<text x=\"%d\" y=\"%d\">%s</text>\n", pictureLeft+cols*cw+10, y+rh/2+4, html.EscapeString(ph.caption(p.Parameters)))
		}
	}
	for k, b := range p.Blocks {
		x, y := pictureLeft+k*cw+cw/2+4, pictureTop+rows*rh+8
		fmt.Fprintf(&s, "<text transform=\"translate(%d %d) rotate(-90)\" text-anchor=\"end\">%s</text>\n", x, y, html.EscapeString(b.Name))
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// area is a rectangle of the picture.
type area struct{ x, y, w, h int }

// draw fills a block's cell in phase i from below: what trained before, and on
// it what thaws now.
func (b Block) draw(s *strings.Builder, i int, a area) {
	before, now := 0, b.ByPhase[i]
	for _, n := range b.ByPhase[:i] {
		before += n
	}
	total := float64(max(b.Parameters, 1))
	fmt.Fprintf(s, "<g><title>%s in phase %d: %s of its parameters train</title>", html.EscapeString(b.Name), i, share(before+now, b.Parameters))
	fmt.Fprintf(s, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, a.x, a.y, a.w-1, a.h-1, frozenColour)
	bottom := float64(a.y + a.h - 1)
	for _, part := range []struct {
		n      int
		colour string
	}{{before, oldColour}, {now, newColour}} {
		if part.n == 0 {
			continue
		}
		h := max(float64(a.h-1)*float64(part.n)/total, 1)
		bottom -= h
		fmt.Fprintf(s, `<rect x="%d" y="%.2f" width="%d" height="%.2f" fill="%s"/>`, a.x, bottom, a.w-1, h, part.colour)
	}
	s.WriteString("</g>\n")
}

// caption is what a row says beside its cells.
func (ph Phase) caption(total int) string {
	text := share(ph.Trainable, total)
	if ph.Cost != nil {
		text += ", " + flops(ph.Cost.FLOPs()) + ", " + Bytes(ph.Cost.PeakBytes)
	}
	return text
}

func legend(s *strings.Builder) {
	x := pictureLeft
	for _, e := range []struct{ colour, text string }{
		{frozenColour, "frozen"}, {newColour, "thaws with the phase"}, {oldColour, "trains"}, {"#b00", "a backward pass reaches no further left"},
	} {
		fmt.Fprintf(s, "<rect x=\"%d\" y=\"14\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" y=\"24\">%s</text>\n", x, e.colour, x+17, e.text)
		x += 34 + len(e.text)*6
	}
}

const (
	frozenColour = "#e9ecef"
	newColour    = "#1864ab"
	oldColour    = "#74c0fc"
)
