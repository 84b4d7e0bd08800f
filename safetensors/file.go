package safetensors

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// File is an open safetensors file, or the shards of a model seen as one. It
// is safe for concurrent use, Close excepted.
type File struct {
	name     string
	tensors  []Tensor
	index    map[string]int
	metadata map[string]string
	sources  []*source
}

// source is where a file's data are: in memory (mapped or given), or behind r.
type source struct {
	name  string
	data  []byte
	r     io.ReaderAt
	base  int64 // of the data section in r
	close func() error
}

// Tensor is one stored tensor of an open file.
type Tensor struct {
	Name  string
	DType DType
	Shape []int

	elements   int
	begin, end int64
	src        *source
}

// Len is the number of elements.
func (t Tensor) Len() int { return t.elements }

// Size is the number of bytes stored.
func (t Tensor) Size() int64 { return t.end - t.begin }

// File is the file that holds the tensor; of a sharded model, the shard.
func (t Tensor) File() string { return t.src.name }

// Open opens the file at path, mapped where the system allows. The mapping is
// private: slices that alias it may be written to, and the file stays as it is.
// A file that someone else truncates while it is open takes the process down,
// as with every mapping; [Save] and all tools that replace files by renaming
// are safe.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory: name the file in it, or open it with OpenDir", path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening weights: %w", err), f.Close())
	}
	if data, unmap, err := mapFile(f, info.Size()); err == nil {
		file, err := fromBytes(&source{name: path, data: data, close: unmap})
		return closing(f, unmap, file, err)
	}
	file, err := fromReader(&source{name: path, r: f, close: f.Close}, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file, nil
}

// closing ends the opening of a mapped file: the descriptor is not needed any
// more, and after an error the mapping neither.
func closing(f *os.File, unmap func() error, file *File, err error) (*File, error) {
	cerr := f.Close()
	if err == nil && cerr == nil {
		return file, nil
	}
	return nil, errors.Join(err, cerr, unmap())
}

// OpenFS opens a file of fsys. If it can be read at any offset it is, and
// otherwise it is read whole.
func OpenFS(fsys fs.FS, name string) (*File, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	if r, ok := f.(io.ReaderAt); ok {
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening weights: %w", err), f.Close())
		}
		file, err := fromReader(&source{name: name, r: r, close: f.Close}, info.Size())
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return file, nil
	}
	data, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading weights %s: %w", name, err)
	}
	return Parse(name, data)
}

// Parse opens a file that is in memory. It keeps data, and tensors alias it;
// name is what errors call it.
func Parse(name string, data []byte) (*File, error) {
	return fromBytes(&source{name: name, data: data})
}

// NewReader opens the size bytes behind r. Tensors are read when they are
// asked for; Close does not close r.
func NewReader(name string, r io.ReaderAt, size int64) (*File, error) {
	return fromReader(&source{name: name, r: r}, size)
}

func fromBytes(s *source) (*File, error) {
	n, err := headerLength(s.data[:min(lengthSize, len(s.data))], int64(len(s.data)))
	if err != nil {
		return nil, s.named(err)
	}
	h, err := parseHeader(s.data[lengthSize:lengthSize+n], int64(len(s.data))-lengthSize-n)
	if err != nil {
		return nil, s.named(err)
	}
	s.data = s.data[lengthSize+n:]
	return newFile(s, h), nil
}

func fromReader(s *source, size int64) (*File, error) {
	prefix := make([]byte, max(0, min(lengthSize, size)))
	if err := readFull(s.r, prefix, 0); err != nil {
		return nil, fmt.Errorf("reading weights %s: %w", s.name, err)
	}
	n, err := headerLength(prefix, size)
	if err != nil {
		return nil, s.named(err)
	}
	raw := make([]byte, n)
	if err := readFull(s.r, raw, lengthSize); err != nil {
		return nil, fmt.Errorf("reading weights %s: %w", s.name, err)
	}
	s.base = lengthSize + n
	h, err := parseHeader(raw, size-s.base)
	if err != nil {
		return nil, s.named(err)
	}
	return newFile(s, h), nil
}

// readFull reads len(p) bytes; a ReaderAt may return io.EOF with the last.
func readFull(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *source) named(err error) error {
	if e, ok := err.(*Error); ok {
		e.File = s.name
	}
	return err
}

func newFile(s *source, h *header) *File {
	f := &File{name: s.name, tensors: h.tensors, index: make(map[string]int, len(h.tensors)), metadata: h.metadata, sources: []*source{s}}
	for i := range f.tensors {
		f.tensors[i].src = s
		f.index[f.tensors[i].Name] = i
	}
	return f
}

// Close releases the file. Slices that alias a mapped file must not be used
// any more.
func (f *File) Close() error {
	var errs []error
	for _, s := range f.sources {
		if s.close != nil {
			errs = append(errs, s.close())
		}
		s.data, s.r, s.close = nil, nil, nil
	}
	return errors.Join(errs...)
}

// Name is the path or the name that the file was opened by.
func (f *File) Name() string { return f.name }

// Names are the tensors' names in the order of their data.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Tensors are the file's tensors in the order of their data.
func (f *File) Tensors() []Tensor { return append([]Tensor(nil), f.tensors...) }

// Metadata are the strings of the header's __metadata__.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Has reports whether the file has a tensor of that name.
func (f *File) Has(name string) bool {
	_, ok := f.index[name]
	return ok
}

// Tensor finds a tensor; the error for an unknown name tells the nearest ones.
func (f *File) Tensor(name string) (Tensor, error) {
	if i, ok := f.index[name]; ok {
		return f.tensors[i], nil
	}
	msg := "the file has no such tensor"
	if near := registry.Nearest(name, f.Names(), 3); len(near) > 0 {
		msg += "; near are " + strings.Join(near, ", ")
	}
	return Tensor{}, &Error{File: f.name, Tensor: name, Msg: msg}
}
