package image

import "fmt"

// RandomHorizontalFlip mirrors left and right with probability P.
type RandomHorizontalFlip struct {
	P float64 `config:"p"`
}

func probability(p float64) error {
	if !(p >= 0 && p <= 1) {
		return fmt.Errorf("p is %v; a probability lies between 0 and 1", p)
	}
	return nil
}

func (t RandomHorizontalFlip) check() error { return probability(t.P) }

// Apply implements Transform.
func (t RandomHorizontalFlip) Apply(s *Scratch, src *Image) (*Image, error) {
	if s.Rand.Float64() >= t.P {
		return src, nil
	}
	c := src.C
	for y := range src.H {
		row := src.row(y)
		for i, j := 0, len(row)-c; i < j; i, j = i+c, j-c {
			for k := range c {
				row[i+k], row[j+k] = row[j+k], row[i+k]
			}
		}
	}
	return src, nil
}

// RandomVerticalFlip mirrors top and bottom with probability P.
type RandomVerticalFlip struct {
	P float64 `config:"p"`
}

func (t RandomVerticalFlip) check() error { return probability(t.P) }

// Apply implements Transform.
func (t RandomVerticalFlip) Apply(s *Scratch, src *Image) (*Image, error) {
	if s.Rand.Float64() >= t.P {
		return src, nil
	}
	for y := range src.H / 2 {
		up, down := src.row(y), src.row(src.H-1-y)
		for i := range up {
			up[i], down[i] = down[i], up[i]
		}
	}
	return src, nil
}
