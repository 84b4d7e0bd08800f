// Command bench measures thaw against its rivals, side by side: sgemm against
// PyTorch and OpenBLAS, training steps and AdamW against PyTorch.
//
//	go run ./bench -python venv/bin/python
//
// Each case runs on both sides in turn, in one process tree; before it is
// measured, both take equal steps from equal weights, and losses or gradient
// norms more than 1e-3 apart fail the bench. A rival that is not installed is
// left out, with a line that says so. Ratios are rival/ours: above 1 thaw is
// faster. A core's peak is measured by a loop that multiplies and adds in
// registers alone.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/thaw-go/thaw/engine/native"
)

// settings are the command line.
type settings struct {
	python, openBLAS string
	threads          []int
	rounds           int
	run              *regexp.Regexp
	seed             uint64
	cpu              string
	profile, mem, gc bool
	alone            string
	markdown         string
}

func main() {
	s, err := parse(os.Args[1:])
	if err == nil {
		err = s.mode()()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func parse(args []string) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("bench", flag.ExitOnError)
	f.StringVar(&s.python, "python", "python3", "the Python that has torch")
	f.StringVar(&s.openBLAS, "openblas", "libopenblas.so.0", "OpenBLAS's shared library; empty: without")
	threads := f.String("threads", "1,2", "numbers of threads, with commas")
	f.IntVar(&s.rounds, "rounds", 15, "rounds of each case")
	run := f.String("run", "", "only cases that match this regular expression")
	f.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "draws the extra shapes")
	f.StringVar(&s.cpu, "cpu", os.Getenv("THAW_CPU"), "instruction-set path: avx512, avx2 or generic; empty: the best one")
	f.BoolVar(&s.profile, "profile", false, "tell where the time of a step goes, by operator and block")
	f.BoolVar(&s.mem, "mem", false, "measure peak memory instead of time")
	f.BoolVar(&s.gc, "gc", false, "measure how long the garbage collector waits for kernels instead")
	f.StringVar(&s.alone, "alone", "", "take steps of the case of this name and print the peak memory as JSON, which -mem asks of its child")
	f.StringVar(&s.markdown, "markdown", "", "put the tables into this file, too, each mode in a section of its own")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if s.run, err = regexp.Compile(*run); err != nil {
		return nil, err
	}
	for _, v := range strings.Split(*threads, ",") {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-threads: %q is no number of threads", v)
		}
		s.threads = append(s.threads, n)
	}
	if s.rounds < 1 {
		return nil, fmt.Errorf("-rounds: %d; at least 1 is wanted", s.rounds)
	}
	return s, nil
}

// mode is what the command line asks for.
func (s *settings) mode() func() error {
	switch {
	case s.alone != "":
		return s.runAlone
	case s.mem:
		return s.memory
	case s.gc:
		return s.collector
	}
	return s.bench
}

// bench measures the cases' times.
func (s *settings) bench() (err error) {
	r, err := startRival(s.python)
	if err != nil {
		fmt.Printf("without PyTorch: %s has none or does not start (%v)\n", s.python, err)
		r = nil
	} else {
		defer func() { err = errors.Join(err, r.close()) }()
	}
	rep := newReport(s, r)
	for _, threads := range s.threads {
		if err := s.at(threads, r, rep); err != nil {
			return err
		}
	}
	return rep.save(s.markdown)
}

// at runs the cases with some number of threads, on one engine. Cases that do
// not compute the same are named, and the others go on.
func (s *settings) at(threads int, r *rival, rep *report) error {
	e, err := native.New(native.Options{Threads: threads, CPU: s.cpu})
	if err != nil {
		return err
	}
	defer e.Close()
	rep.title(threads, e.Path())
	var failed []error
	for _, b := range s.cases() {
		o, err := s.fight(b, e, threads, r)
		switch {
		case errors.Is(err, errApart):
			fmt.Printf("FAIL: %v\n", err)
			failed = append(failed, err)
		case err != nil:
			return err
		default:
			rep.add(o)
		}
	}
	rep.end()
	return errors.Join(failed...)
}
