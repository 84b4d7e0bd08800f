package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/phase"
)

var update = flag.Bool("update", false, "write what the commands of docs/schedules.md print, its tables and its picture")

// TestSchedulesPage runs every command of docs/schedules.md on the files that the
// page shows, and holds the page to what they print. -update writes the page.
func TestSchedulesPage(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(root, "docs", "schedules.md")
	before, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	drawPictures("pictures", 8)
	after := regexp.MustCompile("(?s)```(yaml|console)\n(.*?)```").ReplaceAllStringFunc(string(before), func(block string) string {
		kind, body, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(block, "```"), "```"), "\n")
		if kind == "yaml" {
			name, _, _ := strings.Cut(strings.TrimPrefix(body, "# "), "\n")
			if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
			return block
		}
		command, _, _ := strings.Cut(body, "\n")
		return "```console\n" + command + "\n" + printed(t, command) + "```"
	})
	for class, of := range map[string][2]any{
		"FinetuningScheduler": {config.DefaultFinetuningScheduler(), phase.Options{}},
		"FTSEarlyStopping":    {config.DefaultEarlyStopping(), phase.EarlyStopping{}},
		"FTSCheckpoint":       {config.DefaultCheckpoint(), phase.Checkpoint{}},
	} {
		after = regexp.MustCompile("(?s)(<!-- options "+class+" -->\n).*?(<!-- end -->)").ReplaceAllString(after, "${1}"+optionTable(of[0], of[1])+"$2")
	}
	printed(t, "$ thaw schedule plan --config fit.yaml --engine reference --svg plan.svg")
	picture, err := os.ReadFile("plan.svg")
	if err != nil {
		t.Fatal(err)
	}
	hold(t, page, string(before), after)
	svg := filepath.Join(root, "docs", "img", "schedule-plan.svg")
	had, _ := os.ReadFile(svg)
	hold(t, svg, string(had), string(picture))
}

// hold compares a file with what it should be, or writes it.
func hold(t *testing.T, file, is, should string) {
	t.Helper()
	if is == should {
		return
	}
	if !*update {
		t.Errorf("%s is not up to date: go test ./internal/cli -run TestSchedulesPage -update\n%s", filepath.Base(file), firstDifference(is, should))
		return
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(should), 0o644); err != nil {
		t.Fatal(err)
	}
}

func firstDifference(is, should string) string {
	a, b := strings.Split(is, "\n"), strings.Split(should, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is\n%s\nand should be\n%s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, %d wanted", len(a), len(b))
}

// printed is the standard output of a command line, shortened where it is long.
func printed(t *testing.T, command string) string {
	t.Helper()
	args := strings.Fields(strings.TrimPrefix(command, "$ thaw "))
	var out, errs bytes.Buffer
	code := Main(State{Args: args, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }})
	if strings.Contains(command, "lint") != (code == exitFailed) || code == exitUsage {
		t.Fatalf("%s: exit code %d\n%s%s", command, code, out.String(), errs.String())
	}
	const most = 24
	lines := strings.SplitAfter(out.String(), "\n")
	if len(lines) > most {
		lines = append(lines[:most/2], "…\n")
	}
	return strings.Join(lines, "")
}

// optionTable lists the options of a callback, with their defaults and the Go
// fields of the same JSON name.
func optionTable(defaults, fields any) string {
	goNames := map[string]string{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(fields)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		goNames[name] = f.Name
	}
	var b strings.Builder
	b.WriteString("| option | default | Go | meaning |\n|---|---|---|---|\n")
	v := reflect.ValueOf(defaults)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, doc := f.Tag.Get("config"), f.Tag.Get("doc")
		if hint, later := f.Tag.Lookup("later"); later {
			doc += "; not supported: " + hint
		}
		field := goNames[name]
		if field != "" {
			field = "`" + field + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, defaultText(v.Field(i)), field, doc)
	}
	return b.String()
}

func defaultText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "unset"
		}
		return defaultText(v.Elem())
	case reflect.Slice:
		return "none"
	case reflect.String:
		if v.Len() == 0 {
			return "unset"
		}
	}
	return fmt.Sprint(v.Interface())
}
