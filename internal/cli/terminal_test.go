//go:build linux

package cli_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"fettle/internal/sandbox"
)

// session is fettle at a terminal of its own.
type session struct {
	cmd  *exec.Cmd
	tty  *os.File
	mu   sync.Mutex
	seen bytes.Buffer
	more chan struct{} // something was said
	gone chan struct{} // everything was
}

// attend starts fettle at a terminal.
func (w *world) attend(t *testing.T, args ...string) *session {
	t.Helper()
	s := &session{cmd: w.command(args...), more: make(chan struct{}, 1), gone: make(chan struct{})}
	tty, err := pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 24, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	s.tty = tty
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // ended already in a test that passed
		_ = tty.Close()
	})
	go func() {
		defer close(s.gone)
		buffer := make([]byte, 4096)
		for {
			n, err := tty.Read(buffer)
			s.mu.Lock()
			s.seen.Write(buffer[:n])
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.String()
}

// expect waits until a text stands n times on what was said.
func (s *session) expect(t *testing.T, text string, n int) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for strings.Count(s.text(), text) < n {
		select {
		case <-s.more:
		case <-limit:
			t.Fatalf("%q was not said; this was: %q", text, s.text())
		}
	}
}

// answer types a line once a question stands there for the n-th time.
func (s *session) answer(t *testing.T, question string, n int, line string) {
	t.Helper()
	s.expect(t, question, n)
	if _, err := io.WriteString(s.tty, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (s *session) press(t *testing.T, key string) {
	t.Helper()
	if _, err := io.WriteString(s.tty, key); err != nil {
		t.Fatal(err)
	}
}

func (s *session) ends(t *testing.T, code int) {
	t.Helper()
	<-s.gone
	if got, err := exitCode(s.cmd.Wait()); err != nil || got != code {
		t.Fatalf("code %d, not %d (%v): %s", got, code, err, s.text())
	}
}

// At a terminal a first run asks who holds the key; a passphrase is asked twice, never shown, and may be mistyped.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	const phrase = "correct horse battery"
	w := newWorld(t.TempDir())
	if err := w.folders(); err != nil {
		t.Fatal(err)
	}
	s := w.attend(t, "vault", "init")
	s.answer(t, "passphrase or file?", 1, "p")
	s.answer(t, "New passphrase:", 1, phrase)
	s.answer(t, "Once more:", 1, phrase+"!")
	s.expect(t, "The two differ.", 1)
	s.answer(t, "New passphrase:", 2, phrase)
	s.answer(t, "Once more:", 2, phrase)
	s.ends(t, 0)
	if strings.Contains(s.text(), phrase) {
		t.Error("the passphrase is shown")
	}

	s = w.attend(t, "vault", "status", "--open")
	s.answer(t, "Passphrase of the vault:", 1, "wrong")
	s.answer(t, "Passphrase of the vault:", 2, phrase)
	s.expect(t, "it opens", 1)
	s.ends(t, 0)

	// Ctrl-C at the question ends it.
	s = w.attend(t, "vault", "status", "--open")
	s.answer(t, "Passphrase of the vault:", 1, "\x03")
	s.ends(t, 1)

	// Without a terminal nothing is asked.
	if r, err := w.run("vault", "status", "--open"); err != nil || r.code != 4 || !strings.Contains(r.stderr, "there is no terminal to ask at") {
		t.Errorf("code %d, %v: %s", r.code, err, r.stderr)
	}

	// To another holder, and back to no question.
	s = w.attend(t, "vault", "rewrap", "--holder", "file")
	s.answer(t, "Passphrase of the vault:", 1, phrase)
	s.ends(t, 0)
	w.mustRun(t, "vault", "status", "--open")
	if _, err := os.Stat(filepath.Join(w.dir, "data", "fettle", "vault.key")); err != nil {
		t.Error(err)
	}
}

// At a terminal the address that the browser ended on can be pasted; the code in it is not shown.
func TestPasteAtTerminal(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	server, err := w.start("demo", sandbox.Options{}, sandbox.PublicClient)
	if err != nil {
		t.Fatal(err)
	}
	s := w.attend(t, "authorize", "--provider", "demo", "--service", "reports", "--name", "ana", "--flow", "browser", "--no-browser")
	s.expect(t, "The address is good until", 1)
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/authorize\?\S+`).FindString(s.text())
	redirect, err := server.Approve(address, sandbox.Consent{All: true})
	if err != nil {
		t.Fatalf("%v: %s", err, s.text())
	}
	s.press(t, "this is not it\n")
	s.expect(t, "✗ ", 1)
	s.press(t, redirect+"\n")
	s.expect(t, "✓ ana is authorized", 1)
	s.ends(t, 0)
	if found := leaks("the terminal", s.text()); len(found) > 0 {
		t.Error(found)
	}
}

// What cannot be undone is asked, and no is the answer unless a person says yes.
func TestRemoveAsks(t *testing.T) {
	t.Parallel()
	w, name := newAccount(t)
	s := w.attend(t, "remove", name)
	s.answer(t, "Remove "+name+"? [y/N]", 1, "")
	s.ends(t, 1)
	s = w.attend(t, "remove", name)
	s.answer(t, "[y/N]", 1, "y")
	s.ends(t, 0)
}

// fettle alone opens the screens at a terminal; q leaves them, and the terminal is as it was.
func TestScreens(t *testing.T) {
	t.Parallel()
	w, name := newAccount(t)
	s := w.attend(t)
	s.expect(t, name, 1)
	s.press(t, "q")
	s.ends(t, 0)
	if !strings.Contains(s.text(), "\x1b[?1049l") {
		t.Errorf("the screen was not left: %q", s.text())
	}

	// On a dumb terminal there is nothing to draw on.
	w.vars = append(w.vars, "TERM=dumb")
	s = w.attend(t)
	s.ends(t, 2)
}

// The first run on the screen makes the vault, and goes on in the same program.
func TestFirstRunOnScreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t.TempDir())
	if err := w.folders(); err != nil {
		t.Fatal(err)
	}
	s := w.attend(t)
	s.expect(t, "key file", 1)
	s.press(t, "\x1b[B") // from the passphrase down to the key file
	s.press(t, "\r")
	s.expect(t, "ready", 1)
	s.press(t, "\r")
	s.expect(t, "Accounts", 1)
	s.press(t, "q")
	s.ends(t, 0)
	if out := w.mustRun(t, "vault", "status", "--open", "--json"); !strings.Contains(out, `"holder":"file"`) {
		t.Errorf("not a key file: %s", out)
	}
}

// The help asks the terminal nothing: one that never answers does not hold it up.
func TestHelpAsksNothing(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	for _, args := range [][]string{{"--help"}, {"status", "--bogus"}} {
		s := w.attend(t, args...)
		<-s.gone
		_ = s.cmd.Wait() // its code is looked at elsewhere
		if strings.Contains(s.text(), "\x1b]11;?") || strings.Contains(s.text(), "\x1b[c") {
			t.Errorf("fettle %v asks the terminal: %q", args, s.text())
		}
	}
}
