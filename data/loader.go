package data

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// OnError says what happens with a sample that cannot be read.
type OnError string

// What to do about a sample that cannot be read: end with its error, or leave
// it out of its batch and count it.
const (
	Fail OnError = "fail"
	Skip OnError = "skip"
)

// LoaderConfig configures a [Loader]. The Sampler's Len is that of the
// dataset.
type LoaderConfig struct {
	Sampler
	// Workers is the number of goroutines that read samples; 0 is one per
	// core.
	Workers int
	// Prefetch is the number of batches made ahead of the one in use; 0 is 2.
	Prefetch int
	// OnError is Fail unless set.
	OnError OnError
	// OnSkip hears of each sample left out, in order, before the batch that
	// lacks it (or the end of the epoch) is handed out.
	OnSkip func(sample int, err error)
	// Collate is Stack unless set.
	Collate Collate
}

// Loader makes batches of a dataset's samples.
type Loader struct {
	set  Dataset
	fill func(key SampleKey, i int, s Sample) (Sample, error)
	cfg  LoaderConfig

	mu   sync.Mutex
	free []*Batch
}

// NewLoader makes a loader. It starts no goroutines: Epoch does, and ends
// them.
func NewLoader(set Dataset, cfg LoaderConfig) (*Loader, error) {
	cfg.Len = set.Len()
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.Prefetch == 0 {
		cfg.Prefetch = 2
	}
	if cfg.OnError == "" {
		cfg.OnError = Fail
	}
	if cfg.Collate == nil {
		cfg.Collate = Stack
	}
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("loading data: %w", err)
	}
	l := &Loader{set: set, cfg: cfg}
	l.fill = func(key SampleKey, i int, _ Sample) (Sample, error) { return set.Sample(key, i) }
	if f, ok := set.(Filler); ok {
		l.fill = func(key SampleKey, i int, s Sample) (Sample, error) {
			if s == nil {
				s = Sample{}
			}
			return s, f.Fill(key, i, s)
		}
	}
	return l, nil
}

func (c LoaderConfig) validate() error {
	switch {
	case c.Workers < 0:
		return fmt.Errorf("num_workers is %d; it must not be negative", c.Workers)
	case c.Prefetch < 0:
		return fmt.Errorf("prefetch is %d; it must not be negative", c.Prefetch)
	case c.OnError != Fail && c.OnError != Skip:
		return fmt.Errorf("on_error is %q; it must be %q or %q", c.OnError, Fail, Skip)
	}
	return c.Sampler.validate()
}

// Batches is the number of batches in an epoch. With OnError Skip an epoch may
// have fewer: a batch none of whose samples can be read is passed over.
func (l *Loader) Batches() int { return l.cfg.Batches() }

// Dataset is the dataset that the loader reads.
func (l *Loader) Dataset() Dataset { return l.set }

// Epoch yields the batches of an epoch in order, from the given batch index
// on; what comes before is not read. An error ends the sequence: that of the
// earliest sample that cannot be read, or that of ctx. When the loop over it
// is left, all goroutines have ended.
func (l *Loader) Epoch(ctx context.Context, epoch, from int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if from < 0 || epoch < 0 {
			yield(nil, fmt.Errorf("loading data: no epoch %d, batch %d", epoch, from))
			return
		}
		inner, cancel := context.WithCancel(ctx)
		r := &run{
			Loader: l,
			key:    SampleKey{Seed: l.cfg.Seed, Epoch: epoch},
			queue:  make(chan *work, l.cfg.Prefetch),
			jobs:   make(chan job),
			spare:  make(chan *work, l.cfg.Prefetch+2),
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { r.plan(inner, from) })
		for range l.cfg.Workers {
			wg.Go(func() {
				for j := range r.jobs {
					r.read(j)
				}
			})
		}
		r.hand(ctx, yield)
	}
}

// run is one pass over an epoch. plan cuts the order into works, queues each
// and gives out its samples as jobs; whichever worker finishes the last of
// them collates; hand takes the works from the queue in order.
type run struct {
	*Loader
	key   SampleKey
	queue chan *work
	jobs  chan job
	spare chan *work
}

// work is a batch being made.
type work struct {
	index   int
	at      []int // the dataset's indices
	samples []Sample
	errs    []error
	good    []Sample
	left    atomic.Int64
	done    chan struct{}

	batch *Batch
	err   error
}

type job struct {
	w *work
	k int
}

func (r *run) plan(ctx context.Context, from int) {
	defer close(r.jobs)
	defer close(r.queue)
	order := r.cfg.Order(r.key.Epoch)
	for b := from; b < r.cfg.Batches(); b++ {
		lo := b * r.cfg.BatchSize
		w := r.work(b, order[lo:min(lo+r.cfg.BatchSize, len(order))])
		select {
		case r.queue <- w:
		case <-ctx.Done():
			return
		}
		for k := range w.at {
			select {
			case r.jobs <- job{w, k}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// work takes a work that was handed out, for the memory of its samples.
func (r *run) work(index int, at []int) *work {
	var w *work
	select {
	case w = <-r.spare:
	default:
		w = &work{done: make(chan struct{}, 1)}
	}
	w.index, w.at, w.batch, w.err = index, at, nil, nil
	for len(w.samples) < len(at) {
		w.samples, w.errs = append(w.samples, nil), append(w.errs, nil)
	}
	w.left.Store(int64(len(at)))
	return w
}

func (r *run) read(j job) {
	w := j.w
	w.samples[j.k], w.errs[j.k] = r.fill(r.key, w.at[j.k], w.samples[j.k])
	if w.left.Add(-1) == 0 {
		r.collate(w)
		w.done <- struct{}{}
	}
}

func (r *run) collate(w *work) {
	b := r.batch()
	b.Index = w.index
	w.good = w.good[:0]
	for k, i := range w.at {
		switch {
		case w.errs[k] == nil:
			w.good = append(w.good, w.samples[k])
			b.Indices = append(b.Indices, i)
		case r.cfg.OnError == Fail:
			w.err = fmt.Errorf("loading sample %d: %w", i, w.errs[k])
			return
		}
	}
	b.Size = len(w.good)
	if b.Size > 0 {
		if err := r.cfg.Collate(b, w.good); err != nil {
			w.err = fmt.Errorf("making batch %d: %w", w.index, err)
			return
		}
	}
	w.batch = b
}

// hand yields the batches.
func (r *run) hand(ctx context.Context, yield func(*Batch, error) bool) {
	skipped, empty := 0, true
	var first error
	for {
		w, err := r.next(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if w == nil {
			break
		}
		for k, i := range w.at {
			if err := w.errs[k]; err != nil {
				skipped++
				if first == nil {
					first = err
				}
				if r.cfg.OnSkip != nil {
					r.cfg.OnSkip(i, err)
				}
			}
		}
		b := w.batch
		r.spare <- w
		if b.Size == 0 {
			r.recycle(b)
			continue
		}
		b.Skipped, skipped, empty = skipped, 0, false
		b.owner = r.Loader
		if !yield(b, nil) {
			return
		}
	}
	if empty && first != nil {
		yield(nil, fmt.Errorf("loading data: none of %d samples can be read; the first error: %w", skipped, first))
	}
}

// next waits for the next work; it is nil at the end.
func (r *run) next(ctx context.Context) (*work, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case w, ok := <-r.queue:
		if !ok {
			return nil, nil
		}
		select {
		case <-w.done:
			return w, w.err
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return nil, context.Cause(ctx)
}

// batch takes a released batch, or makes one.
func (l *Loader) batch() *Batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		b.Indices, b.Size, b.Skipped = b.Indices[:0], 0, 0
		return b
	}
	return &Batch{Fields: map[string]Array{}}
}

func (l *Loader) recycle(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.free) < l.cfg.Prefetch+2 {
		l.free = append(l.free, b)
	}
}
