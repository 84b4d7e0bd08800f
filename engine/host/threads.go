package host

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Task is work on the indices lo … hi−1. The worker's number, below
// Threads.Len, is for scratch memory only: the result must not depend on it. A
// Task must not start another one.
type Task interface {
	Run(worker, lo, hi int)
}

// Threads runs tasks on persistent goroutines. Work is cut into blocks at
// places that depend on the size of the work and the grain alone, so that
// results do not depend on the number of threads. Idle workers sleep on a
// channel; nothing here keeps the garbage collector waiting.
type Threads struct {
	n    int
	mu   sync.Mutex // held by the one task that is spread
	wake []chan struct{}
	done sync.WaitGroup

	task     Task
	size     int
	grain    int
	next     atomic.Int64
	panicked atomic.Pointer[panicValue]
}

type panicValue struct{ value any }

// NewThreads makes n threads, the caller's being one of them. 0 stands for
// GOMAXPROCS, which the Go runtime derives from the processors, the affinity
// mask and the container's quota.
func NewThreads(n int) *Threads {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &Threads{n: n}
}

// Len is the number of threads.
func (t *Threads) Len() int { return t.n }

// Run covers 0 … n−1 with blocks of grain indices, the last one shorter, and
// calls the task once for each, on any thread and in any order. It returns when
// all are done and allocates nothing.
func (t *Threads) Run(n, grain int, task Task) {
	grain = max(grain, 1)
	blocks := (n + grain - 1) / grain
	if blocks <= 1 || t.n == 1 || !t.mu.TryLock() {
		for lo := 0; lo < n; lo += grain {
			task.Run(0, lo, min(lo+grain, n))
		}
		return
	}
	defer t.mu.Unlock()
	t.task, t.size, t.grain = task, n, grain
	t.next.Store(0)
	helpers := min(t.n, blocks) - 1
	t.done.Add(helpers)
	for i := range helpers {
		t.worker(i) <- struct{}{}
	}
	t.work(0)
	t.done.Wait()
	t.task = nil
	if p := t.panicked.Swap(nil); p != nil {
		panic(p.value)
	}
}

// For is Run with a function, whose closure costs one allocation.
func (t *Threads) For(n, grain int, fn func(lo, hi int)) { t.Run(n, grain, taskFunc(fn)) }

type taskFunc func(lo, hi int)

func (f taskFunc) Run(_, lo, hi int) { f(lo, hi) }

// worker is the channel that wakes helper i, which is started when first asked
// for.
func (t *Threads) worker(i int) chan struct{} {
	if i == len(t.wake) {
		c := make(chan struct{}, 1)
		t.wake = append(t.wake, c)
		go func() {
			for range c {
				t.work(i + 1)
				t.done.Done()
			}
		}()
	}
	return t.wake[i]
}

// work runs blocks until none is left. A panic is kept for the caller of Run.
func (t *Threads) work(worker int) {
	defer func() {
		if v := recover(); v != nil {
			t.panicked.CompareAndSwap(nil, &panicValue{v})
			t.next.Store(int64(t.size))
		}
	}()
	task, size, grain := t.task, t.size, int64(t.grain)
	for {
		lo := int(t.next.Add(grain) - grain)
		if lo >= size {
			return
		}
		task.Run(worker, lo, min(lo+int(grain), size))
	}
}

// Close ends the goroutines. No task may be running or follow.
func (t *Threads) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.wake {
		close(c)
	}
	t.wake = nil
}
