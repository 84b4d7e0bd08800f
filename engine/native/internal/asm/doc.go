// Package asm holds the assembly kernels of the native engine for amd64, each
// for AVX-512 and for AVX2 with FMA, and what they take. The .s files and their
// declarations are written by ../gen; edit that.
//
// A kernel takes one struct of pointers, counts and strides. Pointers are to
// float32 unless a field says otherwise, and need no alignment; strides are in
// bytes. Within a kernel subnormal numbers count as zero, as results too. Its
// frame is large enough that its prologue looks for a request to stop, so that a
// loop over calls keeps the garbage collector waiting for one call at most:
// callers see to it that a call takes no longer than about 50 µs.
package asm

//go:generate go run ../gen
