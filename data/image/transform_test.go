package image

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/rng"
)

// ramp is an image whose pixel (x, y) is x + 16·y.
func ramp(w, h int) *Image {
	m := New(w, h, 1)
	for i := range m.Pix {
		m.Pix[i] = byte(i%w + 16*(i/w))
	}
	return m
}

func apply(t testing.TB, tr Transform, m *Image, seed uint64) *Image {
	t.Helper()
	if err := checked(tr); err != nil {
		t.Fatalf("%T: %v", tr, err)
	}
	out, err := tr.Apply(&Scratch{Rand: rng.New(seed)}, m)
	if err != nil {
		t.Fatalf("%T: %v", tr, err)
	}
	return out
}

// corner is what a crop shows first: the place it was cut from.
func TestCenterCropRoundsAsTorchvision(t *testing.T) {
	for _, c := range []struct{ have, want, at int }{
		{4, 2, 1}, {5, 2, 2}, {5, 4, 0}, {7, 4, 2}, {7, 2, 2}, {9, 2, 4}, {3, 3, 0},
	} {
		m := apply(t, CenterCrop{Square(c.want)}, ramp(c.have, c.have), 0)
		if want := byte(17 * c.at); m.Pix[0] != want || m.W != c.want || m.H != c.want {
			t.Errorf("the middle %d of %d starts at %d, want %d", c.want, c.have, m.Pix[0]%16, c.at)
		}
	}
	// Smaller images are padded, the odd pixel to the right and below.
	m := apply(t, CenterCrop{Square(4)}, &Image{1, 1, 1, []byte{9}}, 0)
	if want := []byte{0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}; !bytes.Equal(m.Pix, want) {
		t.Errorf("%v", m.Pix)
	}
}

func TestResizeToTheShorterSide(t *testing.T) {
	for _, c := range []struct{ w, h, short, wantW, wantH int }{
		{100, 50, 20, 40, 20}, {50, 100, 20, 20, 40}, {33, 10, 7, 23, 7}, {10, 10, 10, 10, 10},
	} {
		m := apply(t, Resize{To: Extent{Short: c.short}}, New(c.w, c.h, 3), 0)
		if m.W != c.wantW || m.H != c.wantH {
			t.Errorf("%d×%d to %d: %d×%d", c.w, c.h, c.short, m.W, m.H)
		}
	}
	if _, err := (Resize{To: Extent{Short: 300}}).Apply(&Scratch{}, New(2000, 1, 1)); err == nil || !strings.Contains(err.Error(), "too narrow") {
		t.Errorf("got %v", err)
	}
}

func TestRandomCropReachesEveryPlace(t *testing.T) {
	seen := map[byte]int{}
	for seed := range uint64(600) {
		m := apply(t, RandomCrop{Size: Size{3, 4}}, ramp(6, 4), seed)
		if m.W != 4 || m.H != 3 || m.Pix[4]-m.Pix[0] != 16 {
			t.Fatalf("%+v", m)
		}
		seen[m.Pix[0]]++
	}
	for _, at := range []byte{0, 1, 2, 16, 17, 18} {
		// 100 expected, standard deviation 9.
		if n := seen[at]; n < 55 || n > 145 {
			t.Errorf("the corner %d came %d times in 600", at, n)
		}
	}
	if len(seen) != 6 {
		t.Errorf("%d corners", len(seen))
	}
}

func TestRandomCropPads(t *testing.T) {
	black, white := 0, 0
	for seed := range uint64(50) {
		m := apply(t, RandomCrop{Size: Square(4), Padding: Pad{2, 2, 2, 2}, Fill: Colour{255}}, &Image{4, 4, 1, make([]byte, 16)}, seed)
		for _, v := range m.Pix {
			if v == 255 {
				white++
			} else {
				black++
			}
		}
	}
	if white == 0 || black < white {
		t.Errorf("%d pixels of padding, %d of the image", white, black)
	}
	small := New(2, 9, 3)
	if _, err := (RandomCrop{Size: Square(4)}).Apply(&Scratch{}, small); err == nil || !strings.Contains(err.Error(), "set pad_if_needed") {
		t.Errorf("got %v", err)
	}
	if m := apply(t, RandomCrop{Size: Square(4), PadIfNeeded: true}, small, 1); m.W != 4 || m.H != 4 {
		t.Errorf("%d×%d", m.W, m.H)
	}
	if _, err := (RandomCrop{Size: Square(1), Fill: Colour{1, 2, 3}}).Apply(&Scratch{}, New(1, 1, 1)); err == nil {
		t.Error("a fill of three channels was taken for one")
	}
}

func TestRandomResizedCropStaysWithinItsRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := New(rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h"), 1)
		c := RandomResizedCrop{Size: Size{5, 6}, Scale: Range{0.08, 1}, Ratio: Range{3. / 4, 4. / 3}}
		s := &Scratch{Rand: rng.New(rapid.Uint64().Draw(t, "seed"))}
		x, y, size := c.choose(s, src)
		if x < 0 || y < 0 || size.W < 1 || size.H < 1 || x+size.W > src.W || y+size.H > src.H {
			t.Fatalf("%v at (%d, %d) of %d×%d", size, x, y, src.W, src.H)
		}
		// Rounding moves each side by at most ½.
		if w, h := float64(size.W), float64(size.H); (w+0.5)/(h-0.5) < 3./4 || (w-0.5)/(h+0.5) > 4./3 {
			t.Fatalf("%v has another ratio", size)
		}
		if m, err := c.Apply(s, src); err != nil || m.W != 6 || m.H != 5 {
			t.Fatalf("%v, %v", m, err)
		}
	})
}

func TestFlips(t *testing.T) {
	m := apply(t, RandomHorizontalFlip{P: 1}, &Image{2, 1, 3, []byte{1, 2, 3, 4, 5, 6}}, 0)
	if !bytes.Equal(m.Pix, []byte{4, 5, 6, 1, 2, 3}) {
		t.Errorf("%v", m.Pix)
	}
	m = apply(t, RandomVerticalFlip{P: 1}, &Image{1, 3, 1, []byte{1, 2, 3}}, 0)
	if !bytes.Equal(m.Pix, []byte{3, 2, 1}) {
		t.Errorf("%v", m.Pix)
	}
	for _, tr := range []Transform{RandomHorizontalFlip{P: 0.25}, RandomVerticalFlip{P: 0.25}} {
		flips := 0
		for seed := range uint64(1000) {
			if apply(t, tr, ramp(2, 2), seed).Pix[0] != 0 {
				flips++
			}
		}
		if flips < 180 || flips > 320 { // 250 ± 5·14
			t.Errorf("%T: %d flips in 1000", tr, flips)
		}
	}
}

func TestRandomAffineKeepsToItsRanges(t *testing.T) {
	src := New(21, 21, 1)
	src.Pix[10*21+10] = 255 // the centre
	for seed := range uint64(100) {
		m := apply(t, RandomAffine{Degrees: Range{-90, 90}, Translate: []float64{0.2, 0.1}, Scale: Range{1, 1}}, src, seed)
		at := bytes.IndexByte(m.Pix, 255)
		if at < 0 {
			t.Fatal("the centre is gone")
		}
		if dx, dy := at%21-10, at/21-10; math.Abs(float64(dx)) > 5 || math.Abs(float64(dy)) > 3 {
			t.Fatalf("the centre moved by (%d, %d)", dx, dy)
		}
	}
	if m := apply(t, RandomAffine{}, ramp(5, 5), 3); !bytes.Equal(m.Pix, ramp(5, 5).Pix) {
		t.Errorf("nothing asked for, and yet %v", m.Pix)
	}
}

func TestColorJitterDrawsOrderAndFactors(t *testing.T) {
	j := ColorJitter{Brightness: Factor{Range{0.5, 1.5}}, Contrast: Factor{Range{0.5, 1.5}}, Saturation: Factor{Range{0.5, 1.5}}, Hue: Range{-0.1, 0.1}}
	seen := map[string]bool{}
	for seed := range uint64(20) {
		seen[string(apply(t, j, picture(t), seed).Pix)] = true
	}
	if len(seen) != 20 {
		t.Errorf("20 seeds made %d images", len(seen))
	}
	if m := apply(t, ColorJitter{}, picture(t), 1); !bytes.Equal(m.Pix, picture(t).Pix) {
		t.Error("an empty jitter changed the image")
	}
}

func components(t *testing.T, text string) ([]config.Component, error) {
	t.Helper()
	n, err := config.ParseYAML("transforms.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var list []config.Component
	return list, config.Decode(n, &list)
}

// TestBuild runs testdata/build.txt: lists of transforms as a configuration
// has them, and what they become.
func TestBuild(t *testing.T) {
	datadriven.RunTest(t, "testdata/build.txt", func(t *testing.T, d *datadriven.TestData) string {
		list, err := components(t, d.Input)
		var p *Pipeline
		if err == nil {
			p, err = Build(Builtin(), list)
		}
		if err != nil {
			return err.Error() + "\n"
		}
		var b strings.Builder
		for _, s := range p.steps {
			fmt.Fprintf(&b, "%s %+v\n", s.name, s.Transform)
		}
		for c, v := range p.values {
			fmt.Fprintf(&b, "channel %d: 0 is %v, 255 is %v\n", c, v[0], v[255])
		}
		return b.String()
	})
}

func TestBuildFromGo(t *testing.T) {
	spec := registry.Spec{Name: "Resize", Args: registry.Args{"size": []any{4, 6}, "interpolation": "bicubic"}}
	p, err := Build(Builtin(), []config.Component{{Spec: spec}})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.steps[0].Transform.(*Resize); got.To.Exact != (Size{4, 6}) || got.Interpolation != Bicubic {
		t.Errorf("%+v", got)
	}
	spec.Args["sise"] = 1
	if _, err := Build(Builtin(), []config.Component{{Spec: spec}}); err == nil || !strings.Contains(err.Error(), `unknown key "sise"`) {
		t.Errorf("got %v", err)
	}
}

func TestPipelinesRefuseBadTransforms(t *testing.T) {
	for _, c := range []struct {
		n    Normalize
		t    Transform
		want string
	}{
		{Normalize{Mean: []float64{1}}, nil, "mean has 1 numbers, std 0"},
		{Normalize{Mean: []float64{1, 2}, Std: []float64{1, 2}}, nil, "mean and std have 2 numbers"},
		{Normalize{Mean: []float64{1}, Std: []float64{0}}, nil, "std is 0"},
		{Normalize{}, Resize{}, "transform 1, image.Resize: size is not given"},
		{Normalize{}, &Resize{To: Extent{4, Square(3)}}, "size is that of the shorter side or of both"},
		{Normalize{}, Resize{To: Extent{Short: 4}, Interpolation: "cubic"}, `no resampling filter is called "cubic"`},
		{Normalize{}, CenterCrop{Size{0, 3}}, "size is 0×3 pixels"},
		{Normalize{}, RandomHorizontalFlip{2}, "p is 2"},
		{Normalize{}, RandomVerticalFlip{math.NaN()}, "p is NaN"},
		{Normalize{}, RandomResizedCrop{Size: Square(2), Scale: Range{-1, 1}, Ratio: Range{1, 1}}, "scale is the range from -1 to 1"},
		{Normalize{}, RandomResizedCrop{Size: Square(2), Scale: Range{0, 1}}, "ratio starts at 0"},
		{Normalize{}, RandomAffine{Scale: Range{0, 1}}, "scale starts at 0"},
		{Normalize{}, RandomAffine{Translate: []float64{2, 0}}, "translate is a share of the image"},
		{Normalize{}, RandomAffine{Translate: []float64{0}}, "translate is [horizontal, vertical]"},
		{Normalize{}, RandomAffine{Interpolation: Lanczos}, "must be nearest or bilinear"},
		{Normalize{}, RandomAffine{Degrees: Range{1, 0}}, "degrees or shear"},
		{Normalize{}, ColorJitter{Hue: Range{0, 1}}, "hue is the range from 0 to 1"},
		{Normalize{}, ColorJitter{Contrast: Factor{Range{-1, 1}}}, "a factor is the range from -1 to 1"},
		{Normalize{}, Grayscale{2}, "num_output_channels is 2"},
	} {
		var list []Transform
		if c.t != nil {
			list = append(list, c.t)
		}
		if _, err := NewPipeline(c.n, list...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

func TestValues(t *testing.T) {
	p, err := NewPipeline(Normalize{Mean: ImageNetMean, Std: ImageNetStd})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 6)
	if err := p.Values(dst, &Image{2, 1, 3, []byte{0, 128, 255, 10, 20, 30}}); err != nil {
		t.Fatal(err)
	}
	// torch: ((x/255) − mean)/std in float32, channel by channel.
	for i, x := range []byte{0, 10, 128, 20, 255, 30} {
		want := (float32(x)/255 - float32(ImageNetMean[i/2])) / float32(ImageNetStd[i/2])
		if dst[i] != want {
			t.Errorf("value %d is %v, want %v", i, dst[i], want)
		}
	}
	if err := p.Values(dst[:1], New(1, 1, 1)); err == nil {
		t.Error("three means were taken for one channel")
	}
	if err := p.Values(dst[:5], New(2, 1, 3)); err == nil {
		t.Error("6 values were written to 5 places")
	}
	var plain Pipeline
	if err := plain.Values(dst[:2], &Image{2, 1, 1, []byte{0, 255}}); err != nil || !slices.Equal(dst[:2], []float32{0, 1}) {
		t.Errorf("%v, %v", dst[:2], err)
	}
}

func augmentation(t testing.TB) *Pipeline {
	t.Helper()
	p, err := NewPipeline(
		Normalize{Mean: ImageNetMean, Std: ImageNetStd},
		RandomResizedCrop{Size: Square(32), Scale: Range{0.08, 1}, Ratio: Range{3. / 4, 4. / 3}},
		RandomHorizontalFlip{P: 0.5},
		RandomAffine{Degrees: Range{-10, 10}, Interpolation: Bilinear},
		ColorJitter{Brightness: Factor{Range{0.8, 1.2}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The augmentation of a sample follows from seed, epoch and index alone, and a
// transform's randomness not from what others before it drew.
func TestRandomnessIsKeyed(t *testing.T) {
	p, src := augmentation(t), picture(t)
	at := func(seed uint64, epoch, i int) string {
		m, err := p.Transform(data.SampleKey{Seed: seed, Epoch: epoch}, i, src)
		if err != nil {
			t.Fatal(err)
		}
		return string(m.Pix)
	}
	first := at(1, 2, 3)
	if at(4, 5, 6) == first || at(1, 2, 3) != first {
		t.Error("the same key does not give the same image")
	}
	for _, other := range []string{at(2, 2, 3), at(1, 3, 3), at(1, 2, 4)} {
		if other == first {
			t.Error("seed, epoch or sample do not matter")
		}
	}
	if !bytes.Equal(src.Pix, picture(t).Pix) {
		t.Error("the source was changed")
	}
	flip, err := NewPipeline(Normalize{}, RandomHorizontalFlip{P: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	flips := ""
	for i := range 16 {
		m, err := flip.Transform(data.SampleKey{Seed: 1}, i, ramp(2, 1))
		if err != nil {
			t.Fatal(err)
		}
		flips += fmt.Sprint(m.Pix[0])
	}
	// A promise: a run resumed by a later version sees the same images.
	if flips != "0000101101010101" {
		t.Errorf("flips %s", flips)
	}
}
