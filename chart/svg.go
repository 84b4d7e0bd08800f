package chart

import (
	"fmt"
	"html"
	"strings"
)

// Sizes of the picture, in pixels.
const (
	svgWidth, svgHeight                  = 760, 380
	svgLeft, svgRight, svgTop, svgBottom = 74, 16, 40, 48
	plotWidth, plotHeight                = svgWidth - svgLeft - svgRight, svgHeight - svgTop - svgBottom
)

// palette are colours that are told apart in light and dark, and by those who
// see few of them (Okabe and Ito, Color Universal Design, 2008).
var palette = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}

// SVG draws a picture that needs nothing else.
func (c Chart) SVG() string {
	x, y := c.axes()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui, sans-serif" font-size="12">`+"\n", svgWidth, svgHeight)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(c.Title))
	b.WriteString("<style>svg{background:#fff}text{fill:#333}.g{stroke:#ddd}.a{stroke:#888}@media(prefers-color-scheme:dark){svg{background:#16181d}text{fill:#ddd}.g{stroke:#333}}</style>\n")
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14" font-weight="600">%s</text>`+"\n", svgLeft, html.EscapeString(c.Title))
	for _, t := range y.ticks(6) {
		py := svgTop + (1-y.at(t))*plotHeight
		fmt.Fprintf(&b, `<line class="g" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", svgLeft, py, svgWidth-svgRight, py, svgLeft-8, py+4, label(t))
	}
	for _, t := range x.ticks(8) {
		px := svgLeft + x.at(t)*plotWidth
		fmt.Fprintf(&b, `<line class="g" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", px, svgTop, px, svgTop+plotHeight, px, svgTop+plotHeight+18, label(t))
	}
	fmt.Fprintf(&b, `<path class="a" fill="none" d="M%d %dV%dH%d"/>`+"\n", svgLeft, svgTop, svgTop+plotHeight, svgWidth-svgRight)
	for i, s := range c.Series {
		fmt.Fprintf(&b, `<path fill="none" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" stroke="%s" d="%s"/>`+"\n", palette[i%len(palette)], s.path(x, y))
	}
	c.legend(&b)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", svgWidth-svgRight, svgHeight-10, html.EscapeString(c.XLabel))
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", svgLeft, svgTop-6, html.EscapeString(c.YLabel))
	b.WriteString("</svg>\n")
	return b.String()
}

func (s Series) path(x, y axis) string {
	var d strings.Builder
	lastX, lastY := "", ""
	s.segments(x, y, func(x0, y0, x1, y1 float64) {
		ax, ay := fmt.Sprintf("%.1f", svgLeft+x0*plotWidth), fmt.Sprintf("%.1f", svgTop+(1-y0)*plotHeight)
		bx, by := fmt.Sprintf("%.1f", svgLeft+x1*plotWidth), fmt.Sprintf("%.1f", svgTop+(1-y1)*plotHeight)
		if ax != lastX || ay != lastY {
			fmt.Fprintf(&d, "M%s %s", ax, ay)
		}
		fmt.Fprintf(&d, "L%s %s", bx, by)
		lastX, lastY = bx, by
	})
	return d.String()
}

// legend names several series in the upper right.
func (c Chart) legend(b *strings.Builder) {
	if len(c.Series) < 2 {
		return
	}
	for i, s := range c.Series {
		py := svgTop + 14 + 18*i
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke-width="3" stroke="%s"/><text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
			svgWidth-svgRight-28, py-4, svgWidth-svgRight-6, py-4, palette[i%len(palette)], svgWidth-svgRight-34, py, html.EscapeString(s.Name))
	}
}
