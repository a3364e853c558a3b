package tui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/pwfile"
)

// TestAHundredCanvasesInFourKeys: from the first screen of 20 accounts and 100 canvases, four keys find what is stale,
// write it all and come back.
func TestAHundredCanvasesInFourKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("account-%02d", i))
		w.authorize(t, names[i], []string{"sheets"}, sandbox.Consent{All: true})
	}
	var canvases []pwfile.BulkItem
	for i := range 100 {
		path := filepath.Join(w.dir, fmt.Sprintf("job-%03d.acc", i))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		canvases = append(canvases, pwfile.BulkItem{NewCanvas: pwfile.NewCanvas{Name: fmt.Sprintf("job-%03d", i), Path: path, AccountNames: []string{names[i%20], names[(i+7)%20]}}})
	}
	if _, err := w.keeper.AddAll(t.Context(), canvases); err != nil {
		t.Fatal(err)
	}
	x := openTerminal(t, w, 80, 24)
	x.sees("20 healthy", "100 stale files")
	x.press("p")
	x.sees("Which password files?", "☑ job-000")
	x.press("enter")
	x.sees("What will be replaced")
	x.press("enter")
	x.sees("100 password files written", "Back to the accounts")
	x.press("enter")
	x.sees("0 stale files")
	x.press("q")
	x.ends()
	for _, c := range canvases {
		if _, err := os.Stat(c.Path[:len(c.Path)-len(".acc")] + ".pwfile.age"); err != nil {
			t.Error(err)
		}
	}
}
