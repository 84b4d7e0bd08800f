package asm

import "unsafe"

// Grid is rows of elements in up to six arrays, which a kernel walks together.
// What the arrays and the numbers are, each kernel says.
type Grid struct {
	P [6]unsafe.Pointer
	// Step lies between the rows; with 0 a row is used again and again.
	Step [6]int
	// Rows and Cols are at least 1.
	Rows, Cols int
	F          [10]float32
}
