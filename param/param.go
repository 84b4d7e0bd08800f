// Package param is what the core knows of a model: the names, shapes and
// places of its parameters. It knows no tensors.
package param

// Info describes one entry of a model's state dict.
type Info struct {
	// Name is the dotted name, as in the weight file, with the task's prefix
	// ("model.layer1.0.conv1.weight").
	Name string
	// Shape holds the sizes, outermost first; empty for a scalar.
	Shape []int
	// DType is the storage type: "f32", "f64", "bf16", "i64", ….
	DType string
	// Buffer marks state that no optimizer trains, such as BatchNorm's running
	// statistics.
	Buffer bool
	// SharedWith is the first name of a tied parameter, empty where Name is the
	// first. A tied copy is never scheduled on its own.
	SharedWith string
	// Block is the index of the model's block that owns the parameter, counted
	// from the input; -1 where the model has no blocks.
	Block int
	// BlockName is that block's name ("layer1.0"), empty where there is none.
	BlockName string
	// Module is the dotted path of the owning module ("model.layer1.0.bn1").
	Module string
	// Kind is the owning module's type: "Linear", "Conv2d", "BatchNorm2d",
	// "LayerNorm", "Embedding", ….
	Kind string
}

// Len is the number of elements.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// Trainable keeps the entries that an optimizer may own: no buffers, no tied
// copies, in registration order.
func Trainable(infos []Info) []Info {
	out := make([]Info, 0, len(infos))
	for _, i := range infos {
		if !i.Buffer && i.SharedWith == "" {
			out = append(out, i)
		}
	}
	return out
}
