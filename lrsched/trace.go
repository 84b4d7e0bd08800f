package lrsched

import "fmt"

// Trace steps the scheduler over a copy of the table and gives the LRs of each
// optimizer step or epoch, one row for each, of which the first is what building
// leaves. A metered scheduler takes the metrics in turn, the last one again and
// again. On an error the rows so far are returned with it.
func (r *Resolved) Trace(t *Table, b Budget, steps int, metrics ...float64) ([][]float64, error) {
	work := t.Clone()
	s, err := r.Build(work, b, nil)
	if err != nil {
		return nil, err
	}
	rows := [][]float64{work.LRs()}
	for i := range steps {
		m, metered := s.(Metered)
		switch {
		case !metered:
			err = s.Step(work)
		case len(metrics) == 0:
			err = errNoMetric
		default:
			err = m.StepMetric(work, metrics[min(i, len(metrics)-1)])
		}
		if err != nil {
			return rows, fmt.Errorf("step %d: %w", i+1, err)
		}
		rows = append(rows, work.LRs())
	}
	return rows, nil
}
