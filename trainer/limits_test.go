package trainer

import (
	"fmt"
	"strings"
	"testing"
)

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		l    Limit
		n    int
		want int
	}{
		{All(), 7, 7},
		{Limit{Share: true, Value: .5}, 7, 3},
		{Limit{Share: true}, 7, 0},
		{Count(3), 7, 3},
		{Count(30), 7, 7},
		{Count(0), 7, 0},
	} {
		if got := c.l.Apply(c.n); got != c.want {
			t.Errorf("%+v of %d is %d, want %d", c.l, c.n, got, c.want)
		}
	}
	if err := (Limit{Share: true, Value: 1.5}).check("limit_train_batches"); err == nil || !strings.Contains(err.Error(), "limit_train_batches") {
		t.Errorf("got %v", err)
	}
}

// TestRhythm writes an epoch as letters: b batch, s optimizer step, v
// validation.
func TestRhythm(t *testing.T) {
	for _, c := range []struct {
		batches, accumulate int
		interval            Limit
		valEpochs, epoch    int
		want                string
	}{
		{4, 1, All(), 1, 0, "bs bs bs bsv"},
		{4, 1, All(), 2, 0, "bs bs bs bs"},
		{4, 1, All(), 2, 1, "bs bs bs bsv"},
		{5, 2, All(), 1, 0, "b bs b bs bsv"},
		{4, 1, Limit{Share: true, Value: .5}, 1, 0, "bs bsv bs bsv"},
		{5, 1, Limit{Share: true, Value: .5}, 1, 0, "bs bsv bs bsv bs"},
		{4, 1, Count(3), 1, 0, "bs bs bsv bs"},
	} {
		r, err := newRhythm(c.batches, c.accumulate, c.interval, c.valEpochs)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for i := range r.batches {
			w := "b"
			if r.steps(i) {
				w += "s"
			}
			if r.validates(c.epoch, i) {
				w += "v"
			}
			words = append(words, w)
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
		if n := strings.Count(fmt.Sprint(words), "s"); n != r.stepsPerEpoch() {
			t.Errorf("%+v: %d steps, stepsPerEpoch says %d", c, n, r.stepsPerEpoch())
		}
	}
	if _, err := newRhythm(4, 1, Count(9), 1); err == nil || !strings.Contains(err.Error(), "hint") {
		t.Errorf("got %v", err)
	}
}
