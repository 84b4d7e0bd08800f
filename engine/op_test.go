package engine

import "testing"

func TestOpNames(t *testing.T) {
	seen := map[string]Op{}
	for o := Op(1); int(o) < Count; o++ {
		n := o.String()
		if p, dup := seen[n]; n == "unknown" || dup {
			t.Errorf("operator %d is called %q, as is %d", o, n, p)
		}
		seen[n] = o
	}
	if !OpAdamUpdate.Required() || OpAttention.Required() || OpNone.Required() {
		t.Error("the border between required and fused operators is off")
	}
}

func TestFnNames(t *testing.T) {
	seen := map[string]bool{}
	for f := range fnCount {
		if n := f.String(); n == "" || n == "unknown" || seen[n] {
			t.Errorf("function %d is called %q", f, n)
		} else {
			seen[n] = true
		}
	}
}
