package tui_test

import (
	"strings"
	"testing"
	"time"

	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
)

// TestTheFirstRunWithAKeyFile chooses while the keyring is still being tried: the screen is alive meanwhile.
func TestTheFirstRunWithAKeyFile(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, sandbox.Options{})
	w.door.probed = make(chan struct{})
	x := openTerminal(t, w, 80, 24)

	x.sees("Where shall the key be kept?", "fettle looks for a keyring")
	x.press("up", "enter")
	x.sees("cannot hold the key")
	close(w.door.probed)
	x.sees("not usable here: no keyring answers")
	x.press("esc")
	x.sees("nothing is stored yet")
	x.press("down", "down", "enter")
	x.sees("The vault is ready", "recovery key")
	x.press("enter")
	x.sees("No account yet")
	if w.door.Locked() || w.door.Holder() != vault.HolderFile {
		t.Errorf("the vault is held by %q, locked: %v", w.door.Holder(), w.door.Locked())
	}
	x.press("q")
	x.ends()
}

// TestTheFirstRunWithAPassphrase types it twice, slips once, and finds q and ? to be text; a second program
// lists while locked, asks when a secret is needed, says why a wrong passphrase fails, and goes on with the act.
func TestTheFirstRunWithAPassphrase(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, sandbox.Options{})
	x := openTerminal(t, w, 80, 24)
	x.sees("Where shall the key be kept?")
	x.press("enter")
	x.sees("Choose a passphrase")
	x.press("enter")
	x.sees("The passphrase is empty")
	x.press("why?q", "enter", "other", "enter")
	x.sees("The two differ")
	x.press("esc")
	x.sees("Where shall the key be kept?")
	x.press("enter")
	x.sees("Choose a passphrase")
	x.paste("why?q")
	x.press("tab")
	x.paste("why?q")
	x.press("enter")
	x.sees("The vault is ready")
	x.press("enter")
	x.sees("No account yet")
	x.press("q")
	x.ends()
	if strings.Contains(x.written(), "why?q") {
		t.Error("the passphrase was shown")
	}

	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	later := w.another(t)
	y := openTerminal(t, later, 80, 24)
	y.sees("sales-sheets", "1 healthy")
	y.press("r")
	y.sees("The vault is locked", "Refreshing sales-sheets needs")
	y.press("nonsense", "enter")
	y.sees("This is not its passphrase")
	y.press("esc")
	y.seesNo("The vault is locked")
	y.press("v")
	y.sees("The vault is locked", "Verifying sales-sheets needs")
	y.press("why?q", "enter")
	y.sees("sales-sheets is proven", "Back")
	y.press("q")
	y.ends()
}

// TestAHolderThatNeedsNobodyIsNotAskedFor opens a locked vault with its key file, without a question.
func TestAHolderThatNeedsNobodyIsNotAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w.another(t), 80, 24)
	x.sees("sales-sheets")
	x.press("v")
	x.sees("sales-sheets is proven", "Back")
	if strings.Contains(x.written(), "The vault is locked") {
		t.Error("it asked for a passphrase that nobody has")
	}
	x.press("q")
	x.ends()
}

// TestTheVaultMadeMeanwhile lets a command make the vault while the first run asks.
func TestTheVaultMadeMeanwhile(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, sandbox.Options{})
	x := openTerminal(t, w, 80, 24)
	x.sees("Where shall the key be kept?")
	if err := w.door.Setup(t.Context(), string(vault.HolderFile), secret.Text{}); err != nil {
		t.Fatal(err)
	}
	x.press("down", "enter")
	x.sees("could not be made", "is a vault already")
	x.press("enter")
	x.sees("No account yet")
	x.press("q")
	x.ends()
}
