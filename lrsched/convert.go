package lrsched

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// toFloat reads a finite number, which may be written as a string ("1e-06" is one in
// YAML 1.1). A strict float is not written as an integer.
func toFloat(v any, strict bool) (float64, error) {
	if n, ok := v.(json.Number); ok {
		if v = n.String(); !strings.ContainsAny(n.String(), ".eE") {
			v, _ = n.Int64()
		}
	}
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("want a finite number, got %v", v)
		}
		return v, nil
	case float32:
		return toFloat(float64(v), strict)
	case string:
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
			return toFloat(f, strict)
		}
		return 0, fmt.Errorf("want a number, got %q", v)
	}
	i, err := toInt(v, true)
	if err != nil || strict {
		return 0, fmt.Errorf("want a number%s, got %s", map[bool]string{true: " with a decimal point"}[strict], show(v))
	}
	return float64(i), nil
}

// toInt reads an integer. Unless strict, a whole float is one too.
func toInt(v any, strict bool) (int, error) {
	switch v := v.(type) {
	case json.Number:
		return toInt(v.String(), strict)
	case int:
		return v, nil
	case int64:
		return int(v), nil
	case uint64:
		if v <= math.MaxInt {
			return int(v), nil
		}
	case string:
		if i, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
			return i, nil
		}
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && !strict {
			return toInt(f, false)
		}
	case float64:
		if !strict && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int(v), nil
		}
	}
	return 0, fmt.Errorf("want an integer, got %s", show(v))
}

func toBool(v any) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, fmt.Errorf("want true or false, got %s", show(v))
}

func toString(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", fmt.Errorf("want text, got %s", show(v))
}

// toList reads a list; a single value is not one.
func toList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []float64:
		return anys(v), true
	case []int:
		return anys(v), true
	case []string:
		return anys(v), true
	}
	return nil, false
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// toMap reads a mapping with text keys.
func toMap(v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case Args:
		return v, true
	}
	return nil, false
}

// show writes a value into an error.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return strconv.Quote(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		return "a list"
	case map[string]any, Args:
		return "a mapping"
	}
	text := fmt.Sprint(v)
	if len(text) > 60 {
		text = text[:60] + "…"
	}
	return text
}
