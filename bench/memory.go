package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/engine/native"
)

// memorySteps is after how many steps peaks are read.
const memorySteps = 3

// memory prints the peak memory of each case on both sides, each in a process
// of its own.
func (s *settings) memory() error {
	if peakKiB() == 0 {
		return errors.New("-mem: the system does not tell a process's peak memory (VmHWM)")
	}
	fmt.Printf("peak memory (VmHWM) in MiB after %d steps\n%-36s %3s %10s %22s  %s\n", memorySteps, "case", "threads", "thaw", "rival", "ratio")
	for _, threads := range s.threads {
		for _, b := range all(s.seed, "") {
			if b.flops > 0 || !s.run.MatchString(b.name) {
				continue
			}
			if err := s.memoryOf(b, threads); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
		}
	}
	return nil
}

func (s *settings) memoryOf(b *bout, threads int) (err error) {
	// The side made here writes the weights that the rivals read.
	e, err := native.New(native.Options{Threads: threads, CPU: s.cpu})
	if err != nil {
		return err
	}
	defer e.Close()
	here, err := b.ours(e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, here.close()) }()
	ours, err := s.oursApart(b, threads)
	if err != nil {
		return err
	}
	const mib = 1024.0
	theirs, ratio := "absent", ""
	best, idle := 0, 0
	for _, w := range b.theirs {
		peak, base, err := s.rivalApart(w, threads)
		if err != nil {
			fmt.Printf("without %s: %v\n", w.name, err)
			continue
		}
		if best == 0 || peak < best {
			best, idle = peak, base
		}
	}
	if best > 0 {
		theirs = fmt.Sprintf("%.0f (idle %.0f)", float64(best)/mib, float64(idle)/mib)
		ratio = fmt.Sprintf("%.2f", float64(best)/float64(ours))
	}
	fmt.Printf("%-36s %7d %10.0f %22s  %s\n", b.name, threads, float64(ours)/mib, theirs, ratio)
	return nil
}

// oursApart runs a case in another process of this program.
func (s *settings) oursApart(b *bout, threads int) (peak int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self, "-alone", b.name, "-threads", strconv.Itoa(threads), "-seed", strconv.FormatUint(s.seed, 10), "-cpu", s.cpu)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		return 0, err
	}
	return a.PeakKiB, nil
}

// runAlone is what oursApart starts.
func (s *settings) runAlone() error {
	for _, b := range all(s.seed, "") {
		if b.name != s.alone {
			continue
		}
		e, err := native.New(native.Options{Threads: s.threads[0], CPU: s.cpu})
		if err != nil {
			return err
		}
		defer e.Close()
		x, err := b.ours(e)
		if err != nil {
			return err
		}
		if _, err := steps(x); err != nil {
			return errors.Join(err, x.close())
		}
		return errors.Join(x.close(), json.NewEncoder(os.Stdout).Encode(answer{PeakKiB: peakKiB()}))
	}
	return fmt.Errorf("there is no case %q", s.alone)
}

func steps(x side) (last reading, err error) {
	for range memorySteps {
		if last, err = x.step(false); err != nil {
			return last, err
		}
	}
	return last, nil
}

// rivalApart runs a case in a new process of the rival.
func (s *settings) rivalApart(w way, threads int) (peak, idle int, err error) {
	r, err := startRival(s.python)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	w.q.Threads = threads
	x, err := r.open(w.q)
	if err != nil {
		return 0, 0, err
	}
	last, err := steps(x)
	return last.peakKiB, r.idle, err
}

// peakKiB is this process's peak memory, 0 where the system does not tell.
func peakKiB() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return n
		}
	}
	return 0
}
