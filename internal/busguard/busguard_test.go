//go:build linux

package busguard_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/99designs/keyring" // what is guarded against

	"fettle/internal/busguard"
)

// TestMain lets the test binary, which links keyring, stand for fettle: its inits have run when it gets here.
func TestMain(m *testing.M) {
	if os.Getenv("BUSGUARD_PROBE") != "" {
		guarded := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
		busguard.Restore()
		address, set := os.LookupEnv("DBUS_SESSION_BUS_ADDRESS")
		if !set {
			address = "unset"
		}
		_, kwallet := os.LookupEnv("DISABLE_KWALLET")
		_, _ = os.Stdout.WriteString(strings.Join([]string{guarded, address, map[bool]string{true: "set", false: "unset"}[kwallet]}, "\n"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const nowhere = "unix:path=/dev/null/no-bus"

func TestSilentBusIsNeverContacted(t *testing.T) {
	t.Parallel()
	address, contacted := silentBus(t)
	out := runProbe(t, []string{"status"}, "DBUS_SESSION_BUS_ADDRESS="+address)
	if want := nowhere + "\n" + address + "\nunset"; out != want {
		t.Errorf("main saw, guarded and restored: %q, want %q", out, want)
	}
	select {
	case <-contacted:
		t.Error("the bus was contacted")
	default:
	}
}

// The same bus does catch a process that is not guarded: the test above can fail.
func TestHelperContactsTheBus(t *testing.T) {
	t.Parallel()
	address, contacted := silentBus(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := probe(ctx, t, []string{busguard.HelperCommand}, "DBUS_SESSION_BUS_ADDRESS="+address)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-contacted
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("the helper ended by itself on a bus that never answers")
	}
}

func TestHelperEndsByItself(t *testing.T) {
	if testing.Short() {
		t.Skip("takes busguard.Limit")
	}
	t.Parallel()
	address, _ := silentBus(t)
	start := time.Now()
	err := probe(t.Context(), t, []string{busguard.HelperCommand}, "DBUS_SESSION_BUS_ADDRESS="+address).Run()
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != busguard.LimitExitCode { //nolint:errorlint // Run returns it bare
		t.Errorf("ended with %v after %v", err, time.Since(start))
	}
}

func TestNoBusIsStartedWhereThereIsNone(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"status", busguard.HelperCommand} {
		for _, address := range []string{"", "autolaunch:"} {
			dir := t.TempDir()
			launched := filepath.Join(dir, "launched")
			script := "#!/bin/sh\necho x >'" + launched + "'\n"
			if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			env := []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + dir}
			want := nowhere + "\nunset\nunset"
			if address != "" {
				env = append(env, "DBUS_SESSION_BUS_ADDRESS="+address)
				want = nowhere + "\n" + address + "\nunset"
			}
			if out := runProbe(t, []string{first}, env...); out != want {
				t.Errorf("%s with address %q: %q, want %q", first, address, out, want)
			}
			if _, err := os.Stat(launched); err == nil {
				t.Errorf("%s with address %q started a bus", first, address)
			}
		}
	}
}

func TestHelperFindsTheUsersBus(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil { // refuses connections at once
		t.Fatal(err)
	}
	out := runProbe(t, []string{busguard.HelperCommand}, "XDG_RUNTIME_DIR="+dir)
	if want := "unix:path=" + dir + "/bus\nunset\nunset"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

// silentBus accepts connections, keeps them and never answers.
func silentBus(t *testing.T) (address string, contacted <-chan struct{}) {
	t.Helper()
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); _ = os.RemoveAll(dir) })
	c := make(chan struct{}, 100)
	go func() {
		var kept []net.Conn
		for {
			conn, err := l.Accept()
			if err != nil {
				for _, k := range kept {
					_ = k.Close()
				}
				return
			}
			kept = append(kept, conn)
			c <- struct{}{}
		}
	}()
	return "unix:path=" + filepath.Join(dir, "bus"), c
}

func probe(ctx context.Context, t *testing.T, args []string, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append([]string{"BUSGUARD_PROBE=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	return cmd
}

func runProbe(t *testing.T, args []string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // far more than a start takes, less than busguard.Limit
	defer cancel()
	out, err := probe(ctx, t, args, env...).Output()
	if err != nil {
		t.Fatalf("%v never reached main: %v", args, err)
	}
	return string(out)
}
