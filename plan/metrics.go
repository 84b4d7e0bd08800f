package plan

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/phase"
)

// ReadMetrics reads metrics as CSV: a row for each validation, the first row
// names them. Columns epoch and step (within the epoch) are optional; without
// epoch each row is an epoch's only validation. An empty cell is a metric that
// was not measured; names that begin with train_ are training's own.
func ReadMetrics(name string, r io.Reader) (phase.Trace, error) {
	in := csv.NewReader(r)
	in.TrimLeadingSpace = true
	at := func(field int) string {
		line, col := in.FieldPos(field)
		return fmt.Sprintf("%s:%d:%d", name, line, col)
	}
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return phase.Trace{}, fmt.Errorf("%s: there are no metrics\n    hint: begin with a line such as epoch,val_loss", name)
	}
	if err != nil {
		return phase.Trace{}, fmt.Errorf("%s: %w", name, err)
	}
	for i := range head {
		if head[i] = strings.TrimSpace(head[i]); head[i] == "" || slices.Contains(head[:i], head[i]) {
			return phase.Trace{}, fmt.Errorf("%s: a column without a name, or a second one called %q", at(i), head[i])
		}
	}
	t := tracer{}
	for row := 0; ; row++ {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return phase.Trace{}, fmt.Errorf("%s: %w", name, err)
		}
		epoch, v, train := row, phase.Validation{Metrics: map[string]float64{}}, map[string]float64{}
		for i, cell := range cells {
			if cell = strings.TrimSpace(cell); cell == "" {
				continue
			}
			x, err := strconv.ParseFloat(cell, 64)
			whole := head[i] == "epoch" || head[i] == "step"
			if err != nil || whole && (x < 0 || x != float64(int(x)) || x > maxEpochs) {
				return phase.Trace{}, fmt.Errorf("%s: %s is no %s", at(i), strconv.Quote(cell), map[bool]string{true: head[i], false: "number"}[whole])
			}
			switch {
			case head[i] == "epoch":
				epoch = int(x)
			case head[i] == "step":
				v.Step = int(x)
			case strings.HasPrefix(head[i], "train_"):
				train[head[i]] = x
			default:
				v.Metrics[head[i]] = x
			}
		}
		if err := t.add(epoch, v, train); err != nil {
			return phase.Trace{}, fmt.Errorf("%s: %w", at(0), err)
		}
	}
	return t.trace, nil
}

// maxEpochs bounds what a trace can ask for.
const maxEpochs = 100_000

// tracer collects a trace.
type tracer struct{ trace phase.Trace }

// add appends a validation; epochs must not fall.
func (t *tracer) add(epoch int, v phase.Validation, train map[string]float64) error {
	n := len(t.trace.Epochs)
	if epoch < n-1 {
		return fmt.Errorf("epoch %d follows epoch %d", epoch, n-1)
	}
	for ; n <= epoch; n++ {
		t.trace.Epochs = append(t.trace.Epochs, phase.TraceEpoch{})
	}
	e := &t.trace.Epochs[epoch]
	if len(train) > 0 {
		e.Train = train
	}
	if len(v.Metrics) > 0 {
		e.Validations = append(e.Validations, v)
	}
	return nil
}

// ParseMetrics reads metrics as a command line has them: "val_loss=3,2,2.5", one
// value an epoch. All series have the same length.
func ParseMetrics(series []string) (phase.Trace, error) {
	t := tracer{}
	seen := map[string]bool{}
	length := -1
	for _, s := range series {
		name, list, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || seen[name] {
			return phase.Trace{}, fmt.Errorf("metric %q: want one name=value,value,… for each name", s)
		}
		seen[name] = true
		values := strings.Split(list, ",")
		if length >= 0 && len(values) != length {
			return phase.Trace{}, fmt.Errorf("metric %s has %d values, the one before has %d", name, len(values), length)
		}
		length = len(values)
		for i, text := range values {
			x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				return phase.Trace{}, fmt.Errorf("metric %s: value %d is no number: %q", name, i+1, text)
			}
			if i == len(t.trace.Epochs) {
				t.trace.Epochs = append(t.trace.Epochs, phase.TraceEpoch{Validations: []phase.Validation{{Metrics: map[string]float64{}}}})
			}
			e := &t.trace.Epochs[i]
			if strings.HasPrefix(name, "train_") {
				if e.Train == nil {
					e.Train = map[string]float64{}
				}
				e.Train[name] = x
				continue
			}
			e.Validations[0].Metrics[name] = x
		}
	}
	return t.trace, nil
}
