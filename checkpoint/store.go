// Package checkpoint keeps generations of a run's state on disk. A generation
// is a directory that appears at once or not at all: it is written under a
// temporary name, made durable, and renamed. A kill at any instant leaves the
// generations before it and never half of one.
package checkpoint

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Version of the generation format.
const Version = 1

const (
	manifestName = "manifest.json"
	tempPrefix   = ".tmp-"
	oldPrefix    = ".old-"
)

// Manifest describes a generation. It is written last, so that a generation
// without a sound one does not count.
type Manifest struct {
	Version int    `json:"version"`
	Name    string `json:"name"`
	// Seq rises with every save of a store; the newest generation has the
	// largest.
	Seq   int `json:"seq"`
	Epoch int `json:"epoch"`
	Step  int `json:"step"`
	Phase int `json:"phase"`
	// Engine and Path are what the results' bits depend on.
	Engine  string             `json:"engine"`
	Path    string             `json:"path"`
	Metrics map[string]float64 `json:"metrics,omitempty"`
	Files   []FileInfo         `json:"files"`
}

// Bytes is the size of all files.
func (m Manifest) Bytes() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// FileInfo is one file of a generation.
type FileInfo struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Part is a file to be written.
type Part struct {
	Name  string
	Write func(w io.Writer) error
}

// Store is a directory of generations. One process writes to it at a time.
type Store struct {
	fsys FS
	dir  string
	seq  int
}

// Open opens the store in dir, making the directory, and clears what an
// interrupted save left.
func Open(fsys FS, dir string) (*Store, error) {
	s := &Store{fsys: fsys, dir: dir}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("opening checkpoints: %w", err)
	}
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("opening checkpoints in %s: %w", dir, err)
	}
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		s.seq = max(s.seq, m.Seq)
	}
	return s, nil
}

// recover removes temporary directories, and puts back a generation that was
// moved aside for its replacement when the replacement never came.
func (s *Store) recover() error {
	entries, err := s.fsys.ReadDir(s.dir)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for _, e := range entries {
		n := e.Name()
		old, moved := strings.CutPrefix(n, oldPrefix)
		switch {
		case moved && !names[old]:
			err = s.fsys.Rename(s.path(n), s.path(old))
		case moved, strings.HasPrefix(n, tempPrefix):
			err = s.fsys.RemoveAll(s.path(n))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Dir is the store's directory.
func (s *Store) Dir() string { return s.dir }

// Path is the path of a generation's file.
func (s *Store) Path(generation, file string) string {
	return filepath.Join(s.dir, generation, file)
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// Save writes a generation; one of the same name is replaced. On an error
// nothing of it stays, and what was there before still is.
func (s *Store) Save(m Manifest, parts []Part) (Manifest, error) {
	if m.Name == "" || m.Name != filepath.Base(m.Name) || strings.HasPrefix(m.Name, ".") {
		return m, fmt.Errorf("saving checkpoint: %q cannot name a directory", m.Name)
	}
	m.Version, m.Seq, m.Files = Version, s.seq+1, nil
	tmp := s.path(tempPrefix + m.Name)
	err := s.write(tmp, &m, parts)
	if err == nil {
		err = s.install(tmp, m.Name)
	}
	if err != nil {
		err = fmt.Errorf("saving checkpoint %s: %w", s.path(m.Name), err)
		return m, errors.Join(err, s.fsys.RemoveAll(tmp))
	}
	s.seq = m.Seq
	return m, nil
}

func (s *Store) write(tmp string, m *Manifest, parts []Part) error {
	if err := s.fsys.RemoveAll(tmp); err != nil {
		return err
	}
	if err := s.fsys.MkdirAll(tmp); err != nil {
		return err
	}
	for _, p := range parts {
		info, err := s.writeFile(filepath.Join(tmp, p.Name), p.Write)
		if err != nil {
			return err
		}
		info.Name = p.Name
		m.Files = append(m.Files, info)
	}
	_, err := s.writeFile(filepath.Join(tmp, manifestName), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	})
	if err != nil {
		return err
	}
	return s.fsys.SyncDir(tmp)
}

// install gives the temporary directory its name. Between the two renames of a
// replacement the old generation lies aside, from where recover puts it back.
func (s *Store) install(tmp, name string) error {
	final, old := s.path(name), s.path(oldPrefix+name)
	_, exists := s.stat(name)
	if exists {
		if err := s.fsys.RemoveAll(old); err != nil {
			return err
		}
		if err := s.fsys.Rename(final, old); err != nil {
			return err
		}
	}
	if err := s.fsys.Rename(tmp, final); err != nil {
		if exists {
			err = errors.Join(err, s.fsys.Rename(old, final))
		}
		return err
	}
	if err := s.fsys.SyncDir(s.dir); err != nil {
		return err
	}
	if exists {
		return s.fsys.RemoveAll(old)
	}
	return nil
}

func (s *Store) stat(name string) (fs.DirEntry, bool) {
	entries, err := s.fsys.ReadDir(s.dir)
	if err != nil {
		return nil, false
	}
	i := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	if i < 0 {
		return nil, false
	}
	return entries[i], true
}

// counter measures and hashes what passes through.
type counter struct {
	w io.Writer
	h hash.Hash
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.h.Write(p[:n])
	c.n += int64(n)
	return n, err
}

func (s *Store) writeFile(name string, write func(io.Writer) error) (info FileInfo, err error) {
	f, err := s.fsys.Create(name)
	if err != nil {
		return info, err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	c := &counter{w: f, h: sha256.New()}
	buf := bufio.NewWriterSize(c, 1<<20)
	if err := write(buf); err != nil {
		return info, err
	}
	if err := buf.Flush(); err != nil {
		return info, err
	}
	if err := f.Sync(); err != nil {
		return info, err
	}
	return FileInfo{Size: c.n, SHA256: hex.EncodeToString(c.h.Sum(nil))}, nil
}

// List reads the manifests of all sound generations, oldest first. A directory
// without a readable manifest is passed over.
func (s *Store) List() ([]Manifest, error) {
	entries, err := s.fsys.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("listing checkpoints: %w", err)
	}
	var all []Manifest
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if m, err := s.manifest(e.Name()); err == nil {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Manifest) int { return a.Seq - b.Seq })
	return all, nil
}

// Remove deletes a generation.
func (s *Store) Remove(name string) error {
	// Renamed first: a kill during the removal must not leave half a
	// generation under its name.
	gone := s.path(tempPrefix + "gone-" + name)
	if err := s.fsys.Rename(s.path(name), gone); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("removing checkpoint %s: %w", name, err)
	}
	if err := s.fsys.RemoveAll(gone); err != nil {
		return fmt.Errorf("removing checkpoint %s: %w", name, err)
	}
	return nil
}
