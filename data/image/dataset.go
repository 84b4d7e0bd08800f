package image

import (
	"fmt"
	"slices"
	"sync"

	"github.com/thaw-go/thaw/data"
)

// The fields of a sample of images.
const (
	// PixelValues are the image's values, float32 [channels, height, width].
	PixelValues = "pixel_values"
	// Labels is the index of the image's class, a single int64; absent for
	// images without labels.
	Labels = "labels"
)

// Dataset is image files with a pipeline. It implements data.Filler.
type Dataset struct {
	src      *Source
	list     *Listing
	pipeline *Pipeline
	decoding Decoding
	workers  sync.Pool // of *worker
}

// worker is the memory for one sample in the making.
type worker struct {
	decoder decoder
	scratch Scratch
	file    []byte
	image   Image
}

// NewDataset makes a dataset of listed files; a nil pipeline is the zero one.
func NewDataset(src *Source, l *Listing, p *Pipeline, d Decoding) (*Dataset, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("a dataset of images from %s: %w", src.name, err)
	}
	return &Dataset{src: src, list: l, pipeline: orPlain(p), decoding: d}, nil
}

func orPlain(p *Pipeline) *Pipeline {
	if p == nil {
		return &Pipeline{}
	}
	return p
}

// Len implements data.Dataset.
func (d *Dataset) Len() int { return len(d.list.Files) }

// Classes are the labels' names.
func (d *Dataset) Classes() []string { return slices.Clone(d.list.Classes) }

// Label is the class of sample i, −1 for images without labels.
func (d *Dataset) Label(i int) int {
	if d.list.Labels == nil {
		return -1
	}
	return d.list.Labels[i]
}

// Path is the file of sample i, as errors call it.
func (d *Dataset) Path(i int) string { return d.src.Path(d.list.Files[i]) }

// Sample implements data.Dataset.
func (d *Dataset) Sample(key data.SampleKey, i int) (data.Sample, error) {
	s := data.Sample{}
	return s, d.Fill(key, i, s)
}

// Fill implements data.Filler.
func (d *Dataset) Fill(key data.SampleKey, i int, s data.Sample) error {
	w, ok := d.workers.Get().(*worker)
	if !ok {
		w = &worker{}
	}
	defer d.workers.Put(w)
	if err := d.load(w, i); err != nil {
		return err
	}
	if err := emit(s, d.pipeline, w, key, i); err != nil {
		return d.src.failf(d.list.Files[i], "", "%v", err)
	}
	if y := d.Label(i); y >= 0 {
		s.Int64(Labels)[0] = int64(y)
	}
	return nil
}

const skipHint = "replace or remove the file, or leave such files out by on_error: skip"

func (d *Dataset) load(w *worker, i int) error {
	name := d.list.Files[i]
	var err error
	if w.file, err = d.src.read(w.file, name); err != nil {
		return d.src.failf(name, skipHint, "the image cannot be read: %v", err)
	}
	if err := w.decoder.decode(&w.image, w.file, d.decoding); err != nil {
		return d.src.failf(name, skipHint, "the image cannot be decoded: %v", err)
	}
	return nil
}

// emit transforms the worker's image and writes its values.
func emit(s data.Sample, p *Pipeline, w *worker, key data.SampleKey, i int) error {
	m, err := p.transform(&w.scratch, key, i, &w.image)
	if err != nil {
		return err
	}
	return p.Values(s.Float32(PixelValues, m.C, m.H, m.W), m)
}

// Memory is a dataset of images in memory, with a pipeline.
type Memory struct {
	images   []Image
	labels   []int
	pipeline *Pipeline
	workers  sync.Pool // of *worker
}

// NewMemory makes a dataset of images, which it keeps; labels may be nil.
func NewMemory(images []Image, labels []int, p *Pipeline) (*Memory, error) {
	if labels != nil && len(labels) != len(images) {
		return nil, fmt.Errorf("a dataset in memory: %d labels for %d images", len(labels), len(images))
	}
	for i := range images {
		if err := images[i].check(); err != nil {
			return nil, fmt.Errorf("a dataset in memory: image %d: %w", i, err)
		}
	}
	return &Memory{images: images, labels: labels, pipeline: orPlain(p)}, nil
}

// Len implements data.Dataset.
func (d *Memory) Len() int { return len(d.images) }

// Sample implements data.Dataset.
func (d *Memory) Sample(key data.SampleKey, i int) (data.Sample, error) {
	s := data.Sample{}
	return s, d.Fill(key, i, s)
}

// Fill implements data.Filler.
func (d *Memory) Fill(key data.SampleKey, i int, s data.Sample) error {
	w, ok := d.workers.Get().(*worker)
	if !ok {
		w = &worker{}
	}
	defer d.workers.Put(w)
	src := &d.images[i]
	w.image.shape(src.W, src.H, src.C) // transforms may work in place
	copy(w.image.Pix, src.Pix)
	if err := emit(s, d.pipeline, w, key, i); err != nil {
		return fmt.Errorf("image %d: %w", i, err)
	}
	if d.labels != nil {
		s.Int64(Labels)[0] = int64(d.labels[i])
	}
	return nil
}
