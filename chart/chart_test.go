package chart

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

func wave(n int) Series {
	s := Series{Name: "wave"}
	for i := range n {
		s.X = append(s.X, float64(i))
		s.Y = append(s.Y, 1+math.Cos(math.Pi*float64(i)/float64(n)))
	}
	return s
}

// TestText: half a cosine, as a reader sees it.
func TestText(t *testing.T) {
	got := Chart{Title: "falling", XLabel: "step", YLabel: "lr", Series: []Series{wave(100)}}.Text(48)
	want := `falling
    lr
  2 │⠉⠉⠉⠒⠲⠤⣀⡀
    │⠀⠀⠀⠀⠀⠀⠀⠈⠒⠤⣀
    │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠈⠒⢄⡀
1.5 │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠘⠤⡀`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s", got)
	}
	for _, line := range strings.Split(got, "\n") {
		if n := len([]rune(line)); n > 48 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
}

// TestOddCharts: whatever there is to draw, both drawings come to an end, and the
// SVG is well-formed.
func TestOddCharts(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]Chart{
		"nothing":      {},
		"empty series": {Series: []Series{{Name: "<a & b>"}}},
		"one point":    {Series: []Series{{X: []float64{1}, Y: []float64{1e-30}}}},
		"constant":     {Series: []Series{{X: []float64{0, 1}, Y: []float64{3, 3}}}},
		"zero":         {Series: []Series{{X: []float64{0, 1}, Y: []float64{0, 0}}}},
		"gaps":         {Series: []Series{{X: []float64{0, 1, 2, 3}, Y: []float64{1, nan, 2, math.Inf(1)}}, wave(3)}},
		"log":          {LogX: true, LogY: true, Series: []Series{{X: []float64{0, 1e-8, 1}, Y: []float64{1, 1e-3, 1e3}, Step: true}}},
		"log, near":    {LogY: true, Series: []Series{{X: []float64{0, 1}, Y: []float64{1, 1.5}}}},
		"uneven":       {Series: []Series{{X: []float64{0, 1, 2}, Y: []float64{1}}}},
	} {
		t.Run(name, func(t *testing.T) {
			if text := c.Text(10); strings.Count(text, "\n") < textRows {
				t.Errorf("text:\n%s", text)
			}
			d := xml.NewDecoder(strings.NewReader(c.SVG()))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(c.SVG(), "NaN") || strings.Contains(c.SVG(), "Inf") {
				t.Error("the picture has numbers that are none")
			}
		})
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    axis
		want string
	}{
		{axis{0, 10, false}, "0 2 4 6 8 10"},
		{axis{0.0001, 0.00095, false}, "0.0002 0.0004 0.0006 0.0008"},
		{axis{-8, 0, true}, "1e-08 1e-06 0.0001 0.01 1"},
	} {
		var got []string
		for _, v := range c.a.ticks(5) {
			got = append(got, label(v))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%+v: %s, want %s", c.a, s, c.want)
		}
	}
}
