//go:build linux

package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/sshtest"
)

// A locked key of ssh's is unlocked at fettle's own question, where there is somebody to ask; else its place fails.
func TestAKeyIsUnlockedAtTheTerminal(t *testing.T) {
	t.Parallel()
	const phrase = "canary-correct-horse"
	n := sshtest.New(t)
	n.Use("host", n.NewKey("locked", phrase))
	server := n.Start("host")
	w, name := newAccount(t)
	if err := w.configure(fmt.Sprintf("[ssh]\nconfig = %q\n", n.Config)); err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(w.dir, "away")
	if err := os.Mkdir(away, 0o700); err != nil {
		t.Fatal(err)
	}
	w.mustRun(t, "server", "init")
	w.mustRun(t, "canvas", "add", "--name", "nightly", "--file", filepath.Join(w.dir, "n.acc"), "--account", name, "--password-file", "sftp://host"+away+"/")

	r, err := w.run("pwfile", "generate", "--stale", "--json")
	if err != nil || r.code != 3 || !strings.Contains(r.stdout, `"code":"passphrase_needed"`) || !strings.Contains(r.stdout, `"failed":1`) {
		t.Fatalf("with nobody to ask: code %d, %v: %s", r.code, err, r.stdout)
	}
	s := w.attend(t, "pwfile", "generate", "--stale")
	s.answer(t, "locked'", 1, "wrong")
	s.expect(t, "That is not it.", 1)
	s.answer(t, "locked'", 2, phrase)
	s.ends(t, 0)
	if strings.Contains(s.text(), phrase) || !strings.Contains(s.text(), "done") {
		t.Errorf("this was said: %q", s.text())
	}
	if _, err := os.Stat(filepath.Join(away, "nightly.pwfile.age")); err != nil {
		t.Error(err)
	}

	// A host whose key is not the known one is named, with its fingerprint, and nothing is sent.
	server.Down()
	server.NewHostKey()
	server.Up()
	if r, err := w.run("pwfile", "generate", "--force"); err != nil || r.code != 3 || !strings.Contains(r.stdout, server.Fingerprint()) {
		t.Errorf("code %d, %v: %s", r.code, err, r.stdout)
	}
}
