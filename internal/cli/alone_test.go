//go:build linux

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fettle/internal/keyringhelper/keyringtest"
)

// A session bus that accepts and never answers stops no command: only the keyring's helper talks to it, and that is killed.
func TestSilentBus(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	w.vars = append(w.vars, "DBUS_SESSION_BUS_ADDRESS="+keyringtest.SilentBus(t))
	for _, args := range [][]string{{"--version"}, {"--help"}, {"status"}, {"vault", "status"}, {"completion", "bash"}} {
		w.mustRun(t, args...)
	}
	if r, err := w.run("check"); err != nil || r.code != 3 || !strings.Contains(r.stdout, "UNKNOWN - there are no accounts in") {
		t.Errorf("check: code %d, %v: %s%s", r.code, err, r.stdout, r.stderr)
	}
	// A first run asks the keyring, and goes on without it.
	r, err := w.run("--data", filepath.Join(w.dir, "fresh"), "vault", "init")
	if err != nil || r.code != 4 || !strings.Contains(r.stderr, "fettle vault init --holder file") {
		t.Errorf("code %d, %v: %s", r.code, err, r.stderr)
	}
}

// With a keyring that works the first run needs no question at all.
func TestFirstRunWithKeyring(t *testing.T) {
	w := newWorld(t.TempDir())
	if err := w.folders(); err != nil {
		t.Fatal(err)
	}
	keyringtest.UseBus(t, keyringtest.RealBus(t))
	keyringtest.SecretService(t, "password")
	for _, name := range []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"} {
		w.vars = append(w.vars, name+"="+os.Getenv(name))
	}
	if out := w.mustRun(t, "vault", "init", "--json"); !strings.Contains(out, `"holder":"keyring"`) {
		t.Errorf("not the keyring: %s", out)
	}
	w.mustRun(t, "vault", "status", "--open")
}

// A book of another OS user is refused with the line to run instead, root included.
func TestAnotherUsersBook(t *testing.T) {
	t.Parallel()
	w := newBook(t)
	dir, owner := filepath.Join(w.dir, "data", "fettle"), "#54321"
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 54321, -1); err != nil {
			t.Fatal(err)
		}
	} else {
		dir, owner = "/usr/lib", "root"
	}
	r, err := w.run("--data", dir, "status")
	if err != nil || r.code != 1 {
		t.Fatalf("code %d, %v: %s", r.code, err, r.stderr)
	}
	if want := "→ sudo -u " + owner + " fettle --data " + dir + " status"; !strings.Contains(r.stderr, want) {
		t.Errorf("%q is missing in %q", want, r.stderr)
	}
}

// The program as it is built starts no bus and answers --version; the tests above run it as a part of the test binary.
func TestBuiltProgram(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fettle")
	build := exec.Command("go", "build", "-o", path, "fettle")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(path, "--version")
	cmd.Env = append(os.Environ(), "DBUS_SESSION_BUS_ADDRESS="+keyringtest.SilentBus(t))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "fettle version ") {
		t.Errorf("%v: %s", err, out)
	}
}
