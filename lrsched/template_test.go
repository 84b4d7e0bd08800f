package lrsched

import (
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	tp := NewTemplate(map[string]any{"n": 4, "rate": "1e-3", "word": "cos", "must": nil})
	args := Args{"must": []any{1, 2}}
	for text, want := range map[string]any{
		"plain": "plain", "${n}": 4, "${ n / 8 }": 0.5, "${n * 2}": 8, "${rate * 2}": 0.002, "${word}": "cos", "x${n}y${n - 5}": "x4y-1", "${rate}": "1e-3",
	} {
		if got, err := tp.Fill(text, args); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"${n": "not closed", "${m}": `unknown name "m"`, "${word + 1}": "is no number", "${}": "", "${n / 0}": "",
	} {
		if got, err := tp.Fill(text, args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := tp.Fill("x", nil); err == nil || !strings.Contains(err.Error(), `"must" is missing`) {
		t.Errorf("without an argument: %v", err)
	}
	if !tp.Declares("n") || tp.Declares("m") || len(tp.Arguments()) != 4 || !tp.Arguments()[0].Required {
		t.Errorf("arguments: %v", tp.Arguments())
	}
}

// FuzzTemplate: a text that Check takes can be filled in or refused, without a
// panic, and one that it refuses cannot be filled in.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"a", "${n}", "a${n + 1}b", "${", "}", "${${n}}", "${word}", "${n/0}", "${1e400}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tp := NewTemplate(map[string]any{"n": 2, "word": "x"})
		checked := tp.Check(text)
		if _, err := tp.Fill(text, nil); checked != nil && err == nil {
			t.Errorf("%q was refused with %v and filled in", text, checked)
		}
	})
}
