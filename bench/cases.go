package main

import (
	"fmt"
	"slices"

	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/rng"
)

// cases are those that the command line asks for; each family draws two more by
// the seed.
func (s *settings) cases() (chosen []*bout) {
	stream := rng.New(s.seed)
	for _, b := range slices.Concat(products(&stream, s.openBLAS), pictures(&stream), stacks(&stream), updates(&stream)) {
		if s.run.MatchString(b.name) {
			chosen = append(chosen, b)
		}
	}
	return chosen
}

// between draws from lo … hi.
func between(s *rng.Stream, lo, hi int) int { return lo + s.IntN(hi-lo+1) }

func products(s *rng.Stream, openBLAS string) (out []*bout) {
	var sizes []size
	for _, n := range []int{512, 1024, 2048} {
		sizes = append(sizes, size{n, n, n, false, false}, size{n, n, n, false, true}, size{n, n, n, true, false})
	}
	for range 2 {
		sizes = append(sizes, size{between(s, 200, 1500), between(s, 200, 1500), between(s, 200, 1500), s.IntN(2) == 1, s.IntN(2) == 1})
	}
	for _, z := range sizes {
		out = append(out, z.bout(openBLAS))
	}
	return out
}

// picture is a picture model of the catalog and the rival's name for it.
func picture(name string, batch, side int) training {
	return training{
		model: name, input: []int{batch, 3, side, side}, classes: 10,
		build: func(s *nn.Scope, c training) *nn.Network {
			if name == "resnet20" {
				return model.NewCIFARResNet(s, model.CIFARResNetConfig{Blocks: 3, Channels: 3, Classes: c.classes})
			}
			return model.NewResNet(s, model.ResNetConfig{Layers: [4]int{2, 2, 2, 2}, Channels: 3, Classes: c.classes})
		},
	}
}

func pictures(s *rng.Stream) (out []*bout) {
	for _, c := range []training{
		picture("resnet18", 16, 32), picture("resnet18", 8, 224), picture("resnet20", 128, 32),
		picture("resnet18", between(s, 4, 16), between(s, 4, 12)*8), picture("resnet20", between(s, 16, 128), between(s, 6, 12)*4),
	} {
		out = append(out, c.bouts("pictures", fmt.Sprintf("%s %d×3×%d×%d", c.model, c.input[0], c.input[2], c.input[3]))...)
	}
	return out
}

// bouts are the full training and that of the head alone.
func (c training) bouts(family, name string) []*bout {
	full := c.bout(family, name+" full")
	c.head = true
	return []*bout{full, c.bout(family, name+" head")}
}

func stacks(s *rng.Stream) (out []*bout) {
	stack := func(layers, heads, batch, length, width int) training {
		return training{model: "blocks", input: []int{batch, length, width}, classes: 4, layers: layers, heads: heads, build: newBlocks}
	}
	heads := between(s, 2, 6)
	for _, c := range []training{
		stack(4, 4, 8, 128, 256),
		stack(between(s, 2, 4), heads, between(s, 2, 8), between(s, 30, 200), 64*heads),
		stack(2, 4, between(s, 2, 8), between(s, 30, 200), 4*between(s, 40, 80)),
	} {
		out = append(out, c.bouts("blocks", fmt.Sprintf("blocks %d×%d, seq %d, batch %d", c.layers, c.input[2], c.input[1], c.input[0]))...)
	}
	return out
}

func updates(s *rng.Stream) (out []*bout) {
	// Most parameters of a network are large, most tensors are small.
	network := func(total int) (sizes []int) {
		for n := total / 8; total > 0; total -= sizes[len(sizes)-1] {
			sizes = append(sizes, min(n, total))
			if len(sizes)%2 == 0 {
				sizes = append(sizes, min(max(between(s, 16, 1024), 1), max(total-sizes[len(sizes)-1], 1)))
				total -= sizes[len(sizes)-2]
			}
		}
		return sizes
	}
	for _, million := range []int{30, between(s, 1, 5), between(s, 6, 20)} {
		out = append(out, updateBout(fmt.Sprintf("AdamW, %d M parameters", million), network(million*1e6)))
	}
	return out
}
