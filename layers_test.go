package thaw_test

import (
	"fmt"

	"github.com/thaw-go/thaw/param"
)

// layers is a model of four layers.
func layers() []param.Info {
	var out []param.Info
	for i := range 4 {
		m := fmt.Sprintf("model.layer.%d", i)
		out = append(out, param.Info{Name: m + ".weight", Module: m, Block: i, BlockName: m, Shape: []int{2, 2}},
			param.Info{Name: m + ".bias", Module: m, Block: i, BlockName: m, Shape: []int{2}})
	}
	return out
}
