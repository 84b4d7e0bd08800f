package optim

import (
	"errors"
	"fmt"
	"slices"
)

// Rows says how a rule takes a gradient of some rows.
type Rows int

const (
	// RowsAlone updates the rows that have a gradient and leaves the others.
	RowsAlone Rows = iota
	// RowsOnly does so too, and refuses gradients of all elements.
	RowsOnly
	// RowsAmongZeros takes the gradient of the other rows for zero.
	RowsAmongZeros
)

var errDecayedRows = errors.New("weight_decay option is not compatible with sparse gradients")

// sparseOnly tells a rule that refuses dense gradients.
func sparseOnly(r Rule) bool {
	s, ok := r.(Sparse)
	if !ok {
		return false
	}
	how, err := s.Sparse()
	return err == nil && how == RowsOnly
}

// cutRows makes the tasks of a parameter with a gradient of some rows.
func (o *Optimizer) cutRows(t *touched) error {
	p := t.param
	if p.Rows == nil {
		return fmt.Errorf("%s does not support dense gradients, please consider Adam instead", o.name)
	}
	rule, ok := t.rule.(Sparse)
	if !ok {
		return fmt.Errorf("%s does not support sparse gradients%s", o.name, sparseHint(o.name))
	}
	how, err := rule.Sparse()
	if err != nil {
		return err
	}
	width, err := rowWidth(p)
	if err != nil {
		return err
	}
	if how == RowsAmongZeros {
		dense := scatter(p, width)
		for lo, n := 0, p.Value.Len(); lo < n; lo += stretchLen {
			o.add(t, dense, span{lo, min(lo+stretchLen, n), lo})
		}
		return nil
	}
	rows, grad := coalesce(p, width)
	for i, r := range rows {
		o.add(t, grad, span{r * width, (r + 1) * width, i * width})
	}
	return nil
}

// sparseHint is torch's advice, which only Adam gives.
func sparseHint(name string) string {
	if name == "Adam" || name == "AdamW" {
		return ", please consider SparseAdam instead"
	}
	return ""
}

// rowWidth is the number of elements of a row, after checks.
func rowWidth(p *Param) (int, error) {
	if len(p.Shape) == 0 {
		return 0, fmt.Errorf("a scalar has no rows")
	}
	width := size(p.Shape[1:])
	if p.Grad.Len() != len(p.Rows)*width {
		return 0, fmt.Errorf("a gradient of %d elements for %d rows of %d", p.Grad.Len(), len(p.Rows), width)
	}
	for _, r := range p.Rows {
		if r < 0 || r >= p.Shape[0] {
			return 0, fmt.Errorf("a gradient for row %d of %d", r, p.Shape[0])
		}
	}
	return width, nil
}

// scatter makes the gradient of all elements.
func scatter(p *Param, width int) Slice {
	dense := p.Grad.zeros(p.Value.Len())
	for i, r := range p.Rows {
		dense.addAt(r*width, p.Grad, span{i * width, (i + 1) * width, 0})
	}
	return dense
}

// coalesce sorts the rows and adds up those that stand more than once.
func coalesce(p *Param, width int) ([]int, Slice) {
	if slices.IsSorted(p.Rows) && len(slices.Compact(slices.Clone(p.Rows))) == len(p.Rows) {
		return p.Rows, p.Grad
	}
	rows := slices.Compact(slices.Sorted(slices.Values(p.Rows)))
	grad := p.Grad.zeros(len(rows) * width)
	for i, r := range p.Rows {
		k, _ := slices.BinarySearch(rows, r)
		grad.addAt(k*width, p.Grad, span{i * width, (i + 1) * width, 0})
	}
	return rows, grad
}

// addAt adds a span of x to the elements from at.
func (s Slice) addAt(at int, x Slice, w span) {
	for i := w.lo; i < w.hi; i++ {
		if s.F64 != nil {
			s.F64[at+i-w.lo] += x.F64[i]
		} else {
			s.F32[at+i-w.lo] += x.F32[i]
		}
	}
}
