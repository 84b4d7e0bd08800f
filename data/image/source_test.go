package image

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// small is the files of a small data set by name.
var small = map[string]string{
	"set/train/b10/x.jpg": "1", "set/train/b9/deep/y.PNG": "2", "set/train/b9/notes.txt": "no image",
	"set/train/b9/.hidden.jpg": "no data", "set/val/b9/z.webp": "3", "set/train/b9/a2.jpg": "4", "set/train/b9/a10.jpg": "5",
	"__MACOSX/set/train/b9/._y.png": "no data",
}

// packed makes the files into a folder and archives, and returns their paths.
func packed(t *testing.T, files map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	var z, u, c bytes.Buffer
	zw, tw := zip.NewWriter(&z), tar.NewWriter(&u)
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		path := filepath.Join(dir, "folder", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[name])
		if err := tw.WriteHeader(&tar.Header{Name: "./" + name, Size: int64(len(files[name])), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(tw, files[name])
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	gz := gzip.NewWriter(&c)
	gz.Write(u.Bytes())
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{"folder": filepath.Join(dir, "folder")}
	for name, b := range map[string][]byte{"set.zip": z.Bytes(), "set.tar": u.Bytes(), "set.tar.gz": c.Bytes()} {
		paths[name] = filepath.Join(dir, name)
		if err := os.WriteFile(paths[name], b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func TestSourcesAreAlike(t *testing.T) {
	for how, path := range packed(t, small) {
		src, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if err := fstest.TestFS(src.FS, slices.Collect(maps.Keys(small))...); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		s, err := ListFolders(src, SplitNames{})
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if want := []string{"set/train/b9/a2.jpg", "set/train/b9/a10.jpg", "set/train/b9/deep/y.PNG", "set/train/b10/x.jpg"}; !slices.Equal(s.Train.Files, want) || !slices.Equal(s.Train.Labels, []int{0, 0, 0, 1}) {
			t.Errorf("%s: %+v", how, s.Train)
		}
		if !slices.Equal(s.Train.Classes, []string{"b9", "b10"}) || !slices.Equal(s.Val.Classes, s.Train.Classes) || len(s.Val.Files) != 1 || s.Test != nil {
			t.Errorf("%s: %+v, %+v", how, s.Val, s.Test)
		}
		for name, want := range small {
			if got, err := src.read(nil, name); err != nil || string(got) != want {
				t.Errorf("%s: %s is %q, %v", how, name, got, err)
			}
		}
		if err := src.Close(); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func TestReadReusesMemory(t *testing.T) {
	src := NewSource("memory", fstest.MapFS{"a": {Data: bytes.Repeat([]byte("a"), 3000)}, "b": {Data: []byte("b")}})
	buf, err := src.read(nil, "a")
	if err != nil || len(buf) != 3000 {
		t.Fatal(len(buf), err)
	}
	again, err := src.read(buf, "b")
	if err != nil || string(again) != "b" || &again[0] != &buf[0] {
		t.Errorf("%q, %v", again, err)
	}
}

func tarOf(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		w.Write(make([]byte, h.Size))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBadArchives(t *testing.T) {
	dir := t.TempDir()
	whole := tarOf(t, tar.Header{Name: "a", Size: 600})
	var squeezed bytes.Buffer
	gz := gzip.NewWriter(&squeezed)
	gz.Write(whole)
	gz.Close()
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"none.txt", []byte("hello"), "neither a folder nor a .zip, .tar or .tar.gz archive"},
		{"empty.zip", nil, "neither a folder"},
		{"short.tar", whole[:1000], "a lies beyond the end: the archive is cut short"},
		{"header.tar", whole[:300], "the archive cannot be read"},
		{"short.tar.gz", squeezed.Bytes()[:30], "unexpected EOF"},
		{"bad.tar.gz", []byte{0x1f, 0x8b, 0, 0}, "the archive cannot be read"},
		{"bad.zip", []byte("PK\x03\x04 and nothing more"), "not a valid zip file"},
		{"outside.tar", tarOf(t, tar.Header{Name: "../a"}), `it has a file "../a" outside of itself`},
		{"rooted.tar", tarOf(t, tar.Header{Name: "/a"}), "outside of itself"},
		{"both.tar", tarOf(t, tar.Header{Name: "a"}, tar.Header{Name: "a/b"}), "a is both a file and a folder"},
		{"both2.tar", tarOf(t, tar.Header{Name: "a/b"}, tar.Header{Name: "a"}), "a is both a file and a folder"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: got %v, want …%s…", c.name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "nowhere")); err == nil || !strings.Contains(err.Error(), "nowhere: no such data: ") || !strings.Contains(err.Error(), "hint: give the path") {
		t.Errorf("got %v", err)
	}
	if _, err := readTar(bytes.NewReader(whole), 599); err == nil || !strings.Contains(err.Error(), "too much memory") {
		t.Errorf("got %v", err)
	}
	// The later of two files of one name counts; links are left out.
	fsys, err := readTar(bytes.NewReader(tarOf(t, tar.Header{Name: "a", Size: 1}, tar.Header{Name: "a", Size: 2}, tar.Header{Name: "l", Linkname: "a", Typeflag: tar.TypeSymlink})), 3)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(fsys, "a"); err != nil || len(b) != 2 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := fs.Stat(fsys, "l"); err == nil {
		t.Error("a link was taken for a file")
	}
}

func FuzzTar(f *testing.F) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "d/", Typeflag: tar.TypeDir})
	w.WriteHeader(&tar.Header{Name: "d/a", Size: 3})
	io.WriteString(w, "abc")
	w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		t1, err1 := indexTar(bytes.NewReader(data), int64(len(data)))
		t2, err2 := readTar(bytes.NewReader(data), 1<<20)
		if err1 != nil || err2 != nil {
			return
		}
		err := fs.WalkDir(t1, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			a, err := fs.ReadFile(t1, name)
			if err != nil {
				return err
			}
			if b, err := fs.ReadFile(t2, name); err != nil || !bytes.Equal(a, b) {
				t.Fatalf("%s is %q where it lies and %q in memory (%v)", name, a, b, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"", "1", "01", "2", "10", "a", "A1", "a1b", "a2", "a10", "a10b", "B", "é"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, natural)
	// Names alike but for case and zeros come in the order of their bytes.
	want[1], want[2] = "01", "1"
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
