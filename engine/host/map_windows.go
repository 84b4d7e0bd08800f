package host

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// mapMemory takes n bytes, zeroed and aligned to a page, from the system.
func mapMemory(n int64) ([]byte, error) {
	addr, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	// The address is the system's, not the Go heap's, so the number may become
	// a pointer; vet cannot know that.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), n), nil
}

func unmapMemory(b []byte) error {
	return windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, windows.MEM_RELEASE)
}
