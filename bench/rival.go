package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

//go:embed torch_steps.py
var torchSteps string

// rival is a Python process that computes the same with PyTorch.
type rival struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	version string
	idle    int // peak memory in KiB with torch imported and nothing done
	ids     int
}

// request is one line to the rival. Only some fields count for each kind.
type request struct {
	Do      string `json:"do"` // open, step, close
	ID      int    `json:"id"`
	Threads int    `json:"threads"`
	// Numbers asks a step for its loss and gradient norm.
	Numbers bool `json:"numbers"`

	Kind string `json:"kind"` // train, update, product
	// Of train: the model, its weights and batch in a file, and the layout.
	Model   string  `json:"model"`
	Layers  int     `json:"layers"`
	Width   int     `json:"width"`
	Heads   int     `json:"heads"`
	Classes int     `json:"classes"`
	File    string  `json:"file"`
	Layout  string  `json:"layout"`
	Head    bool    `json:"head"`
	LR      float64 `json:"lr"`
	// Of update.
	Sizes []int `json:"sizes"`
	// Of product: with OpenBLAS the library's name, otherwise torch computes.
	M        int    `json:"m"`
	N        int    `json:"n"`
	K        int    `json:"k"`
	TA       bool   `json:"ta"`
	TB       bool   `json:"tb"`
	OpenBLAS string `json:"openblas"`
}

type answer struct {
	Error   string  `json:"error"`
	Version string  `json:"version"`
	MS      float64 `json:"ms"`
	Loss    float64 `json:"loss"`
	Norm    float64 `json:"norm"`
	PeakKiB int     `json:"peak_kib"`
	IdleKiB int     `json:"idle_kib"` // peak before the case
}

// startRival starts the process, which takes some seconds. OPENBLAS_CORETYPE,
// where set, would choose slower kernels than the library's own choice. The
// timeout has OpenBLAS's threads sleep after 2²⁰ cycles without work, as those of
// OpenMP do, and not spin into the turn of the next.
func startRival(python string) (*rival, error) {
	cmd := exec.Command(python, "-c", torchSteps)
	cmd.Stderr = os.Stderr
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OPENBLAS_CORETYPE=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "OPENBLAS_THREAD_TIMEOUT=20")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &rival{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	hello, err := r.receive()
	if err != nil {
		return nil, errors.Join(err, r.close())
	}
	r.version, r.idle = hello.Version, hello.PeakKiB
	return r, nil
}

func (r *rival) close() error {
	return errors.Join(r.in.Close(), r.cmd.Wait())
}

func (r *rival) receive() (answer, error) {
	var a answer
	if !r.out.Scan() {
		return a, fmt.Errorf("the rival's process ended: %w", errors.Join(r.out.Err(), io.ErrUnexpectedEOF))
	}
	if err := json.Unmarshal(r.out.Bytes(), &a); err != nil {
		return a, fmt.Errorf("the rival's answer: %w", err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("the rival: %s", a.Error)
	}
	return a, nil
}

func (r *rival) ask(q request) (answer, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return answer{}, err
	}
	if _, err := r.in.Write(append(b, '\n')); err != nil {
		return answer{}, fmt.Errorf("asking the rival: %w", err)
	}
	return r.receive()
}

// open has the rival prepare what q describes.
func (r *rival) open(q request) (side, error) {
	r.ids++
	q.Do, q.ID = "open", r.ids
	if _, err := r.ask(q); err != nil {
		return nil, err
	}
	return &rivalSide{r, q}, nil
}

// rivalSide is one opened case of a rival.
type rivalSide struct {
	r *rival
	q request
}

func (s *rivalSide) step(numbers bool) (reading, error) {
	a, err := s.r.ask(request{Do: "step", ID: s.q.ID, Threads: s.q.Threads, Numbers: numbers})
	return reading{a.MS, a.Loss, a.Norm, a.PeakKiB}, err
}

func (s *rivalSide) close() error {
	_, err := s.r.ask(request{Do: "close", ID: s.q.ID})
	return err
}
