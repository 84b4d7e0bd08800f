package lrsched

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// Limits of a formula: what is longer or deeper is no formula for an LR, and
// must not exhaust the stack.
const (
	maxFormula = 4096
	maxNesting = 200
)

// ExprError is a mistake in a formula, at a column that counts from 1.
type ExprError struct {
	Text   string
	Column int
	Reason string
}

func (e *ExprError) Error() string {
	return fmt.Sprintf("formula %q, column %d: %s", e.Text, e.Column, e.Reason)
}

// ParseExpr parses a formula in the given variables. A formula that begins with
// "lambda name:" names its only variable itself.
func ParseExpr(text string, vars ...string) (*Expr, error) {
	index := map[string]int{}
	for i, v := range vars {
		index[v] = i
	}
	return parseExpr(text, index)
}

// parseExpr parses a formula whose variables have the given places.
func parseExpr(text string, vars map[string]int) (*Expr, error) {
	p := &exprParser{text: text, vars: vars, funcs: functions()}
	if len(text) > maxFormula {
		return nil, p.errorf(0, "a formula has at most %d characters", maxFormula)
	}
	if err := p.scan(); err != nil {
		return nil, err
	}
	if err := p.lambda(); err != nil {
		return nil, err
	}
	root, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.kind() != tokenEnd {
		return nil, p.errorf(p.at().pos, "unexpected %q", p.at().text)
	}
	return &Expr{text, root}, nil
}

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenNumber
	tokenName
	tokenOp
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

type exprParser struct {
	text   string
	vars   map[string]int
	funcs  []function
	tokens []token
	next   int
	depth  int
}

func (p *exprParser) at() token       { return p.tokens[p.next] }
func (p *exprParser) kind() tokenKind { return p.at().kind }

func (p *exprParser) errorf(pos int, format string, args ...any) error {
	column := len([]rune(p.text[:min(pos, len(p.text))])) + 1
	return &ExprError{p.text, column, fmt.Sprintf(format, args...)}
}

// accept takes the next token if it is one of the given operators or words.
func (p *exprParser) accept(texts ...string) (string, bool) {
	t := p.at()
	if t.kind != tokenNumber && t.kind != tokenEnd && slices.Contains(texts, t.text) {
		p.next++
		return t.text, true
	}
	return "", false
}

func (p *exprParser) expect(text string) error {
	if _, ok := p.accept(text); ok {
		return nil
	}
	if p.kind() == tokenEnd {
		return p.errorf(p.at().pos, "want %q, but the formula ends", text)
	}
	return p.errorf(p.at().pos, "want %q, got %q", text, p.at().text)
}

// lambda takes a leading "lambda name:".
func (p *exprParser) lambda() error {
	if _, ok := p.accept("lambda"); !ok {
		return nil
	}
	t := p.at()
	if t.kind != tokenName {
		return p.errorf(t.pos, "want the name of lambda's argument")
	}
	p.next++
	p.vars = map[string]int{t.text: 0}
	return p.expect(":")
}

// nested guards the recursion.
func (p *exprParser) nested(parse func() (node, error)) (node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return nil, p.errorf(p.at().pos, "nested more than %d deep", maxNesting)
	}
	return parse()
}

func (p *exprParser) expression() (node, error) {
	return p.nested(func() (node, error) {
		then, err := p.operators(0)
		if err != nil {
			return nil, err
		}
		if _, ok := p.accept("if"); !ok {
			return then, nil
		}
		cond, err := p.operators(0)
		if err != nil {
			return nil, err
		}
		if err := p.expect("else"); err != nil {
			return nil, err
		}
		otherwise, err := p.expression()
		return conditional{then, cond, otherwise}, err
	})
}

// levels are the left-associative binary operators, loosest first; not and the
// comparisons stand between the second and the third.
var levels = [][]string{{"or"}, {"and"}, {"+", "-"}, {"*", "/", "//", "%"}}

func (p *exprParser) operators(level int) (node, error) {
	if level == len(levels) {
		return p.sign()
	}
	operand := func() (node, error) {
		if level == 1 {
			return p.not()
		}
		return p.operators(level + 1)
	}
	x, err := operand()
	for err == nil {
		op, ok := p.accept(levels[level]...)
		if !ok {
			break
		}
		var y node
		y, err = operand()
		x = binary{op, x, y}
	}
	return x, err
}

func (p *exprParser) not() (node, error) {
	if _, ok := p.accept("not"); ok {
		x, err := p.nested(p.not)
		return unary{"not", x}, err
	}
	x, err := p.operators(2)
	c := comparison{first: x}
	for err == nil {
		op, ok := p.accept("<", "<=", ">", ">=", "==", "!=")
		if !ok {
			break
		}
		var y node
		y, err = p.operators(2)
		c.ops, c.rest = append(c.ops, op), append(c.rest, y)
	}
	if len(c.ops) == 0 {
		return x, err
	}
	return c, err
}

// sign takes a sign, which binds looser than ** on its right and tighter than
// everything else.
func (p *exprParser) sign() (node, error) {
	if op, ok := p.accept("+", "-"); ok {
		x, err := p.nested(p.sign)
		return unary{op, x}, err
	}
	x, err := p.atom()
	if err != nil {
		return nil, err
	}
	if _, ok := p.accept("**"); ok {
		y, err := p.nested(p.sign)
		return binary{"**", x, y}, err
	}
	return x, nil
}

func (p *exprParser) atom() (node, error) {
	t := p.at()
	switch {
	case t.kind == tokenNumber:
		p.next++
		f, err := strconv.ParseFloat(strings.ReplaceAll(t.text, "_", ""), 64)
		if err != nil {
			return nil, p.errorf(t.pos, "%q is no number", t.text)
		}
		return constant(f), nil
	case t.kind == tokenName:
		p.next++
		return p.name(t)
	case t.text == "(" && t.kind == tokenOp:
		p.next++
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		return x, p.expect(")")
	case t.kind == tokenEnd:
		return nil, p.errorf(t.pos, "want a value, but the formula ends")
	}
	return nil, p.errorf(t.pos, "want a value, got %q", t.text)
}

// name reads a variable, a constant or a call.
func (p *exprParser) name(t token) (node, error) {
	name := strings.TrimPrefix(t.text, "math.")
	i, isVar := p.vars[t.text]
	if isVar && p.at().text != "(" {
		return variable(i), nil
	}
	if i := slices.IndexFunc(p.funcs, func(f function) bool { return f.name == name }); i >= 0 {
		return p.call(p.funcs[i], t)
	}
	switch {
	case isVar:
		return nil, p.errorf(t.pos, "%s is no function", t.text)
	case name == "pi":
		return constant(math.Pi), nil
	case t.text == "math.e":
		return constant(math.E), nil
	case t.text == "True":
		return constant(1), nil
	case t.text == "False":
		return constant(0), nil
	}
	var known []string
	for v := range p.vars {
		known = append(known, v)
	}
	slices.Sort(known)
	for _, f := range p.funcs {
		known = append(known, f.name)
	}
	if near := registry.Nearest(t.text, known, 1); len(near) > 0 {
		return nil, p.errorf(t.pos, "unknown name %q; did you mean %s?", t.text, near[0])
	}
	return nil, p.errorf(t.pos, "unknown name %q; there are: %s, pi", t.text, strings.Join(known, ", "))
}

func (p *exprParser) call(f function, t token) (node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var args []node
	for {
		if _, ok := p.accept(")"); ok {
			break
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		args = append(args, x)
		if _, ok := p.accept(","); ok {
			continue
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		break
	}
	if len(args) < f.least || f.most >= 0 && len(args) > f.most {
		return nil, p.errorf(t.pos, "%s takes %s, got %d", f.name, arity(f), len(args))
	}
	return call{f, args}, nil
}

func arity(f function) string {
	switch {
	case f.most < 0:
		return fmt.Sprintf("%d or more values", f.least)
	case f.least == f.most && f.least == 1:
		return "one value"
	case f.least == f.most:
		return fmt.Sprintf("%d values", f.least)
	}
	return fmt.Sprintf("%d or %d values", f.least, f.most)
}
