package image_test

import (
	"context"
	"fmt"
	"log"
	"testing/fstest"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/data/image"
)

// Images in folders train/<class>/…, read in batches. image.Open opens a real
// folder or archive.
func Example() {
	src := image.NewSource("tiny", fstest.MapFS{
		"train/black/1.bmp": {Data: bitmap(0)},
		"train/white/1.bmp": {Data: bitmap(255)},
	})
	splits, err := image.ListFolders(src, image.SplitNames{})
	if err != nil {
		log.Fatal(err)
	}
	pipeline, err := image.NewPipeline(
		image.Normalize{Mean: []float64{0.5}, Std: []float64{0.5}},
		image.Resize{To: image.Extent{Exact: image.Square(2)}},
		image.RandomHorizontalFlip{P: 0.5},
	)
	if err != nil {
		log.Fatal(err)
	}
	set, err := image.NewDataset(src, splits.Train, pipeline, image.Decoding{})
	if err != nil {
		log.Fatal(err)
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 2, Seed: 42}, OnError: data.Skip})
	if err != nil {
		log.Fatal(err)
	}
	for batch, err := range loader.Epoch(context.Background(), 0, 0) {
		if err != nil {
			log.Fatal(err)
		}
		x := batch.Fields[image.PixelValues]
		fmt.Println(set.Classes(), batch.Fields[image.Labels].I64, x.Shape, x.F32[0], x.F32[12])
		batch.Release()
	}
	// Output: [black white] [0 1] [2 3 2 2] -1 1
}

// bitmap is a BMP file of one gray pixel.
func bitmap(v byte) []byte {
	return []byte{
		'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0,
		0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, v, v, v, 0,
	}
}
