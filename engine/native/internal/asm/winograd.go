package asm

import "unsafe"

// Winograd is the argument of the transforms of Winograd's minimal filtering
// F(2×2, 3×3) (Lavin and Gray, Fast Algorithms for Convolutional Neural
// Networks, 2016). A tile of 2×2 outputs sees 4×4 inputs; both, and a filter,
// are turned into 16 numbers, by which they meet: matrix ξ of 16 has the ξ-th
// number of all.
type Winograd struct {
	Src, Dst unsafe.Pointer
	// Count is how many channels are transformed, and SrcStep and DstStep lie
	// between them.
	Count            int
	SrcStep, DstStep int
	// Matrix lies between the 16 matrices.
	Matrix int
	// RowAt and ColAt are where the rows and columns of the tile at Src lie
	// (Input), or of the filter's (Filter), in bytes.
	RowAt, ColAt [4]int
	// Pieces are runs of tiles that lie side by side, at most as many as a vector
	// has elements, and how many there are.
	Pieces     unsafe.Pointer // *TileRun
	PieceCount int
	// Bias is added by channel (Output); nil: none.
	Bias unsafe.Pointer
	// Row lies between the rows of outputs (Output).
	Row int
}

// TileRun is a run of tiles: where it begins, in bytes from the beginning of Src
// and Dst. Of an Output, Cols is the number of columns that there are of its
// tiles, and Rows of rows, 1 or 2.
type TileRun struct {
	Src, Dst, Cols, Rows int
}
