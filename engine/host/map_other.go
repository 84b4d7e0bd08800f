//go:build !unix && !windows

package host

import "unsafe"

// mapMemory takes n bytes, aligned to 64, from the Go heap: this system has no
// other memory to give.
func mapMemory(n int64) ([]byte, error) {
	b := make([]byte, n+align)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % align
	return b[skip : int64(skip)+n], nil
}

func unmapMemory([]byte) error { return nil }
