package schedule

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// patternError is a mistake in a pattern at a rune offset.
type patternError struct {
	offset    int
	msg, hint string
}

func (e *patternError) Error() string { return e.msg }

// compilePrefix compiles a regular expression of Python's re as re.match uses
// it: anchored at the start, open at the end. What RE2 cannot express is a
// patternError.
func compilePrefix(src string) (*regexp.Regexp, error) {
	re2, err := translate(src)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`^(?:` + re2 + `)`)
	if err != nil {
		return nil, &patternError{offset: blame(src, err), msg: "bad regular expression: " + reason(err), hint: "escape characters that are meant literally with a backslash"}
	}
	return re, nil
}

func reason(err error) string {
	if e, ok := err.(*syntax.Error); ok {
		return e.Code.String()
	}
	return err.Error()
}

// blame finds the offset of what the compiler complains about.
func blame(src string, err error) int {
	e, ok := err.(*syntax.Error)
	if !ok {
		return 0
	}
	switch e.Code {
	case syntax.ErrMissingParen:
		return unclosed(src)
	case syntax.ErrUnexpectedParen:
		return runes(src, strings.LastIndexByte(src, ')'))
	}
	return runes(src, strings.Index(src, e.Expr))
}

func runes(s string, i int) int {
	if i < 0 {
		return 0
	}
	return len([]rune(s[:i]))
}

// unclosed is the offset of the innermost parenthesis that is never closed.
func unclosed(src string) int {
	var open []int
	inClass := false
	rs := []rune(src)
	for i := 0; i < len(rs); i++ {
		switch {
		case rs[i] == '\\':
			i++
		case inClass:
			inClass = rs[i] != ']'
		case rs[i] == '[':
			inClass = true
		case rs[i] == '(':
			open = append(open, i)
		case rs[i] == ')' && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return 0
	}
	return open[len(open)-1]
}

// translate rewrites a Python pattern for RE2 where the two spell the same
// thing differently, and refuses what RE2 does not have.
func translate(src string) (string, error) {
	rs := []rune(src)
	var b strings.Builder
	for i := 0; i < len(rs); i++ {
		switch r := rs[i]; r {
		case '\\':
			if i+1 == len(rs) {
				return "", &patternError{offset: i, msg: "bad regular expression: backslash at the end", hint: "write \\\\ for a backslash"}
			}
			i++
			s, err := escape(rs[i], i-1)
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		case '[':
			end, err := classEnd(rs, i)
			if err != nil {
				return "", err
			}
			b.WriteString(string(rs[i : end+1]))
			i = end
		case '(':
			n, s, err := groupOpen(rs, i)
			if err != nil {
				return "", err
			}
			b.WriteString(s)
			i += n
		case '{':
			if strings.HasPrefix(string(rs[i:]), "{,") { // {,n} is {0,n} in Python
				b.WriteString("{0,")
				i++
				continue
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), nil
}

// escape translates the escape sequence \r; at is the backslash's offset.
func escape(r rune, at int) (string, error) {
	switch {
	case r == 'Z':
		return `\z`, nil
	case r >= '1' && r <= '9':
		return "", &patternError{offset: at, msg: fmt.Sprintf("backreference \\%c is not supported", r), hint: "write the alternatives out"}
	case strings.ContainsRune("zpPQECK", r):
		return "", &patternError{offset: at, msg: fmt.Sprintf("bad regular expression: unknown escape \\%c", r), hint: "remove the backslash"}
	}
	return `\` + string(r), nil
}

// classEnd finds the bracket that closes the class opened at i.
func classEnd(rs []rune, i int) (int, error) {
	j := i + 1
	if j < len(rs) && rs[j] == '^' {
		j++
	}
	for first := j; j < len(rs); j++ {
		switch {
		case rs[j] == '\\':
			j++
		case rs[j] == ']' && j > first:
			return j, nil
		case rs[j] == '[' && j+1 < len(rs) && rs[j+1] == ':':
			return 0, &patternError{offset: j, msg: "character class names such as [:alpha:] are not supported", hint: "write the characters, such as [a-z]"}
		}
	}
	return 0, &patternError{offset: i, msg: "bad regular expression: missing closing ]", hint: "escape a literal bracket as \\["}
}

// groupOpen translates what follows an opening parenthesis at i. It returns
// how many runes beyond it were read, and their translation.
func groupOpen(rs []rune, i int) (int, string, error) {
	rest := string(rs[i:])
	unsupported := []struct{ head, what, hint string }{
		{"(?=", "lookahead (?=…)", "list the names, or use {a,b} or several entries"},
		{"(?!", "negative lookahead (?!…)", "list what is meant, or use {a,b} or several entries"},
		{"(?<=", "lookbehind (?<=…)", "write the text before it as part of the pattern"},
		{"(?<!", "negative lookbehind (?<!…)", "write the text before it as part of the pattern"},
		{"(?>", "atomic group (?>…)", "use a plain group (?:…)"},
		{"(?(", "conditional (?(…)…)", "use two entries"},
		{"(?P=", "backreference (?P=…)", "write the alternatives out"},
	}
	for _, u := range unsupported {
		if strings.HasPrefix(rest, u.head) {
			return 0, "", &patternError{offset: i, msg: u.what + " is not supported", hint: u.hint}
		}
	}
	if strings.HasPrefix(rest, "(?#") {
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return 0, "", &patternError{offset: i, msg: "bad regular expression: comment is not closed", hint: "add )"}
		}
		return runes(rest, end), "(?:)", nil
	}
	if name, ok := strings.CutPrefix(rest, "(?P<"); ok {
		name, _, _ = strings.Cut(name, ">")
		if !groupName.MatchString(name) {
			return 0, "", &patternError{offset: i, msg: fmt.Sprintf("bad regular expression: bad group name %q", name), hint: "use a plain group (…)"}
		}
	} else if strings.HasPrefix(rest, "(?<") {
		return 0, "", &patternError{offset: i, msg: "bad regular expression: unknown extension (?<", hint: "use a plain group (…)"}
	}
	return 0, "(", nil
}

var groupName = regexp.MustCompile(`^[\pL_][\pL\pN_]*$`)
