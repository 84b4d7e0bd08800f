package config

import (
	"fmt"

	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"
)

// Limits of a document: far above any configuration or schedule, and low enough
// that a hostile one is refused within seconds and a modest memory. The parser
// recurses once per level and once per key, and takes time quadratic in the keys
// of one mapping; hence maxKeys.
const (
	maxBytes    = 2 << 20
	maxKeys     = 40_000
	maxDepth    = 200
	maxNodes    = 400_000  // values, aliases expanded
	maxExpanded = 16 << 20 // bytes of text, aliases expanded
)

// scan splits the text into tokens, and stops at what would take the parser too
// deep or too long, or begins a second document.
func (d *document) scan(text string) (token.Tokens, error) {
	var s scanner.Scanner
	s.Init(text)
	var all token.Tokens
	var l limits
	for {
		some, err := s.Scan()
		all.Add(some...)
		for _, tk := range some {
			if what, hint := l.passes(tk); what != "" {
				code := "yaml-limit"
				if l.documents {
					code = "yaml-documents"
				}
				return nil, d.at(tk, code, hint, what)
			}
		}
		if err != nil { // the end; what is invalid came as a token
			return all, nil
		}
	}
}

// limits counts what nests and multiplies.
type limits struct {
	keys, flow  int
	run, line   int  // nesting marks in the present line
	begun, over bool // the document's content
	documents   bool // there are several
}

// passes tells what is wrong with going on to tk; "" for nothing.
func (l *limits) passes(tk *token.Token) (what, hint string) {
	if tk.Position.Line != l.line {
		l.line, l.run = tk.Position.Line, 0
	}
	switch tk.Type {
	case token.CommentType, token.DirectiveType:
		return "", ""
	case token.DocumentEndType:
		l.over = l.begun
		return "", ""
	}
	header := tk.Type == token.DocumentHeaderType
	if l.over || l.begun && header {
		l.documents = true
		return "a second document begins here", "keep one document in a file"
	}
	// What follows a directive stands in its line, before the header.
	l.begun = l.begun || header || !afterDirective(tk)
	switch tk.Type {
	case token.MappingValueType:
		l.keys++
	case token.SequenceStartType, token.MappingStartType:
		l.flow++
	case token.SequenceEndType, token.MappingEndType:
		l.flow = max(l.flow-1, 0)
	case token.SequenceEntryType, token.MappingKeyType:
		if l.run++; tk.Position.Column > 4*maxDepth {
			return tooDeep, ""
		}
	case token.AnchorType, token.TagType, token.AliasType:
		l.run++
	case token.CollectEntryType:
		l.run = 0
	}
	switch {
	case l.flow > maxDepth || l.run > maxDepth:
		return tooDeep, ""
	case l.keys > maxKeys:
		return fmt.Sprintf("the document has more than %d keys", maxKeys), ""
	}
	return "", ""
}

func afterDirective(tk *token.Token) bool {
	for p := tk.Prev; p != nil && p.Position.Line == tk.Position.Line; p = p.Prev {
		if p.Type == token.DirectiveType {
			return true
		}
	}
	return false
}

var tooDeep = fmt.Sprintf("the document is nested more than %d levels deep", maxDepth)
