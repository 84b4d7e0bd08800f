package asm

import "unsafe"

// Tile is a strip of tiles of a matrix product: C = Alpha·A·B + bias + Beta·C
// for some panels of A, one below the other, with one panel of B. A panel of A
// is, for each k, the elements of its rows side by side; one of B is, for each
// k, one vector or two of columns. Each element is one sum over k in ascending
// order, so that its bits do not depend on how a matrix is cut into tiles.
type Tile struct {
	A, B, C unsafe.Pointer
	// Next is memory that will be wanted soon; any address will do.
	Next unsafe.Pointer
	// ColBias is added by column, RowBias by row; nil: neither.
	ColBias, RowBias unsafe.Pointer
	// K is the depth, at least 1.
	K int
	// Rows of each panel of A, at most ISA.Rows.
	Rows int
	// Panels of A.
	Panels int
	// Cols that C has, at most two vectors.
	Cols int
	// AStep and BStep lie between one k and the next, APanel between panels.
	AStep, APanel, BStep int
	// CRow lies between the rows of C.
	CRow int
	// Alpha times the product; Beta times the old C, which is not read where
	// Beta is zero.
	Alpha, Beta float32
}

// Pack copies panels into the layout that Tile wants.
type Pack struct {
	Dst, Src unsafe.Pointer
	// Offsets are where rows begin, counted from Src: of Turn as many as a vector
	// has elements (repeat a row where there are fewer), of Gather one for each k.
	Offsets unsafe.Pointer // *int64
	// K is the depth (of Turn: of one run), at least 1.
	K int
	// Cols of a copied row, at most two vectors; the rest is zeroed.
	Cols int
	// More panels lie beside the first, Cols from one to the next in the source
	// and Panel bytes in Dst (Copy).
	More, Panel int
	// Step lies between the source's rows (Copy), or between its runs (Turn).
	Step int
	// Runs of K elements are joined into a long row (Turn).
	Runs int
	// DstStep lies between one k and the next.
	DstStep int
	// Pieces of each row, and how many there are (Gather).
	Pieces     unsafe.Pointer // *Piece
	PieceCount int
}

// Piece is a part of each row that Gather copies: one or two whole vectors from
// Src on to Dst on, of which only the beginning need be wanted: pieces follow
// one another in ascending order of Dst, and the later one counts.
type Piece struct {
	Src, Dst, Vectors int
}
