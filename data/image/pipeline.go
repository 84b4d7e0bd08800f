package image

import (
	"fmt"
	"strings"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/rng"
)

// The colours' means and deviations that networks trained on ImageNet expect,
// of values between 0 and 1.
var (
	ImageNetMean = []float64{0.485, 0.456, 0.406}
	ImageNetStd  = []float64{0.229, 0.224, 0.225}
)

// Normalize subtracts a channel's mean from its values, which lie between 0
// and 1, and divides by its deviation. One number serves all channels; without
// any, values stay as they are.
type Normalize struct {
	Mean []float64 `config:"mean"`
	Std  []float64 `config:"std"`
}

func (n Normalize) check() error {
	if len(n.Mean) != len(n.Std) {
		return fmt.Errorf("mean has %d numbers, std %d", len(n.Mean), len(n.Std))
	}
	if k := len(n.Mean); k != 0 && k != 1 && k != 3 {
		return fmt.Errorf("mean and std have %d numbers; one, or one a channel", k)
	}
	for _, s := range n.Std {
		if !(s > 0) {
			return fmt.Errorf("std is %v; it must be above 0", s)
		}
	}
	return nil
}

// Pipeline turns an image into the numbers that a network sees: transforms,
// then values between 0 and 1, then normalisation. It is immutable and safe
// for concurrent use; the zero Pipeline transforms and normalises nothing.
type Pipeline struct {
	steps []step
	// values are what a byte becomes, by channel: one table, or three.
	values [][256]float32
}

type step struct {
	Transform
	name string
	// key sets the step's random numbers apart from those of the others.
	key uint64
}

// NewPipeline makes a pipeline.
func NewPipeline(n Normalize, transforms ...Transform) (*Pipeline, error) {
	if err := n.check(); err != nil {
		return nil, fmt.Errorf("normalize: %w", err)
	}
	p := &Pipeline{}
	for i, t := range transforms {
		name := strings.TrimPrefix(fmt.Sprintf("%T", t), "*")
		if err := checked(t); err != nil {
			return nil, fmt.Errorf("transform %d, %s: %w", i+1, name, err)
		}
		p.steps = append(p.steps, step{t, name, rng.Key(rng.Name("transform"), uint64(i))})
	}
	p.values = make([][256]float32, max(1, len(n.Mean)))
	for c := range p.values {
		for v := range 256 {
			x := float32(v) / 255
			if len(n.Mean) > 0 {
				x = (x - float32(n.Mean[c])) / float32(n.Std[c])
			}
			p.values[c][v] = x
		}
	}
	return p, nil
}

func checked(t Transform) error {
	if c, ok := t.(interface{ check() error }); ok {
		return c.check()
	}
	return nil
}

// Transform applies the transforms to a copy of src, with the randomness of
// sample i.
func (p *Pipeline) Transform(key data.SampleKey, i int, src *Image) (*Image, error) {
	m, err := p.transform(&Scratch{}, key, i, &Image{src.W, src.H, src.C, append([]byte(nil), src.Pix...)})
	if err != nil {
		return nil, err
	}
	return &Image{m.W, m.H, m.C, m.Pix}, nil
}

func (p *Pipeline) transform(s *Scratch, key data.SampleKey, i int, m *Image) (*Image, error) {
	for _, t := range p.steps {
		s.Rand = rng.New(key.Seed, uint64(key.Epoch), uint64(i), t.key)
		var err error
		if m, err = t.Apply(s, m); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return m, nil
}

// Values writes the image's values to dst, channel by channel.
func (p *Pipeline) Values(dst []float32, m *Image) error {
	if len(p.values) == 3 && m.C != 3 {
		return fmt.Errorf("normalize: 3 means for an image of %d channel", m.C)
	}
	if len(dst) != len(m.Pix) {
		return fmt.Errorf("%d values for %d×%d pixels in %d channels", len(dst), m.W, m.H, m.C)
	}
	n := m.W * m.H
	for c := range m.C {
		table := &unnormalised
		if len(p.values) > 0 {
			table = &p.values[c%len(p.values)]
		}
		out := dst[c*n : (c+1)*n]
		for i := range out {
			out[i] = table[m.Pix[i*m.C+c]]
		}
	}
	return nil
}

var unnormalised = func() (t [256]float32) {
	for v := range t {
		t[v] = float32(v) / 255
	}
	return t
}()
