package lrsched

import "strings"

// operatorTexts are the operators, longer ones first.
var operatorTexts = []string{"**", "//", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "(", ")", ",", ":"}

// scan splits the formula into tokens, closed by an end token.
func (p *exprParser) scan() error {
	s := p.text
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case isDigit(c) || c == '.' && i+1 < len(s) && isDigit(s[i+1]):
			j := numberEnd(s, i)
			if j < len(s) && (isLetter(s[j]) || s[j] == '.') {
				return p.errorf(j, "unexpected %q after a number", s[j:j+1])
			}
			p.tokens = append(p.tokens, token{tokenNumber, s[i:j], i})
			i = j
		case isLetter(c):
			j := i + 1
			for j < len(s) && (isLetter(s[j]) || isDigit(s[j]) || s[j] == '.' && j+1 < len(s) && isLetter(s[j+1])) {
				j++
			}
			p.tokens = append(p.tokens, token{tokenName, s[i:j], i})
			i = j
		default:
			op := operatorAt(s[i:])
			if op == "" {
				return p.errorf(i, "unexpected character %q", []rune(s[i:])[0])
			}
			p.tokens = append(p.tokens, token{tokenOp, op, i})
			i += len(op)
		}
	}
	p.tokens = append(p.tokens, token{tokenEnd, "", len(s)})
	return nil
}

// numberEnd is where the number that begins at i ends.
func numberEnd(s string, i int) int {
	digits := func(i int) int {
		for i < len(s) && (isDigit(s[i]) || s[i] == '_' && i+1 < len(s) && isDigit(s[i+1])) {
			i++
		}
		return i
	}
	i = digits(i)
	if i < len(s) && s[i] == '.' {
		i = digits(i + 1)
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			i = digits(j)
		}
	}
	return i
}

func operatorAt(s string) string {
	for _, op := range operatorTexts {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
