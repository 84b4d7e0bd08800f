package phase

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// field is {name} or {name:format} in a checkpoint's file name.
var field = regexp.MustCompile(`\{([^{}:]*)(?::([^{}]*))?\}`)

// verb is what a field's format may be: Python's, as far as numbers need it.
var verb = regexp.MustCompile(`^(0?)(\d{0,2})(?:\.(\d{1,2}))?([dfeg]?)$`)

func checkFilename(pattern string) error {
	for _, f := range field.FindAllStringSubmatch(pattern, -1) {
		if f[1] == "" {
			return fault("write {epoch}, {step} or {val_loss:.2f}", "checkpoint: filename %q has a field without a name", pattern)
		}
		if !verb.MatchString(f[2]) {
			return fault("use formats such as 02d or .2f", "checkpoint: filename %q: cannot format %s as %q", pattern, f[1], f[2])
		}
	}
	if strings.ContainsAny(field.ReplaceAllString(pattern, ""), "{}") {
		return fmt.Errorf("checkpoint: filename %q has a brace without its partner", pattern)
	}
	return nil
}

// fileName fills a pattern in: "{epoch}-{val_loss:.2f}" becomes
// "epoch=3-val_loss=0.25", as Lightning names its files. A metric that was not
// logged is 0.
func (m *Machine) fileName(pattern string) string {
	if pattern == "" {
		pattern = "{epoch}-{step}"
	}
	return field.ReplaceAllStringFunc(pattern, func(f string) string {
		parts := field.FindStringSubmatch(f)
		name, format := parts[1], parts[2]
		switch name {
		case "epoch":
			return name + "=" + formatNumber(float64(m.st.Epoch), format, true)
		case "step":
			return name + "=" + formatNumber(float64(m.st.Step), format, true)
		default:
			v, ok := m.st.Metrics[name]
			return name + "=" + formatNumber(float64(v), format, !ok)
		}
	})
}

func formatNumber(v float64, format string, whole bool) string {
	f := verb.FindStringSubmatch(format)
	zero, width, prec, kind := f[1], f[2], f[3], f[4]
	if kind == "" {
		switch {
		case whole && prec == "":
			kind = "d"
		case prec == "":
			return pad(strconv.FormatFloat(v, 'g', -1, 32), zero, width)
		default:
			kind = "g"
		}
	}
	if kind == "d" {
		return pad(strconv.FormatInt(int64(v), 10), zero, width)
	}
	p := 6
	if prec != "" {
		p, _ = strconv.Atoi(prec)
	}
	return pad(strconv.FormatFloat(v, kind[0], p, 64), zero, width)
}

func pad(s, zero, width string) string {
	w, _ := strconv.Atoi(width)
	fill := " "
	if zero != "" {
		fill = "0"
	}
	return strings.Repeat(fill, max(min(w, 64)-len(s), 0)) + s
}
