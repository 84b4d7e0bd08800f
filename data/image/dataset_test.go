package image

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	stdimage "image"
	"image/png"
	"math"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/thaw-go/thaw/data"
)

// photos is a source of six images in two classes, two of which are broken if
// asked for.
func photos(t testing.TB, broken bool) (*Source, *Splits) {
	t.Helper()
	fsys := fstest.MapFS{}
	for i, name := range []string{"picture.png", "oriented_1.jpg", "lossy_57x43.webp", "picture.bmp", "oriented_6.jpg", "picture.gif"} {
		b := file(t, name)
		if broken && i%3 == 1 {
			b = b[:len(b)/2]
		}
		fsys[fmt.Sprintf("train/%s/%d%s", []string{"ants", "bees"}[i%2], i, path.Ext(name))] = &fstest.MapFile{Data: b}
	}
	src := NewSource("photos.tar", fsys)
	s, err := ListFolders(src, SplitNames{})
	if err != nil {
		t.Fatal(err)
	}
	return src, s
}

func dataset(t testing.TB, broken bool, d Decoding) *Dataset {
	t.Helper()
	src, s := photos(t, broken)
	ds, err := NewDataset(src, s.Train, augmentation(t), d)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// epoch tells what a loader hands out: labels, shapes and a sum of the values.
func epoch(t testing.TB, set data.Dataset, cfg data.LoaderConfig) string {
	t.Helper()
	l, err := data.NewLoader(set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for batch, err := range l.Epoch(context.Background(), 1, 0) {
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			continue
		}
		x := batch.Fields[PixelValues]
		h := fnv.New32a()
		for _, v := range x.F32 {
			u := math.Float32bits(v)
			h.Write([]byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)})
		}
		fmt.Fprintf(&b, "%v labels %v skipped %d shape %v sum %08x\n", batch.Indices, batch.Fields[Labels].I64, batch.Skipped, x.Shape, h.Sum32())
		batch.Release()
	}
	return b.String()
}

func TestAnEpochOfImages(t *testing.T) {
	src, s := photos(t, false)
	p, err := NewPipeline(
		Normalize{Mean: ImageNetMean, Std: ImageNetStd},
		RandomResizedCrop{Size: Square(32), Scale: Range{0.08, 1}, Ratio: Range{3. / 4, 4. / 3}},
		RandomHorizontalFlip{P: 0.5},
		ColorJitter{Brightness: Factor{Range{0.8, 1.2}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := NewDataset(src, s.Train, p, Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := data.LoaderConfig{Sampler: data.Sampler{BatchSize: 4, Shuffle: true, Seed: 9}, Workers: 1}
	// A promise: a run resumed by a later version sees the same values.
	got := epoch(t, ds, cfg)
	want := `
[0 5 1 4] labels [0 1 0 1] skipped 0 shape [4 3 32 32] sum ebfe36ae
[2 3] labels [0 1] skipped 0 shape [2 3 32 32] sum bfc3f46f
`
	if got != want[1:] {
		t.Errorf("got:\n%s", got)
	}
	for range 3 {
		cfg.Workers = 4
		if again := epoch(t, ds, cfg); again != got {
			t.Errorf("4 workers:\n%s1 worker:\n%s", again, got)
		}
	}
	if ds.Len() != 6 || ds.Label(0) != 0 || ds.Label(5) != 1 || ds.Path(0) != "photos.tar:train/ants/0.png" || !slices.Equal(ds.Classes(), []string{"ants", "bees"}) {
		t.Errorf("%d samples, %s, %v", ds.Len(), ds.Path(0), ds.Classes())
	}
}

func TestBrokenImages(t *testing.T) {
	ds := dataset(t, true, Decoding{})
	cfg := data.LoaderConfig{Sampler: data.Sampler{BatchSize: 6}}
	want := `error: loading sample 2: photos.tar:train/ants/4.jpg: the image cannot be decoded: jpeg: the file is cut short
    hint: replace or remove the file, or leave such files out by on_error: skip
`
	if got := epoch(t, ds, cfg); got != want {
		t.Errorf("got:\n%s", got)
	}
	cfg.OnError = data.Skip
	if got := epoch(t, ds, cfg); !strings.HasPrefix(got, "[0 1 4 5] labels [0 0 1 1] skipped 2 shape [4 3 32 32]") {
		t.Errorf("got:\n%s", got)
	}
}

func TestSampleErrorsNameTheFile(t *testing.T) {
	src, s := photos(t, false)
	huge, err := NewDataset(src, s.Train, nil, Decoding{MaxPixels: 57*43 - 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = huge.Sample(data.SampleKey{}, 0)
	if err == nil || !strings.Contains(err.Error(), "photos.tar:train/ants/0.png: the image cannot be decoded: 57×43 pixels are none, or above the limit of 2450") {
		t.Errorf("got %v", err)
	}
	p, err := NewPipeline(Normalize{}, RandomCrop{Size: Square(500)})
	if err != nil {
		t.Fatal(err)
	}
	ds, err := NewDataset(src, s.Train, p, Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ds.Sample(data.SampleKey{}, 1)
	if err == nil || !strings.HasPrefix(err.Error(), "photos.tar:train/ants/2.webp: image.RandomCrop: a crop of 500×500 pixels") {
		t.Errorf("got %v", err)
	}
	gone, err := NewDataset(src, &Listing{Files: []string{"gone.jpg"}}, nil, Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = gone.Sample(data.SampleKey{}, 0)
	if err == nil || !strings.HasPrefix(err.Error(), "photos.tar:gone.jpg: the image cannot be read: file does not exist") {
		t.Errorf("got %v", err)
	}
	// Images of several sizes do not make a batch.
	plain, err := NewDataset(src, s.Train, nil, Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	got := epoch(t, plain, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 6}})
	if !strings.Contains(got, "sample 2 does not go into one batch with sample 0") || !strings.Contains(got, "resize or crop images") {
		t.Errorf("got %s", got)
	}
}

func TestImagesWithoutLabels(t *testing.T) {
	src, _ := photos(t, false)
	l, err := ListImages(src, "train")
	if err != nil {
		t.Fatal(err)
	}
	ds, err := NewDataset(src, l, augmentation(t), Decoding{EXIFOrientation: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ds.Sample(data.SampleKey{}, 4)
	if _, labelled := s[Labels]; err != nil || labelled || ds.Label(4) != -1 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestMemory(t *testing.T) {
	images := []Image{*ramp(5, 4), *ramp(5, 4)}
	p, err := NewPipeline(Normalize{}, RandomHorizontalFlip{P: 1})
	if err != nil {
		t.Fatal(err)
	}
	ds, err := NewMemory(images, []int{3, 1}, p)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the images stay as they are
		s, err := ds.Sample(data.SampleKey{}, 1)
		if err != nil || s[PixelValues].F32[0] != 4./255 || s[Labels].I64[0] != 1 || !slices.Equal(s[PixelValues].Shape, []int{1, 4, 5}) {
			t.Errorf("%v, %v", s, err)
		}
	}
	if _, err := NewMemory(images, []int{1}, nil); err == nil {
		t.Error("1 label was taken for 2 images")
	}
	if _, err := NewMemory([]Image{{W: 2, H: 2, C: 3, Pix: make([]byte, 4)}}, nil, nil); err == nil || !strings.Contains(err.Error(), "image 0: 4 bytes are no image of 2×2 pixels in 3 channels") {
		t.Errorf("got %v", err)
	}
	plain, err := NewMemory(images, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := plain.Sample(data.SampleKey{}, 0); err != nil || len(s) != 1 || plain.Len() != 2 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestDecodingRefuses(t *testing.T) {
	whole := file(t, "picture.png")
	for _, c := range []struct {
		data []byte
		want string
	}{
		{nil, "no JPEG, PNG, WebP, BMP or GIF file"},
		{[]byte("hello, world"), "no JPEG, PNG, WebP, BMP or GIF file"},
		{[]byte("RIFF1234WAVE"), "no JPEG, PNG, WebP, BMP or GIF file"},
		{whole[:40], "unexpected EOF"},
		{append(bytes.Clone(whole[:60]), make([]byte, 4000)...), "corrupt input"},
		{[]byte{0xff, 0xd8, 0xff, 0xd9}, "there is no image"},
	} {
		if _, err := Decode(c.data, Decoding{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.10q: got %v, want …%s…", c.data, err, c.want)
		}
	}
	for _, name := range []string{"picture.png", "picture.gif", "picture.bmp", "lossless.webp", "oriented_1.jpg"} {
		if _, err := Decode(file(t, name), Decoding{MaxPixels: 100}); err == nil || !strings.Contains(err.Error(), "above the limit of 100") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSixteenBitGrayIsScaled(t *testing.T) {
	m := stdimage.NewGray16(stdimage.Rect(0, 0, 3, 1))
	copy(m.Pix, []byte{0, 0, 0x12, 0x34, 0xff, 0xff})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b.Bytes(), Decoding{})
	if err != nil || !bytes.Equal(got.Pix, []byte{0, 0, 0, 0x12, 0x12, 0x12, 0xff, 0xff, 0xff}) {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"palette_transparent.png", "la.png", "gray.bmp", "picture.gif", "lossy_2x3.webp", "lossless_alpha.webp", "oriented_6.jpg"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data, Decoding{MaxPixels: 1 << 16, EXIFOrientation: true})
		if err != nil {
			return
		}
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if v := orientation(data); v < 1 || v > 8 {
			t.Fatalf("orientation %d", v)
		}
	})
}

// BenchmarkPhotos decodes and augments photographs of 57×43 pixels, on as many
// cores as there are.
func BenchmarkPhotos(b *testing.B) {
	ds := dataset(b, false, Decoding{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		s := data.Sample{}
		for i := 0; pb.Next(); i++ {
			if err := ds.Fill(data.SampleKey{Epoch: i}, 2, s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkResize(b *testing.B) {
	src := New(500, 375, 3)
	var s Scratch
	b.SetBytes(int64(len(src.Pix)))
	for range b.N {
		if _, err := (Resize{To: Extent{Short: 256}}).Apply(&s, src); err != nil {
			b.Fatal(err)
		}
	}
}
