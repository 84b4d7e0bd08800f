// Package cli is the command line. It alone touches arguments, environment,
// standard streams, signals and exit codes; the rest is a library.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// State is everything outside the process that a command may touch.
type State struct {
	Args   []string // without the program's name
	Stdout io.Writer
	Stderr io.Writer
	// Getenv reads the environment.
	Getenv func(string) string
	// Terminal tells whether Stderr is one, and how wide.
	Terminal bool
	Width    int
	// Signals delivers interrupts; nil: none.
	Signals <-chan os.Signal
	// Exit ends the process at once, for a second interrupt.
	Exit func(code int)
}

// System is the State of the running process.
func System() State {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	s := State{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Signals: signals, Exit: os.Exit}
	if fd := int(os.Stderr.Fd()); term.IsTerminal(fd) {
		s.Terminal = true
		if w, _, err := term.GetSize(fd); err == nil {
			s.Width = w
		}
	}
	return s
}

// errInterrupted ends a command that an interrupt cut short in good order.
var errInterrupted = errors.New("interrupted")

// errAnswered ends a command with an exit code that is its answer: what there is
// to say is printed.
var errAnswered = errors.New("the answer is no")

// exit carries an exit code out of kong.
type exit struct{ code int }

// Main runs the command line and returns the exit code.
func Main(s State) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = e.code
		default:
			panic(e)
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.watch(cancel)

	var root commands
	parser, err := kong.New(&root,
		kong.Name("thaw"),
		kong.Description("Fine-tunes pretrained models by a phase schedule."),
		kong.Writers(s.Stdout, s.Stderr),
		kong.Exit(func(c int) { panic(exit{c}) }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic(err) // the command structs are wrong: a programmer's error
	}
	args, overrides := splitOverrides(s.Args, flagNames(parser.Model.Node, map[string]bool{}))
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(s.Stderr, "thaw: %v\n    hint: thaw --help lists the commands and their flags\n", err)
		return exitUsage
	}
	env := &environment{State: s, Engine: root.Engine, Threads: root.Threads, Overrides: overrides}
	switch err := kctx.Run(env); {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errAnswered):
		return exitFailed
	default:
		fmt.Fprintf(s.Stderr, "thaw: %v\n", err)
		return exitFailed
	}
}

// watch turns the first interrupt into a cancelled context, upon which a fit
// saves its position, and the second into an end at once.
func (s State) watch(cancel func()) {
	if s.Signals == nil {
		return
	}
	go func() {
		for first := true; ; first = false {
			if _, ok := <-s.Signals; !ok {
				return
			}
			if !first {
				s.Exit(exitInterrupted)
				return
			}
			fmt.Fprintln(s.Stderr, "\ninterrupted: saving the position; once more to stop at once")
			cancel()
		}
	}()
}

// splitOverrides takes the config overrides out of the arguments: --key=value
// whose name is no flag, such as --trainer.max_epochs=3 or --seed=7.
func splitOverrides(args []string, flags map[string]bool) (rest, overrides []string) {
	for i, a := range args {
		if a == "--" {
			return append(rest, args[i:]...), overrides
		}
		name, _, hasValue := strings.Cut(a, "=")
		if strings.HasPrefix(name, "--") && hasValue && !flags[strings.TrimPrefix(name, "--")] {
			overrides = append(overrides, strings.TrimPrefix(a, "--"))
			continue
		}
		rest = append(rest, a)
	}
	return rest, overrides
}

// flagNames are the names of all flags of all commands.
func flagNames(n *kong.Node, into map[string]bool) map[string]bool {
	for _, f := range n.Flags {
		into[f.Name] = true
	}
	for _, c := range n.Children {
		flagNames(c, into)
	}
	return into
}
