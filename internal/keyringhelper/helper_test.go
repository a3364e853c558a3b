//go:build linux

package keyringhelper_test

import (
	"os"
	"testing"
	"time"

	"fettle/internal/busguard"
	"fettle/internal/keyringhelper"
	"fettle/internal/keyringhelper/backend"
)

// TestMain lets the test binary be the helper, as main does in fettle.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == busguard.HelperCommand {
		os.Exit(backend.Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	busguard.Restore()
	os.Exit(m.Run())
}

func client(t *testing.T) keyringhelper.Client {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return keyringhelper.Client{Executable: exe}
}

const generous = 30 * time.Second
