package safetensors

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Save writes a file at path: under a temporary name beside it, made durable,
// then renamed, so that at every instant path holds the old weights or the new
// ones. After an error what was there before still is.
func Save(path string, metadata map[string]string, entries []Entry) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	err = errors.Join(fill(f, metadata, entries), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("saving %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("saving %s: %w", path, err)
	}
	return nil
}

func fill(f *os.File, metadata map[string]string, entries []Entry) error {
	w := bufio.NewWriterSize(f, 1<<20)
	if err := Write(w, metadata, entries); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil && runtime.GOOS != "windows" {
		return err
	}
	return f.Sync()
}

// syncDir makes the renaming durable. Windows cannot sync a directory and
// needs not.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
