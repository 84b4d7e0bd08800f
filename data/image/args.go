package image

import (
	"fmt"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/tree"
)

// Size is a height and a width in pixels. A configuration writes one number
// for both, or [height, width].
type Size struct{ H, W int }

// Square is a Size of equal sides.
func Square(n int) Size { return Size{n, n} }

// DecodeTree implements config.Decoder.
func (s *Size) DecodeTree(n *tree.Node) error {
	v, err := numbers(n, "a size is a number or [height, width]", 1, 2)
	if err != nil {
		return err
	}
	for _, x := range v {
		if x != float64(int(x)) || x < 1 || x > 1<<15 {
			return n.Errorf("", "a size is whole pixels from 1 to %d, not %v", 1<<15, x)
		}
	}
	*s = Size{int(v[0]), int(v[len(v)-1])}
	return nil
}

func (s Size) check(name string) error {
	if s == (Size{}) {
		return fmt.Errorf("%s is not given", name)
	}
	if s.H < 1 || s.W < 1 {
		return fmt.Errorf("%s is %d×%d pixels; both must be at least 1", name, s.H, s.W)
	}
	return nil
}

// Range is where a random number lies. A configuration writes [low, high]; one
// number d is [−d, d], or for factors [1−d, 1+d], at least 0.
type Range struct{ Low, High float64 }

// DecodeTree implements config.Decoder.
func (r *Range) DecodeTree(n *tree.Node) error {
	v, err := numbers(n, "a range is a number or [low, high]", 1, 2)
	if err != nil {
		return err
	}
	if *r = (Range{v[0], v[len(v)-1]}); len(v) == 1 {
		if v[0] < 0 {
			return n.Errorf("write [low, high] for other ranges", "a range given by one number cannot be negative")
		}
		r.Low = -r.High
	}
	if r.Low > r.High {
		return n.Errorf("", "a range goes from low to high, not from %v to %v", r.Low, r.High)
	}
	return nil
}

// Factor is a Range of factors around 1.
type Factor struct{ Range }

// DecodeTree implements config.Decoder.
func (f *Factor) DecodeTree(n *tree.Node) error {
	if err := f.Range.DecodeTree(n); err != nil {
		return err
	}
	if n.Kind != tree.List {
		f.Low, f.High = max(0, 1+f.Low), 1+f.High
	}
	if f.Low < 0 {
		return n.Errorf("", "a factor cannot be negative")
	}
	return nil
}

func (r Range) check(name string, low float64) error {
	if !(r.Low >= low && r.Low <= r.High) {
		return fmt.Errorf("%s is the range from %v to %v; it must go up and start at %v or above", name, r.Low, r.High, low)
	}
	return nil
}

// Pad is the pixels added at each side. A configuration writes one number,
// [horizontal, vertical] or [left, top, right, bottom].
type Pad struct{ Left, Top, Right, Bottom int }

// DecodeTree implements config.Decoder.
func (p *Pad) DecodeTree(n *tree.Node) error {
	v, err := numbers(n, "padding is a number, [horizontal, vertical] or [left, top, right, bottom]", 1, 2, 4)
	if err != nil {
		return err
	}
	var i [4]int
	for k, x := range v {
		if i[k] = int(x); x != float64(i[k]) || x < 0 || x > 1<<15 {
			return n.Errorf("", "padding is whole pixels from 0 to %d, not %v", 1<<15, x)
		}
	}
	switch len(v) {
	case 1:
		*p = Pad{i[0], i[0], i[0], i[0]}
	case 2:
		*p = Pad{i[0], i[1], i[0], i[1]}
	default:
		*p = Pad{i[0], i[1], i[2], i[3]}
	}
	return nil
}

// Colour is a fill, 0 to 255 a channel. A configuration writes one number or
// [red, green, blue].
type Colour []byte

// DecodeTree implements config.Decoder.
func (c *Colour) DecodeTree(n *tree.Node) error {
	v, err := numbers(n, "a colour is a number or [red, green, blue], 0 to 255 each", 1, 3)
	if err != nil {
		return err
	}
	*c = nil
	for _, x := range v {
		if x != float64(byte(x)) {
			return n.Errorf("", "a colour's channel is a whole number from 0 to 255, not %v", x)
		}
		*c = append(*c, byte(x))
	}
	return nil
}

// of is the colour for an image of so many channels; nil is black.
func (c Colour) of(channels int) ([]byte, error) {
	switch {
	case len(c) == 0 || len(c) == channels:
		return c, nil
	case len(c) == 1:
		return []byte{c[0], c[0], c[0]}, nil
	}
	return nil, fmt.Errorf("fill has %d channels, the image %d", len(c), channels)
}

// numbers reads a number, or a list of as many as are allowed.
func numbers(n *tree.Node, hint string, lengths ...int) ([]float64, error) {
	items := []*tree.Node{n}
	if n.Kind == tree.List {
		items = n.Items
	}
	var v []float64
	for _, it := range items {
		f, ok := config.Number(it)
		if !ok {
			return nil, it.Errorf(hint, "this is not a number")
		}
		v = append(v, f)
	}
	for _, want := range lengths {
		if len(v) == want {
			return v, nil
		}
	}
	return nil, n.Errorf(hint, "%d numbers", len(v))
}
