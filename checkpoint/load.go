package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// maxManifest bounds what is read of a manifest.
const maxManifest = 1 << 20

// Error says what is wrong with a generation.
type Error struct {
	Dir, File, Problem, Hint string
}

func (e *Error) Error() string {
	s := "checkpoint " + e.Dir
	if e.File != "" {
		s += ": " + e.File
	}
	s += ": " + e.Problem
	if e.Hint != "" {
		s += "\n    hint: " + e.Hint
	}
	return s
}

func (s *Store) manifest(name string) (Manifest, error) {
	var m Manifest
	f, err := s.fsys.Open(s.Path(name, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, &Error{Dir: s.path(name), Problem: "there is no checkpoint here", Hint: "a checkpoint is a directory that holds a " + manifestName}
	}
	if err != nil {
		return m, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil || len(data) > maxManifest {
		return m, &Error{Dir: s.path(name), File: manifestName, Problem: "is not a manifest"}
	}
	if m.Version != Version {
		return m, &Error{
			Dir: s.path(name), File: manifestName, Problem: fmt.Sprintf("has format version %d, this program reads %d", m.Version, Version),
			Hint: "use the program version that wrote it",
		}
	}
	// The directory's name counts: a user may have copied or renamed it.
	m.Name = name
	return m, nil
}

// Load checks a generation file by file against its manifest.
func (s *Store) Load(name string) (Manifest, error) {
	m, err := s.manifest(name)
	if err != nil {
		return m, err
	}
	for _, f := range m.Files {
		if err := s.check(name, f); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (s *Store) check(name string, want FileInfo) error {
	f, err := s.fsys.Open(s.Path(name, want.Name))
	if err != nil {
		return &Error{Dir: s.path(name), File: want.Name, Problem: err.Error(), Hint: "name another checkpoint, or remove this one to resume from the one before"}
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return &Error{Dir: s.path(name), File: want.Name, Problem: err.Error()}
	}
	if n != want.Size || hex.EncodeToString(h.Sum(nil)) != want.SHA256 {
		return &Error{
			Dir: s.path(name), File: want.Name, Problem: fmt.Sprintf("is damaged: %d bytes, expected %d with another checksum", n, want.Size),
			Hint: "name another checkpoint, or remove this one to resume from the one before",
		}
	}
	return nil
}

// ReadFile reads a small file of a generation.
func (s *Store) ReadFile(name, file string) ([]byte, error) {
	f, err := s.fsys.Open(s.Path(name, file))
	if err != nil {
		return nil, fmt.Errorf("reading checkpoint: %w", err)
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Latest finds the newest sound generation, checked; ok is false where there is
// none. Damaged ones are passed over and returned as problems.
func (s *Store) Latest() (m Manifest, ok bool, problems []error) {
	all, err := s.List()
	if err != nil {
		return m, false, []error{err}
	}
	for i := len(all) - 1; i >= 0; i-- {
		m, err := s.Load(all[i].Name)
		if err == nil {
			return m, true, problems
		}
		problems = append(problems, err)
	}
	return Manifest{}, false, problems
}
