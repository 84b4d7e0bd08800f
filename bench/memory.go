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
	d := s.document("memory")
	r, err := startRival(s.python)
	if err != nil {
		r = nil
	}
	d.head(s, r)
	if r != nil {
		if err := r.close(); err != nil {
			return err
		}
	}
	d.table(fmt.Sprintf("Peak memory (VmHWM) in MiB after %d steps, each side in a process of its own", memorySteps),
		column{"case", 36}, column{"threads", 7}, column{"thaw", 6}, column{"least rival", 11},
		column{"before the case", 15}, column{"ratio", 6}, column{"ratio of what the case added", 0})
	for _, threads := range s.threads {
		for _, b := range s.cases() {
			if err := s.memoryOf(b, threads, &d); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
		}
	}
	return d.save(s.markdown)
}

// peaks is a process's peak memory in KiB, at the end and before the case.
type peaks struct{ most, idle int }

func (s *settings) memoryOf(b *bout, threads int, d *document) (err error) {
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
	var least peaks
	for _, w := range b.theirs {
		p, err := s.rivalApart(w, threads)
		if err == nil && (least.most == 0 || p.most < least.most) {
			least = p
		}
	}
	mib := func(kib int) string { return fmt.Sprintf("%.0f", float64(kib)/1024) }
	cells := []string{b.name, strconv.Itoa(threads), mib(ours.most), "absent", "", "", ""}
	if least.most > 0 {
		net := float64(least.most-least.idle) / float64(ours.most-ours.idle)
		cells = append(cells[:3], mib(least.most), mib(least.idle), fmt.Sprintf("%.2f", float64(least.most)/float64(ours.most)), fmt.Sprintf("%.2f", net))
	}
	d.row(cells...)
	return nil
}

// oursApart runs a case in another process of this program.
func (s *settings) oursApart(b *bout, threads int) (p peaks, err error) {
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	cmd := exec.Command(self, "-alone", b.name, "-threads", strconv.Itoa(threads), "-seed", strconv.FormatUint(s.seed, 10), "-cpu", s.cpu)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return p, err
	}
	var a answer
	err = json.Unmarshal(out, &a)
	return peaks{a.PeakKiB, a.IdleKiB}, err
}

// runAlone is what oursApart starts.
func (s *settings) runAlone() error {
	idle := peakKiB()
	for _, b := range s.cases() {
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
		return errors.Join(x.close(), json.NewEncoder(os.Stdout).Encode(answer{PeakKiB: peakKiB(), IdleKiB: idle}))
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
func (s *settings) rivalApart(w way, threads int) (p peaks, err error) {
	r, err := startRival(s.python)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	w.q.Threads = threads
	x, err := r.open(w.q)
	if err != nil {
		return p, err
	}
	last, err := steps(x)
	return peaks{last.peakKiB, r.idle}, err
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
