package host

import "github.com/thaw-go/thaw/engine"

// Options of an engine on the CPU.
type Options struct {
	// Threads is how many compute; 0 stands for GOMAXPROCS.
	Threads int
	// MemoryLimit caps the live buffers, in bytes; 0 means any amount.
	MemoryLimit int64
	// Debug poisons freed memory and panics on its use and on writes behind a
	// buffer, naming the operator.
	Debug bool
}

// CPU is the part of an engine that has nothing to do with operators. Engines
// embed it.
type CPU struct {
	Pool    *Pool
	Threads *Threads
}

// NewCPU makes the pool and the threads.
func NewCPU(o Options) *CPU {
	return &CPU{Pool: NewPool(o.MemoryLimit, o.Debug), Threads: NewThreads(o.Threads)}
}

// Alloc gives a buffer.
func (c *CPU) Alloc(dt engine.DType, n int) (engine.Buffer, error) {
	b, err := c.Pool.Alloc(dt, n)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Free takes a buffer back.
func (c *CPU) Free(b engine.Buffer) { c.Pool.Free(b) }

// CopyIn fills a buffer.
func (c *CPU) CopyIn(dst engine.Buffer, off int, src any) error { return CopyIn(dst, off, src) }

// CopyOut reads a buffer.
func (c *CPU) CopyOut(dst any, src engine.Buffer, off int) error { return CopyOut(dst, src, off) }

// Sync has nothing to wait for: kernels return when they have finished.
func (c *CPU) Sync() error { return nil }

// Parallel calls f for 0 … n−1 on the engine's threads, in any order, and
// returns when all are done.
func (c *CPU) Parallel(n int, f func(i int)) {
	c.Threads.For(n, 1, func(lo, hi int) {
		for ; lo < hi; lo++ {
			f(lo)
		}
	})
}

// Memory reports what the pool holds.
func (c *CPU) Memory() engine.Memory { return c.Pool.Memory() }

// ResetPeak starts a new account of the peak.
func (c *CPU) ResetPeak() { c.Pool.ResetPeak() }

// Close ends the threads and gives the memory back.
func (c *CPU) Close() error {
	c.Threads.Close()
	return c.Pool.Close()
}
