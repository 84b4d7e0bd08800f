// Command gen writes the assembly kernels of ../asm, their declarations, and
// the methods of asm.ISA that choose between them. It is plain printing: a
// kernel is a function that prints its instructions, for either width of vector.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for name, text := range files() {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// files are the generated files of the package asm by name.
func files() map[string][]byte {
	var all sources
	for _, x := range []*isa{avx512, avx2} {
		all.begin(x, "gemm")
		gemm(&all)
		all.begin(x, "pack")
		packs(&all)
		all.begin(x, "peak")
		peak(&all)
		all.begin(x, "map")
		unaries(&all)
		gradients(&all)
		binaries(&all)
		all.begin(x, "norm")
		reductions(&all)
		columns(&all)
		affines(&all)
		layerNorms(&all)
		softmaxes(&all)
		all.begin(x, "winograd")
		winograd(&all)
		halves(&all)
		all.begin(x, "train")
		updates(&all)
		dropouts(&all)
		maxPools(&all)
	}
	return all.render()
}
