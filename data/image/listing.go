package image

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// Listing is the files of one split with their labels.
type Listing struct {
	// Classes are the labels' names; nil for images without labels.
	Classes []string
	Files   []string
	// Labels are indices into Classes, one a file.
	Labels []int
}

// maxDepth bounds the folders below a class; links can make circles.
const maxDepth = 16

var extensions = []string{".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".gif"}

const folderHint = "folders are laid out as train/<class>/<image>, images being .jpg, .jpeg, .png, .webp, .bmp or .gif"

// ListFolder lists dir/<class>/…/<image>. Without known classes the folders
// are the classes, in natural order; otherwise each folder must be one of them.
func ListFolder(src *Source, dir string, known []string) (*Listing, error) {
	entries, err := fs.ReadDir(src.FS, dir)
	if err != nil {
		return nil, src.failf(dir, folderHint, "the folder of images cannot be read: %v", cause(err))
	}
	l := &Listing{Classes: slices.Clone(known)}
	var found []string
	for _, e := range entries {
		if !hidden(e.Name()) && (e.IsDir() || e.Type()&fs.ModeSymlink != 0 && src.isDir(path.Join(dir, e.Name()))) {
			found = append(found, e.Name())
		}
	}
	if len(found) == 0 {
		return nil, src.failf(dir, folderHint, "there are no class folders in it")
	}
	slices.SortFunc(found, natural)
	if known == nil {
		l.Classes = found
	}
	for _, class := range found {
		label := slices.Index(l.Classes, class)
		if label < 0 {
			return nil, unknownClass(src, path.Join(dir, class), class, l.Classes)
		}
		files, err := images(src, path.Join(dir, class), 0)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, src.failf(path.Join(dir, class), folderHint, "class %q has no images", class)
		}
		for _, f := range files {
			l.Files, l.Labels = append(l.Files, f), append(l.Labels, label)
		}
	}
	return l, nil
}

func unknownClass(src *Source, where, class string, known []string) error {
	return src.failf(where, classHint(class, known), "class %q is not one of those that are trained", class)
}

func classHint(class string, known []string) string {
	hint := "every class needs images to train on; the classes are " + some(known)
	if near := registry.Nearest(class, known, 1); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q? %s", near[0], hint)
	}
	return hint
}

// some lists the first few names.
func some(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", …"
}

// ListImages lists all images in and below dir, without labels.
func ListImages(src *Source, dir string) (*Listing, error) {
	files, err := images(src, dir, 0)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, src.failf(dir, "images are .jpg, .jpeg, .png, .webp, .bmp or .gif files", "there are no images in it")
	}
	return &Listing{Files: files}, nil
}

// images lists the images in and below dir, in natural order.
func images(src *Source, dir string, depth int) ([]string, error) {
	entries, err := fs.ReadDir(src.FS, dir)
	if err != nil {
		return nil, src.failf(dir, "", "the folder cannot be read: %v", cause(err))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return natural(a.Name(), b.Name()) })
	var out []string
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case hidden(e.Name()):
		case e.IsDir() || e.Type()&fs.ModeSymlink != 0 && src.isDir(name):
			if depth == maxDepth {
				return nil, src.failf(name, "", "folders are nested more than %d deep; is there a link in a circle?", maxDepth)
			}
			below, err := images(src, name, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		case slices.Contains(extensions, strings.ToLower(path.Ext(name))):
			out = append(out, name)
		}
	}
	return out, nil
}

// Splits are the listings of a data set, all with the classes of Train. Val
// and Test are nil where there is no such split.
type Splits struct{ Train, Val, Test *Listing }

// SplitNames are the folders, or the CSV files, of the splits. Folders that
// are not named are looked for as train, then val, valid or validation, then
// test.
type SplitNames struct{ Train, Val, Test string }

// ListFolders lists the splits of train/<class>/<image> and its like; all may
// lie in one folder more.
func ListFolders(src *Source, names SplitNames) (*Splits, error) {
	base := "."
	if names == (SplitNames{}) {
		base = src.base("train")
	}
	find := func(given string, usual ...string) (string, bool) {
		if given != "" {
			return given, true
		}
		for _, n := range usual {
			if n = path.Join(base, n); src.isDir(n) {
				return n, true
			}
		}
		return "", false
	}
	dir, ok := find(names.Train, "train")
	if !ok {
		return nil, src.failf(".", folderHint, "there is no folder train")
	}
	s := &Splits{}
	var err error
	if s.Train, err = ListFolder(src, dir, nil); err != nil {
		return nil, err
	}
	if dir, ok := find(names.Val, "val", "valid", "validation"); ok {
		if s.Val, err = ListFolder(src, dir, s.Train.Classes); err != nil {
			return nil, err
		}
	}
	if dir, ok := find(names.Test, "test"); ok {
		if s.Test, err = ListFolder(src, dir, s.Train.Classes); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// check reports a listing made by hand that cannot be read.
func (l *Listing) check() error {
	if len(l.Files) == 0 {
		return errors.New("a listing without files")
	}
	if l.Labels == nil {
		return nil
	}
	if len(l.Labels) != len(l.Files) {
		return fmt.Errorf("%d labels for %d files", len(l.Labels), len(l.Files))
	}
	for i, y := range l.Labels {
		if y < 0 || y >= len(l.Classes) {
			return fmt.Errorf("%s has label %d of %d classes", l.Files[i], y, len(l.Classes))
		}
	}
	return nil
}
