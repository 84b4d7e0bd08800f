package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxBraces bounds the patterns that one entry with braces may expand to.
const maxBraces = 4096

// pattern decides whether a parameter's name is meant by an entry.
type pattern struct {
	any []*regexp.Regexp // one per brace alternative
}

func (p pattern) match(name string) bool {
	for _, re := range p.any {
		if re.MatchString(name) {
			return true
		}
	}
	return false
}

// parsePattern reads an entry that is not a parameter's name:
//
//	=a.{0..3}.*   matches whole names: dots are dots, * stands for one part of
//	              a name between dots, ** for any number of parts
//	a.{0..11}.b   FTS's regular expression with a range or a list in braces;
//	              a dot beside the braces is a dot
//	a.*           FTS's regular expression: matches at the start of a name
func parsePattern(text string) (pattern, error) {
	if whole, ok := strings.CutPrefix(text, "="); ok {
		return wholeName(whole)
	}
	// A bad pattern is judged as written, where its offsets are right.
	if _, err := compilePrefix(blankBraces(text)); err != nil {
		return pattern{}, err
	}
	if _, err := expandBraces(text); err != nil {
		return pattern{}, err
	}
	alts, err := expandBraces(dotsBesideBraces(text))
	if err != nil {
		return pattern{}, err
	}
	var p pattern
	for _, a := range alts {
		re, err := compilePrefix(a)
		if err != nil {
			return pattern{}, err
		}
		p.any = append(p.any, re)
	}
	return p, nil
}

// wholeName compiles the form behind "=".
func wholeName(text string) (pattern, error) {
	alts, err := expandBraces(text)
	if err != nil {
		if pe, ok := err.(*patternError); ok {
			pe.offset++
		}
		return pattern{}, err
	}
	var p pattern
	for _, a := range alts {
		q := regexp.QuoteMeta(a)
		q = strings.ReplaceAll(q, `\*\*`, `.*`)
		q = strings.ReplaceAll(q, `\*`, `[^.]*`)
		p.any = append(p.any, regexp.MustCompile(`^(?:`+q+`)$`))
	}
	return p, nil
}

// brace is {0..11} or {query,key} in a pattern: text[lo:hi] with its values.
type brace struct {
	lo, hi int
	values []string
}

// nextBrace finds the first brace of ours from byte i on. {2} and {0,11} are
// FTS's quantifiers and stay.
func nextBrace(text string, i int) (brace, bool, error) {
	for ; i < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		}
		if text[i] != '{' {
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			return brace{}, false, nil
		}
		body := text[i+1 : i+end]
		b := brace{lo: i, hi: i + end + 1}
		if from, to, ok := strings.Cut(body, ".."); ok {
			a, errA := strconv.Atoi(from)
			z, errZ := strconv.Atoi(to)
			switch {
			case errA != nil || errZ != nil:
				continue
			case a < 0 || z < a || z-a >= maxBraces:
				return brace{}, false, &patternError{offset: runes(text, i), msg: fmt.Sprintf("range {%s} is empty or too long", body), hint: "write {lowest..highest}"}
			}
			for n := a; n <= z; n++ {
				b.values = append(b.values, strconv.Itoa(n))
			}
			return b, true, nil
		}
		if strings.Contains(body, ",") && !isQuantifier(body) {
			b.values = strings.Split(body, ",")
			return b, true, nil
		}
	}
	return brace{}, false, nil
}

// isQuantifier tells the inside of {n}, {n,}, {,n} and {n,m}.
func isQuantifier(body string) bool {
	for _, part := range strings.SplitN(body, ",", 2) {
		if strings.Trim(part, "0123456789") != "" {
			return false
		}
	}
	return true
}

// expandBraces writes out every combination of a pattern's braces.
func expandBraces(text string) ([]string, error) {
	out := []string{""}
	at := 0
	for {
		b, ok, err := nextBrace(text, at)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if len(out)*len(b.values) > maxBraces {
			return nil, &patternError{offset: runes(text, b.lo), msg: "braces expand to too many patterns", hint: "use fewer braces in one entry"}
		}
		next := make([]string, 0, len(out)*len(b.values))
		for _, head := range out {
			for _, v := range b.values {
				next = append(next, head+text[at:b.lo]+v)
			}
		}
		out, at = next, b.hi
	}
	for i := range out {
		out[i] += text[at:]
	}
	return out, nil
}

// dotsBesideBraces makes a dot beside a brace a dot, and ends a brace that
// stands last, or before .*, at a dot or with the name: layer.{0..1} and
// layer.{0..1}.* do not take layer.10.
func dotsBesideBraces(text string) string {
	const partEnd = `(?:\.|$)`
	var out strings.Builder
	for at := 0; ; {
		b, ok, err := nextBrace(text, at)
		if err != nil || !ok {
			return out.String() + text[at:]
		}
		before := text[at:b.lo]
		if strings.HasSuffix(before, ".") && !strings.HasSuffix(before, `\.`) {
			before = before[:len(before)-1] + `\.`
		}
		out.WriteString(before + text[b.lo:b.hi])
		at = b.hi
		switch rest := text[at:]; {
		case rest == "", strings.HasPrefix(rest, ".*"), strings.HasPrefix(rest, ".+"):
			out.WriteString(partEnd)
		case rest[0] == '.':
			out.WriteString(`\.`)
			at++
		}
	}
}

// blankBraces blanks our braces out, keeping every offset, so that what is
// left can be judged as a regular expression.
func blankBraces(text string) string {
	b := []byte(text)
	for at := 0; ; {
		br, ok, err := nextBrace(text, at)
		if err != nil || !ok {
			return string(b)
		}
		for i := br.lo; i < br.hi; i++ {
			b[i] = 'x'
		}
		at = br.hi
	}
}
