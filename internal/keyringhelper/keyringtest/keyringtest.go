//go:build linux

// Package keyringtest gives tests session buses of every kind: one that works, with a real keyring behind it, and
// ones that do not. A test that needs a program which is not installed is skipped and says so. Only tests import it.
package keyringtest

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// UseBus makes address the session bus of the helpers this test starts; "" is none.
func UseBus(t *testing.T, address string) {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each helper of a race test takes a second to exit
}

// SilentBus accepts connections, keeps them and never answers.
func SilentBus(t *testing.T) string {
	t.Helper()
	path := filepath.Join(shortDir(t), "bus")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		var kept []net.Conn // referenced, or the collector would close them
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			kept = append(kept, conn)
			_ = len(kept)
		}
	}()
	return "unix:path=" + path
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=PATH</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// RealBus runs a dbus-daemon that starts no services by itself.
func RealBus(t *testing.T) string {
	t.Helper()
	daemon := lookPath(t, "dbus-daemon")
	dir := shortDir(t)
	config := filepath.Join(dir, "session.conf")
	path := filepath.Join(dir, "bus")
	if err := os.WriteFile(config, []byte(strings.Replace(busConfig, "PATH", path, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, exec.CommandContext(t.Context(), daemon, "--config-file="+config, "--nofork", "--print-address")) //nolint:gosec // a test's own paths
	return "unix:path=" + path
}

// SecretService starts a gnome-keyring-daemon, unlocked, on the session bus in use; it ends with the bus.
func SecretService(t *testing.T, password string) {
	t.Helper()
	daemon := exec.CommandContext(t.Context(), lookPath(t, "gnome-keyring-daemon"), "--unlock", "--components=secrets") //nolint:gosec // ditto
	home := shortDir(t)
	daemon.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_RUNTIME_DIR="+home)
	daemon.Stdin = strings.NewReader(password)
	daemon.Stderr = os.Stderr
	if err := daemon.Run(); err != nil {
		t.Fatal(err)
	}
}

// start runs a daemon until the test ends, and returns when it has said its first line.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // gone already is as good
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%s said %q and %v", cmd.Path, line, err)
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: no real bus to test with", name)
	}
	return path
}

func shortDir(t *testing.T) string { // a socket's path is limited
	t.Helper()
	dir, err := os.MkdirTemp("", "kh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
