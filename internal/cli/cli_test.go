package cli

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"thaw":     func() { os.Exit(Main(System())) },
		"pictures": pictures,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("TMPDIR", e.WorkDir)
		return nil
	}})
}

// pictures DIR N writes N small pictures of each of two classes, dark and
// light, for training and half as many for validation.
func pictures() {
	dir := os.Args[1]
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	for split, count := range map[string]int{"train": n, "val": n / 2} {
		for c, class := range []string{"dark", "light"} {
			folder := filepath.Join(dir, split, class)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				panic(err)
			}
			for i := range count {
				write(filepath.Join(folder, fmt.Sprintf("%d.png", i)), uint8(60+120*c+i*3%40))
			}
		}
	}
}

func write(name string, grey uint8) {
	m := image.NewRGBA(image.Rect(0, 0, 12, 12))
	for i := range m.Pix {
		m.Pix[i] = grey + uint8(i*7%30)
	}
	m.Set(0, 0, color.Black)
	f, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		panic(err)
	}
}
