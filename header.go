package thaw

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/engine/shape"
	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// header is what a weight file's header tells of a model.
type header struct {
	params []param.Info
	shapes map[string][]int // by names without the task's prefix
}

// openHeader opens a weight file, the one in a folder, or that of some checkpoint
// in a run's folder: all have the same names and shapes.
func openHeader(path string) (*safetensors.File, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return safetensors.Open(path)
	}
	kept, err := filepath.Glob(filepath.Join(trainer.CheckpointDir(path), "*", trainer.WeightsFile))
	if err == nil && len(kept) > 0 {
		return safetensors.Open(kept[0])
	}
	return safetensors.OpenDir(path)
}

// readHeader reads the header of what openHeader finds.
func readHeader(path string) (*header, error) {
	f, err := openHeader(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := &header{shapes: map[string][]int{}}
	all := f.Tensors()
	prefix := task.Prefix
	if !slices.ContainsFunc(all, func(t safetensors.Tensor) bool { return !strings.HasPrefix(t.Name, prefix) }) {
		prefix = ""
	}
	for _, t := range all {
		name := prefix + t.Name
		h.shapes[strings.TrimPrefix(name, task.Prefix)] = t.Shape
		h.params = append(h.params, param.Info{
			Name: name, Shape: t.Shape, DType: strings.ToLower(t.DType.String()), Block: -1,
			Module: name[:max(strings.LastIndexByte(name, '.'), 0)],
		})
	}
	slices.SortStableFunc(h.params, func(a, b param.Info) int { return byNumbers(a.Name, b.Name) })
	h.recognise()
	h.cut()
	return h, nil
}

// recognise tells buffers and batch norms by their names, which are torch's.
func (h *header) recognise() {
	for i := range h.params {
		p := &h.params[i]
		_, norm := h.shapes[strings.TrimPrefix(p.Module, task.Prefix)+".running_mean"]
		if !norm {
			continue
		}
		p.Kind = "BatchNorm"
		switch p.Name[len(p.Module)+1:] {
		case "running_mean", "running_var", "num_batches_tracked":
			p.Buffer = true
		}
	}
}

// cut finds the blocks: a numbered module up to its first number, such as
// encoder.layer.5, or the shortest module that holds no numbered one.
func (h *header) cut() {
	numbered := map[string]bool{} // and what they lie in
	for _, p := range h.params {
		parts := strings.Split(p.Module, ".")
		if n := slices.IndexFunc(parts, isNumber); n >= 0 {
			for i := range n {
				numbered[strings.Join(parts[:i+1], ".")] = true
			}
		}
	}
	index := map[string]int{}
	for i := range h.params {
		p := &h.params[i]
		parts := strings.Split(p.Module, ".")
		n := 1
		for n < len(parts) && numbered[strings.Join(parts[:n], ".")] && !isNumber(parts[n-1]) {
			n++
		}
		p.BlockName = strings.Join(parts[:n], ".")
		if _, ok := index[p.BlockName]; !ok {
			index[p.BlockName] = len(index)
		}
		p.Block = index[p.BlockName]
		p.BlockName = strings.TrimPrefix(p.BlockName, task.Prefix)
	}
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// rows counts the rows of a module's weight: the classes of a head; 0 where
// there is none.
func (h *header) rows(module string) int {
	if s := h.shapes[module+".weight"]; len(s) > 0 {
		return s[0]
	}
	return 0
}

// architecture names the model whose parameters have these names and shapes;
// "" for none.
func (h *header) architecture(c Components) string {
	for _, e := range c.Models.Entries() {
		m := e.Value
		classes := h.rows(m.Head)
		if m.New == nil || classes == 0 {
			continue
		}
		for _, channels := range []int{3, 1} {
			s := nn.NewScope(nn.Config{Engine: shape.New(shape.Options{}), Lazy: true})
			net := m.New(s, model.Config{Channels: channels, Classes: classes})
			if net.Err() == nil && h.holds(net.Params()) {
				return e.Name
			}
		}
	}
	return ""
}

// holds tells a network whose trainable parameters are all in the file, and the
// other way round.
func (h *header) holds(ps *nn.Params) bool {
	n := 0
	for _, p := range ps.All() {
		shape, ok := h.shapes[p.Local()]
		if ok && !slices.Equal(shape, p.Shape) || !ok && !p.Buffer {
			return false
		}
		if ok {
			n++
		}
	}
	return n == len(h.shapes)
}

// byNumbers orders dotted names part by part, numbers by their value.
func byNumbers(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	return slices.CompareFunc(x, y, func(p, q string) int {
		i, errI := strconv.Atoi(p)
		j, errJ := strconv.Atoi(q)
		if errI == nil && errJ == nil {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(p, q)
	})
}
