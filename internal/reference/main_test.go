package main

import (
	"os"
	"path/filepath"
	"testing"

	thaw "github.com/thaw-go/thaw"
)

func TestPagesAreUpToDate(t *testing.T) {
	for name, want := range pages() {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", name))
		if err != nil || string(got) != want {
			t.Errorf("docs/reference/%s is not up to date (%v): go run ./internal/reference", name, err)
		}
	}
}

// TestEverythingIsDescribed: whoever asks is told.
func TestEverythingIsDescribed(t *testing.T) {
	for _, kind := range thaw.Kinds() {
		all, err := thaw.Defaults().Describe(kind)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 0 {
			t.Errorf("no %s", kind)
		}
		for _, d := range all {
			if d.Doc == "" || d.Example == "" {
				t.Errorf("%s %s has no text or example", d.Kind, d.Name)
			}
			if (kind == thaw.Optimizers || kind == thaw.LRSchedulers) && (d.Formula == "" || d.Source == "") {
				t.Errorf("%s %s: formula %q, source %q", d.Kind, d.Name, d.Formula, d.Source)
			}
			for _, a := range d.Arguments {
				if a.Doc == "" {
					t.Errorf("%s %s: nothing says what %s is", d.Kind, d.Name, a.Name)
				}
			}
		}
	}
}
