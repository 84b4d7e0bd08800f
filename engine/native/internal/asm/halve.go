package asm

import "unsafe"

// Halve is the argument that parts rows: their elements 0, 2, … are written to
// one place, and 1, 3, … to another.
type Halve struct {
	Src unsafe.Pointer
	Dst [2]unsafe.Pointer // by rest; Keep[i] of them are written
	// Cols elements are in a row.
	Cols int
	Keep [2]int
	// Rows of a plane, at least 1, and what lies between them.
	Rows           int
	SrcRow, DstRow int
	// Planes, at least 1, and what lies between their beginnings.
	Planes             int
	SrcPlane, DstPlane int
}
