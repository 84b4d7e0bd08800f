package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

const (
	// maxUnpacked bounds the memory for a compressed archive, maxEntries the
	// index of any.
	maxUnpacked = 4 << 30
	maxEntries  = 1 << 22
)

// tarFS is a tar archive as a file system: an index of where its files are.
// Entries that are neither folders nor regular files are left out. It is safe
// for concurrent use.
type tarFS struct{ nodes map[string]*tarNode }

// tarNode is a file or a folder; it describes itself.
type tarNode struct {
	name     string
	modified time.Time
	data     *io.SectionReader // nil for a folder
	children []fs.DirEntry
}

type seekable interface {
	io.ReadSeeker
	io.ReaderAt
}

// indexTar indexes an archive that stays where it is.
func indexTar(f seekable, size int64) (*tarFS, error) {
	return newTarFS(tar.NewReader(f), func(h *tar.Header, _ io.Reader) (*io.SectionReader, error) {
		for k := range h.PAXRecords {
			if strings.HasPrefix(k, "GNU.sparse.") {
				return nil, fmt.Errorf("%s is a sparse file, which is not supported", h.Name)
			}
		}
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if h.Size > size-at {
			return nil, fmt.Errorf("%s lies beyond the end: the archive is cut short", h.Name)
		}
		return io.NewSectionReader(f, at, h.Size), nil
	})
}

// readTar reads an archive of at most so many bytes into memory.
func readTar(r io.Reader, limit int64) (*tarFS, error) {
	return newTarFS(tar.NewReader(r), func(h *tar.Header, data io.Reader) (*io.SectionReader, error) {
		if limit -= h.Size; limit < 0 {
			return nil, fmt.Errorf("unpacked it needs too much memory; extract it, or repack it as .tar without compression")
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, data); err != nil {
			return nil, err
		}
		return io.NewSectionReader(bytes.NewReader(b.Bytes()), 0, int64(b.Len())), nil
	})
}

func newTarFS(r *tar.Reader, locate func(*tar.Header, io.Reader) (*io.SectionReader, error)) (*tarFS, error) {
	t := &tarFS{nodes: map[string]*tarNode{".": {name: "."}}}
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		name := path.Clean(h.Name)
		if !fs.ValidPath(name) {
			return nil, fmt.Errorf("it has a file %q outside of itself", h.Name)
		}
		if len(t.nodes) >= maxEntries {
			return nil, fmt.Errorf("it has more than %d entries", maxEntries)
		}
		n := &tarNode{name: path.Base(name), modified: h.ModTime}
		switch h.Typeflag {
		case tar.TypeDir:
		case tar.TypeReg:
			if n.data, err = locate(h, r); err != nil {
				return nil, err
			}
		case tar.TypeGNUSparse:
			return nil, fmt.Errorf("%s is a sparse file, which is not supported", h.Name)
		default:
			continue
		}
		if err := t.add(name, n); err != nil {
			return nil, err
		}
	}
	t.link()
	return t, nil
}

// add puts a node at name, and the folders above it. A later file replaces an
// earlier one, as when extracting.
func (t *tarFS) add(name string, n *tarNode) error {
	old, ok := t.nodes[name]
	if ok && old.IsDir() != n.IsDir() {
		return fmt.Errorf("%s is both a file and a folder", name)
	}
	if !ok || !n.IsDir() {
		t.nodes[name] = n
	}
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		above, ok := t.nodes[dir]
		if ok {
			if !above.IsDir() {
				return fmt.Errorf("%s is both a file and a folder", dir)
			}
			return nil
		}
		t.nodes[dir] = &tarNode{name: path.Base(dir)}
	}
}

// link lists the folders' children.
func (t *tarFS) link() {
	for name, n := range t.nodes {
		if name != "." {
			above := t.nodes[path.Dir(name)]
			above.children = append(above.children, fs.FileInfoToDirEntry(n))
		}
	}
	for _, n := range t.nodes {
		slices.SortFunc(n.children, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
}

func (t *tarFS) find(op, name string) (*tarNode, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n, ok := t.nodes[name]
	if !ok {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open implements fs.FS.
func (t *tarFS) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return &tarDir{tarNode: n}, nil
	}
	return &tarFile{io.NewSectionReader(n.data, 0, n.data.Size()), n}, nil
}

// Stat implements fs.StatFS.
func (t *tarFS) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// ReadDir implements fs.ReadDirFS.
func (t *tarFS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err == nil && !n.IsDir() {
		err = &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a folder")}
	}
	if err != nil {
		return nil, err
	}
	return slices.Clone(n.children), nil
}

// The node as fs.FileInfo.

func (n *tarNode) Name() string       { return n.name }
func (n *tarNode) IsDir() bool        { return n.data == nil }
func (n *tarNode) ModTime() time.Time { return n.modified }
func (n *tarNode) Sys() any           { return nil }

func (n *tarNode) Size() int64 {
	if n.data == nil {
		return 0
	}
	return n.data.Size()
}

func (n *tarNode) Mode() fs.FileMode {
	if n.IsDir() {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type tarFile struct {
	*io.SectionReader
	node *tarNode
}

func (f *tarFile) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *tarFile) Close() error               { return nil }

type tarDir struct {
	*tarNode
	at int
}

func (d *tarDir) Stat() (fs.FileInfo, error) { return d.tarNode, nil }
func (d *tarDir) Close() error               { return nil }

func (d *tarDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a folder")}
}

func (d *tarDir) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := d.children[d.at:]
	if n > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(n, len(rest))]
	}
	d.at += len(rest)
	return slices.Clone(rest), nil
}
