package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// Option changes how a document is read.
type Option int

// KeepDuplicates leaves duplicate keys in the tree instead of refusing them.
const KeepDuplicates Option = 1

// ParseYAML reads one YAML document; name stands for the file in what is said
// about it. Mistakes are a diag.Finding with the place, or a diag.List of them.
// An empty document is a Null node. Aliases and merge keys are expanded, within
// limits, so a tree has no cycles and needs no more than a small multiple of
// them to walk.
func ParseYAML(name string, data []byte, opts ...Option) (node *tree.Node, err error) {
	text := lineBreaks.Replace(strings.TrimPrefix(string(data), "\ufeff"))
	d := &document{src: tree.NewSource(name, text)}
	if err := d.checkText(text); err != nil {
		return nil, err
	}
	// The parser is a third party's: a panic in it is a document that cannot be
	// read, not the end of the program.
	defer func() {
		if r := recover(); r != nil {
			node, err = nil, d.finding(0, 0, "yaml-syntax", "", fmt.Sprintf("this is not YAML that can be read (%v)", r))
		}
	}()
	tokens, err := d.scan(text)
	if err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, d.syntax(err)
	}
	body := content(f)
	if body == nil {
		return &tree.Node{Src: d.src, Pos: diag.Pos{File: name}}, nil
	}
	c := &converter{document: d, anchors: map[string]ast.Node{}, keep: len(opts) > 0 && opts[0] == KeepDuplicates}
	if node, err = c.node(body, 0); err != nil {
		return nil, err
	}
	return node, c.found.Err()
}

// lineBreaks makes YAML's three line breaks one.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// document is the text being read, for saying where something stands in it.
type document struct{ src *tree.Source }

func (d *document) finding(line, col int, code, hint, message string) diag.Finding {
	return diag.Finding{Code: code, Pos: diag.Pos{File: d.src.Name, Line: line, Col: col}, Message: message, Hint: hint, Line: d.src.Line(line)}
}

func (d *document) at(tk *token.Token, code, hint, message string) diag.Finding {
	if tk == nil || tk.Position == nil {
		return d.finding(0, 0, code, hint, message)
	}
	return d.finding(tk.Position.Line, tk.Position.Column, code, hint, message)
}

// content is what the document holds; nil for nothing.
func content(f *ast.File) ast.Node {
	for _, doc := range f.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			return doc.Body
		}
	}
	return nil
}

// checkText refuses what is too large or no text, before anything reads it.
func (d *document) checkText(text string) error {
	if len(text) > maxBytes {
		return d.finding(0, 0, "yaml-limit", "", fmt.Sprintf("the document has %d bytes, more than the %d that are read", len(text), maxBytes))
	}
	line, col := 1, 0
	for i, r := range text {
		col++
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			return d.finding(line, col, "yaml-text", "save the file as UTF-8", fmt.Sprintf("the byte 0x%02X is not UTF-8", text[i]))
		case r == '\n':
			line, col = line+1, 0
		case r < ' ' && r != '\t' || r == 0x7f:
			return d.finding(line, col, "yaml-text", `remove it, or write "\x…" in double quotes`, fmt.Sprintf("the control character U+%04X cannot stand here", r))
		}
	}
	return nil
}

// explanations puts the parser's messages into a newcomer's words; the first
// whose fragment occurs in the message applies.
var explanations = []struct{ fragment, message, hint string }{
	{"found character '\t'", "a tab character cannot indent", "indent with spaces"},
	{"found a tab character", "a tab character cannot indent", "indent with spaces"},
	{"mapping value is not allowed", `this value holds ": "`, "put quotes around it"},
	{"map key-value is pre-defined", "this line is indented deeper than the value above it allows", "align it with the key above"},
	{"',' or ']' must be specified", `a "," or "]" is missing before this`, "close the list that [ opened"},
	{"sequence end token ']'", "this [ is never closed", "close the list with ]"},
	{"',' or '}' must be specified", `a "," or "}" is missing before this`, "close the mapping that { opened"},
	{"flow mapping end token '}'", "this { is never closed", "close the mapping with }"},
	{"corresponding to", "this bracket closes nothing", "remove it, or quote a text that holds brackets"},
	{"could not find end character of double-quoted", "the text's closing \" is missing", "end the text with \""},
	{"could not find end character of single-quoted", "the text's closing ' is missing", "end the text with '; write ' in it as ''"},
	{"is a reserved character", "", "put quotes around a value that begins with this character"},
	{"directive value", "a value cannot begin with %", "put quotes around it"},
	{"undefined alias name", "a value cannot begin with * unless it names an anchor", "put quotes around it"},
	{"undefined anchor name", "a value cannot begin with & unless it names an anchor", "put quotes around it"},
	{"block sequence entries are not allowed", "a list cannot begin in the line of its key", "begin the list in the next line, or write [a, b]"},
	{"expected sequence element", "a list's element is missing before this comma", ""},
	{"value is not allowed in this context", "this does not belong here", "align the line with one above it, write a space after \"-\", and close each bracket once"},
	{"unexpected key name", `a "key: value" is expected here`, "write a space after the colon"},
	{"found an invalid key", "a key must be a single value", ""},
	{"non-map value is specified", `a "key: value" is expected here`, `write a space after the colon, and after "-"`},
}

// syntax says what the parser found wrong.
func (d *document) syntax(err error) error {
	var e interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &e) {
		return d.finding(0, 0, "yaml-syntax", "", "this is not YAML: "+err.Error())
	}
	message, hint := e.GetMessage(), "check the indentation and the quotes of this line and the one above"
	for _, x := range explanations {
		if strings.Contains(message, x.fragment) {
			if hint = x.hint; x.message != "" {
				message = x.message
			}
			break
		}
	}
	tk := e.GetToken()
	if line, col := d.overhang(tk); line > 0 && strings.Contains(e.GetMessage(), "mapping value is not allowed") {
		return d.finding(line, col, "yaml-syntax", "align it with the line above", "this is not YAML: the line is indented deeper than the one above allows")
	}
	return d.at(tk, "yaml-syntax", hint, "this is not YAML: "+message)
}

// overhang is where the line begins that was taken for the continuation of the
// value tk, but holds a key of its own; 0 where there is none.
func (d *document) overhang(tk *token.Token) (line, col int) {
	if tk == nil || tk.Next == nil || tk.Next.Position.Line == tk.Position.Line {
		return 0, 0
	}
	line = tk.Next.Position.Line
	text := d.src.Line(line)
	return line, 1 + len(text) - len(strings.TrimLeft(text, " "))
}
