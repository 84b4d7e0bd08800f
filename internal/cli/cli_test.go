package cli

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"thaw":     func() { os.Exit(Main(System())) },
		"pictures": pictures,
		"waitfor":  waitfor,
		"samefit":  samefit,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("TMPDIR", e.WorkDir)
		return nil
	}})
}

// waitfor FILE TEXT waits until the file holds the text.
func waitfor() {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if b, err := os.ReadFile(os.Args[1]); err == nil && strings.Contains(string(b), os.Args[2]) {
			return
		}
	}
	fmt.Fprintf(os.Stderr, "%s never held %q\n", os.Args[1], os.Args[2])
	os.Exit(1)
}

// samefit A B compares the weights of all checkpoints of two run folders that
// both have, the last among them.
func samefit() {
	var shared, last int
	dirs, err := filepath.Glob(filepath.Join(os.Args[1], "checkpoints", "epoch=*"))
	if err != nil {
		panic(err)
	}
	for _, d := range dirs {
		a, errA := os.ReadFile(filepath.Join(d, "model.safetensors"))
		b, errB := os.ReadFile(filepath.Join(os.Args[2], "checkpoints", filepath.Base(d), "model.safetensors"))
		if errA != nil || errB != nil {
			continue
		}
		if string(a) != string(b) {
			fmt.Fprintf(os.Stderr, "%s differs\n", d)
			os.Exit(1)
		}
		shared++
		if strings.HasPrefix(filepath.Base(d), "epoch=11-") {
			last++
		}
	}
	if shared < 12 || last != 1 {
		fmt.Fprintf(os.Stderr, "%d checkpoints in common, %d of the last epoch\n", shared, last)
		os.Exit(1)
	}
}

// pictures DIR N writes N small pictures of each of two classes, dark and
// light, for training and half as many for validation.
func pictures() {
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	drawPictures(os.Args[1], n)
}

func drawPictures(dir string, n int) {
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
