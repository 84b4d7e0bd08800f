package model_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/data/image"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/tensor"
)

// dataDir is a folder of published models and data sets, which the repository
// does not hold: models/cifar10-resnet and datasets/cifar10_jpeg.
func dataDir(t *testing.T) string {
	dir := os.Getenv("THAW_DATA_DIR")
	if dir == "" {
		t.Skip("THAW_DATA_DIR names no folder of published models and data")
	}
	return dir
}

// TestResNet20Golden compares the logits of the published CIFAR-10 ResNet-20
// with those that PyTorch 1.13 gave for the same JPEG files (decoded by Pillow),
// on every path that the machine has.
func TestResNet20Golden(t *testing.T) {
	for _, path := range native.Paths() {
		t.Run(path, func(t *testing.T) {
			e, err := native.New(native.Options{CPU: path})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			compareResNet20(t, e)
		})
	}
}

func compareResNet20(t *testing.T, e engine.Engine) {
	t.Helper()
	dir := dataDir(t)
	raw, err := os.ReadFile(filepath.Join(dir, "models", "cifar10-resnet", "golden_resnet20.json"))
	if err != nil {
		t.Skip(err)
	}
	var golden struct {
		Items []struct {
			File   string    `json:"file"`
			Logits []float64 `json:"logits"`
		} `json:"items"`
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	src, err := image.Open(filepath.Join(dir, "datasets", "cifar10_jpeg", "cifar10_jpeg_sub_5000_1000.tar.gz"))
	if err != nil {
		t.Skip(err)
	}
	list := &image.Listing{}
	for _, it := range golden.Items {
		list.Files = append(list.Files, "cifar10/"+it.File)
	}
	p, err := image.NewPipeline(image.Normalize{Mean: image.ImageNetMean, Std: image.ImageNetStd})
	if err != nil {
		t.Fatal(err)
	}
	set, err := image.NewDataset(src, list, p, image.Decoding{})
	if err != nil {
		t.Fatal(err)
	}
	s := nn.NewScope(nn.Config{Engine: e, Lazy: true})
	m, err := model.Images().Find("cifar_resnet20")
	if err != nil {
		t.Fatal(err)
	}
	net := m.Value.New(s, model.Config{Classes: 10})
	file, err := safetensors.Open(filepath.Join(dir, "models", "cifar10-resnet", "resnet20.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := nn.Load(net.Params().All(), file, nn.LoadOptions{Exact: true}); err != nil {
		t.Fatal(err)
	}
	tape := tensor.NewTape(e)
	defer tape.Close()
	if len(golden.Items) == 0 {
		t.Fatal("no golden logits")
	}
	for i, it := range golden.Items {
		x, err := set.Sample(data.SampleKey{}, i)
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		err = tape.Do(func() {
			tape.NoGrad(func() {
				got = net.Run(tape, nil, tape.FromF32(engine.Of(1, 3, 32, 32), x[image.PixelValues].F32)).Float64s()
			})
		})
		tape.Reset()
		if err != nil {
			t.Fatal(err)
		}
		for c, want := range it.Logits {
			if math.Abs(got[c]-want) > 1e-4 {
				t.Errorf("%s: logit %d is %v, want %v", it.File, c, got[c], want)
			}
		}
	}
}
