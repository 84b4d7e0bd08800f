package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// baseKey names the files that a configuration builds upon.
const baseKey = "base"

// maxFiles bounds the files of one configuration: bases of bases multiply.
const maxFiles = 64

// Load reads the files and lays each over the ones before, a file over its own
// base files; then come the overrides, "a.b=value" or "a.0.b=value". Mappings
// merge key by key, everything else is replaced; null takes a value back to its
// default. The result is a mapping, each value with the place that gave it: a
// file's line, or "--a.b" alone for an override.
func Load(files, overrides []string) (*tree.Node, error) {
	l := &loader{}
	out := &tree.Node{Kind: tree.Map}
	for _, f := range files {
		n, err := l.file(f, nil)
		if err != nil {
			return nil, err
		}
		out = Merge(out, n)
	}
	for _, o := range overrides {
		if err := override(out, strings.TrimPrefix(o, "--")); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ReadFile parses a file.
func ReadFile(name string) (*tree.Node, error) {
	data, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return ParseYAML(name, data)
}

var errFolder = errors.New("this is a folder, not a file")

// read reads a file that is not too large to be parsed, or too much of it.
func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errFolder}
	}
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// loader reads files over their bases.
type loader struct{ files int }

// file reads one; chain holds the files whose bases led here.
func (l *loader) file(name string, chain []string) (*tree.Node, error) {
	n, err := ReadFile(name)
	if err != nil {
		return nil, err
	}
	switch n.Kind {
	case tree.Null: // an empty file, or nothing but remarks
		n.Kind = tree.Map
		return n, nil
	case tree.Map:
	default:
		return nil, n.Errorf("start with a line such as `trainer:`", "a configuration is a mapping, this is %s", described(n))
	}
	if n, err = lightning(n); err != nil {
		return nil, err
	}
	base := n.Field(baseKey)
	n.Fields = slices.DeleteFunc(n.Fields, func(f tree.Field) bool { return f.Key.Text == baseKey })
	if base == nil || base.Kind == tree.Null {
		return n, nil
	}
	items := []*tree.Node{base}
	if base.Kind == tree.List {
		items = base.Items
	}
	out := &tree.Node{Kind: tree.Map}
	for _, b := range items {
		m, err := l.base(b, name, chain)
		if err != nil {
			return nil, err
		}
		out = Merge(out, m)
	}
	return Merge(out, n), nil
}

// base reads what file name's value b names.
func (l *loader) base(b *tree.Node, name string, chain []string) (*tree.Node, error) {
	if b.Kind != tree.String || b.Text == "" {
		return nil, b.Errorf("write base: file.yaml, or a list of files", "base names a file, this is %s", described(b))
	}
	if l.files++; l.files > maxFiles {
		return nil, b.Errorf("", "base: the configuration builds upon more than %d files", maxFiles)
	}
	path := filepath.FromSlash(b.Text)
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(name), path)
	}
	self, err := identity(name)
	if err != nil {
		return nil, b.Errorf("", "base: %v", err)
	}
	chain = append(slices.Clone(chain), self)
	target, err := identity(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, b.Errorf("the path is relative to the file that names it", "base: there is no file %s", path)
	case err != nil:
		return nil, b.Errorf("", "base: %v", err)
	case target == self:
		return nil, b.Errorf("remove it", "base: a file cannot build upon itself")
	case slices.Contains(chain, target):
		return nil, b.Errorf("remove one of the two", "base: %s builds upon this file, so this file cannot build upon it", b.Text)
	}
	n, err := l.file(path, chain)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, b.Errorf("", "base: %v", pe)
	}
	return n, err
}

// identity is the one name of a file, whatever path leads to it.
func identity(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// Merge lays over upon under: mappings key by key, everything else replaced.
// Neither is changed.
func Merge(under, over *tree.Node) *tree.Node {
	if under == nil || over == nil || under.Kind != tree.Map || over.Kind != tree.Map {
		return over
	}
	out := *under
	if over.Pos != (diag.Pos{}) {
		out.Pos, out.Src = over.Pos, over.Src
	}
	out.Fields = slices.Clone(under.Fields)
	at := make(map[string]int, len(out.Fields))
	for i, f := range out.Fields {
		at[f.Key.Text] = i
	}
	for _, f := range over.Fields {
		i, ok := at[f.Key.Text]
		if !ok {
			at[f.Key.Text] = len(out.Fields)
			out.Fields = append(out.Fields, f)
			continue
		}
		out.Fields[i] = tree.Field{Key: f.Key, Value: Merge(out.Fields[i].Value, f.Value)}
	}
	return &out
}
