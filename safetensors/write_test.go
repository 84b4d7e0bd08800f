package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriterRefuses(t *testing.T) {
	one := []float32{1}
	deep := make([]int, maxRank+1)
	var huge []Entry // 17 · 2⁵⁹ bytes
	for i := range 17 {
		huge = append(huge, Entry{Name: fmt.Sprint(i), DType: I64, Shape: []int{1 << 56}})
	}
	for _, c := range []struct {
		meta    map[string]string
		entries []Entry
		want    string
	}{
		{nil, []Entry{Floats("a", F32, []int{1}, one), Floats("a", F16, []int{1}, one)}, `two tensors are called "a"`},
		{nil, []Entry{Floats("__metadata__", F32, []int{1}, one)}, "no tensor can be called"},
		{nil, []Entry{Floats("a\xff", F32, []int{1}, one)}, "no tensor can be called"},
		{map[string]string{"a": "\xff"}, nil, "not valid UTF-8"},
		{nil, []Entry{{Name: "a"}}, "has no element type"},
		{nil, []Entry{Floats("a", F32, []int{-1}, one)}, "shape [-1] of F32 is no whole number of bytes"},
		{nil, []Entry{Floats("a", F32, []int{math.MaxInt, 2}, one)}, "is no whole number of bytes"},
		{nil, []Entry{Raw("a", F4, []int{1}, []byte{1})}, "is no whole number of bytes"},
		{nil, []Entry{Floats("a", F32, deep, one)}, "more than 64 dimensions"},
		{nil, huge, "larger than a file"},
	} {
		var out bytes.Buffer
		err := Write(&out, c.meta, c.entries)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: %d bytes were written nevertheless", c.want, out.Len())
		}
	}
	err := Write(io.Discard, nil, []Entry{Floats("a", F32, []int{3}, one)})
	if err == nil || !strings.Contains(err.Error(), `tensor "a": shape [3] of F32 needs 12 bytes, but its data were 4`) {
		t.Errorf("got %v", err)
	}
}

func TestHeaderIsAligned(t *testing.T) {
	for n := range 20 {
		var out bytes.Buffer
		if err := Write(&out, map[string]string{"k": strings.Repeat("v", n)}, nil); err != nil {
			t.Fatal(err)
		}
		if out.Len()%8 != 0 {
			t.Errorf("the data start at byte %d", out.Len())
		}
		if _, err := Parse("w", out.Bytes()); err != nil {
			t.Error(err)
		}
	}
}

func TestSaveKeepsTheOldFileWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	if err := Save(path, nil, []Entry{Floats("w", F32, []int{1}, []float32{1})}); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left on device")
	err := Save(path, nil, []Entry{
		Floats("a", F64, []int{1 << 18}, make([]float64, 1<<18)),
		{"w", F32, []int{1}, func(io.Writer) error { return full }},
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, err := f.Float32("w"); err != nil || v[0] != 1 {
		t.Errorf("the old weights are gone: %v, %v", v, err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := Save(filepath.Join(dir, "none", "w"), nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// shardedDir writes two shards and an index.
func shardedDir(t *testing.T, index string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"a", "b"} {
		path := filepath.Join(dir, fmt.Sprintf("model-%05d-of-00002.safetensors", i+1))
		if err := Save(path, map[string]string{"format": "pt"}, []Entry{Floats(name, F32, []int{1}, []float32{float32(i)})}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, IndexName), []byte(index), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestShards(t *testing.T) {
	dir := shardedDir(t, `{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`)
	f, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"a", "b"} {
		if v, err := f.Float32(name); err != nil || v[0] != float32(i) {
			t.Errorf("%s = %v, %v", name, v, err)
		}
	}
	if b, _ := f.Tensor("b"); filepath.Base(b.File()) != "model-00002-of-00002.safetensors" {
		t.Errorf("b is said to be in %s", b.File())
	}
	if f.Metadata()["format"] != "pt" {
		t.Errorf("metadata %v", f.Metadata())
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	// A single file is preferred, as the Hugging Face libraries do.
	if err := Save(filepath.Join(dir, SingleName), nil, []Entry{Floats("c", F32, []int{1}, []float32{3})}); err != nil {
		t.Fatal(err)
	}
	if f, err = OpenDir(dir); err != nil || !f.Has("c") {
		t.Errorf("%v", err)
	}
	f.Close()
}

func TestBadIndexes(t *testing.T) {
	for _, c := range []struct{ index, want string }{
		{`{"weight_map":{"a":"model-00001-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}`, `tensor "c": the index places it in model-00001-of-00002.safetensors, which has no such tensor`},
		{`{"weight_map":{"b":"model-00001-of-00002.safetensors"}}`, `tensor "a": model.safetensors.index.json does not place it here but in ""`},
		{`{"weight_map":{"a":"model-00003-of-00002.safetensors"}}`, `names a shard that is missing (an unfinished download?)`},
		{`{"weight_map":{"a":"../model-00001-of-00002.safetensors"}}`, `which is no file beside it`},
		{`{"weight_map":{"a":""}}`, `which is no file beside it`},
		{`{"weight_map":{"a":"x","a":"y"}}`, `weight_map has the key "a" twice`},
		{`{"weight_map":{"a":1}}`, `weight_map: the value of "a" is not a string`},
		{`{"weight_map":{}}`, `no weight_map`},
		{`{}`, `no weight_map`},
		{`{"weight_map":{"a":"x"`, `the JSON ends too early`},
		{``, `the JSON ends too early`},
	} {
		_, err := OpenDir(shardedDir(t, c.index))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", c.index, err, c.want)
		}
	}
	if _, err := OpenDir(t.TempDir()); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "has neither") {
		t.Errorf("got %v", err)
	}
}
