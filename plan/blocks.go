package plan

import (
	"strings"

	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
)

// blocksOf divides the model into its blocks, or, where it names none, into the
// parts of its modules' paths.
func blocksOf(c phase.Config) []Block {
	params := c.Plan.Params()
	phases := c.Plan.Len()
	at := map[string]int{}
	for i := phases - 1; i >= 0; i-- {
		for _, n := range c.Trained(i) {
			at[n] = i
		}
	}
	var out []Block
	index := map[string]int{}
	for _, p := range params {
		name := blockOf(p)
		k, ok := index[name]
		if !ok {
			k = len(out)
			index[name] = k
			out = append(out, Block{Name: name, ByPhase: make([]int, phases+1)})
		}
		i, scheduled := at[p.Name]
		if !scheduled {
			i = phases
		}
		out[k].Parameters += p.Len()
		out[k].ByPhase[i] += p.Len()
	}
	return out
}

// blockOf names the part of the model that a parameter belongs to. Without
// blocks it is the module's path, up to the first number in it: layer.3 of
// model.encoder.layer.3.attention.
func blockOf(p param.Info) string {
	if p.BlockName != "" {
		return p.BlockName
	}
	path := p.Module
	if path == "" {
		path = p.Name[:max(strings.LastIndexByte(p.Name, '.'), 0)]
	}
	parts := strings.Split(path, ".")
	for i, s := range parts {
		if i > 0 && s != "" && strings.Trim(s, "0123456789") == "" {
			return strings.Join(parts[:i+1], ".")
		}
	}
	return path
}

// frontier is the first block with a trained parameter, and its number.
func frontier(params []param.Info, blocks []Block, trained map[string]bool) (string, int) {
	first := len(blocks)
	index := map[string]int{}
	for i, b := range blocks {
		index[b.Name] = i
	}
	for _, p := range params {
		if trained[p.Name] {
			first = min(first, index[blockOf(p)])
		}
	}
	if first == len(blocks) {
		return "", first
	}
	return blocks[first].Name, first
}
