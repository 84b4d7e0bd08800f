//go:build !amd64

package asm

// Available are the instruction sets that there are kernels for: none here.
func Available() []ISA { return nil }
