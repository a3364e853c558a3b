package cli_test

import (
	"bufio"
	"io"
	"strings"
	"syscall"
	"testing"
)

// What a person reads while a sign-in waits: why a paste is not taken, how it goes on, and what dropping it leaves.
func TestWhatAWaitingSignInSays(t *testing.T) {
	t.Parallel()
	w, known := newAccount(t)
	for _, c := range []struct {
		name, dropped string
		args          []string
		status        string
	}{
		{"ben", "the name is free again", []string{"--provider", "demo", "--service", "reports"}, "ben waits for somebody to sign in for the first time"},
		{known, "its present credential stays", nil, ""},
	} {
		cmd := w.command(append([]string{"authorize", "--name", c.name, "--flow", "browser"}, c.args...)...)
		paste, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		said, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(said)
		until(t, lines, "paste its address here")
		if _, err := io.WriteString(paste, "http://127.0.0.1/elsewhere?code=1&state=2\n"); err != nil {
			t.Fatal(err)
		}
		until(t, lines, "✗ not taken: this address does not begin with")
		until(t, lines, "  → paste the address of the page you ended on")
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		until(t, lines, "fettle authorize --name "+c.name+" continues it")
		if code, err := exitCode(cmd.Wait()); err != nil || code != 1 {
			t.Fatalf("%s: code %d, %v", c.name, code, err)
		}
		if c.status != "" {
			r, err := w.run("status", c.name)
			if err != nil || r.code != 1 || !strings.Contains(r.stderr, c.status) || !strings.Contains(r.stderr, "→ fettle authorize --name "+c.name+" continues it") {
				t.Errorf("status %s: code %d, %v: %s", c.name, r.code, err, r.stderr)
			}
		}
		if out := w.mustRun(t, "authorize", "--name", c.name, "--abandon"); !strings.Contains(out, c.dropped) {
			t.Errorf("%s: %s", c.name, out)
		}
	}
	w.mustRun(t, "token", known)
}

// until reads up to the line that holds a text.
func until(t *testing.T, lines *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("%q was not said (%v)", text, err)
		}
	}
}
