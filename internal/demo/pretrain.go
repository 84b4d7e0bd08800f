package demo

import (
	"context"
	"math"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// PretrainOptions say where the pictures of clothes are and where the weights
// go.
type PretrainOptions struct {
	Data, Out string
	Epochs    int
	Engine    engine.Engine
	Sink      event.Sink
}

// Pretrain trains the network on Fashion-MNIST and writes its weights as
// float16.
func Pretrain(ctx context.Context, o PretrainOptions) error {
	train, err := Fashion(o.Data, "train")
	if err != nil {
		return err
	}
	test, err := Fashion(o.Data, "t10k")
	if err != nil {
		return err
	}
	train, test = train.resized(pixels), test.resized(pixels)
	const seed = 1
	lr := 3e-3
	clf, err := task.NewImageClassifier(task.ImageClassifierConfig{
		Engine: o.Engine, Backbone: "cifar_resnet8", Classes: 10, Channels: 1, Seed: seed,
		Optimization: task.Optimization{
			Optimizer: registry.Spec{Name: "adamw"}, LearningRate: &lr,
			LRScheduler: ptr(lrsched.Named("cosine_schedule_with_warmup", lrsched.Args{"num_warmup_steps": 0.1})),
		},
	})
	if err != nil {
		return err
	}
	var d trainer.Data
	d.Train, err = data.NewLoader(augmented{train}, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 64, Shuffle: true, Seed: seed}})
	if err != nil {
		return err
	}
	fixed, err := test.dataset(pixelMean, pixelStd)
	if err != nil {
		return err
	}
	if d.Val, err = data.NewLoader(fixed, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 250}}); err != nil {
		return err
	}
	c := trainer.DefaultConfig(o.Engine)
	c.MaxEpochs, c.Seed, c.Sink = o.Epochs, seed, o.Sink
	tr, err := trainer.New(c)
	if err != nil {
		return err
	}
	if _, err := tr.Fit(ctx, clf, d, trainer.Schedule{}); err != nil {
		return err
	}
	var entries []safetensors.Entry
	for _, p := range clf.Network().Params().All() {
		if p.DType != engine.F32.String() {
			continue // counters, which start anew
		}
		entries = append(entries, safetensors.Floats(p.Local(), safetensors.F16, p.Shape, p.Tensor.Float32s()))
	}
	return safetensors.Save(o.Out, map[string]string{"format": "pt"}, entries)
}

func ptr[T any](v T) *T { return &v }

// augmented are pictures turned by up to 15°, moved by up to a tenth of their
// side and scaled by 0.9 to 1.1, anew in each epoch.
type augmented struct{ Images }

// Len implements data.Dataset.
func (a augmented) Len() int { return len(a.Labels) }

// Sample implements data.Dataset.
func (a augmented) Sample(key data.SampleKey, i int) (data.Sample, error) {
	r := rng.New(key.Seed, uint64(key.Epoch), uint64(i), rng.Name("affine"))
	angle := r.Uniform(-15, 15) * math.Pi / 180
	scale := r.Uniform(0.9, 1.1)
	dx, dy := r.Uniform(-.1, .1)*float64(a.Size), r.Uniform(-.1, .1)*float64(a.Size)
	out := affine(a.Pixels[i], a.Size, angle, scale, dx, dy)
	for j, v := range out {
		out[j] = (v - pixelMean) / pixelStd
	}
	return data.Sample{"pixel_values": data.Floats(out, 1, a.Size, a.Size), "labels": data.Ints([]int64{a.Labels[i]})}, nil
}

// affine turns a square picture by angle about its centre, scales and moves it;
// it samples bilinearly, with zeros outside.
func affine(src []float32, size int, angle, scale, dx, dy float64) []float32 {
	dst := make([]float32, size*size)
	sin, cos := math.Sin(angle)/scale, math.Cos(angle)/scale
	c := float64(size-1) / 2
	at := func(y, x int) float64 {
		if y < 0 || x < 0 || y >= size || x >= size {
			return 0
		}
		return float64(src[y*size+x])
	}
	for y := range size {
		for x := range size {
			u, v := float64(x)-c-dx, float64(y)-c-dy
			sx, sy := cos*u+sin*v+c, -sin*u+cos*v+c
			x0, y0 := math.Floor(sx), math.Floor(sy)
			fx, fy := sx-x0, sy-y0
			ix, iy := int(x0), int(y0)
			top := at(iy, ix)*(1-fx) + at(iy, ix+1)*fx
			low := at(iy+1, ix)*(1-fx) + at(iy+1, ix+1)*fx
			dst[y*size+x] = float32(top*(1-fy) + low*fy)
		}
	}
	return dst
}
