package tui_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/tui"
)

// TestWorkAsksForASecret: what is typed reaches who asked, esc is a refusal, and a question goes away with what asked.
func TestWorkAsksForASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.asker = tui.NewAsker()
	x := openTerminal(t, w, 90, 26)
	x.sees("Accounts")
	type reply struct {
		typed secret.Text
		err   error
	}
	ask := func(ctx context.Context) <-chan reply {
		out := make(chan reply, 1)
		go func() {
			typed, err := w.asker.Ask(ctx, "Enter passphrase for key 'id_test'")
			out <- reply{typed, err}
		}()
		return out
	}

	answered := ask(t.Context())
	x.sees("Enter passphrase for key 'id_test'")
	x.press("s3cret?", "enter")
	if r := <-answered; r.err != nil || r.typed.Reveal() != "s3cret?" {
		t.Errorf("what was typed did not arrive: %v", r.err)
	}
	x.seesNo("s3cret")

	refused := ask(t.Context())
	x.sees("Enter passphrase")
	x.press("esc")
	if r := <-refused; !errors.Is(r.err, tui.ErrNotAnswered) {
		t.Errorf("esc is %v", r.err)
	}

	ctx, stop := context.WithCancel(t.Context())
	gone := ask(ctx)
	x.sees("Enter passphrase")
	stop()
	if r := <-gone; !errors.Is(r.err, context.Canceled) {
		t.Errorf("a stopped asker got %v", r.err)
	}
	x.seesNo("Enter passphrase")
	x.press("q")
	x.ends()
}
