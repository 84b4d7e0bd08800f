package registry

import (
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	s := NewSet[int]("optimizer")
	for i, n := range []string{"Adam", "AdamW", "SGD"} {
		if err := s.Add(Entry[int]{Name: n, Aliases: []string{"torch.optim." + n}, Value: i}); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []string{"adamw", "ADAM_W", "torch.optim.AdamW"} {
		if e, ok := s.Lookup(n); !ok || e.Value != 1 {
			t.Errorf("Lookup(%q) = %v, %v", n, e, ok)
		}
	}
	if err := s.Add(Entry[int]{Name: "adam"}); err == nil {
		t.Error("a duplicate was accepted")
	}
	_, err := s.Find("admaw")
	if err == nil || !strings.Contains(err.Error(), "did you mean AdamW") {
		t.Errorf("Find(admaw): %v", err)
	}
	_, err = s.Find("zzz")
	if err == nil || !strings.Contains(err.Error(), "known: Adam, AdamW, SGD") {
		t.Errorf("Find(zzz): %v", err)
	}
	c := s.Clone()
	if err := c.Add(Entry[int]{Name: "Lion"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Lookup("lion"); ok {
		t.Error("a clone's entry is seen in the original")
	}
}
