package config

import (
	"math"
	"strconv"

	"github.com/thaw-go/thaw/tree"
)

// Share is a number of batches, written as an integer, or a share of them,
// written with a point: 1 is one batch, 1.0 is all.
type Share struct {
	Fraction bool
	Value    float64
}

// DecodeTree implements Decoder.
func (s *Share) DecodeTree(n *tree.Node) error {
	v, ok := Number(n)
	if !ok || !(v >= 0) || math.IsInf(v, 0) {
		return n.Errorf("write a number of batches (10) or a share of them (0.5)", "wants a number from 0 on, this is %s", described(n))
	}
	if n.Kind != tree.Int && v > 1 {
		return n.Errorf("write a number of batches without a point, or a share up to 1.0", "%s is no share", n.Text)
	}
	*s = Share{n.Kind != tree.Int, v}
	return nil
}

// EncodeTree implements Encoder.
func (s Share) EncodeTree() *tree.Node {
	n := &tree.Node{}
	if s.Fraction {
		resolve(n, floatText(s.Value))
	} else {
		resolve(n, strconv.Itoa(int(s.Value)))
	}
	return n
}

// FastDevRun is a number of batches, or true for one.
type FastDevRun int

// DecodeTree implements Decoder.
func (f *FastDevRun) DecodeTree(n *tree.Node) error {
	if truth, ok := Truth(n); ok {
		*f = 0
		if truth {
			*f = 1
		}
		return nil
	}
	i, ok := Integer(n)
	if !ok || i < 0 || i > math.MaxInt32 {
		return n.Errorf("", "fast_dev_run is true, false or a number of batches, not %s", described(n))
	}
	*f = FastDevRun(i)
	return nil
}

// EncodeTree implements Encoder.
func (f FastDevRun) EncodeTree() *tree.Node {
	n := &tree.Node{}
	if f <= 1 {
		resolve(n, strconv.FormatBool(f == 1))
	} else {
		resolve(n, strconv.Itoa(int(f)))
	}
	return n
}
