package diag_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/thaw-go/thaw/diag"
)

// TestFindings tells what findings look like: as text, JSON and SARIF. The input
// is a JSON array of findings.
func TestFindings(t *testing.T) {
	datadriven.RunTest(t, filepath.Join("testdata", "findings.txt"), func(t *testing.T, d *datadriven.TestData) string {
		var in []struct {
			Severity                  diag.Severity
			Code, File                string
			Line, Col                 int
			Message, Hint, Text, Wide string
		}
		if err := json.Unmarshal([]byte(d.Input), &in); err != nil {
			t.Fatal(err)
		}
		var l diag.List
		for _, f := range in {
			if f.Wide != "" { // a long line with this in the middle
				f.Text = strings.Repeat("x", f.Col-1) + f.Wide + strings.Repeat("y", 300)
			}
			l = append(l, diag.Finding{Severity: f.Severity, Code: f.Code, Pos: diag.Pos{File: f.File, Line: f.Line, Col: f.Col}, Message: f.Message, Hint: f.Hint, Line: f.Text})
		}
		var b []byte
		var err error
		switch d.Cmd {
		case "text":
			b = []byte(l.Error() + "\n")
		case "errors":
			b = fmt.Appendln(nil, l.Err())
		case "json":
			b, err = l.JSON()
		case "sarif":
			b, err = l.SARIF(diag.Tool{Name: "thaw", Version: "v1"})
		default:
			t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
}

func TestNothingFound(t *testing.T) {
	if err := (diag.List{{Severity: diag.Warning, Message: "w"}, {Severity: diag.Note, Message: "n"}}).Err(); err != nil {
		t.Errorf("warnings and notes are no error, got %v", err)
	}
	if b, err := diag.List(nil).JSON(); err != nil || string(b) != "[]\n" {
		t.Errorf("no findings are %q, %v", b, err)
	}
}
