package asm

import "unsafe"

// Dropout keeps an element of X where the word of Philox4x32-10 for its place is
// at least Threshold. A call covers Blocks blocks of 4·Width elements, of which
// the first four have the words of the counter's block.
type Dropout struct {
	X, Y                 unsafe.Pointer
	Blocks               int
	Counter, CounterHigh uint32
	ID, IDHigh           uint32
	Key, KeyHigh         uint32
	Threshold            uint32
	Scale                float32
}

// MaxPool finds maxima of windows. Column j of row i sees, for each tap, the
// element Offsets[tap] bytes behind X + i·XStep + 4·j; its place is
// RowPlace[i] + Columns[j] + Places[tap], and where no element is larger than
// −∞ the place is RowFirst[i] + Firsts[j].
type MaxPool struct {
	X, Y, Pos          unsafe.Pointer // Pos to int32
	Columns, Firsts    unsafe.Pointer // *int32, by column
	RowPlace, RowFirst unsafe.Pointer // *int32, by row; moved on
	Offsets            unsafe.Pointer // *int64, by tap
	Places             unsafe.Pointer // *int32, by tap
	Taps, Rows, Cols   int
	XStep, YStep       int // bytes from row to row; YStep of Pos, too
}
