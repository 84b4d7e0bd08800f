package jpeg

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The pixels are libjpeg-turbo's, to the bit; testdata/make.py made the files
// and the sums. One decoder does them all, so memory that it reuses shows.
func TestPixelsAreLibjpegTurbos(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(file(t, "golden.txt"))), "\n")
	if len(lines) < 50 {
		t.Fatalf("only %d files", len(lines))
	}
	var d Decoder
	var pix []byte
	for _, line := range lines {
		var sum, name string
		var w, h int
		if _, err := fmt.Sscan(line, &sum, &w, &h, &name); err != nil {
			t.Fatal(err)
		}
		data := file(t, name)
		var cfg Config
		var err error
		if pix, cfg, err = d.Decode(pix, data, Limits{Pixels: w * h}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(pix)); got != sum || cfg.Width != w || cfg.Height != h {
			t.Errorf("%s: %d×%d pixels with sum %s", name, cfg.Width, cfg.Height, got)
		}
		want := RGB
		switch {
		case strings.HasPrefix(name, "gray"):
			want = Gray
		case strings.HasPrefix(name, "cmyk"), strings.HasPrefix(name, "ycck"):
			want = CMYK
		}
		if head, err := d.DecodeConfig(data); err != nil || head.Width != w || head.Height != h || head.Space != want || cfg.Space != want {
			t.Errorf("%s: headers say %+v, %v", name, head, err)
		}
	}
}

// The integer transform against the definition of the inverse DCT.
func TestIDCTIsNearTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b [64]int32
		for range rapid.IntRange(0, 64).Draw(t, "coefficients") {
			b[rapid.IntRange(0, 63).Draw(t, "at")] = int32(rapid.IntRange(-300, 300).Draw(t, "value"))
		}
		var want [64]float64
		for y := range 8 {
			for x := range 8 {
				sum := 128.0
				for v := range 8 {
					for u := range 8 {
						c := 0.25
						if u == 0 {
							c *= math.Sqrt2 / 2
						}
						if v == 0 {
							c *= math.Sqrt2 / 2
						}
						sum += c * float64(b[8*v+u]) * math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
					}
				}
				want[8*y+x] = math.Max(0, math.Min(255, sum))
			}
		}
		got := make([]byte, 64)
		idct(&b, got, 8)
		for i, v := range got {
			if math.Abs(float64(v)-want[i]) > 1 {
				t.Fatalf("sample %d is %d, want %v", i, v, want[i])
			}
		}
	})
}

func TestAnyPrefixIsAnError(t *testing.T) {
	for _, name := range []string{"rgb_420_40x24.jpg", "rgb_420_progressive_40x24.jpg", "restart_17x33.jpg"} {
		whole := file(t, name)
		var d Decoder
		for n := range whole {
			if _, _, err := d.Decode(nil, whole[:n], Limits{}); err == nil && n < len(whole)-2 {
				t.Fatalf("%s: the first %d of %d bytes were taken for the image", name, n, len(whole))
			}
		}
	}
	// All samples are there; only the end marker is not.
	whole := file(t, "rgb_420_40x24.jpg")
	var d Decoder
	if _, _, err := d.Decode(nil, whole[:len(whole)-2], Limits{}); err != nil {
		t.Errorf("without its end marker: %v", err)
	}
}

// segment finds a marker's segment: the position of its 0xff and the length
// of marker, length field and body.
func segment(t *testing.T, data []byte, marker byte) (at, n int) {
	t.Helper()
	for at = 2; at+4 <= len(data); at += n {
		n = 2 + int(data[at+2])<<8 + int(data[at+3])
		if data[at+1] == marker {
			return at, n
		}
	}
	t.Fatalf("no marker %#x", marker)
	return 0, 0
}

func TestBadFiles(t *testing.T) {
	patch := func(name string, marker byte, offset int, v byte) []byte {
		b := file(t, name)
		at, _ := segment(t, b, marker)
		b[at+4+offset] = v
		return b
	}
	without := func(name string, marker byte) []byte {
		b := file(t, name)
		at, n := segment(t, b, marker)
		return append(bytes.Clone(b[:at]), b[at+n:]...)
	}
	twice := func(name string, marker byte) []byte {
		b := file(t, name)
		at, n := segment(t, b, marker)
		return append(bytes.Clone(b[:at+n]), b[at:]...)
	}
	retyped := func(name string, marker, as byte) []byte {
		b := file(t, name)
		at, _ := segment(t, b, marker)
		b[at+1] = as
		return b
	}
	const base, prog, rest = "rgb_420_40x24.jpg", "rgb_420_progressive_40x24.jpg", "restart_17x33.jpg"
	noRestart := file(t, rest)
	i := bytes.Index(noRestart, []byte{0xff, rst0})
	noRestart[i+1] = rst0 + 3
	manyScans := file(t, prog)
	at, n := segment(t, manyScans, sos)
	scan := manyScans[at : at+n+bytes.Index(manyScans[at+n:], []byte{0xff, dht})]
	manyScans = append(bytes.Clone(manyScans[:at]), bytes.Repeat(scan, maxScans+1)...)
	for _, c := range []struct {
		what string
		data []byte
		want string
	}{
		{"nothing", nil, "does not start as a JPEG does"},
		{"a PNG", []byte("\x89PNG\r\n\x1a\n"), "does not start as a JPEG does"},
		{"no image", []byte{0xff, soi, 0xff, eoi}, "there is no image"},
		{"no end", []byte{0xff, soi}, "cut short"},
		{"a segment of length 1", []byte{0xff, soi, 0xff, app0, 0, 1}, "length 1"},
		{"a segment beyond the end", []byte{0xff, soi, 0xff, app0, 9, 9}, "cut short"},
		{"12 bits", patch(base, sof0, 0, 12), "samples of 12 bits"},
		{"no height", patch(base, sof0, 2, 0), "40×0 pixels"},
		{"far too large", patch(base, sof0, 1, 0xff), "cut short"},
		{"five components", patch(base, sof0, 5, 5), "bad frame header"},
		{"sampling 0", patch(base, sof0, 7, 0x02), "bad component"},
		{"sampling 3 to 2", patch(base, sof0, 10, 0x31), "fractional"},
		{"two components alike", patch(base, sof0, 9, 1), "two components have the number 1"},
		{"two frames", twice(base, sof0), "a second frame header"},
		{"arithmetic coding", retyped(base, sof0, 0xc9), "process 9"},
		{"lossless", retyped(base, sof0, 0xc3), "process 3"},
		{"no frame", without(base, sof0), "a scan before the frame header"},
		{"no quantization table", without(base, dqt), "quantization table 0 is missing"},
		{"no Huffman table", without(base, dht), "Huffman table 0 for DC is missing"},
		{"a bad quantization table", patch(base, dqt, 0, 0x20), "bad quantization table"},
		{"a bad Huffman table", patch(base, dht, 0, 0x20), "bad Huffman table"},
		{"too many codes", patch(base, dht, 1, 3), "Huffman table"},
		{"an unknown component in the scan", patch(base, sos, 1, 9), "bad scan header"},
		{"a component twice in the scan", patch(base, sos, 3, 1), "bad scan header"},
		{"AC of two components", patch(prog, sos, 8, 5), "bad scan header"},
		{"a wrong restart marker", noRestart, "restart marker is missing"},
		{"too many scans", manyScans, "more than 200 scans"},
	} {
		var d Decoder
		_, _, err := d.Decode(nil, c.data, Limits{})
		var typed Error
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &typed) {
			t.Errorf("%s: got %v, want …%s…", c.what, err, c.want)
		}
	}
	var d Decoder
	if _, _, err := d.Decode(nil, file(t, base), Limits{Pixels: 959}); err == nil || !strings.Contains(err.Error(), "40×24 pixels are above the limit of 959") {
		t.Errorf("got %v", err)
	}
}

func TestASteadyDecoderAllocatesLittle(t *testing.T) {
	data := file(t, "rgb_420_40x24.jpg")
	var d Decoder
	var pix []byte
	if n := testing.AllocsPerRun(20, func() { pix, _, _ = d.Decode(pix, data, Limits{}) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"rgb_420_5x3.jpg", "rgb_422_progressive_17x33.jpg", "restart_progressive_17x33.jpg", "ycck_5x3.jpg", "gray_1x1.jpg", "rgb_411_5x3.jpg"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Decoder
		head, herr := d.DecodeConfig(data)
		pix, cfg, err := d.Decode(nil, data, Limits{Pixels: 1 << 20})
		if err != nil {
			return
		}
		if len(pix) != cfg.Width*cfg.Height*cfg.Space.Channels() || herr != nil || head.Width != cfg.Width || head.Height != cfg.Height {
			t.Fatalf("%d bytes for %+v; the headers say %+v, %v", len(pix), cfg, head, herr)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"rgb_420_40x24.jpg", "rgb_444_40x24.jpg", "rgb_420_progressive_40x24.jpg"} {
		b.Run(name, func(b *testing.B) {
			data := file(b, name)
			var d Decoder
			var pix []byte
			b.SetBytes(40 * 24 * 3)
			b.ReportAllocs()
			for range b.N {
				var err error
				if pix, _, err = d.Decode(pix, data, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
