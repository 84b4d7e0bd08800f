package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// document is what a run prints: as it goes on to standard output, and at the
// end as a section of a Markdown file.
type document struct {
	section string
	columns []column
	text    strings.Builder // as Markdown
}

// column of a table, width letters wide on the terminal.
type column struct {
	name  string
	width int
}

// line is a paragraph.
func (d *document) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Println(text)
	d.text.WriteString(text + "\n\n")
}

// table begins a table.
func (d *document) table(title string, columns ...column) {
	d.columns = columns
	names, rules := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], rules[i] = c.name, "---"
	}
	fmt.Println()
	d.line("%s", title)
	d.row(names...)
	fmt.Fprintf(&d.text, "|%s|\n", strings.Join(rules, "|"))
}

// row is a row of the table, or its head.
func (d *document) row(cells ...string) {
	var b strings.Builder
	for i, c := range cells {
		fmt.Fprintf(&b, "%-*s ", d.columns[i].width, c)
	}
	fmt.Println(strings.TrimRight(b.String(), " "))
	fmt.Fprintf(&d.text, "| %s |\n", strings.Join(cells, " | "))
}

// block is text as it stands; its first paragraph goes to the page.
func (d *document) block(text string) {
	fmt.Println(text)
	first, _, _ := strings.Cut(text, "\n\n")
	fmt.Fprintf(&d.text, "```\n%s\n```\n\n", strings.TrimSpace(first))
}

// save puts the section in the place of the same one in the file, or behind
// what the file has. Without a file's name it does nothing.
func (d *document) save(file string) error {
	if file == "" {
		return nil
	}
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, []byte(inserted(string(old), d.section, d.text.String())), 0o666)
}

// inserted is the document with a section between its marks.
func inserted(document, section, text string) string {
	begin, end := "<!-- bench "+section+" -->\n", "<!-- end of bench "+section+" -->\n"
	text = begin + "\n" + strings.TrimSpace(text) + "\n\n" + end
	before, rest, found := strings.Cut(document, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return document + "\n" + text
	}
	return before + text + after
}
