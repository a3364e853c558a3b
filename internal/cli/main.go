package cli

import (
	"context"
	"errors"
	"image/color"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"

	"fettle/internal/busguard"
	"fettle/internal/keyringhelper/backend"
	"fettle/internal/sshconn"
)

// Version is the released version; the build sets it.
var Version = "devel"

// Exit codes; docs/exit-codes.md explains them.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitAttention = 3
	exitLocked    = 4
)

// Main runs fettle with the arguments after the program's name and returns its exit code.
func Main(args []string) int {
	harden()
	if len(args) > 0 && args[0] == busguard.HelperCommand {
		return backend.Main(args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	if code, was := sshconn.Askpass(args); was {
		return code
	}
	busguard.Restore()
	// With a handler in place a closed pipe (`fettle refresh --all | head`) is an error of the write, not
	// the death of a process that is about to store a token.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	a := newApp(args)
	a.tree = a.root()
	a.tree.SetArgs(args)
	// fang asks the terminal for its background before it prints help or an error, and waits for the answer.
	// It does not ask where stdin is no terminal, so it gets to see none; commands use a.stdin.
	if null, err := os.Open(os.DevNull); err == nil {
		os.Stdin = null
	}
	err := fang.Execute(context.Background(), a.tree,
		fang.WithVersion(Version), fang.WithColorSchemeFunc(sixteenColours), fang.WithErrorHandler(a.handleError))
	return a.exitCode(err)
}

// sixteenColours uses the terminal's own palette and, for plain text, no colour at all, so that it needs no
// knowledge of the background.
func sixteenColours[F any](F) fang.ColorScheme {
	return fang.AnsiColorScheme(func(_, _ color.Color) color.Color { return nil })
}

// ranError is an error of a command's own work. Any other error of the tree is one of usage.
type ranError struct{ err error }

func (e *ranError) Error() string { return e.err.Error() }

// Unwrap returns the command's error.
func (e *ranError) Unwrap() error { return e.err }

// handle makes a command's function ready for the tree.
func (a *app) handle(run func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		null := os.Stdin
		os.Stdin = a.stdin // the screens read it
		defer func() { os.Stdin = null }()
		a.command = cmd
		err = run(cmd, args)
		// Nobody has read what an exit code alone stands for. An error of its own is told in any case.
		if f, told := errors.AsType[*failure](err); err == nil || told && f.silent {
			err = errors.Join(a.written(), err)
		}
		if err != nil {
			return &ranError{err}
		}
		return nil
	}
}

// failureOf tells usage errors of the tree from errors of a command.
func (a *app) failureOf(err error) *failure {
	ran, ok := errors.AsType[*ranError](err)
	switch {
	case ok:
	// The man page and the completions are printed by others.
	case errors.Is(err, syscall.EPIPE):
		return &failure{silent: true, exit: exitDone}
	case errors.As(err, new(*fs.PathError)):
		ran = &ranError{err}
	default:
		return a.misused(err)
	}
	f := *a.explain(ran.err)
	if f.Code == "usage" && f.Remedy == "" {
		f.Remedy = a.helpRemedy()
	}
	return &f
}

func (a *app) exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	return a.failureOf(err).exit
}

// jsonAsked looks at the arguments themselves, for errors that come before flags are parsed.
func (a *app) jsonAsked() bool {
	args := a.args
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return a.json || slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}
