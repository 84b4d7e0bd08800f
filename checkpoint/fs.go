package checkpoint

import (
	"io"
	"io/fs"
	"os"
	"runtime"
)

// FS is the little of a file system that checkpoints need. Tests replace it by
// one that fails or stops at a chosen operation.
type FS interface {
	MkdirAll(dir string) error
	Create(name string) (File, error)
	Open(name string) (io.ReadCloser, error)
	Rename(from, to string) error
	RemoveAll(name string) error
	// SyncDir makes the directory's entries durable.
	SyncDir(dir string) error
	ReadDir(dir string) ([]fs.DirEntry, error)
}

// File is a file being written.
type File interface {
	io.WriteCloser
	Sync() error
}

// OS is the machine's file system.
type OS struct{}

// MkdirAll implements FS.
func (OS) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o755) }

// Create implements FS.
func (OS) Create(name string) (File, error) { return os.Create(name) }

// Open implements FS.
func (OS) Open(name string) (io.ReadCloser, error) { return os.Open(name) }

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// RemoveAll implements FS.
func (OS) RemoveAll(name string) error { return os.RemoveAll(name) }

// ReadDir implements FS.
func (OS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// SyncDir implements FS. Windows cannot sync a directory and needs not.
func (OS) SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
