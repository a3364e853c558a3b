package tui_test

import (
	"syscall"
	"testing"
	"time"

	"fettle/internal/sandbox"
)

// TestTheLineDrops sends the signal of a terminal that went away while a refresh is being answered: the
// program ends, and what was under way is finished first. It is not parallel: the signal meets the process.
func TestTheLineDrops(t *testing.T) {
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	before := w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	gate := w.server.Faults.HoldAnswers(sandbox.TargetToken)
	x := openTerminal(t, w.later(t), 80, 24)
	x.sees("sales-sheets")
	x.press("r")
	<-gate.Arrived()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-x.told
	gate.Open()
	x.ends()
	after, err := w.book.Account(t.Context(), "sales-sheets")
	if err != nil || !after.RefreshedAt.After(before.RefreshedAt) {
		t.Errorf("the answer was lost (%v)", err)
	}
}

// TestTheContextEnds quits the program and leaves the terminal as it was.
func TestTheContextEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	x := openTerminal(t, w, 80, 24)
	x.sees("No account yet")
	x.cancel()
	x.ends()
	x.restored()
}
