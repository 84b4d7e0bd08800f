package host

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func TestRunCoversEachIndexOnceAtFixedPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		grain := rapid.IntRange(0, 40).Draw(t, "grain")
		var want [][2]int
		for lo := 0; lo < n; lo += max(grain, 1) {
			want = append(want, [2]int{lo, min(lo+max(grain, 1), n)})
		}
		for _, threads := range []int{1, 2, 8} {
			th := NewThreads(threads)
			var mu sync.Mutex
			var got [][2]int
			th.For(n, grain, func(lo, hi int) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, [2]int{lo, hi})
			})
			th.Close()
			slices.SortFunc(got, func(a, b [2]int) int { return a[0] - b[0] })
			if !slices.Equal(got, want) {
				t.Fatalf("%d threads: %v, want %v", threads, got, want)
			}
		}
	})
}

// scratchTask counts who is inside with which worker number.
type scratchTask struct {
	busy  [3]atomic.Int32
	calls atomic.Int32
	bad   atomic.Bool
}

func (s *scratchTask) Run(worker, _, _ int) {
	if s.busy[worker].Add(1) != 1 {
		s.bad.Store(true)
	}
	runtime.Gosched()
	s.calls.Add(1)
	s.busy[worker].Add(-1)
}

func TestWorkersHaveScratchOfTheirOwn(t *testing.T) {
	th := NewThreads(3)
	defer th.Close()
	var s scratchTask
	th.Run(1000, 1, &s)
	if s.bad.Load() || s.calls.Load() != 1000 {
		t.Errorf("two blocks ran at once under one worker's number, or %d calls instead of 1000", s.calls.Load())
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	th := NewThreads(2)
	defer th.Close()
	var s scratchTask
	th.Run(10, 1, &s)
	if got := testing.AllocsPerRun(50, func() { th.Run(10, 1, &s) }); got > 0 {
		t.Errorf("%v allocations a run", got)
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	th := NewThreads(2)
	defer th.Close()
	for range 20 {
		wantPanic(t, "at 7", func() {
			th.For(100, 1, func(lo, _ int) {
				if lo == 7 {
					panic("at 7")
				}
			})
		})
	}
	var n atomic.Int32
	th.For(100, 1, func(_, _ int) { n.Add(1) })
	if n.Load() != 100 {
		t.Errorf("after a panic only %d of 100 blocks ran", n.Load())
	}
}

func TestUseFromSeveralGoroutines(t *testing.T) {
	th := NewThreads(2)
	defer th.Close()
	var sum atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				th.For(64, 4, func(lo, hi int) { sum.Add(int64(hi - lo)) })
			}
		})
	}
	wg.Wait()
	if sum.Load() != 4*50*64 {
		t.Errorf("%d indices ran, want %d", sum.Load(), 4*50*64)
	}
}

func TestDefaultNumberOfThreads(t *testing.T) {
	if got, want := NewThreads(0).Len(), runtime.GOMAXPROCS(0); got != want {
		t.Errorf("%d threads, GOMAXPROCS is %d", got, want)
	}
}

func BenchmarkHandOver(b *testing.B) {
	th := NewThreads(2)
	defer th.Close()
	var s scratchTask
	b.ReportAllocs()
	for range b.N {
		th.Run(2, 1, &s)
	}
}
