package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// TestKeysWhileTheVaultIsMadeLeaveItAlone: only enter, once it is made, goes on to the accounts.
func TestKeysWhileTheVaultIsMadeLeaveItAlone(t *testing.T) {
	t.Parallel()
	m := testModel(80, 24, data{})
	m.stack = []screen{newFirstRun()}
	m = press(m, "down", "enter", "down", "enter", "esc", "ctrl+x")
	if !strings.Contains(m.notice.text, "cannot be stopped") {
		t.Errorf("ctrl+x says %q", m.notice.text)
	}
	if !strings.Contains(seen(m), "Making the vault") {
		t.Fatalf("keys pressed meanwhile lead to\n%s", ansi.Strip(m.content()))
	}
	j, _ := m.jobs.get(vaultJob)
	m = press(feed(m, jobEvent{id: vaultJob, run: j.run, ended: true}), "down", "g")
	if !strings.Contains(seen(m), "The vault is ready") {
		t.Errorf("an arrow leaves the page:\n%s", ansi.Strip(m.content()))
	}
	if m = press(m, "enter"); m.front().title(m.frame()) != "Accounts" {
		t.Errorf("enter leads to\n%s", ansi.Strip(m.content()))
	}
}
