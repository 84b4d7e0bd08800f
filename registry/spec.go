package registry

// Args are a component's named arguments as decoded from YAML, JSON or Go:
// bool, int, int64, float64, string, nil, []any and map[string]any. Numbers may
// also arrive as strings, because YAML 1.1 reads 1e-06 as one; consumers accept
// both.
type Args map[string]any

// Spec names a component and its arguments: the data form of everything that
// can be chosen by string, [name, args] or {class_path, init_args}.
type Spec struct {
	Name string
	Args Args
	// Value is a component made in Go, in place of what the name finds; nil in
	// data.
	Value any
	// Pos says where the spec was written ("file.yaml:3:5"); empty in Go.
	Pos string
}
