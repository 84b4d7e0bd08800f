package plan

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/phase"
)

// The drawing's measures, in pixels.
const (
	courseLeft   = 70
	courseWidth  = 640 // of the panels
	courseRight  = 190
	courseTop    = 34
	panelHeight  = 120
	panelSpacing = 34
	mostPanels   = 6 // of metrics
)

// Course draws a simulation: a panel for each metric and one for the learning
// rates by group, over optimizer steps, with the phases behind them.
func Course(s *phase.Simulation) string {
	d := &drawing{sim: s, steps: 1}
	for _, e := range s.Epochs {
		for _, c := range e.Checks {
			d.steps = max(d.steps, c.Step)
		}
	}
	names := metricsOf(s)
	names = names[:min(len(names), mostPanels)]
	panels := len(names) + 1
	height := courseTop + panels*(panelHeight+panelSpacing)
	width := courseLeft + courseWidth + courseRight
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="system-ui,sans-serif" font-size="11" fill="#222">`+"\n", width, height, width, height)
	fmt.Fprintf(d, "<title>%s</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", html.EscapeString(s.Ending()), width, height)
	for i, name := range names {
		d.metric(courseTop+i*(panelHeight+panelSpacing), name)
	}
	d.rates(courseTop + len(names)*(panelHeight+panelSpacing))
	d.WriteString("</svg>\n")
	return d.String()
}

// metricsOf names the metrics, the validation's loss first.
func metricsOf(s *phase.Simulation) []string {
	var out []string
	for _, e := range s.Epochs {
		for _, c := range e.Checks {
			for k := range c.Metrics {
				if !slices.Contains(out, k) {
					out = append(out, k)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if (a == "val_loss") != (b == "val_loss") {
			return map[bool]int{true: -1, false: 1}[a == "val_loss"]
		}
		return strings.Compare(a, b)
	})
	return out
}

// drawing is a picture in the making.
type drawing struct {
	strings.Builder
	sim   *phase.Simulation
	steps int
}

// point is a value after a number of steps.
type point struct {
	step  int
	value float64
}

func (d *drawing) x(step int) float64 {
	return courseLeft + courseWidth*float64(step)/float64(d.steps)
}

// frame draws a panel's title, phases and range, and gives the height of a
// value.
func (d *drawing) frame(top int, title string, lo, hi float64, text func(float64) string) func(float64) float64 {
	from := 0
	for i, e := range d.sim.Epochs {
		end := d.steps
		if i+1 < len(d.sim.Epochs) {
			if d.sim.Epochs[i+1].Phase == e.Phase {
				continue
			}
			end = d.lastStep(i)
		}
		colour := [...]string{"#f1f3f5", "#e3eaf1"}[e.Phase%2]
		fmt.Fprintf(d, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>phase %d, steps %d to %d</title></rect>\n",
			d.x(from), top, d.x(end)-d.x(from), panelHeight, colour, e.Phase, from, end)
		label := strconv.Itoa(e.Phase)
		if d.x(end)-d.x(from) > 50 {
			label = "phase " + label
		}
		fmt.Fprintf(d, "<text x=\"%.1f\" y=\"%d\" fill=\"#666\">%s</text>\n", d.x(from)+3, top+panelHeight-4, label)
		from = end
	}
	fmt.Fprintf(d, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n", courseLeft, top-7, html.EscapeString(title))
	fmt.Fprintf(d, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
		courseLeft-6, top+9, text(hi), courseLeft-6, top+panelHeight, text(lo))
	fmt.Fprintf(d, "<text x=\"%d\" y=\"%d\">0</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">step %d</text>\n",
		courseLeft, top+panelHeight+12, courseLeft+courseWidth, top+panelHeight+12, d.steps)
	if hi == lo {
		hi, lo = lo+1, lo-1
	}
	return func(v float64) float64 { return float64(top) + panelHeight*(1-(v-lo)/(hi-lo)) }
}

// lastStep counts the steps at the end of an epoch.
func (d *drawing) lastStep(i int) int {
	for ; i >= 0; i-- {
		if cs := d.sim.Epochs[i].Checks; len(cs) > 0 {
			return cs[len(cs)-1].Step
		}
	}
	return 0
}

// metric draws a metric's values, those that were saved as the best filled.
func (d *drawing) metric(top int, name string) {
	var line []point
	best := map[int]bool{}
	for _, e := range d.sim.Epochs {
		for _, c := range e.Checks {
			if v, ok := c.Metrics[name]; ok && !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) {
				line = append(line, point{c.Step, float64(v)})
				best[c.Step] = slices.Contains(c.Saved, c.Best)
			}
		}
	}
	lo, hi := bounds(line)
	y := d.frame(top, name, lo, hi, number)
	d.line(line, y, colours[0], false)
	for _, p := range line {
		fill := "#fff"
		if best[p.step] {
			fill = colours[0]
		}
		fmt.Fprintf(d, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" stroke=\"%s\" fill=\"%s\"><title>%s %v after step %d</title></circle>\n",
			d.x(p.step), y(p.value), colours[0], fill, html.EscapeString(name), p.value, p.step)
	}
	fmt.Fprintf(d, "<text x=\"%d\" y=\"%d\">● saved as the best</text>\n", courseLeft+courseWidth+12, top+12)
}

// rates draws the groups' learning rates by their logarithm.
func (d *drawing) rates(top int) {
	var groups [][]point
	var all []point
	for _, r := range d.sim.Rates {
		for i, lr := range r.LRs {
			if i == len(groups) {
				groups = append(groups, nil)
			}
			if !(lr > 0) || math.IsInf(lr, 0) || r.Step >= d.steps {
				continue
			}
			p := point{r.Step, math.Log10(lr)}
			groups[i], all = append(groups[i], p), append(all, p)
		}
	}
	lo, hi := bounds(all)
	y := d.frame(top, "learning rates", lo, hi, func(v float64) string { return number(math.Pow(10, v)) })
	for i, g := range groups {
		if len(g) > 0 {
			g = append(g, point{d.steps, g[len(g)-1].value})
		}
		d.line(g, y, colours[i%len(colours)], true)
		if i < panelHeight/14 {
			fmt.Fprintf(d, "<text x=\"%d\" y=\"%d\" fill=\"%s\">group %d</text>\n", courseLeft+courseWidth+12, top+12+14*i, colours[i%len(colours)], i)
		}
	}
}

var colours = []string{"#1864ab", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#0b7285", "#5c940d", "#495057"}

func bounds(ps []point) (lo, hi float64) {
	if len(ps) == 0 {
		return 0, 1
	}
	lo, hi = ps[0].value, ps[0].value
	for _, p := range ps {
		lo, hi = min(lo, p.value), max(hi, p.value)
	}
	return lo, hi
}

// line draws points joined, straight or in stairs.
func (d *drawing) line(ps []point, y func(float64) float64, colour string, stairs bool) {
	if len(ps) == 0 {
		return
	}
	fmt.Fprintf(d, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"", colour)
	for i, p := range ps {
		switch {
		case i == 0:
			fmt.Fprintf(d, "M%.1f %.1f", d.x(p.step), y(p.value))
		case stairs:
			fmt.Fprintf(d, "H%.1fV%.1f", d.x(p.step), y(p.value))
		default:
			fmt.Fprintf(d, "L%.1f %.1f", d.x(p.step), y(p.value))
		}
	}
	d.WriteString("\"/>\n")
}
