package trainer

import (
	"slices"
	"testing"
)

// TestRateNames pins the names of Lightning's LearningRateMonitor.
func TestRateNames(t *testing.T) {
	var r rateLog
	for _, c := range []struct {
		base  string
		n     int
		names []string
	}{
		{"lr-Adam", 1, []string{"lr-Adam"}},
		{"lr-Adam", 3, []string{"lr-Adam/pg1", "lr-Adam/pg2", "lr-Adam/pg3"}},
		{"lr-slow", 2, []string{"lr-slow/pg1", "lr-slow/pg2"}},
		{"lr-slow", 1, []string{"lr-slow"}},
	} {
		if got := r.named(c.base, c.n); !slices.Equal(got, c.names) {
			t.Errorf("%d groups: %v, want %v", c.n, got, c.names)
		}
		if len(r.values) != 0 {
			t.Errorf("values of other groups remain: %v", r.values)
		}
		r.values[r.names[0]] = 1
	}
}
