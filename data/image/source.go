package image

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/thaw-go/thaw/diag"
)

// Source is where files come from: a folder, an archive, or any file system.
type Source struct {
	fs.FS
	name    string
	archive bool
	close   func() error
}

// NewSource makes a source of a file system, which errors call by name.
func NewSource(name string, fsys fs.FS) *Source { return &Source{FS: fsys, name: name, archive: true} }

// Open opens a folder, or a .zip, .tar or .tar.gz archive, which it knows by
// its content. Nothing is extracted: zip and tar archives are read where they
// are, compressed tar archives are held in memory.
func Open(name string) (*Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, diag.Finding{Pos: diag.Pos{File: name}, Message: "no such data: " + cause(err).Error(), Hint: "give the path of a folder, or of a .zip, .tar or .tar.gz archive"}
	}
	if info.IsDir() {
		return &Source{FS: os.DirFS(name), name: name}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening data: %w", err)
	}
	s := &Source{name: name, archive: true, close: f.Close}
	if err := s.openArchive(f, info.Size()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// cause is the error below the operation and path, which the message has.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func (s *Source) openArchive(f *os.File, size int64) error {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("opening data: %w", err)
	}
	head = head[:n]
	fail := func(err error) error {
		return diag.Finding{Pos: diag.Pos{File: s.name}, Message: "the archive cannot be read: " + err.Error(), Hint: "it may be damaged or an unfinished download; extracting it to a folder shows more"}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		z, err := zip.NewReader(f, size)
		if err != nil {
			return fail(err)
		}
		s.FS = z
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(f)
		if err != nil {
			return fail(err)
		}
		t, err := readTar(z, maxUnpacked)
		if err != nil {
			return fail(err)
		}
		s.FS = t
	case len(head) > 262 && string(head[257:262]) == "ustar", filepath.Ext(s.name) == ".tar":
		t, err := indexTar(f, size)
		if err != nil {
			return fail(err)
		}
		s.FS = t
	default:
		return diag.Finding{Pos: diag.Pos{File: s.name}, Message: "neither a folder nor a .zip, .tar or .tar.gz archive", Hint: "give the folder of the images, or such an archive of it"}
	}
	return nil
}

// Close closes an archive.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// Path is what errors call a file of the source.
func (s *Source) Path(name string) string {
	if name == "." {
		return s.name
	}
	if s.archive {
		return s.name + ":" + name
	}
	return filepath.Join(s.name, filepath.FromSlash(name))
}

// failf makes an error about a file of the source.
func (s *Source) failf(name, hint, format string, args ...any) error {
	return diag.Finding{Pos: diag.Pos{File: s.Path(name)}, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// base is the folder that has all others: archives often hold everything in
// one.
func (s *Source) base(names ...string) string {
	for _, n := range names {
		if s.isDir(n) {
			return "."
		}
	}
	entries, err := fs.ReadDir(s.FS, ".")
	if err != nil {
		return "."
	}
	only := ""
	for _, e := range entries {
		if hidden(e.Name()) || !s.isDir(e.Name()) {
			continue
		}
		if only != "" {
			return "."
		}
		only = e.Name()
	}
	for _, n := range names {
		if only != "" && s.isDir(path.Join(only, n)) {
			return only
		}
	}
	return "."
}

func (s *Source) isDir(name string) bool {
	info, err := fs.Stat(s.FS, name)
	return err == nil && info.IsDir()
}

// hidden files are those of file managers and archivers, no data.
func hidden(name string) bool { return name[0] == '.' || name == "__MACOSX" }

// maxFile is the most bytes that an image file may have.
const maxFile = 1 << 29

// read reads a file into buf, which grows if it is too small.
func (s *Source) read(buf []byte, name string) ([]byte, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return buf, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return buf, cause(err)
	}
	if info.Size() > maxFile {
		return buf, fmt.Errorf("the file has %d bytes, above the limit of %d", info.Size(), maxFile)
	}
	// One byte more than the size, so that the end is seen without growing.
	buf = sized(buf, int(min(info.Size(), 1<<20))+1)[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := f.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, cause(err)
		}
		if len(buf) > maxFile {
			return buf, fmt.Errorf("the file has more than %d bytes", maxFile)
		}
	}
}
