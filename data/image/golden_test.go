package image

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func picture(t testing.TB) *Image {
	t.Helper()
	m, err := Decode(file(t, "picture.png"), Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The pixels of every line of testdata/golden.txt are Pillow's, to the bit.
// Where Pillow's are not wanted, testdata/make.py and the documentation say so.
func TestPixelsArePillows(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(file(t, "golden.txt"))), "\n")
	if len(lines) < 100 {
		t.Fatalf("only %d lines", len(lines))
	}
	for _, line := range lines {
		f := strings.Fields(line)
		sum, size, what := f[0], strings.Join(f[1:4], " "), f[4:]
		m, err := perform(t, what, f[3] == "1")
		if err != nil {
			t.Errorf("%v: %v", what, err)
			continue
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(m.Pix)); got != sum || fmt.Sprint(m.W, m.H, m.C) != size {
			t.Errorf("%v: %d×%d pixels in %d channels with sum %s", what, m.W, m.H, m.C, got)
		}
	}
}

func perform(t *testing.T, what []string, gray bool) (*Image, error) {
	var s Scratch
	m := picture(t)
	if gray {
		var err error
		if m, err = (Grayscale{Channels: 1}).Apply(&s, m); err != nil || what[0] == "grayscale" {
			return m, err
		}
	}
	args := make([]float64, len(what))
	for i, w := range what {
		fmt.Sscan(w, &args[i])
	}
	switch what[0] {
	case "decode", "orient":
		return Decode(file(t, what[1]), Decoding{EXIFOrientation: what[0] == "orient"})
	case "resize", "resize_gray":
		return Resize{To: Extent{Exact: Size{int(args[3]), int(args[2])}}, Interpolation: Filter(what[1])}.Apply(&s, m)
	case "affine":
		a := RandomAffine{Interpolation: Filter(what[1]), Fill: Colour{9, 80, 200}}
		if m.C == 1 {
			a.Fill = nil
		}
		return a.draw(&s, m, placement{args[2], args[3], args[4], args[5], args[6], 0})
	case "brightness":
		brighten(m, args[1])
	case "contrast", "contrast_gray":
		contrast(m, args[1])
	case "saturation":
		saturate(m, args[1])
	case "hue":
		shiftHue(m, args[1])
	default:
		return nil, fmt.Errorf("unknown")
	}
	return m, nil
}
