package trainer

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thaw-go/thaw/rng"
)

// TestKilled kills the process that fits at random moments, also within saves
// and restores, and continues the fit in a new process, until it is done: its
// steps and its weights are those of a fit that nobody killed.
//
// Every run of the tests kills 20 times. For more:
//
//	THAW_KILLS=200 go test ./trainer -run TestKilled -v
func TestKilled(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		child(t, dir)
		return
	}
	n := 20
	if s := os.Getenv("THAW_KILLS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatalf("THAW_KILLS: %v", err)
		}
	}
	k := &killing{t: t, base: t.TempDir(), random: rng.New(rng.Name("where fits are killed")), count: map[string]int{}}
	k.whole = session(t, filepath.Join(k.base, "whole"), killer{})
	if !k.whole.done {
		t.Fatalf("the fit that nobody kills does not end: %s", k.whole.err)
	}
	want := result(t, filepath.Join(k.base, "whole"))
	for k.total < n {
		dir, log := k.fit()
		for line := range log {
			if !k.whole.log[line] {
				t.Errorf("killed %s, the fit says\n%s\nwhich the uninterrupted one does not", k.where(), line)
			}
		}
		if got := result(t, dir); got != want || t.Failed() {
			t.Fatalf("killed %s, the fit ends with other weights: %v", k.where(), got != want)
		}
	}
	for _, what := range []string{computing, saving, restoring, resuming} {
		if k.count[what] == 0 {
			t.Errorf("no kill while %s", what)
		}
	}
	t.Logf("killed %d times in %d fits: %v", k.total, k.fits, k.count)
}

// What a session does when it is killed.
const (
	computing = "computing"
	saving    = "saving"
	restoring = "restoring"
	resuming  = "resuming"
)

// killing is a series of fits that are killed.
type killing struct {
	t           *testing.T
	base        string
	whole       outcome
	random      rng.Stream
	total, fits int
	count       map[string]int
	places      []string // of the fit at hand
}

func (k *killing) where() string { return strings.Join(k.places, ", then ") }

// fit kills one fit up to three times and lets it end. It gives its folder and
// what all its sessions said.
func (k *killing) fit() (dir string, log map[string]bool) {
	dir, log, k.places = filepath.Join(k.base, fmt.Sprintf("fit-%d", k.fits)), map[string]bool{}, nil
	for wanted := 1 + k.random.IntN(3); ; {
		how := killer{}
		if len(k.places) < wanted {
			how = k.choose()
		}
		o := session(k.t, dir, how)
		for line := range o.log {
			log[line] = true
		}
		if o.done {
			break
		}
		if !o.killed {
			k.t.Fatalf("killed %s, the fit fails: %s", k.where(), o.err)
		}
		k.total++
		k.places = append(k.places, o.place)
		what, _, _ := strings.Cut(o.place, " ")
		k.count[what]++
		if k.fits%3 == 2 { // the folder moves between sessions
			moved := dir + "-moved"
			if err := os.Rename(dir, moved); err != nil {
				k.t.Fatal(err)
			}
			dir = moved
		}
	}
	k.fits++
	return dir, log
}

// choose picks the moment of a kill: after any event, or within a file
// operation. The first kill of a fit hits what it aims at, for its operations
// are those of the uninterrupted one.
func (k *killing) choose() killer {
	kinds := []string{computing, saving, restoring}
	what := kinds[k.fits%3]
	if len(k.places) > 0 {
		what = append(kinds, resuming)[k.random.IntN(4)]
	}
	if what == computing {
		return killer{event: 1 + k.random.IntN(k.whole.events), delay: time.Duration(k.random.IntN(3000)) * time.Microsecond}
	}
	if what == resuming {
		return killer{op: 1 + k.random.IntN(20)}
	}
	ops := k.whole.ops[what]
	return killer{op: ops[k.random.IntN(len(ops))]}
}

// killer says when a session is killed: some time after an event, or within a
// file operation, both counted from 1; the zero value: never.
type killer struct {
	event int
	delay time.Duration
	op    int
}

// outcome is how a session went.
type outcome struct {
	done, killed bool
	// place is where it was killed.
	place string
	err   string
	// log holds what it said of steps, validations and phases.
	log    map[string]bool
	events int
	// ops numbers its file operations by what they were for.
	ops map[string][]int
}

// session starts a process that fits in a folder, and kills it.
func session(t *testing.T, dir string, k killer) outcome {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childStall, k.op))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := outcome{log: map[string]bool{}, ops: map[string][]int{}}
	kill := func(place string) {
		o.killed, o.place = true, place
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		kind, rest, _ := strings.Cut(lines.Text(), ": ")
		switch kind {
		case "event":
			o.events++
			o.log[rest] = true
			if o.events == k.event {
				time.Sleep(k.delay)
				kill(computing + " after " + rest)
			}
		case "op":
			what, number, _ := strings.Cut(rest, " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatal(err)
			}
			o.ops[what] = append(o.ops[what], n)
		case "stalled":
			kill(rest)
		case "done":
			o.done = true
		default:
			o.err += lines.Text() + "\n"
		}
	}
	if err := cmd.Wait(); err == nil {
		o.killed = false // it was faster
	}
	o.err += stderr.String()
	return o
}

func result(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "result.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
