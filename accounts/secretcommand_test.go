//go:build unix

package accounts_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fettle/accounts"
	"fettle/internal/sandbox"
)

// The secret_command of one provider may ask an agent that hangs. The accounts of all others go on meanwhile.
func TestASecretCommandThatHangsKeepsNoOtherProviderWaiting(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, sandbox.Options{})
	other, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	slow := strings.Replace(other.ProviderTOMLFor("slow", sandbox.PostClient), `secret = "`+sandbox.PostSecret+`"`, `secret_command = ["cat", "`+pipe+`"]`, 1)
	r.configure(t, r.server.ProviderTOMLFor("demo", sandbox.PostClient)+"\n"+slow)
	id := r.plantConfidential(t)
	asked := make(chan error, 1)
	go func() {
		test, err := r.TestKeptClient(t.Context(), "slow", accounts.ClientFromConfig)
		if err == nil && test.Verdict != accounts.ClientProven {
			t.Errorf("%+v", test)
		}
		asked <- err
	}()
	agent, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until the command reads
	if err != nil {
		t.Fatal(err)
	}
	refreshed := make(chan error, 1)
	go func() {
		_, err := r.Refresh(t.Context(), id, accounts.Now(true))
		refreshed <- err
	}()
	select {
	case err := <-refreshed:
		if err != nil {
			t.Error(err)
		}
	case err := <-asked:
		t.Fatalf("the refresh waited for another provider's command, which ended with %v", err)
	}
	if _, err := agent.WriteString(sandbox.PostSecret + "\n"); err != nil {
		t.Error(err)
	}
	if err := agent.Close(); err != nil {
		t.Error(err)
	}
	if err := <-asked; err != nil {
		t.Error(err)
	}
}
