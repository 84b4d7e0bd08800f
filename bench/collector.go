package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/thaw-go/thaw/engine/native"
)

// collector prints how long runtime.GC takes while each case runs on all its
// threads: a kernel that cannot be interrupted makes it wait.
func (s *settings) collector() error {
	fmt.Printf("runtime.GC in ms: longest / median of %v\n", collecting)
	for _, threads := range s.threads {
		idle := collect()
		fmt.Printf("%-36s %7d %8.2f / %.2f\n", "(idle)", threads, idle[len(idle)-1], idle[len(idle)/2])
		e, err := native.New(native.Options{Threads: threads, CPU: s.cpu})
		if err != nil {
			return err
		}
		for _, b := range all(s.seed, "") {
			if !s.run.MatchString(b.name) {
				continue
			}
			if err := b.whileCollecting(e, threads); err != nil {
				return err
			}
		}
		if err := e.Close(); err != nil {
			return err
		}
	}
	return nil
}

const collecting = 2 * time.Second

// collect calls runtime.GC for a while, and tells how long each call took,
// sorted.
func collect() (ms []float64) {
	for began := time.Now(); time.Since(began) < collecting; {
		t := time.Now()
		runtime.GC()
		ms = append(ms, float64(time.Since(t).Nanoseconds())/1e6)
		time.Sleep(2 * time.Millisecond)
	}
	slices.Sort(ms)
	return ms
}

func (b *bout) whileCollecting(e *native.Engine, threads int) error {
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
	ms := collect()
	close(stop)
	if err := <-ended; err != nil {
		return err
	}
	fmt.Printf("%-36s %7d %8.2f / %.2f\n", b.name, threads, ms[len(ms)-1], ms[len(ms)/2])
	return x.close()
}
