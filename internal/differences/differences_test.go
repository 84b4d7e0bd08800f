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
	ids, causes := map[string]bool{}, map[string]bool{}
	for _, d := range FinetuningScheduler {
		if d.ID == "" || d.Cause == "" || d.Reason == "" || len(d.Sections) == 0 {
			t.Errorf("%q is not complete", d.ID)
		}
		if ids[d.ID] || causes[d.Cause] {
			t.Errorf("there are two rules %s: %s", d.ID, d.Cause)
		}
		ids[d.ID], causes[d.Cause] = true, true
		if !slices.ContainsFunc(FinetuningSchedulerDefects, func(x Defect) bool { return x.ID == d.Defect }) {
			t.Errorf("%s: there is no defect %s", d.ID, d.Defect)
		}
	}
}
