package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"fettle/internal/secret"
)

// errNoTerminal says that there is nobody to ask.
var errNoTerminal = errors.New("there is no terminal to ask at")

// hasTerminal reports whether a person can be asked: a terminal is there, and this run is attached to it.
func (a *app) hasTerminal() bool {
	// /dev/tty opens in a job that was started from a terminal and writes to a log, too: nobody watches that one.
	if !isTerminal(a.stdin) && !isTerminal(a.stderr) {
		return false
	}
	tty, err := openTerminal()
	if err != nil {
		return false
	}
	_ = tty.Close() // nothing was written
	return true
}

// isTerminal reports whether a file is a terminal.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// openTerminal opens the terminal itself, because stdin may carry a secret or a paste.
func openTerminal() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }

// askSecret asks for a secret. The echo is off before the question stands there. Ctrl-C and the end of ctx end it.
func (a *app) askSecret(ctx context.Context, question string) (secret.Text, error) {
	tty, err := openTerminal()
	if err != nil {
		return secret.Text{}, errNoTerminal
	}
	defer func() { _ = tty.Close() }() // nothing is lost with it
	before, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return secret.Text{}, errNoTerminal
	}
	typed, err := interruptible(ctx, func() (string, error) { return term.NewTerminal(tty, "").ReadPassword(question + " ") })
	// So end Ctrl-C and Ctrl-D in a raw read.
	if errors.Is(err, io.EOF) {
		err = context.Canceled
	}
	return secret.New(typed), errors.Join(err, term.Restore(int(tty.Fd()), before))
}

// ask asks a question and returns the line that was typed.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	tty, err := openTerminal()
	if err != nil {
		return "", errNoTerminal
	}
	defer func() { _ = tty.Close() }() // nothing is lost with it
	if _, err := fmt.Fprint(tty, question+" "); err != nil {
		return "", err
	}
	line, err := interruptible(ctx, func() (string, error) { return bufio.NewReader(tty).ReadString('\n') })
	return strings.TrimSpace(line), err
}

// confirm asks a question whose answer is no unless the person says yes.
func (a *app) confirm(ctx context.Context, question string) (bool, error) {
	line, err := a.ask(ctx, question+" [y/N]")
	return strings.EqualFold(line, "y") || strings.EqualFold(line, "yes"), err
}

// newPassphrase asks twice.
func (a *app) newPassphrase(ctx context.Context, what string) (secret.Text, error) {
	for {
		first, err := a.askSecret(ctx, what+":")
		if err != nil {
			return secret.Text{}, err
		}
		second, err := a.askSecret(ctx, "Once more:")
		switch {
		case err != nil:
			return secret.Text{}, err
		case first.Empty():
			a.progress("The passphrase is empty.")
		case first != second:
			a.progress("The two differ.")
		default:
			return first, nil
		}
	}
}

// interruptible waits for read or for the end of ctx; a read that is left alone ends with the process.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
