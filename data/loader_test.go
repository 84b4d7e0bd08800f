package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/rng"
)

// numbers is a dataset whose sample i is the numbers i and i+½. Reading takes
// a time of its own for every sample; those in bad cannot be read.
type numbers struct {
	n    int
	bad  map[int]bool
	wait func(i int) time.Duration

	mu   sync.Mutex
	read []int
}

func (d *numbers) Len() int { return d.n }

func (d *numbers) Sample(key SampleKey, i int) (Sample, error) {
	if d.wait != nil {
		time.Sleep(d.wait(i))
	}
	d.mu.Lock()
	d.read = append(d.read, i)
	d.mu.Unlock()
	if d.bad[i] {
		return nil, fmt.Errorf("sample-%d.jpg is broken", i)
	}
	return Sample{
		"x":      Floats([]float32{float32(i), float32(i) + 0.5}, 2),
		"labels": Ints([]int64{int64(i)}),
		"epoch":  Ints([]int64{int64(key.Seed), int64(key.Epoch)}, 2),
	}, nil
}

// tell writes an epoch down, one line a batch.
func tell(l *Loader, epoch, from int) string {
	var b strings.Builder
	for batch, err := range l.Epoch(context.Background(), epoch, from) {
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			continue
		}
		x, labels, e := batch.Fields["x"], batch.Fields["labels"], batch.Fields["epoch"]
		fmt.Fprintf(&b, "%d: %v size %d skipped %d x%v %v labels%v %v epoch%v %v\n", batch.Index, batch.Indices, batch.Size, batch.Skipped, x.Shape, x.F32, labels.Shape, labels.I64, e.Shape, e.I64)
		batch.Release()
	}
	return b.String()
}

func load(t testing.TB, d Dataset, cfg LoaderConfig) *Loader {
	t.Helper()
	l, err := NewLoader(d, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEpoch(t *testing.T) {
	l := load(t, &numbers{n: 5}, LoaderConfig{Sampler: Sampler{BatchSize: 2, Seed: 7}})
	want := `0: [0 1] size 2 skipped 0 x[2 2] [0 0.5 1 1.5] labels[2] [0 1] epoch[2 2] [7 3 7 3]
1: [2 3] size 2 skipped 0 x[2 2] [2 2.5 3 3.5] labels[2] [2 3] epoch[2 2] [7 3 7 3]
2: [4] size 1 skipped 0 x[1 2] [4 4.5] labels[1] [4] epoch[1 2] [7 3]
`
	if got := tell(l, 3, 0); got != want {
		t.Errorf("got:\n%s", got)
	}
	if l.Batches() != 3 {
		t.Errorf("%d batches", l.Batches())
	}
}

// In a bubble of synctest goroutines that never end fail the test, and time
// passes at once.
func TestSameBatchesForAnyWorkers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rng.New(rapid.Uint64().Draw(rt, "times"))
		times := make([]time.Duration, 30)
		for i := range times {
			times[i] = time.Duration(s.IntN(100)) * time.Millisecond
		}
		d := &numbers{n: rapid.IntRange(0, 30).Draw(rt, "n"), bad: map[int]bool{}}
		for _, i := range rapid.SliceOf(rapid.IntRange(0, 29)).Draw(rt, "bad") {
			d.bad[i] = true
		}
		cfg := LoaderConfig{Sampler: drawSampler(rt), Workers: 1, OnError: Skip}
		if rapid.Bool().Draw(rt, "fail") {
			cfg.OnError = Fail
		}
		want := tell(load(t, d, cfg), 1, 0)
		d.wait = func(i int) time.Duration { return times[i] }
		cfg.Workers = rapid.IntRange(1, 8).Draw(rt, "workers")
		cfg.Prefetch = rapid.IntRange(1, 5).Draw(rt, "prefetch")
		var got string
		synctest.Test(t, func(t *testing.T) { got = tell(load(t, d, cfg), 1, 0) })
		if got != want {
			rt.Fatalf("%d workers:\n%s\none:\n%s", cfg.Workers, got, want)
		}
	})
}

func TestResumeReadsNothingThatIsBehind(t *testing.T) {
	d := &numbers{n: 20}
	cfg := LoaderConfig{Sampler: Sampler{BatchSize: 3, Shuffle: true, Seed: 1}}
	whole := strings.SplitAfter(tell(load(t, d, cfg), 2, 0), "\n")
	d.read = nil
	if got, want := tell(load(t, d, cfg), 2, 4), strings.Join(whole[4:], ""); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if len(d.read) != 20-4*3 {
		t.Errorf("%d samples were read", len(d.read))
	}
	if got := tell(load(t, d, cfg), 2, 7); got != "" {
		t.Errorf("after the end: %s", got)
	}
}

func TestPrefetchIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &numbers{n: 100}
		l := load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 2}, Workers: 2, Prefetch: 3})
		for batch, err := range l.Epoch(t.Context(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			// In use, prefetched, and one that waits for a place.
			if most := 2 * (batch.Index + 1 + 3 + 1); len(d.read) > most || len(d.read) < min(100, most-2) {
				t.Errorf("%d samples read at batch %d", len(d.read), batch.Index)
			}
		}
	})
}

func TestSkippedSamplesAreCounted(t *testing.T) {
	d := &numbers{n: 8, bad: map[int]bool{1: true, 2: true, 3: true, 7: true}}
	var told []string
	l := load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 2}, OnError: Skip, OnSkip: func(i int, err error) {
		told = append(told, fmt.Sprintf("%d %v", i, err))
	}})
	// Batch 1 has no sample left; what it skipped counts at batch 2.
	want := `0: [0] size 1 skipped 1 x[1 2] [0 0.5] labels[1] [0] epoch[1 2] [0 0]
2: [4 5] size 2 skipped 2 x[2 2] [4 4.5 5 5.5] labels[2] [4 5] epoch[2 2] [0 0 0 0]
3: [6] size 1 skipped 1 x[1 2] [6 6.5] labels[1] [6] epoch[1 2] [0 0]
`
	if got := tell(l, 0, 0); got != want {
		t.Errorf("got:\n%s", got)
	}
	if got := strings.Join(told, "; "); got != "1 sample-1.jpg is broken; 2 sample-2.jpg is broken; 3 sample-3.jpg is broken; 7 sample-7.jpg is broken" {
		t.Errorf("told: %s", got)
	}
}

func TestErrors(t *testing.T) {
	d := &numbers{n: 4, bad: map[int]bool{0: true, 1: true, 2: true, 3: true}}
	got := tell(load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 3}, OnError: Skip}), 0, 0)
	if got != "error: loading data: none of 4 samples can be read; the first error: sample-0.jpg is broken\n" {
		t.Error(got)
	}
	d.bad = map[int]bool{2: true, 3: true}
	d.wait = func(i int) time.Duration { return time.Duration(4-i) * time.Millisecond }
	got = tell(load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 4}, Workers: 4}), 0, 0)
	if got != "error: loading sample 2: sample-2.jpg is broken\n" {
		t.Error(got)
	}
	got = tell(load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 1}}), 0, -1)
	if !strings.HasPrefix(got, "error: ") {
		t.Error(got)
	}
	for _, c := range []struct {
		cfg  LoaderConfig
		want string
	}{
		{LoaderConfig{}, "batch_size is 0"},
		{LoaderConfig{Sampler: Sampler{BatchSize: 1}, Workers: -1}, "num_workers is -1"},
		{LoaderConfig{Sampler: Sampler{BatchSize: 1}, Prefetch: -1}, "prefetch is -1"},
		{LoaderConfig{Sampler: Sampler{BatchSize: 1}, OnError: "ignore"}, `on_error is "ignore"; it must be "fail" or "skip"`},
	} {
		if _, err := NewLoader(d, c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

func TestCancelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &numbers{n: 1000, wait: func(int) time.Duration { return time.Second }}
		l := load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 4}, Workers: 3})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var last error
		batches := 0
		for _, err := range l.Epoch(ctx, 0, 0) {
			if last = err; err == nil {
				batches++
			}
		}
		if !errors.Is(last, context.DeadlineExceeded) || batches == 0 || batches > 10 {
			t.Errorf("%d batches, then %v", batches, last)
		}
	})
}

func TestLeavingTheLoopEndsTheWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int64
		d := &numbers{n: 1000, wait: func(int) time.Duration { running.Add(1); return time.Second }}
		l := load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 4}, Workers: 3})
		for batch := range l.Epoch(t.Context(), 0, 0) {
			if batch.Index == 2 {
				break
			}
		}
		before := running.Load()
		time.Sleep(time.Minute)
		if after := running.Load(); after != before {
			t.Errorf("%d samples were begun after the loop was left", after-before)
		}
	})
}

// filled is a dataset that reuses memory.
type filled struct{ n int }

func (d filled) Len() int { return d.n }

func (d filled) Sample(key SampleKey, i int) (Sample, error) {
	s := Sample{}
	return s, d.Fill(key, i, s)
}

func (d filled) Fill(_ SampleKey, i int, s Sample) error {
	x := s.Float32("x", 3, 32, 32)
	for k := range x {
		x[k] = float32(i)
	}
	s.Int64("labels")[0] = int64(i)
	return nil
}

func TestASteadyEpochAllocatesLittle(t *testing.T) {
	l := load(t, filled{640}, LoaderConfig{Sampler: Sampler{BatchSize: 32}, Workers: 2})
	epoch := func(release bool) {
		for b, err := range l.Epoch(context.Background(), 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Fields["x"].F32[0] != float32(b.Indices[0]) || b.Fields["labels"].I64[31] != int64(b.Indices[31]) {
				t.Fatalf("batch %d has other samples", b.Index)
			}
			if release {
				b.Release()
			}
		}
	}
	// Per epoch: the order, goroutines, and 5 works of 32 samples (a map, two
	// fields' arrays and shapes each); nothing per batch of pixels.
	if n := testing.AllocsPerRun(5, func() { epoch(true) }); n > 640*4 {
		t.Errorf("%v allocations in an epoch of 640 samples", n)
	}
}

func TestReleasedBatchesAreReused(t *testing.T) {
	l := load(t, filled{64}, LoaderConfig{Sampler: Sampler{BatchSize: 1}, Prefetch: 1})
	memory := map[*float32]bool{}
	for b, err := range l.Epoch(context.Background(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		memory[&b.Fields["x"].F32[0]] = true
		b.Release()
		b.Release() // the second does nothing
	}
	if len(memory) > 5 {
		t.Errorf("64 batches used %d arrays", len(memory))
	}
}

func TestOverAFiller(t *testing.T) {
	subset := Subset{filled{10}, []int{7, 3}}
	plain := Subset{&numbers{n: 10}, []int{7, 3}}
	for _, d := range []Dataset{subset, plain} {
		l := load(t, d, LoaderConfig{Sampler: Sampler{BatchSize: 2}})
		for b, err := range l.Epoch(context.Background(), 0, 0) {
			if err != nil || !slices.Equal(b.Fields["labels"].I64, []int64{7, 3}) {
				t.Errorf("%v, %v", b, err)
			}
		}
	}
}

func BenchmarkLoader(b *testing.B) {
	l := load(b, filled{1 << 14}, LoaderConfig{Sampler: Sampler{BatchSize: 64, Shuffle: true}})
	b.ReportAllocs()
	b.SetBytes(3 * 32 * 32 * 4)
	for n := 0; n < b.N; {
		for batch, err := range l.Epoch(context.Background(), 0, 0) {
			if err != nil {
				b.Fatal(err)
			}
			n += batch.Size
			batch.Release()
			if n >= b.N {
				break
			}
		}
	}
}
