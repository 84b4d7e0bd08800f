package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// SingleName and IndexName are what the Hugging Face libraries call a
	// model's weights: in one file, or in shards under an index.
	SingleName = "model.safetensors"
	IndexName  = SingleName + ".index.json"
	// maxIndex bounds an index file, which is read whole.
	maxIndex = maxHeader
)

// OpenDir opens the weights of a model's folder: model.safetensors or, if
// there is none, the shards of model.safetensors.index.json.
func OpenDir(dir string) (*File, error) {
	single, index := filepath.Join(dir, SingleName), filepath.Join(dir, IndexName)
	for _, c := range []struct {
		path string
		open func(string) (*File, error)
	}{{single, Open}, {index, OpenIndex}} {
		if _, err := os.Stat(c.path); err == nil {
			return c.open(c.path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("opening weights: %w", err)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	return nil, fmt.Errorf("opening weights: %s has neither %s nor %s: %w", dir, SingleName, IndexName, fs.ErrNotExist)
}

// OpenIndex opens the shards that an index file names, and checks that they
// hold exactly the tensors that it says, each where it says.
func OpenIndex(path string) (*File, error) {
	weights, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	shards := slices.Compact(slices.Sorted(maps.Values(weights)))
	all := &File{name: path, index: make(map[string]int, len(weights))}
	for _, shard := range shards {
		f, err := openShard(path, shard)
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		all.sources = append(all.sources, f.sources...)
		if err := all.add(f, shard, weights); err != nil {
			return nil, errors.Join(err, all.Close())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if !all.Has(name) {
			err := &Error{File: path, Tensor: name, Msg: fmt.Sprintf("the index places it in %s, which has no such tensor", weights[name])}
			return nil, errors.Join(err, all.Close())
		}
	}
	return all, nil
}

func openShard(index, shard string) (*File, error) {
	if !filepath.IsLocal(shard) || strings.ContainsAny(shard, `/\`) {
		return nil, &Error{File: index, Msg: fmt.Sprintf("the index names a shard %q, which is no file beside it", shard)}
	}
	f, err := Open(filepath.Join(filepath.Dir(index), shard))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s names a shard that is missing (an unfinished download?): %w", index, err)
	}
	return f, err
}

// add takes over the tensors of a shard. Metadata of a later shard yield to
// those of an earlier one.
func (f *File) add(shard *File, name string, weights map[string]string) error {
	for _, t := range shard.tensors {
		if weights[t.Name] != name {
			return &Error{File: shard.name, Tensor: t.Name, Msg: fmt.Sprintf("%s does not place it here but in %q", filepath.Base(f.name), weights[t.Name])}
		}
		f.index[t.Name] = len(f.tensors)
		f.tensors = append(f.tensors, t)
	}
	for k, v := range shard.metadata {
		if f.metadata == nil {
			f.metadata = map[string]string{}
		}
		if _, ok := f.metadata[k]; !ok {
			f.metadata[k] = v
		}
	}
	return nil
}

// readIndex reads the map from tensors to shards.
func readIndex(path string) (map[string]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	if info.Size() > maxIndex {
		return nil, &Error{File: path, Msg: fmt.Sprintf("the index has %d bytes, above the limit of %d", info.Size(), maxIndex)}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening weights: %w", err)
	}
	weights := map[string]string{}
	p := newParser(raw)
	err = p.object("the index", func(key string) error {
		if key != "weight_map" {
			var skip json.RawMessage
			if err := p.dec.Decode(&skip); err != nil {
				return p.bad(err)
			}
			return nil
		}
		return p.strings(key, weights)
	})
	if err == nil && len(weights) == 0 {
		err = failf("the index has no weight_map")
	}
	if e, ok := err.(*Error); ok {
		e.File = path
	}
	return weights, err
}
