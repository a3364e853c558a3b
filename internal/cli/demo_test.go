//go:build linux

package cli_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// temporary gives a world a folder of its own for temporary files and makes sure that it is empty in the end.
func temporary(t *testing.T, w *world) {
	t.Helper()
	dir := filepath.Join(w.dir, "tmp")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.vars = append(w.vars, "TMPDIR="+dir)
	t.Cleanup(func() {
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("the demo left %v behind: %v", left, err)
		}
	})
}

// At a terminal the demo opens the screens over its world, and says how to approve without a browser.
func TestDemoScreens(t *testing.T) {
	t.Parallel()
	w := newWorld(t.TempDir())
	temporary(t, w)
	s := w.attend(t, "demo", "--theme", "contrast", "--ascii")
	s.expect(t, "curl -d user_code=CODE -d allow=all", 1)
	s.expect(t, "finance-sheets", 1)
	if _, err := io.WriteString(s.tty, "q"); err != nil {
		t.Fatal(err)
	}
	s.ends(t, 0)
	if found := leaks("the screen", s.text()); found != nil {
		t.Error(found)
	}
}

// A signal ends the demo in the middle of its work, and its folder goes all the same.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t.TempDir())
	temporary(t, w)
	cmd := w.command("demo")
	var said bytes.Buffer
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, stdout, "fettle shows the code")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(stdout)
	if err != nil {
		t.Fatal(err)
	}
	if code, err := exitCode(cmd.Wait()); err != nil || code != 1 || strings.Contains(string(rest), "All of it worked") {
		t.Errorf("interrupted: code %d, %v: %s%s", code, err, rest, said.String())
	}
}
