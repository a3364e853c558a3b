package tui_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/pwfile"
)

// TestAFileGetsACredentialOfItsOwn: at a provider whose refresh tokens work once, the wizard explains why the file needs
// its own sign-in, makes it, writes the file and hands the credential over.
func TestAFileGetsACredentialOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second, Rotation: sandbox.RotationSingleUse})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	path := filepath.Join(w.dir, "daily.acc")
	if err := os.WriteFile(path, []byte("canvas"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.keeper.Add(t.Context(), pwfile.NewCanvas{Name: "daily", Path: path, AccountNames: []string{"sales-sheets"}}); err != nil {
		t.Fatal(err)
	}
	x := openTerminal(t, w, 100, 30)
	x.sees("1 stale file")
	x.press("p")
	x.sees("Which password files?", "daily", "Press u to sign in for it")
	x.press("u")
	x.sees("sales-sheets@daily", "accepts each refresh token once", "the only holder")
	x.press("y")
	w.signIn(t, x, sandbox.Consent{All: true})
	x.sees("sales-sheets@daily is authorized")
	x.press("esc")
	x.sees("Which password files?", "☑ daily")
	x.press("enter")
	x.sees("What will be replaced")
	x.press("enter")
	x.sees("1 password file written", "Back to the accounts")
	x.press("enter")
	x.sees("0 stale files")
	x.press("q")
	x.ends()
	own, err := w.book.Account(t.Context(), "sales-sheets@daily")
	if err != nil {
		t.Fatal(err)
	}
	if own.HasRefresh || own.HeldBy() != "the password file of canvas daily" {
		t.Errorf("the book still has a token: %v; held by %q", own.HasRefresh, own.HeldBy())
	}
	mine, err := w.book.Account(t.Context(), "sales-sheets")
	if err != nil || !mine.HasRefresh {
		t.Errorf("the account of the book lost its credential: %v", err)
	}
}
