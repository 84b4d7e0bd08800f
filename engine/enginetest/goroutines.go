package enginetest

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/thaw-go/thaw/engine"
)

// goroutines lets several engines compute at once while garbage is collected
// without a pause: results must stay the same, and the collector must get its
// turns.
func goroutines(t *testing.T, open func(threads int) engine.Engine) {
	g := newGen(1)
	var work []*example
	for _, op := range []engine.Op{engine.OpMatMul, engine.OpConv2D, engine.OpLayerNormGrad, engine.OpSumTo, engine.OpSoftmax} {
		all := cases[op](g)
		slices.SortStableFunc(all, func(a, b *example) int { return b.cost() - a.cost() })
		work = append(work, all[0])
	}
	var computing, collecting sync.WaitGroup
	stop := make(chan struct{})
	collected := 0
	collecting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				collected++
			}
		}
	})
	end := time.Now().Add(200 * time.Millisecond)
	for i := range 3 {
		computing.Go(func() {
			e := open(2)
			defer e.Close()
			first := make([][]result, len(work))
			for round := 0; round < 3 || time.Now().Before(end); round++ {
				for w, x := range work {
					got, err := execute(e, x, engine.F32, -1)
					if err != nil {
						t.Errorf("%v: %v", x.op, err)
						return
					}
					if first[w] == nil {
						first[w] = got
					}
					if differing(got, first[w]) >= 0 {
						t.Errorf("goroutine %d, round %d: %v has other bits than before", i, round, x.op)
						return
					}
				}
			}
		})
	}
	computing.Wait()
	close(stop)
	collecting.Wait()
	if collected < 3 {
		t.Errorf("the collector finished %d times only", collected)
	}
}

func (x *example) cost() int {
	n := 0
	for _, o := range append(x.outputs(), x.in...) {
		n += o.shape.Len()
	}
	return n
}
