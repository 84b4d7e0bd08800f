package tensor

import (
	"fmt"
	"strings"

	"github.com/thaw-go/thaw/engine"
)

// Error says which operator failed and why. Shapes that do not fit, ids out of
// range and the memory limit end up here; Err holds an engine's own error.
type Error struct {
	// Op is the operator ("conv2d"), Block the path of the blocks around it
	// ("layer1.0"), empty outside of blocks.
	Op, Block string
	// Backward tells that its gradient was being computed.
	Backward bool
	Msg      string
	// Hint is what to do about it; it may be empty.
	Hint string
	Err  error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Block != "" {
		b.WriteString(e.Block + ": ")
	}
	if e.Backward {
		b.WriteString("gradient of ")
	}
	b.WriteString(e.Op + ": " + e.Msg)
	if e.Hint != "" {
		b.WriteString("\n    hint: " + e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// thrown carries an Error from an operator up to Do. Every other panic is a
// bug and passes through.
type thrown struct{ *Error }

// Do runs fn and returns the error of the operator that failed in it. After an
// error the tape's tensors are of no use: Reset gives their memory back.
func (t *Tape) Do(fn func()) (err error) {
	depth, path, quiet := len(t.scopes), t.path, t.quiet
	defer func() {
		switch r := recover().(type) {
		case nil:
		case thrown:
			t.scopes, t.path, t.quiet = t.scopes[:depth], path, quiet
			t.backward, t.probing, t.replay = false, false, nil
			err = r.Error
		default:
			panic(r)
		}
	}()
	fn()
	return nil
}

// failf throws an error of the running operator.
func (t *Tape) failf(format string, args ...any) {
	t.fail(&Error{Msg: fmt.Sprintf(format, args...)})
}

// failHint is failf with advice.
func (t *Tape) failHint(hint, format string, args ...any) {
	t.fail(&Error{Msg: fmt.Sprintf(format, args...), Hint: hint})
}

func (t *Tape) fail(e *Error) {
	e.Op, e.Block, e.Backward = t.op, t.paths.name(t.path), t.backward
	panic(thrown{e})
}

// check throws an engine's error.
func (t *Tape) check(err error) {
	if err == nil {
		return
	}
	e := &Error{Msg: err.Error(), Err: err}
	if _, over := err.(*engine.LimitError); over {
		e.Hint = "make the batch smaller, freeze more blocks, or raise memory_limit"
	}
	t.fail(e)
}
