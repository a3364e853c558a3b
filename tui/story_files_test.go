package tui_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/sandbox"
	"fettle/pwfile"
)

// TestAPlaceThatCannotBeWritten names cause and place, and writes it once the folder takes it.
func TestAPlaceThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.canvas(t, "daily-sales", "sales-sheets")
	closed := filepath.Join(w.dir, "closed")
	copies := []string{filepath.Join(w.dir, "daily-sales.pwfile.age"), filepath.Join(closed, "copy.pwfile.age")}
	canvas, err := w.keeper.ByName(t.Context(), "daily-sales")
	if err != nil {
		t.Fatal(err)
	}
	extra := copies[1:]
	if _, err := w.keeper.Edit(t.Context(), canvas.ID, pwfile.Change{Copies: &extra}); err != nil {
		t.Fatal(err)
	}
	x := openTerminal(t, w, 100, 26)
	x.sees("1 stale file")
	x.press("p")
	x.sees("Which password files?", "daily-sales")
	x.press("enter")
	x.sees("What will be replaced", "copy.pwfile.age")
	x.press("enter")
	x.sees("1 failed", "copy.pwfile.age", "Try again what failed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	x.press("enter")
	x.sees("Which password files?", "daily-sales")
	x.press("enter")
	x.sees("What will be replaced")
	x.press("enter")
	x.sees("1 password file written", "Back to the accounts")
	x.press("enter")
	x.sees("0 stale files")
	x.press("q")
	x.ends()
	for _, path := range copies {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// TestAnAccountCountsTheFilesThatAreItsOwnConcern: a file that is stale by one account's news is no news of the others in it.
func TestAnAccountCountsTheFilesThatAreItsOwnConcern(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	for _, name := range []string{"changed", "same"} {
		w.authorize(t, name, []string{"sheets"}, sandbox.Consent{All: true})
	}
	w.canvas(t, "month-close", "changed", "same")
	w.authorize(t, "changed", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 90, 26)
	x.sees("1 stale file")
	x.until("counts one stale file for changed and none for same", regexp.MustCompile(`(?s) changed .* 1 +1 *\n.* same .* 1 +– *\n`).MatchString)
	x.press("q")
	x.ends()
}

// TestARevocationThatFails keeps the account listed as still valid at the provider, and tries again.
func TestARevocationThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetRevoke, Status: 503})
	x := openTerminal(t, w, 90, 26)
	x.sees("sales-sheets")
	x.press("x")
	x.sees("How shall sales-sheets be removed?")
	x.press("down", "enter")
	x.sees("Type the name to go on")
	x.press("q?", "enter")
	x.sees("nothing was removed")
	x.press("\x15", "sales-sheets", "enter")
	x.sees("still valid at the provider")
	x.press("enter")
	x.sees("still to revoke")
	x.press("u")
	x.sees("It was removed here; x tries again")
	w.server.Faults.Clear()
	x.press("f")
	x.sees("Try again to revoke it", "Stop trying")
	x.press("enter")
	x.sees("Type the name to go on")
	x.press("sales-sheets", "enter")
	x.sees("is removed")
	x.press("enter")
	x.sees("No account yet")
	x.press("q")
	x.ends()
}

// TestSeveralAtOnce filters, marks and refreshes several, asks for help meanwhile, and undoes with esc.
func TestSeveralAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	for _, name := range []string{"sales-a", "sales-b", "other"} {
		w.authorize(t, name, []string{"sheets"}, sandbox.Consent{All: true})
	}
	before := w.server.Stats().Tokens["refresh_token"]
	x := openTerminal(t, w.later(t), 90, 26)
	x.sees("3 healthy")
	x.press("/", "sales", "enter")
	x.seesNo("other")
	x.press("*")
	x.sees("2 marked")
	x.press("?", "G")
	x.sees("Mark every account shown")
	x.press("esc")
	x.sees("2 marked")
	x.press("r")
	x.sees("2 refreshed")
	if n := w.server.Stats().Tokens["refresh_token"] - before; n != 2 {
		t.Errorf("%d refreshes were made", n)
	}
	x.press("r")
	x.sees("the provider was not asked again")
	x.press("esc")
	x.sees("other", "2 marked")
	x.press("esc")
	x.seesNo("marked")
	x.press("esc")
	x.sees("This is the first screen")
	x.press("s")
	x.sees("Sorted by name")
	x.press("q")
	x.ends()
}

// TestQuittingDuringARefresh asks, then finishes what is in the middle of being answered.
func TestQuittingDuringARefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	before := w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	gate := w.server.Faults.HoldAnswers(sandbox.TargetToken)
	x := openTerminal(t, w.later(t), 90, 26)
	x.sees("sales-sheets")
	x.press("r")
	<-gate.Arrived()
	x.sees("refreshing sales-sheets")
	x.press("q")
	x.sees("Quit while work is under way?", "1 task will finish")
	x.press("y")
	if said := <-x.told; said == "" {
		t.Error("nothing is said about the wait")
	}
	gate.Open()
	x.ends()
	after, err := w.book.Account(t.Context(), "sales-sheets")
	if err != nil || !after.RefreshedAt.After(before.RefreshedAt) {
		t.Errorf("the answer was lost: refreshed at %v, before %v (%v)", after.RefreshedAt, before.RefreshedAt, err)
	}
}

// TestTwoProgramsOnOneBook: what one changes the other shows by itself.
func TestTwoProgramsOnOneBook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	a := w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x, y := openTerminal(t, w.later(t), 90, 40), openTerminal(t, w.later(t), 90, 40)
	x.sees("1 healthy")
	y.sees("1 healthy")
	y.press("enter")
	y.sees("Facts", "History")
	w.server.RevokeEverything("")
	x.press("r")
	x.sees("revoked", "1 broken")
	y.sees("The grant was revoked")
	if _, err := w.book.Remove(t.Context(), a.ID, accounts.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	x.sees("No account yet")
	y.sees("not in the book any more")
	for _, z := range []*terminal{x, y} {
		z.press("q")
		z.ends()
	}
}
