package schedule

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// FileName is the name under which a run keeps the schedule of a task class.
func FileName(class string) string { return class + "_ft_schedule.yaml" }

// YAML writes the schedule as finetuning-scheduler dumps its own: block style,
// integer keys, sorted keys within a phase. Parsing it gives the schedule back.
func (s *Schedule) YAML() string {
	var b strings.Builder
	for _, ph := range s.Phases {
		fmt.Fprintf(&b, "%d:\n", ph.Key)
		writeMap(&b, "  ", ph.fields())
	}
	return b.String()
}

// fields are the keys of a phase that differ from their defaults.
func (ph PhaseSpec) fields() map[string]any {
	names := make([]any, len(ph.Params))
	for i, e := range ph.Params {
		names[i] = e.Text
	}
	m := map[string]any{"params": names}
	if ph.LR != nil {
		m["lr"] = *ph.LR
	}
	if ph.MaxTransitionEpoch != nil {
		m["max_transition_epoch"] = *ph.MaxTransitionEpoch
	}
	if ph.NewLRScheduler != nil {
		m["new_lr_scheduler"] = ph.NewLRScheduler.fields()
	}
	if ph.NewOptimizer != nil {
		m["new_optimizer"] = map[string]any{"optimizer_init": specFields(*ph.NewOptimizer)}
	}
	return m
}

func specFields(s registry.Spec) map[string]any {
	m := map[string]any{"class_path": s.Name}
	if len(s.Args) > 0 {
		m["init_args"] = map[string]any(s.Args)
	}
	return m
}

func (r *Reinit) fields() map[string]any {
	m := map[string]any{"lr_scheduler_init": specFields(r.Spec)}
	cfg := map[string]any{}
	if r.Interval != "" {
		cfg["interval"] = r.Interval
	}
	if r.Frequency != 0 {
		cfg["frequency"] = r.Frequency
	}
	if r.Monitor != "" {
		cfg["monitor"] = r.Monitor
	}
	if r.Name != "" {
		cfg["name"] = r.Name
	}
	if r.Lenient {
		cfg["strict"] = false
	}
	if len(cfg) > 0 {
		m["pl_lrs_cfg"] = cfg
	}
	if r.InitPGLRs != nil {
		lrs := make([]any, len(r.InitPGLRs))
		for i, v := range r.InitPGLRs {
			lrs[i] = v
		}
		m["init_pg_lrs"] = lrs
	}
	if r.UseCurrentLRs {
		m["use_current_optimizer_pg_lrs"] = true
	}
	return m
}

func writeMap(b *strings.Builder, indent string, m map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b.WriteString(indent + scalar(k) + ":")
		writeValue(b, indent, m[k])
	}
}

// writeValue writes what follows "key:"; indent is that of the key.
func writeValue(b *strings.Builder, indent string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteString("\n")
		writeMap(b, indent+"  ", v)
	case []any:
		if len(v) == 0 {
			b.WriteString(" []\n")
			return
		}
		b.WriteString("\n")
		for _, it := range v {
			writeItem(b, indent, it)
		}
	default:
		b.WriteString(" " + scalar(v) + "\n")
	}
}

// writeItem writes "- value"; mappings and lists within a list in flow style,
// which every value can take.
func writeItem(b *strings.Builder, indent string, v any) {
	text := flow(v)
	if s, ok := v.(string); ok {
		text = stringText(s)
	}
	b.WriteString(indent + "- " + text + "\n")
}

func flow(v any) string {
	switch v := v.(type) {
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, flowScalar(k)+": "+flow(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, it := range v {
			parts[i] = flow(it)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return flowScalar(v)
	default:
		return scalar(v)
	}
}

// flowScalar quotes a string, since commas and brackets end plain ones.
func flowScalar(s string) string {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff {
			return doubleQuoted(s)
		}
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case string:
		return stringText(v)
	default:
		return stringText(fmt.Sprint(v))
	}
}

// floatText writes a float so that YAML 1.1 and 1.2 read it as one.
func floatText(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return ".inf"
	case math.IsInf(v, -1):
		return "-.inf"
	case math.IsNaN(v):
		return ".nan"
	}
	if a := math.Abs(v); a == 0 || a >= 1e-4 && a < 1e16 {
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(v, 'e', -1, 64)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

// stringText writes a string plainly where every YAML reader takes it for one.
func stringText(s string) string {
	if plain(s) {
		return s
	}
	return flowScalar(s)
}

func plain(s string) bool {
	if s == "" || strings.ContainsAny(s[:1], "-?:,[]{}#&*!|>'\"%@` =<.~+0123456789") || strings.HasSuffix(s, " ") || strings.HasSuffix(s, ":") {
		return false
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return false
	}
	for i, r := range s {
		if r < ' ' || r > '~' || r == '#' && s[i-1] == ' ' || r == ':' && i+1 < len(s) && s[i+1] == ' ' {
			return false
		}
	}
	return true
}

func doubleQuoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == 0x85:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r == 0x2028 || r == 0x2029 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
