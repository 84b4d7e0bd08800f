package nn

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/safetensors"
)

// LoadOptions says how a weight file fits.
type LoadOptions struct {
	// Fresh are prefixes of names, without the tree's prefix, that are not
	// loaded: a new head ("fc.").
	Fresh []string
	// Exact refuses a file that holds more than the network has.
	Exact bool
}

// Load sets parameters from a weight file, whose names may have the tree's
// prefix or lack it. Everything is looked at before anything is set. The counter
// num_batches_tracked may be missing, as in old files.
func Load(params []*Param, file *safetensors.File, o LoadOptions) error {
	type pair struct {
		p *Param
		t safetensors.Tensor
	}
	var pairs []pair
	used := map[string]bool{}
	for _, p := range params {
		if p.SharedWith != "" || hasAnyPrefix(p.local, o.Fresh) {
			used[p.Name], used[p.local] = true, true
			continue
		}
		name, ok := nameIn(file, p)
		if !ok && p.Kind != "" && strings.HasSuffix(p.local, "num_batches_tracked") {
			continue
		}
		if !ok {
			return missing(file, p)
		}
		t, err := file.Tensor(name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, p.Shape) {
			return fmt.Errorf("%s: tensor %s has shape %v, the network wants %v\n    hint: give the network the sizes of the file, or start that part anew", file.Name(), name, t.Shape, p.Shape)
		}
		used[name] = true
		pairs = append(pairs, pair{p, t})
	}
	if o.Exact {
		for _, name := range file.Names() {
			if !used[name] {
				return fmt.Errorf("%s: tensor %s is none of the network's", file.Name(), name)
			}
		}
	}
	for _, x := range pairs {
		if err := x.p.setFrom(x.t); err != nil {
			return fmt.Errorf("%s: loading %s: %w", file.Name(), x.t.Name, err)
		}
	}
	return nil
}

func nameIn(file *safetensors.File, p *Param) (string, bool) {
	for _, name := range [...]string{p.Name, p.local} {
		if file.Has(name) {
			return name, true
		}
	}
	return "", false
}

func missing(file *safetensors.File, p *Param) error {
	err := fmt.Errorf("%s has no tensor %s of shape %v", file.Name(), p.local, p.Shape)
	if near := registry.Nearest(p.local, file.Names(), 2); len(near) > 0 {
		err = fmt.Errorf("%w\n    hint: it has %s", err, strings.Join(near, " and "))
	}
	return err
}

func hasAnyPrefix(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

func (p *Param) setFrom(t safetensors.Tensor) error {
	switch dt := p.Tensor.DType(); {
	case dt == engine.F64:
		values, err := t.Float64()
		if err != nil {
			return err
		}
		return p.Tensor.Set(values)
	case dt.Float():
		values, err := t.Float32()
		if err != nil {
			return err
		}
		return p.Tensor.Set(values)
	case dt == engine.I64:
		values, err := t.Int64()
		if err != nil {
			return err
		}
		return p.Tensor.Set(values)
	default:
		return fmt.Errorf("a parameter of type %v cannot be loaded", dt)
	}
}

// Entries are the parameters as a weight file stores them: under their full
// names, tied ones once.
func Entries(params []*Param) []safetensors.Entry {
	var out []safetensors.Entry
	for _, p := range params {
		if p.SharedWith != "" {
			continue
		}
		d := safetensors.F32
		switch p.Tensor.DType() {
		case engine.F64:
			d = safetensors.F64
		case engine.BF16:
			d = safetensors.BF16
		case engine.I64:
			d = safetensors.I64
		}
		out = append(out, safetensors.Entry{Name: p.Name, DType: d, Shape: p.Shape, Data: func(w io.Writer) error { return p.entry(d).Data(w) }})
	}
	return out
}

// entry reads the values at the moment of writing.
func (p *Param) entry(d safetensors.DType) safetensors.Entry {
	switch d {
	case safetensors.I64:
		return safetensors.Ints(p.Name, p.Shape, p.Tensor.Int64s())
	case safetensors.F64:
		return safetensors.Floats(p.Name, d, p.Shape, p.Tensor.Float64s())
	}
	return safetensors.Floats(p.Name, d, p.Shape, p.Tensor.Float32s())
}
