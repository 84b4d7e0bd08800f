package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/tree"
)

// The numbers of YAML 1.2's core schema (1e-06 is one, unlike in PyYAML), with
// YAML 1.1's underscores. A leading zero is ambiguous, octal in 1.1 and decimal
// in 1.2, so such a value stays a text and cannot be taken for a number.
var (
	decimalForm = regexp.MustCompile(`^[-+]?(0|[1-9](_?[0-9])*)$`)
	basedForm   = regexp.MustCompile(`^[-+]?0(o[0-7_]+|x[0-9a-fA-F_]+|b[01_]+)$`)
	floatForm   = regexp.MustCompile(`^[-+]?(\.[0-9]+|(0|[1-9](_?[0-9])*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// resolve gives out the kind and value of a plain scalar.
func resolve(out *tree.Node, text string) {
	out.Text, out.Kind = text, tree.String
	switch text {
	case "", "~", "null", "Null", "NULL":
		out.Kind = tree.Null
	case "true", "True", "TRUE":
		out.Kind, out.Bool = tree.Bool, true
	case "false", "False", "FALSE":
		out.Kind = tree.Bool
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		out.Kind, out.Float = tree.Float, math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		out.Kind, out.Float = tree.Float, math.Inf(-1)
	case ".nan", ".NaN", ".NAN":
		out.Kind, out.Float = tree.Float, math.NaN()
	default:
		number(out, text)
	}
}

func number(out *tree.Node, text string) {
	digits := strings.ReplaceAll(text, "_", "")
	base := 10
	switch {
	case decimalForm.MatchString(text):
	case basedForm.MatchString(text):
		base = 0 // ParseInt reads the prefix
	case floatForm.MatchString(text):
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			out.Kind, out.Float = tree.Float, f
		}
		return
	default:
		return
	}
	if i, err := strconv.ParseInt(digits, base, 64); err == nil {
		out.Kind, out.Int, out.Float = tree.Int, i, float64(i)
	} else if f, err := strconv.ParseFloat(digits, 64); err == nil {
		out.Kind, out.Float = tree.Float, f
	}
}

// Number reads a number.
func Number(n *tree.Node) (float64, bool) {
	if n.Kind == tree.Int || n.Kind == tree.Float {
		return n.Float, true
	}
	return 0, false
}

// maxExact bounds the whole numbers that a float64 holds exactly.
const maxExact = 1 << 53

// Integer reads a whole number; 3.0 is one, 1_000 too.
func Integer(n *tree.Node) (int64, bool) {
	if n.Kind == tree.Int {
		return n.Int, true
	}
	if n.Kind == tree.Float && n.Float == math.Trunc(n.Float) && math.Abs(n.Float) <= maxExact {
		return int64(n.Float), true
	}
	return 0, false
}

// Truth reads true and false, and also the yes, no, on and off that YAML 1.1
// takes for them.
func Truth(n *tree.Node) (value, ok bool) {
	if n.Kind == tree.Bool {
		return n.Bool, true
	}
	if n.Kind == tree.String && !n.Quoted {
		switch strings.ToLower(n.Text) {
		case "yes", "on":
			return true, true
		case "no", "off":
			return false, true
		}
	}
	return false, false
}
