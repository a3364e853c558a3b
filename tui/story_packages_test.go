package tui_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/pwfile/packages"
)

// TestAPackageIsAddedAndSynced from the first screen, follows a credential that changed, and is what fetch brings.
func TestAPackageIsAddedAndSynced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.canvas(t, "daily-sales", "sales-sheets")
	to := filepath.Join(w.dir, "depot")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	x := openTerminal(t, w, 100, 26)
	x.sees("0 stale files")
	x.press("o")
	x.sees("No package yet")
	x.press("a")
	x.sees("What is the package called?")
	x.press("nightly", "enter")
	x.sees("Which canvases are in it?", "daily-sales")
	x.press(" ", "enter")
	x.sees("Which further files")
	x.press("enter")
	x.sees("Where is it brought?")
	x.press(to, "enter")
	x.sees("How does it lie there?")
	x.press("enter")
	x.sees("nightly is kept", "Sync it now")
	x.press("enter")
	x.sees("2 new", "Sync now")
	x.press("enter")
	x.sees("nightly is in sync", "2 files travelled")
	x.press("esc")
	x.sees("in sync since")
	x.press("q")
	x.ends()

	here := filepath.Join(w.dir, "here")
	got, err := packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: here, Dir: filepath.Join(w.dir, "other")}, nil)
	if err != nil || len(got.Changed) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
}
