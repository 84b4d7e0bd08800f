package asm

import "unsafe"

// Grid is rows of elements in up to eight arrays, which a kernel walks together.
// What the arrays and the numbers are, each kernel says.
type Grid struct {
	P [8]unsafe.Pointer
	// Step lies between the rows; with 0 a row is used again and again.
	Step [8]int
	// Rows and Cols are at least 1.
	Rows, Cols int
	F          [10]float32
	// Sums are what kernels that add up find, in float64. Float32 carries no
	// more than a hundred terms or so.
	Sums [2]float64
}
