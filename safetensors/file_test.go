package safetensors

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func golden(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// opened opens data in every way there is.
func opened(t testing.TB, dir string, data []byte) map[string]*File {
	t.Helper()
	path := filepath.Join(dir, "w.safetensors")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	files := map[string]*File{}
	add := func(how string, f *File, err error) {
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		files[how] = f
	}
	f, err := Open(path)
	add("Open", f, err)
	f, err = Parse("w", data)
	add("Parse", f, err)
	// One byte off, so that nothing is aligned.
	f, err = Parse("w", append([]byte{0}, data...)[1:])
	add("Parse unaligned", f, err)
	f, err = NewReader("w", bytes.NewReader(data), int64(len(data)))
	add("NewReader", f, err)
	f, err = OpenFS(os.DirFS(dir), "w.safetensors")
	add("OpenFS", f, err)
	f, err = OpenFS(streamOnly{fstest.MapFS{"w": {Data: data}}}, "w")
	add("OpenFS stream", f, err)
	return files
}

// streamOnly hides that its files can be read at an offset.
type streamOnly struct{ fs.FS }

func (s streamOnly) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	return struct{ fs.File }{f}, err
}

// The bytes of this file follow from the format's description alone.
func TestHandDerivedFile(t *testing.T) {
	file := []byte("\x4c\x00\x00\x00\x00\x00\x00\x00" +
		`{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"__metadata__":{} } ` +
		"\x00\x00\x80\x3f" + // 1
		"\x00\x00\x20\xc1") // −10
	if len(file) != 8+0x4c+8 {
		t.Fatalf("%d bytes", len(file))
	}
	for how, f := range opened(t, t.TempDir(), file) {
		v, err := f.Float32("w")
		if err != nil || !slices.Equal(v, []float32{1, -10}) {
			t.Errorf("%s: %v, %v", how, v, err)
		}
	}
}

func TestReferenceFile(t *testing.T) {
	data := golden(t)
	for how, f := range opened(t, t.TempDir(), data) {
		if got := f.Metadata(); !maps.Equal(got, map[string]string{"format": "pt"}) {
			t.Errorf("%s: metadata %v", how, got)
		}
		for name, want := range map[string][]float64{
			"b.weight": {-0.5, -0.25, 0, 0.25, 0.5, 0.75}, "a.bias": {1.5, -2, 65504}, "c.bias": {1.5, -123.5}, "z.double": {math.Pi, 0}, "empty": {},
		} {
			v64, err := f.Float64(name)
			if err != nil || !slices.Equal(v64, want) {
				t.Errorf("%s: %s = %v, %v", how, name, v64, err)
			}
			v32, err := f.Float32(name)
			if err != nil || !slices.EqualFunc(v32, want, func(a float32, b float64) bool { return a == float32(b) }) {
				t.Errorf("%s: %s = %v, %v", how, name, v32, err)
			}
		}
		for name, want := range map[string][]int64{"steps": {7}, "ids": {-1, 5}, "mask": {1, 0, 1}, "q\"é\n<": {1, 2}} {
			tensor, err := f.Tensor(name)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := tensor.Int64(); err != nil || !slices.Equal(v, want) {
				t.Errorf("%s: %s = %v, %v", how, name, v, err)
			}
		}
		if tensor, _ := f.Tensor("b.weight"); !slices.Equal(tensor.Shape, []int{2, 3}) || tensor.DType != F32 {
			t.Errorf("%s: %v %v", how, tensor.DType, tensor.Shape)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func TestWriterMatchesTheReferenceByteForByte(t *testing.T) {
	f, err := Parse("reference", golden(t))
	if err != nil {
		t.Fatal(err)
	}
	entries := []Entry{
		Floats("c.bias", BF16, []int{2}, []float32{1.5, -123.5}),
		Floats("a.bias", F16, []int{3}, []float64{1.5, -2, 65504}),
		Floats("b.weight", F32, []int{2, 3}, []float32{-0.5, -0.25, 0, 0.25, 0.5, 0.75}),
		Floats("z.double", F64, []int{2}, []float64{math.Pi, math.Copysign(0, -1)}),
		Floats("empty", F32, []int{0, 4}, []float32{}),
		Ints("steps", nil, []int64{7}),
	}
	for _, name := range []string{"ids", "mask", "q\"é\n<"} {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := tensor.Bytes()
		entries = append(entries, Raw(name, tensor.DType, tensor.Shape, b))
	}
	var out bytes.Buffer
	if err := Write(&out, f.Metadata(), entries); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), golden(t)) {
		t.Errorf("wrote %q", out.Bytes())
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		meta := rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "metadata")
		names := rapid.SliceOfDistinct(rapid.String().Filter(func(s string) bool { return s != metadataKey }), rapid.ID[string]).Draw(rt, "names")
		var entries []Entry
		want := map[string][]byte{}
		for _, name := range names {
			d := DType(rapid.IntRange(int(Bool), int(U64)).Draw(rt, "dtype"))
			shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(rt, "shape")
			n, _ := product(shape)
			size, ok := d.bytes(n)
			if !ok {
				continue
			}
			want[name] = rapid.SliceOfN(rapid.Byte(), int(size), int(size)).Draw(rt, "data")
			entries = append(entries, Raw(name, d, shape, want[name]))
		}
		var file, reversed bytes.Buffer
		if err := Write(&file, meta, entries); err != nil {
			rt.Fatal(err)
		}
		slices.Reverse(entries)
		if err := Write(&reversed, meta, entries); err != nil || !bytes.Equal(file.Bytes(), reversed.Bytes()) {
			rt.Fatalf("the order of the entries changed the file (%v)", err)
		}
		for how, f := range opened(t, dir, file.Bytes()) {
			got := map[string][]byte{}
			for _, tensor := range f.Tensors() {
				b, err := tensor.Bytes()
				if err != nil {
					rt.Fatalf("%s: %v", how, err)
				}
				got[tensor.Name] = bytes.Clone(b)
			}
			if len(got) != len(want) || !maps.EqualFunc(got, want, bytes.Equal) || !maps.Equal(f.Metadata(), meta) {
				rt.Fatalf("%s: %v", how, cmp.Diff(want, got))
			}
			if err := f.Close(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

func TestConversionInChunks(t *testing.T) {
	const n = chunk + 7 // more than one chunk of every element type
	want := make([]float32, n)
	for i := range want {
		want[i] = float32(i%2048) / 4
	}
	for _, d := range []DType{F16, F32, F64} {
		var file bytes.Buffer
		if err := Write(&file, nil, []Entry{Floats("w", d, []int{n}, want)}); err != nil {
			t.Fatal(err)
		}
		for how, f := range opened(t, t.TempDir(), file.Bytes()) {
			v, err := f.Float32("w")
			if err != nil || !slices.Equal(v, want) {
				t.Errorf("%s of %s: %v", how, d, err)
			}
			w, err := f.Float64("w")
			if err != nil || w[n-1] != float64(want[n-1]) || w[chunk/8] != float64(want[chunk/8]) {
				t.Errorf("%s of %s as float64: %v", how, d, err)
			}
			dst := make([]float32, n)
			if err := f.ReadInto("w", dst); err != nil || !slices.Equal(dst, want) {
				t.Errorf("%s of %s into a slice: %v", how, d, err)
			}
		}
	}
}

func TestMappingIsPrivateAndWithoutCopies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := Save(path, nil, []Entry{Floats("w", F32, []int{2}, []float32{1, 2})}); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, err := f.Float32("w")
	if err != nil {
		t.Fatal(err)
	}
	v[0] = 5
	if again, _ := f.Float32("w"); f.sources[0].data != nil && again[0] != 5 {
		t.Error("a mapped tensor was copied")
	}
	g, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if w, _ := g.Float32("w"); w[0] != 1 {
		t.Errorf("writing to a tensor changed the file: %v", w)
	}
}

func TestMisuseIsAnError(t *testing.T) {
	f, err := Parse("w.safetensors", golden(t))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) Tensor {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		return tensor
	}
	expect := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
	_, err = f.Float32("b.wieght")
	expect(err, `w.safetensors: tensor "b.wieght": the file has no such tensor; near are b.weight`)
	_, err = f.Float32("steps")
	expect(err, `tensor "steps": I64 elements are no floats`)
	_, err = read("b.weight").Int64()
	expect(err, `F32 elements are no integers`)
	expect(f.ReadInto("b.weight", make([]float32, 5)), "read into 5 elements, it has 6")
	expect(read("b.weight").ReadBytes(nil), "read into 0 bytes, it has 24")
	tensor := read("b.weight")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = tensor.Float32()
	expect(err, "the file is closed")
	_, err = Open(t.TempDir())
	expect(err, "is a directory")
	_, err = Open(filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestReaderThatFails(t *testing.T) {
	data := golden(t)
	f, err := NewReader("w", &failing{bytes.NewReader(data), int64(len(data)) - 59}, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Float32("b.weight"); !errors.Is(err, errDisk) || !strings.Contains(err.Error(), `"b.weight"`) {
		t.Errorf("got %v", err)
	}
	// A file that became shorter after it was measured.
	if _, err := NewReader("w", bytes.NewReader(data[:20]), int64(len(data))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

var errDisk = errors.New("the disk failed")

// failing fails from an offset on.
type failing struct {
	io.ReaderAt
	from int64
}

func (f *failing) ReadAt(p []byte, at int64) (int, error) {
	if at >= f.from {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, at)
}
