package differences

import (
	"flag"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write docs/differences.md anew")

// TestDocument holds docs/differences.md against the rules.
func TestDocument(t *testing.T) {
	const file = "../../docs/differences.md"
	if *update {
		if err := os.WriteFile(file, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != Markdown() {
		t.Error("docs/differences.md is not what the rules say; run go test ./internal/differences -update")
	}
}

// TestRules checks that each rule is complete and of its own.
func TestRules(t *testing.T) {
	for _, o := range Originals() {
		ids, causes := map[string]bool{}, map[string]bool{}
		for _, d := range o.Differences {
			if d.ID == "" || d.Cause == "" || d.Reason == "" || len(d.Sections) == 0 {
				t.Errorf("%s: %q is not complete", o.Name, d.ID)
			}
			if ids[d.ID] || causes[d.Cause] {
				t.Errorf("%s: there are two rules %s: %s", o.Name, d.ID, d.Cause)
			}
			ids[d.ID], causes[d.Cause] = true, true
			if d.Defect != "" && !slices.ContainsFunc(o.Defects, func(x Defect) bool { return x.ID == d.Defect }) {
				t.Errorf("%s: %s: there is no defect %s", o.Name, d.ID, d.Defect)
			}
		}
	}
}
