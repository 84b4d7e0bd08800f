package main

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"

	"github.com/thaw-go/thaw/engine/native"
)

// collector prints how long the garbage collector waits while each case runs on
// all its threads: a kernel that cannot be interrupted makes it wait.
func (s *settings) collector() error {
	d := s.document("collector")
	d.head(s, nil)
	d.table(fmt.Sprintf("Garbage collections in ms while a case runs, %v each: the wait for all goroutines to stop, and a whole runtime.GC", collecting),
		column{"case", 36}, column{"threads", 7}, column{"collections", 11}, column{"wait: longest", 13}, column{"of 99 %", 8},
		column{"median", 8}, column{"runtime.GC: longest", 19}, column{"median", 0})
	for _, threads := range s.threads {
		collect(&d, "(nothing runs)", threads)
		e, err := native.New(native.Options{Threads: threads, CPU: s.cpu})
		if err != nil {
			return err
		}
		for _, b := range s.cases() {
			if err := b.whileCollecting(e, threads, &d); err != nil {
				return err
			}
		}
		if err := e.Close(); err != nil {
			return err
		}
	}
	return d.save(s.markdown)
}

const collecting = 2 * time.Second

// collect calls runtime.GC for a while.
func collect(d *document, name string, threads int) {
	var ms []float64
	before := stops()
	for began := time.Now(); time.Since(began) < collecting; {
		t := time.Now()
		runtime.GC()
		ms = append(ms, float64(time.Since(t).Nanoseconds())/1e6)
		time.Sleep(2 * time.Millisecond)
	}
	slices.Sort(ms)
	waits := since(before, stops())
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }
	d.row(name, strconv.Itoa(threads), strconv.Itoa(len(ms)), number(waits.quantile(1)), number(waits.quantile(.99)),
		number(waits.quantile(.5)), number(ms[len(ms)-1]), number(ms[len(ms)/2]))
}

// waits counts how often the collector waited how long.
type waits struct {
	seconds []float64 // limits of the counts
	counts  []uint64
}

// stops are the waits since the program began: from the wish to stop all
// goroutines until they stand.
func stops() waits {
	s := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(s)
	h := s[0].Value.Float64Histogram()
	return waits{h.Buckets, slices.Clone(h.Counts)}
}

func since(before, after waits) waits {
	for i := range after.counts {
		after.counts[i] -= before.counts[i]
	}
	return after
}

// quantile is a limit in ms that a share of the waits does not exceed.
func (w waits) quantile(share float64) float64 {
	var all, seen uint64
	for _, n := range w.counts {
		all += n
	}
	for i, n := range w.counts {
		if seen += n; all > 0 && float64(seen) >= share*float64(all) {
			return 1e3 * w.seconds[i+1]
		}
	}
	return math.NaN()
}

func (b *bout) whileCollecting(e *native.Engine, threads int, d *document) error {
	x, err := b.ours(e)
	if err != nil {
		return err
	}
	stop, ended := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			if _, err := x.step(false); err != nil {
				<-stop
				ended <- err
				return
			}
		}
	}()
	collect(d, b.name, threads)
	close(stop)
	if err := <-ended; err != nil {
		return err
	}
	return x.close()
}
