//go:build linux

package keyringhelper_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/internal/keyringhelper"
	"fettle/internal/keyringhelper/keyringtest"
	"fettle/internal/secret"
)

func TestRoundTripThroughARealSecretService(t *testing.T) {
	keyringtest.UseBus(t, keyringtest.RealBus(t))
	keyringtest.SecretService(t, "login password")
	c := client(t)
	c.Timeout = generous
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	for { // the daemon takes its name on the bus some time after its first line
		_, err := c.Get(ctx, "fettle/none")
		if errors.Is(err, keyringhelper.ErrNotFound) {
			break
		}
		if !errors.Is(err, keyringhelper.ErrUnavailable) {
			t.Fatalf("waiting for the daemon: %v", err)
		}
	}

	value := secret.New("AGE-SECRET-KEY-1\nwith \x00 and ünïcode " + strings.Repeat("x", 4000))
	for _, v := range []secret.Text{secret.New("first"), value} {
		if err := c.Set(ctx, "fettle/one", v); err != nil {
			t.Fatal(err)
		}
		got, err := c.Get(ctx, "fettle/one")
		if err != nil || got != v {
			t.Fatalf("read back %d bytes, error %v", len(got.Reveal()), err)
		}
	}
	if _, err := c.Get(ctx, "fettle/two"); !errors.Is(err, keyringhelper.ErrNotFound) {
		t.Errorf("another item: %v", err)
	}
	if err := c.Delete(ctx, "fettle/one"); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(ctx, "fettle/one"); !errors.Is(err, keyringhelper.ErrNotFound) {
		t.Errorf("after delete: %v", err)
	}
	if err := c.Set(ctx, "fettle/empty", secret.Text{}); !errors.Is(err, keyringhelper.ErrUnavailable) {
		t.Errorf("an empty secret: %v", err)
	}
}

func TestEachWayOfHavingNoKeyringIsNamed(t *testing.T) {
	tests := []struct {
		name    string
		address func(*testing.T) string
		is      error
		says    string
	}{
		{"a bus that never answers", keyringtest.SilentBus, keyringhelper.ErrTimeout, "did not answer"},
		{"no bus", func(*testing.T) string { return "" }, keyringhelper.ErrUnavailable, "no session bus answers"},
		{"a dead bus", func(*testing.T) string { return "unix:path=/nowhere/bus" }, keyringhelper.ErrUnavailable, "no session bus answers"},
		{"a malformed address", func(*testing.T) string { return "nonsense" }, keyringhelper.ErrUnavailable, "no session bus answers"},
		{"a bus without a keyring", keyringtest.RealBus, keyringhelper.ErrUnavailable, "org.freedesktop.secrets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			keyringtest.UseBus(t, tt.address(t))
			dir := t.TempDir()
			launched := filepath.Join(dir, "launched")
			if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte("#!/bin/sh\necho x >'"+launched+"'\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			c := client(t)
			c.Timeout = generous
			if errors.Is(tt.is, keyringhelper.ErrTimeout) {
				c.Timeout = 500 * time.Millisecond
			}
			for verb, err := range map[string]error{
				"get": getError(t, c), "set": c.Set(t.Context(), "fettle/x", secret.New("canary")), "delete": c.Delete(t.Context(), "fettle/x"),
			} {
				if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: %v, want %v saying %q", verb, err, tt.is, tt.says)
				}
			}
			if _, err := os.Stat(launched); err == nil {
				t.Error("a bus was started")
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	keyringtest.UseBus(t, keyringtest.SilentBus(t))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := client(t).Get(ctx, "fettle/x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestHelperThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, exe := range []string{"", "/nowhere/fettle", "false"} {
		if err := getError(t, keyringhelper.Client{Executable: exe}); !errors.Is(err, keyringhelper.ErrUnavailable) {
			t.Errorf("%q: %v", exe, err)
		}
	}
}

func TestBadRequests(t *testing.T) {
	keyringtest.UseBus(t, "")
	if _, err := client(t).Get(t.Context(), ""); !errors.Is(err, keyringhelper.ErrUnavailable) || !strings.Contains(err.Error(), "usage") {
		t.Errorf("no item: %v", err)
	}
}

func getError(t *testing.T, c keyringhelper.Client) error {
	t.Helper()
	_, err := c.Get(t.Context(), "fettle/x")
	return err
}
