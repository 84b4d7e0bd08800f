package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// crashFS fails from its n-th changing operation on, as a machine that lost its
// power would: nothing after that point happens.
type crashFS struct {
	OS
	left int
}

var errCrash = errors.New("crash")

func (c *crashFS) tick() error {
	if c.left--; c.left < 0 {
		return errCrash
	}
	return nil
}

func (c *crashFS) MkdirAll(d string) error {
	if err := c.tick(); err != nil {
		return err
	}
	return c.OS.MkdirAll(d)
}

func (c *crashFS) Rename(a, b string) error {
	if err := c.tick(); err != nil {
		return err
	}
	return c.OS.Rename(a, b)
}

func (c *crashFS) RemoveAll(d string) error {
	if err := c.tick(); err != nil {
		return err
	}
	return c.OS.RemoveAll(d)
}

func (c *crashFS) SyncDir(d string) error {
	if err := c.tick(); err != nil {
		return err
	}
	return c.OS.SyncDir(d)
}

func (c *crashFS) Create(n string) (File, error) {
	if err := c.tick(); err != nil {
		return nil, err
	}
	f, err := c.OS.Create(n)
	return &crashFile{f, c}, err
}

type crashFile struct {
	File
	c *crashFS
}

func (f *crashFile) Write(p []byte) (int, error) {
	if err := f.c.tick(); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *crashFile) Sync() error {
	if err := f.c.tick(); err != nil {
		return err
	}
	return f.File.Sync()
}

func parts(text string) []Part {
	write := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	return []Part{{"model.safetensors", write("weights " + text)}, {"state.json", write("state " + text)}}
}

func open(t *testing.T, fsys FS, dir string) *Store {
	t.Helper()
	s, err := Open(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content reads what the newest generation holds.
func content(t *testing.T, dir string) (name, text string) {
	t.Helper()
	s := open(t, OS{}, dir)
	m, ok, problems := s.Latest()
	if len(problems) > 0 {
		t.Fatalf("damaged generations: %v", problems)
	}
	if !ok {
		return "", ""
	}
	b, err := s.ReadFile(m.Name, "state.json")
	if err != nil {
		t.Fatal(err)
	}
	return m.Name, string(b)
}

func TestCrashAnywhereInASave(t *testing.T) {
	for _, name := range []string{"epoch=1-step=20", "epoch=0-step=10"} { // a new generation, and a replacement
		done := false
		for n := 0; !done; n++ {
			if n > 100 {
				t.Fatal("the save never succeeds")
			}
			dir := t.TempDir()
			s := open(t, OS{}, dir)
			if _, err := s.Save(Manifest{Name: "epoch=0-step=10"}, parts("one")); err != nil {
				t.Fatal(err)
			}
			s = open(t, OS{}, dir)
			s.fsys = &crashFS{left: n}
			_, err := s.Save(Manifest{Name: name}, parts("two"))
			done = err == nil
			gotName, got := content(t, dir)
			switch {
			case err == nil && (got != "state two" || gotName != name):
				t.Errorf("%s: saved, but the newest generation is %s with %q", name, gotName, got)
			case got != "state one" && got != "state two":
				t.Errorf("%s: after a crash at operation %d the newest generation holds %q", name, n, got)
			}
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				if strings.HasPrefix(e.Name(), ".") {
					t.Errorf("%s: crash at %d: %s was left", name, n, e.Name())
				}
			}
		}
	}
}

func TestFullDiskLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, OS{}, dir)
	_, err := s.Save(Manifest{Name: "best"}, []Part{{"model.safetensors", func(io.Writer) error { return errors.New("no space left on device") }}})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatalf("got %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestDamageIsNamed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, OS{}, dir)
	for i := range 3 {
		if _, err := s.Save(Manifest{Name: fmt.Sprintf("step=%d", i), Step: i}, parts(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Path("step=2", "state.json"), []byte("state 9"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := s.Load("step=2")
	var e *Error
	if !errors.As(err, &e) || e.File != "state.json" || e.Hint == "" {
		t.Errorf("got %v", err)
	}
	m, ok, problems := s.Latest()
	if !ok || m.Name != "step=1" || len(problems) != 1 {
		t.Errorf("latest %v, %v, %v", m.Name, ok, problems)
	}
	if _, err := s.Load("step=7"); err == nil || !strings.Contains(err.Error(), "no checkpoint here") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(s.Path("step=1", manifestName), []byte(`{"version":99}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load("step=1"); err == nil || !strings.Contains(err.Error(), "format version 99") {
		t.Errorf("got %v", err)
	}
}

func TestRemoveAndNames(t *testing.T) {
	dir := t.TempDir()
	s := open(t, OS{}, dir)
	if _, err := s.Save(Manifest{Name: "a"}, parts("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove("a"); err != nil {
		t.Errorf("removing twice: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	for _, bad := range []string{"", "..", "a/b", ".hidden"} {
		if _, err := s.Save(Manifest{Name: bad}, nil); err == nil {
			t.Errorf("the name %q was accepted", bad)
		}
	}
}
