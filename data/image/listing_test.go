package image

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cockroachdb/datadriven"
)

// TestListing runs testdata/listing.txt. `files` lists a file system: one file
// a line, "name" or "name: text" with \n for newlines. `folders`, `images` and
// `csv` list images of it.
func TestListing(t *testing.T) {
	var src *Source
	datadriven.RunTest(t, "testdata/listing.txt", func(t *testing.T, d *datadriven.TestData) string {
		arg := func(key string) string {
			var v string
			d.MaybeScanArgs(t, key, &v)
			return v
		}
		names := SplitNames{Train: arg("train"), Val: arg("val"), Test: arg("test")}
		var s *Splits
		var err error
		switch d.Cmd {
		case "files":
			fsys := fstest.MapFS{}
			for _, line := range strings.Split(d.Input, "\n") {
				name, text, _ := strings.Cut(line, ": ")
				fsys[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, `\n`, "\n"))}
			}
			src = NewSource("pets.zip", fsys)
			return ""
		case "folders":
			s, err = ListFolders(src, names)
		case "images":
			s = &Splits{}
			s.Train, err = ListImages(src, arg("dir"))
		case "csv":
			s, err = ListCSVs(src, names, Columns{Path: arg("path"), Label: arg("label"), Root: arg("root")})
		default:
			t.Fatalf("unknown command %s", d.Cmd)
		}
		if err != nil {
			return err.Error() + "\n"
		}
		var b strings.Builder
		for _, x := range []struct {
			name string
			*Listing
		}{{"train", s.Train}, {"val", s.Val}, {"test", s.Test}} {
			if x.Listing == nil {
				continue
			}
			if err := x.check(); err != nil {
				t.Errorf("%v", err)
			}
			fmt.Fprintf(&b, "%s, classes %q\n", x.name, x.Classes)
			for i, f := range x.Files {
				if x.Labels != nil {
					fmt.Fprintf(&b, "  %d", x.Labels[i])
				}
				fmt.Fprintf(&b, "  %s\n", f)
			}
		}
		return b.String()
	})
}

func TestListingsMadeByHand(t *testing.T) {
	src := NewSource("here", fstest.MapFS{})
	for _, c := range []struct {
		l    Listing
		want string
	}{
		{Listing{}, "a listing without files"},
		{Listing{Files: []string{"a", "b"}, Labels: []int{0}, Classes: []string{"x"}}, "1 labels for 2 files"},
		{Listing{Files: []string{"a"}, Labels: []int{1}, Classes: []string{"x"}}, "a has label 1 of 1 classes"},
		{Listing{Files: []string{"a"}, Labels: []int{-1}, Classes: []string{"x"}}, "a has label -1"},
	} {
		if _, err := NewDataset(src, &c.l, nil, Decoding{}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "here") {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}
