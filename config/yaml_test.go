package config_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// TestYAML tells how documents are read: parse prints every value with its kind
// and place.
func TestYAML(t *testing.T) {
	datadriven.Walk(t, "testdata/yaml", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := d.Input
			if d.HasArg("escaped") {
				text = strings.NewReplacer(`\t`, "\t", `\r`, "\r", `\n`, "\n", `\0`, "\x00", `\xff`, "\xff", `\ufeff`, "\ufeff").Replace(text)
			}
			var opts []config.Option
			if d.HasArg("keep-duplicates") {
				opts = append(opts, config.KeepDuplicates)
			}
			n, err := config.ParseYAML("f", []byte(text), opts...)
			if err != nil {
				return err.Error() + "\n"
			}
			return dump(n)
		})
	})
}

// dump prints a tree, a value a line.
func dump(n *tree.Node) string {
	var b strings.Builder
	var walk func(n *tree.Node, label, indent string)
	walk = func(n *tree.Node, label, indent string) {
		fmt.Fprintf(&b, "%s%s%s %v", indent, label, strings.TrimPrefix(n.Pos.String(), "f:"), n.Kind)
		switch n.Kind {
		case tree.Bool:
			fmt.Fprintf(&b, " %v", n.Bool)
		case tree.Int:
			fmt.Fprintf(&b, " %d", n.Int)
		case tree.Float:
			fmt.Fprintf(&b, " %v", n.Float)
		case tree.String:
			fmt.Fprintf(&b, " %q", n.Text)
			if n.Quoted {
				b.WriteString(" quoted")
			}
		}
		b.WriteByte('\n')
		for i, it := range n.Items {
			walk(it, fmt.Sprintf("[%d] ", i), indent+"  ")
		}
		for _, f := range n.Fields {
			walk(f.Value, fmt.Sprintf("%s(%d:%d): ", f.Key.Text, f.Key.Pos.Line, f.Key.Pos.Col), indent+"  ")
		}
	}
	walk(n, "", "")
	return b.String()
}

// TestYAMLHostile feeds documents that are made to take the machine. Each must
// be refused, with a place where there is one, within seconds.
func TestYAMLHostile(t *testing.T) {
	bomb := func(levels int, leaf string) string {
		s := "a0: &a0 " + leaf + "\n"
		for i := 1; i <= levels; i++ {
			s += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
		}
		return s
	}
	for name, c := range map[string]struct{ text, want string }{
		"bomb":           {bomb(12, "x"), "expands to more than 400000 values"},
		"bomb of text":   {bomb(5, strings.Repeat("x", 100_000)), "expands to more than 16777216 bytes"},
		"merge bomb":     {bomb(12, "{k: 1}") + "m:\n  <<: *a12\n", "expands to more than"},
		"large":          {strings.Repeat("# x\n", 1<<20), "has 4194304 bytes"},
		"keys":           {strings.Repeat("a:\n", 50_000), "more than 40000 keys"},
		"keys in a line": {"{" + strings.Repeat("a: 1,", 50_000) + "}", "more than 40000 keys"},
		"brackets":       {strings.Repeat("[", 100_000), "more than 200 levels"},
		"braces":         {strings.Repeat("{a: ", 100_000), "more than 200 levels"},
		"dashes":         {strings.Repeat("- ", 100_000), "more than 200 levels"},
		"question marks": {strings.Repeat("? ", 100_000), "more than 200 levels"},
		"anchors":        {strings.Repeat("&a ", 100_000), "more than 200 levels"},
		"tags":           {strings.Repeat("!!str ", 50_000), "more than 200 levels"},
		"steps":          {steps(1400), "more than 200 levels"},
		"values":         {"[" + strings.Repeat("1,", 500_000) + "]", "expands to more than 400000 values"},
		"documents":      {strings.Repeat("---\na\n", 100_000), "a second document begins here"},
		"quote":          {"a: \"" + strings.Repeat("x\n", 100_000), `closing " is missing`},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := config.ParseYAML("f", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %.200v, want %q", err, c.want)
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// steps nests n mappings, each a line deeper.
func steps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// FuzzParseYAML: no document makes the reader panic or hang; what it refuses it
// refuses as findings in that file, what it takes is a tree within the limits
// whose places lie inside the text.
func FuzzParseYAML(f *testing.F) {
	for _, s := range []string{
		"a: 1\nb: [x, {c: 1e-06}]\n", "1.7: x\n'1': y\n", "a: &x {p: 1}\nb:\n  <<: *x\n  q: *x\n", "a: |\n  t\n\n  u\nb: >-\n  v\n",
		"? a\n: b\n", "a: !!float 3\n", "- - - 1\n- [\n", "a: \"\\u00e9\\n\"\n", "\ufeffa: 1\r\nb: 2\r\n", "a: &a [*a]\n", "%YAML 1.2\n---\na: 1\n...\n", "{a, b: , ? c : d}", "a:\n\tb: 1\n",
	} {
		f.Add([]byte(s))
	}
	files, err := os.ReadDir("testdata/bad")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		if b, err := os.ReadFile("testdata/bad/" + e.Name()); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := config.ParseYAML("f", data)
		if err != nil {
			var one diag.Finding
			var many diag.List
			if !errors.As(err, &one) && !errors.As(err, &many) || !strings.HasPrefix(err.Error(), "f") {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), "\n")
		var walk func(n *tree.Node, depth int)
		walk = func(n *tree.Node, depth int) {
			if depth > 2*200 {
				t.Fatal("too deep")
			}
			if n.Pos.Line > len(lines) || n.Pos.Line > 0 && (n.Pos.Col < 1 || n.Pos.Col > len([]rune(lines[n.Pos.Line-1]))+2) {
				t.Fatalf("%v %q lies outside the text", n.Pos, n.Text)
			}
			for _, it := range n.Items {
				walk(it, depth+1)
			}
			for _, f := range n.Fields {
				walk(f.Key, depth+1)
				walk(f.Value, depth+1)
			}
		}
		walk(n, 0)
	})
}
