package native

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thaw-go/thaw/engine"
)

// TestCollectorNeedNotWait: runtime.GC returns while a kernel runs that takes
// much longer. A kernel may end before the collector had its turn, so there are
// several tries; one that keeps the collector waiting fails them all.
func TestCollectorNeedNotWait(t *testing.T) {
	for _, path := range Paths() {
		if path == generic {
			continue // plain Go, which the runtime interrupts anywhere
		}
		e := open(t, Options{Threads: 1, CPU: path})
		t.Cleanup(func() { e.Close() })
		b := &bundle{t: t, e: e, g: rand.New(rand.NewPCG(1, 2))}
		// Each takes tens of milliseconds: a vector of many elements, a product,
		// rows, and the convolution of one large picture.
		long := b.array(1, 1<<24)
		square := b.array(1200, 1200)
		rows := b.array(8192, 512)
		image, weight, seen := b.array(1, 32, 256, 256), b.array(32, 32, 3, 3), b.array(1, 32, 256, 256)
		for _, c := range []engine.Call{
			{Op: engine.OpUnary, Attr: engine.Attr{Fn: engine.FnGeluErf}, In: []engine.Array{long}, Out: []engine.Array{long}},
			{Op: engine.OpMatMul, Attr: engine.Attr{Alpha: 1}, In: []engine.Array{square, square}, Out: []engine.Array{b.array(1200, 1200)}},
			{Op: engine.OpSoftmax, In: []engine.Array{rows}, Out: []engine.Array{b.array(8192, 512)}},
			{Op: engine.OpConv2D, Attr: engine.Attr{Stride: [2]int{1, 1}, Pad: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}, In: []engine.Array{image, weight}, Out: []engine.Array{seen}},
		} {
			t.Run(path+"/"+c.Op.String(), func(t *testing.T) {
				if !collectsDuring(b, c) {
					t.Error("the garbage collector never finished while the kernel ran")
				}
			})
		}
	}
}

// collectsDuring tells whether a collection began and ended during a call.
func collectsDuring(b *bundle, c engine.Call) bool {
	for began := time.Now(); time.Since(began) < 8*time.Second; {
		var running, ended atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			running.Store(true)
			b.run(c.Op, c.Attr, c.In, c.Out)
			ended.Store(true)
		}()
		for !running.Load() {
			runtime.Gosched()
		}
		runtime.GC()
		in := !ended.Load()
		<-done
		if in {
			return true
		}
	}
	return false
}
