package main

import (
	"strings"
	"testing"
)

// TestSections: a run replaces its own section of a document and leaves the
// rest as it is.
func TestSections(t *testing.T) {
	page := inserted("# Performance\n", "times", "one\n")
	page = inserted(page, "memory", "two\n") + "\nprose\n"
	again := inserted(page, "times", "three\n")
	if want := strings.Replace(page, "one", "three", 1); again != want {
		t.Errorf("got\n%s\nwant\n%s", again, want)
	}
	if strings.Index(again, "three") > strings.Index(again, "two") || !strings.HasSuffix(again, "\nprose\n") {
		t.Errorf("the sections moved:\n%s", again)
	}
}
