package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
)

// TestStories tells how configurations are layered, decoded and printed:
//
//	file name=NAME            keeps the input as a file
//	load files=(A,B)          lays files over each other; the input is overrides
//	run files=(A) [all]       the same, decoded and printed with sources; without
//	                          all, defaults are left out
//	decode                    decodes the input into a sample struct
//	component                 reads each item of the input's list as a component
//	callbacks                 reads the input's callbacks
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		dir := t.TempDir()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := tell(t, d, dir)
			if pe, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrNotExist) {
				out = "there is no " + pe.Path + "\n" // each system says it in its words
			} else if err != nil {
				out = err.Error() + "\n"
			}
			out = strings.ReplaceAll(out, dir+string(filepath.Separator), "")
			return strings.ReplaceAll(out, `\`, "/")
		})
	})
}

func tell(t *testing.T, d *datadriven.TestData, dir string) (string, error) {
	in := func(key string) (paths []string) {
		if a, ok := d.Arg(key); ok {
			for _, f := range a.Vals {
				paths = append(paths, filepath.Join(dir, f))
			}
		}
		return paths
	}
	overrides := strings.FieldsFunc(d.Input, func(r rune) bool { return r == '\n' })
	switch d.Cmd {
	case "file":
		name := in("name")[0]
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		return "", os.WriteFile(name, []byte(d.Input+"\n"), 0o644)
	case "load":
		n, err := config.Load(in("files"), overrides)
		if err != nil {
			return "", err
		}
		return config.Write(n, true), nil
	case "run":
		n, err := config.Load(in("files"), overrides)
		if err != nil {
			return "", err
		}
		r := config.DefaultRun()
		if err := config.Decode(n, &r); err != nil {
			return "", err
		}
		var kept []string
		for _, l := range strings.SplitAfter(config.Text(n, r), "\n") {
			if d.HasArg("all") || !strings.HasSuffix(l, "# default\n") {
				kept = append(kept, l)
			}
		}
		return strings.Join(kept, ""), nil
	case "decode":
		n, err := config.ParseYAML("f", []byte(d.Input), config.KeepDuplicates)
		if err != nil {
			return "", err
		}
		v := sample()
		if err := config.Decode(n, &v); err != nil {
			return "", err
		}
		return config.Write(config.Resolve(n, &v), true), nil
	case "component":
		return components(d.Input)
	case "callbacks":
		return callbacks(d.Input)
	}
	t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	return "", nil
}

// Sample has a field of every type that can be decoded.
type Sample struct {
	Int      int               `config:"int" min:"-1" max:"100"`
	Small    int8              `config:"small"`
	Uint     uint64            `config:"uint" alias:"unsigned"`
	Float    float64           `config:"float" min:"0"`
	Text     string            `config:"text"`
	Bool     bool              `config:"bool"`
	Mode     string            `config:"mode" enum:"min,max"`
	Time     time.Duration     `config:"time"`
	Optional *float64          `config:"optional" max:"1"`
	List     []int             `config:"list"`
	Names    map[string]string `config:"names"`
	Any      any               `config:"any"`
	Inner    Inner             `config:"inner"`
	Inners   []Inner           `config:"inners"`
	Share    config.Share      `config:"share"`
	Later    bool              `config:"later" later:"use int"`
	JSON     int               `json:"from_json"`
	Inlined
	Hidden int
}

type Inner struct {
	A int `config:"a"`
	B int `config:"b"`
}

type Inlined struct {
	C int `config:"c"`
}

func sample() Sample {
	half := 0.5
	return Sample{Int: 3, Mode: "min", Optional: &half, List: []int{1, 2}, Inner: Inner{A: 1, B: 2}, Share: config.Share{Fraction: true, Value: 1}, Time: time.Minute}
}

func components(text string) (string, error) {
	n, err := config.ParseYAML("f", []byte(text), config.KeepDuplicates)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, it := range n.Items {
		var c config.Component
		if err := c.DecodeTree(it); err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		fmt.Fprintf(&b, "%s %v at %s\n", c.Name, c.Args, c.Pos)
	}
	return b.String(), nil
}

func callbacks(text string) (string, error) {
	n, err := config.ParseYAML("f", []byte(text))
	if err != nil {
		return "", err
	}
	var list config.Components
	if err := list.DecodeTree(n); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, c := range list {
		class, options, err := config.ReadCallback(c)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		fmt.Fprintf(&b, "%s\n%s", class, config.Write(config.Resolve(c.ArgsNode, options), true))
	}
	return b.String(), nil
}

// TestBadFiles reads every file of testdata/bad, a mistake each, and shows what
// is said about it.
func TestBadFiles(t *testing.T) {
	told := map[string]bool{}
	datadriven.RunTest(t, "testdata/bad.txt", func(t *testing.T, d *datadriven.TestData) string {
		name := d.CmdArgs[0].Key
		told[name] = true
		n, err := config.Load([]string{"testdata/bad/" + name}, nil)
		if err == nil {
			r := config.DefaultRun()
			err = config.Decode(n, &r)
			for _, c := range append(r.Callbacks, r.Trainer.Callbacks...) {
				if _, _, bad := config.ReadCallback(c); bad != nil {
					err = errors.Join(err, bad)
				}
			}
		}
		if err == nil {
			t.Fatalf("%s passes", name)
		}
		found := err.Error()
		if _, ok := errors.AsType[diag.Finding](err); !ok {
			if _, ok := errors.AsType[diag.List](err); !ok {
				t.Errorf("%s: the error has no place: %v", name, err)
			}
		}
		return strings.ReplaceAll(strings.ReplaceAll(found, `\`, "/"), "testdata/bad/", "") + "\n"
	})
	files, err := os.ReadDir("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !f.IsDir() && !told[f.Name()] && !strings.HasSuffix(f.Name(), ".part.yaml") {
			t.Errorf("testdata/bad.txt does not tell of %s", f.Name())
		}
	}
}
