package tui_test

import (
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/sandbox"
)

// TestAnotherPersonSignsIn: the new credential waits beside the one in use. It is kept away first, and
// switched to on purpose the second time; each time the screen says what came of it.
func TestAnotherPersonSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	before := w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 90, 26)
	x.sees("sales-sheets")
	x.press("u")
	w.signIn(t, x, sandbox.Consent{All: true, User: "ben@example.org"})
	x.sees("stored beside the one in use", "ben@example.org", "Keep the credential in use", "Switch")
	x.press("enter")
	x.sees("The credential in use was kept", "not revoked", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy", "ana@example.org")

	x.press("u")
	w.signIn(t, x, sandbox.Consent{All: true, User: "ben@example.org"})
	x.sees("Switch: from now on sales-sheets belongs to ben@example.org")
	x.press("esc")
	x.sees("waits for your choice")
	x.press("f")
	x.sees("Choose for sales-sheets", "until you choose")
	x.press("down", "enter")
	x.sees("belongs to another person now", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy", "ben@example.org")
	x.press("q")
	x.ends()
	after, err := w.book.Account(t.Context(), "sales-sheets")
	if err != nil {
		t.Fatal(err)
	}
	if after.Generation <= before.Generation || after.Identity.Same(before.Identity) {
		t.Errorf("the account was not switched: generation %d, %s", after.Generation, after.Identity.Email)
	}
}

// TestTheNewCredentialCoversLess repeats the checks, then uses the new one all the same.
func TestTheNewCredentialCoversLess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 90, 26)
	x.sees("sales-sheets")
	x.press("u")
	w.signIn(t, x, sandbox.Consent{Scopes: []string{"spreadsheets"}})
	x.sees("stored beside the one in use", "Use the new credential")
	x.press("down", "down", "enter")
	x.sees("Choose for sales-sheets", "Repeat the checks")
	x.press("down", "enter")
	x.sees("sales-sheets uses the new credential now")
	x.press("esc")
	x.sees("permission missing")
	x.press("q")
	x.ends()
}

// signIn goes from the question how to a finished sign-in with a code.
func (w *world) signIn(t *testing.T, x *terminal, c sandbox.Consent) {
	t.Helper()
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	if err := w.server.ApproveDevice(userCode(t, x.sees("Code:")), c); err != nil {
		t.Fatal(err)
	}
}

// TestTheProviderFailsDuringASignIn keeps waiting through an outage of the polls, explains a failing
// device request, and lets the person begin again.
func TestTheProviderFailsDuringASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetDevice, Times: 1})
	x := openTerminal(t, w, 90, 26)
	x.sees("sales-sheets")
	x.press("u")
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	x.sees("was not authorized", "What to do:", "Sign in again")
	x.press("enter")
	x.sees("How do you want to sign in", "With a code")
	w.fault(t, sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 2})
	x.press("enter")
	code := userCode(t, x.sees("Code:"))
	if err := w.server.ApproveDevice(code, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	x.sees("authorized, with every permission", "Back to the accounts")
	x.press("q")
	x.ends()
}

// TestThePersonDeclines shows cause and remedy on the last page.
func TestThePersonDeclines(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 90, 26)
	x.sees("sales-sheets")
	x.press("u")
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	if err := w.server.DenyDevice(userCode(t, x.sees("Code:"))); err != nil {
		t.Fatal(err)
	}
	x.sees("was not authorized", "Sign in again")
	x.press("down", "enter")
	x.sees("1 healthy")
	x.press("q")
	x.ends()
}

// TestGivingUpASignIn goes the other way and back, stops, goes on, and at last drops the sign-in.
func TestGivingUpASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	x := openTerminal(t, w, 90, 26)
	x.sees("No account yet")
	x.press("a")
	x.sees("Where does the account belong?")
	x.press("enter", "space", "enter", "enter")
	x.sees("With a code")
	x.press("enter")
	x.sees("Code:")
	x.press("w")
	x.sees("open the sign-in page")
	x.press("ctrl+x")
	x.sees("waits", "It was stopped here", "Go on with this sign-in")
	x.press("enter")
	x.sees("open the sign-in page")
	x.press("ctrl+x")
	x.sees("Start a new one")
	x.press("down", "enter")
	x.sees("Code:")
	x.press("esc")
	x.sees("pending, waits for you")
	x.press("r")
	x.sees("This sign-in is not finished")
	x.press("enter")
	x.sees("Code:")
	x.press("d")
	x.sees("No account yet", "was dropped")
	x.press("q")
	x.ends()
	snap, err := w.book.Snapshot(t.Context())
	if err != nil || len(snap.Pending) != 0 {
		t.Errorf("there is still something pending: %v, %v", snap.Pending, err)
	}
}

// TestTheOtherWayThatCannotBeUsed says why, and the sign-in goes on as it is.
func TestTheOtherWayThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, sandbox.Options{Interval: time.Second}, `device_scopes = ["reports.read"]`)
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 90, 30)
	x.sees("sales-sheets")
	x.press("u")
	x.sees("In a browser", "With a code")
	x.press("enter")
	x.sees("open the sign-in page")
	x.press("w")
	x.sees("device flow")
	x.press("p", "enter")
	x.sees("Nothing is pasted yet")
	x.press("?q nonsense", "enter")
	x.sees("neither an address nor a code")
	x.press("o")
	x.sees("No browser could be opened here")
	x.press("d")
	x.sees("1 healthy", "was dropped")
	x.press("q")
	x.ends()
}

// TestTheBareAddress leaves the screen, prints the address whole on one line, and comes back.
func TestTheBareAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 60, 20)
	x.sees("sales-sheets")
	x.press("u")
	x.sees("How do you want to sign in", "With a code")
	x.press("down", "enter")
	x.sees("open the sign-in page")
	x.press("c")
	url := x.copied()
	x.press("b")
	x.sees("Press enter to go back")
	out := x.written()
	if left := strings.LastIndex(out, "\x1b[?1049l"); left < 0 || !strings.Contains(out[left:], "\n"+url+"\n") {
		t.Errorf("the address is not alone on a line outside the alternate screen:\n%q", out[max(left, 0):])
	}
	x.press("\n", "\n") // the first is eaten by the reader that a pipe cannot cancel
	x.sees("open the sign-in page")
	x.press("q")
	x.sees("1 sign-in will wait")
	x.press("y")
	x.ends()
}

// TestASignInShownElsewhere is not a failure: it is said, and looked at again once the other has ended.
func TestASignInShownElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	x := openTerminal(t, w, 90, 26)
	x.sees("No account yet")
	x.press("a")
	x.sees("Where does the account belong?")
	x.press("enter", "space", "enter", "enter")
	x.sees("With a code")
	x.press("enter")
	code := userCode(t, x.sees("Code:"))

	y := openTerminal(t, w.another(t), 90, 26)
	y.sees("pending")
	y.press("enter")
	y.sees("Another fettle shows this sign-in", "Look again")
	x.press("ctrl+c", "ctrl+c")
	x.ends()
	y.press("enter")
	if again := userCode(t, y.sees("Code:")); again != code {
		t.Errorf("it shows the code %s, not %s", again, code)
	}
	if err := w.server.ApproveDevice(code, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	y.sees("authorized, with every permission", "Back to the accounts")
	y.press("q")
	y.ends()
}

// TestAnExpiredSignIn offers to start anew.
func TestAnExpiredSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second, DeviceTTL: 2 * time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	x := openTerminal(t, w, 90, 26)
	x.sees("sales-sheets")
	x.press("u")
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	x.sees("has expired", "Start a new sign-in")
	x.press("enter")
	x.sees("How do you want to sign in", "With a code")
	x.press("esc")
	x.sees("1 healthy")
	x.press("q")
	x.ends()
}

// TestTheRefreshMeetsAnOutage: f asks again on the account's page, whose history follows.
func TestTheRefreshMeetsAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	a := w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetToken, Times: 1})
	if _, err := w.book.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
		t.Fatal("the refresh worked")
	}
	x := openTerminal(t, w, 140, 40)
	x.sees("unreachable")
	x.press("f")
	x.sees("Accounts › sales-sheets", "1 refreshed", "History", "refresh")
	x.press("v")
	x.sees("sales-sheets is proven", "Back")
	x.press("enter")
	x.sees("Verification", "just made")
	x.press("esc")
	x.sees("1 healthy")
	x.press("f")
	x.sees("Nothing is broken")
	x.press("q")
	x.ends()
}
