package image

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
)

// Columns say how to read a CSV list of images.
type Columns struct {
	// Path and Label are the columns' names in the header, "path" and "label"
	// unless set.
	Path  string `config:"path"`
	Label string `config:"label"`
	// Root is the folder that paths start from; "" is that of the CSV file.
	Root string `config:"root"`
}

// ListCSV lists the images of a CSV file with a header. Without known classes
// the labels found are the classes, in natural order; otherwise each label
// must be one of them. Every file must be there.
func ListCSV(src *Source, name string, c Columns, known []string) (*Listing, error) {
	if c.Path == "" {
		c.Path = "path"
	}
	if c.Label == "" {
		c.Label = "label"
	}
	if c.Root == "" {
		c.Root = path.Dir(name)
	}
	raw, err := src.read(nil, name)
	if err != nil {
		return nil, src.failf(name, "give the path of a CSV file with the columns "+c.Path+" and "+c.Label, "the list of images cannot be read: %v", err)
	}
	t := &csvTable{src: src, name: name, columns: c}
	if err := t.parse(raw); err != nil {
		return nil, err
	}
	return t.listing(known)
}

// ListCSVs lists the splits of CSV files; only Train is obligatory.
func ListCSVs(src *Source, names SplitNames, c Columns) (*Splits, error) {
	s := &Splits{}
	var err error
	if s.Train, err = ListCSV(src, names.Train, c, nil); err != nil {
		return nil, err
	}
	if names.Val != "" {
		if s.Val, err = ListCSV(src, names.Val, c, s.Train.Classes); err != nil {
			return nil, err
		}
	}
	if names.Test != "" {
		if s.Test, err = ListCSV(src, names.Test, c, s.Train.Classes); err != nil {
			return nil, err
		}
	}
	return s, nil
}

type csvTable struct {
	src     *Source
	name    string
	columns Columns

	files, labels []string
	places        []diag.Pos // of the path; the label's column is in labelCol
	labelCol      []int
}

func (t *csvTable) failf(pos diag.Pos, hint, format string, args ...any) error {
	pos.File = t.src.Path(t.name)
	return diag.Finding{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func (t *csvTable) parse(raw []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.ReuseRecord = true
	var at [2]int
	for line := 0; ; line++ {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return t.failf(diag.Pos{Line: e.Line, Col: e.Column}, "", "not a row like the others: %v", e.Err)
		}
		if line == 0 {
			if at, err = t.header(rec); err != nil {
				return err
			}
			continue
		}
		file, label := rec[at[0]], strings.TrimSpace(rec[at[1]])
		row, col := r.FieldPos(at[0])
		_, labelCol := r.FieldPos(at[1])
		pos := diag.Pos{Line: row, Col: col}
		if file = path.Join(t.columns.Root, strings.TrimSpace(file)); !fs.ValidPath(file) {
			return t.failf(pos, "paths are relative to the CSV file's folder (or root) and stay inside the data", "%q is no path in the data", rec[at[0]])
		}
		if label == "" {
			return t.failf(diag.Pos{Line: row, Col: labelCol}, "", "the label is empty")
		}
		t.files, t.labels = append(t.files, file), append(t.labels, label)
		t.places, t.labelCol = append(t.places, pos), append(t.labelCol, labelCol)
	}
	if len(t.files) == 0 {
		return t.failf(diag.Pos{}, "the first row names the columns, each other row an image", "the list of images is empty")
	}
	return nil
}

func (t *csvTable) header(rec []string) (at [2]int, err error) {
	for k, want := range []string{t.columns.Path, t.columns.Label} {
		at[k] = slices.IndexFunc(rec, func(s string) bool { return strings.TrimSpace(s) == want })
		if at[k] < 0 {
			return at, t.failf(diag.Pos{Line: 1, Col: 1}, "name the columns of paths and labels", "there is no column %q among %s", want, some(rec))
		}
	}
	return at, nil
}

func (t *csvTable) listing(known []string) (*Listing, error) {
	l := &Listing{Classes: slices.Clone(known), Files: t.files}
	if known == nil {
		l.Classes = slices.Clone(t.labels)
		slices.SortFunc(l.Classes, natural)
		l.Classes = slices.Compact(l.Classes)
	}
	index := make(map[string]int, len(l.Classes))
	for i, c := range l.Classes {
		index[c] = i
	}
	for i, name := range t.labels {
		y, ok := index[name]
		if !ok {
			return nil, t.failf(diag.Pos{Line: t.places[i].Line, Col: t.labelCol[i]}, classHint(name, l.Classes), "class %q is not one of those that are trained", name)
		}
		l.Labels = append(l.Labels, y)
		if _, err := fs.Stat(t.src.FS, t.files[i]); err != nil {
			return nil, t.failf(t.places[i], "paths are relative to the CSV file's folder, or to root", "%s: %v", t.src.Path(t.files[i]), cause(err))
		}
	}
	return l, nil
}
