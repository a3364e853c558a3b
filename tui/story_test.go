package tui_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"fettle/internal/sandbox"
)

// TestTheMainJob is the reason fettle exists: the account to blame is seen, authorized again with a box
// missed, told so in the page's words, repaired, and its password files are written anew.
func TestTheMainJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.canvas(t, "daily-sales", "sales-sheets")
	w.revoke(t, "sales-sheets")
	x := openTerminal(t, w, 80, 24)

	x.sees("sales-sheets", "revoked", "1 broken")
	x.press("f")
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	code := userCode(t, x.sees("Code:"))
	if err := w.server.ApproveDevice(code, sandbox.Consent{Scopes: []string{"spreadsheets"}}); err != nil {
		t.Fatal(err)
	}
	x.sees("permission is missing", "See information about your files", "tick every box")
	x.press("enter")
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	code = userCode(t, x.sees("Code:"))
	if err := w.server.ApproveDevice(code, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	x.sees("authorized, with every permission", "Regenerate the password file")
	x.press("enter")
	x.sees("Which password files?", "daily-sales")
	x.press("enter")
	x.sees("What will be replaced")
	x.press("enter")
	x.sees("1 password file written", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy", "0 stale files")
	t.Logf("the main job, with a box missed and repaired, took %d keys", x.pressed)
	x.press("q")
	x.ends()
}

// TestTheMainJobInFewKeys counts: from the first screen over a revoked account to no stale file.
func TestTheMainJobInFewKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.canvas(t, "daily-sales", "sales-sheets")
	w.canvas(t, "weekly-sales", "sales-sheets")
	w.revoke(t, "sales-sheets")
	x := openTerminal(t, w, 80, 24)
	x.sees("1 broken")
	x.press("f")
	w.signIn(t, x, sandbox.Consent{All: true})
	x.sees("authorized, with every permission", "Back to the accounts")
	x.press("enter")
	x.sees("Which password files?", "weekly-sales")
	x.press("enter")
	x.sees("What will be replaced")
	x.press("enter")
	x.sees("2 password files written", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy", "0 stale files")
	t.Logf("the main job took %d keys", x.pressed)
	if x.pressed > 12 {
		t.Errorf("%d keys are too many", x.pressed)
	}
	x.press("q")
	x.ends()
}

var codePattern = regexp.MustCompile(`Code:\s+((?:\S )+\S)`)

func userCode(t *testing.T, screen string) string {
	t.Helper()
	m := codePattern.FindStringSubmatch(screen)
	if m == nil {
		t.Fatalf("no code on the screen:\n%s", screen)
	}
	return strings.ReplaceAll(m[1], " ", "")
}

// TestTheBrowserFlowOverSSH pastes the dead page's address: wrong pastes are named and do not end the
// wait, the list shows the account as pending meanwhile, and u returns to the same sign-in.
func TestTheBrowserFlowOverSSH(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.revoke(t, "sales-sheets")
	x := openTerminal(t, w, 100, 30)

	x.sees("revoked")
	x.press("u")
	x.sees("In a browser")
	x.press("down", "enter")
	x.sees("open the sign-in page", "ssh -L", "Tick every box")
	x.press("c")
	url := x.copied()
	x.sees("The address was sent to your terminal's clipboard")
	x.paste(url)
	x.sees("This is the address to open in a browser")
	x.paste("http://127.0.0.1:1/callback?code=1&state=2")
	x.sees("!")
	x.press("esc")
	x.sees("pending, waits for you", "authorizing sales-sheets")
	x.press("u")
	x.sees("open the sign-in page")
	redirect, err := w.server.Approve(url, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	half := len(redirect) / 2
	x.paste(redirect[:half] + "\n  " + redirect[half:])
	x.sees("authorized, with every permission", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy")
	x.press("q")
	x.ends()
}

// TestQuittingPausesASignIn leaves in the middle and goes on with the same flow in a second program.
func TestQuittingPausesASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	x := openTerminal(t, w, 80, 24)
	x.sees("No account yet")
	x.press("a")
	x.sees("Where does the account belong?")
	x.press("enter")
	x.sees("What shall the jobs do with it?")
	x.press("down", "down", "space", "enter")
	x.sees("Which name shall jobs use for it?")
	x.press("enter")
	x.sees("How do you want to sign in", "With a code")
	x.press("enter")
	code := userCode(t, x.sees("Code:"))
	x.press("q")
	x.sees("Quit while work is under way?", "1 sign-in will wait")
	x.press("n")
	x.sees("Code:")
	x.press("ctrl+c", "ctrl+c")
	x.ends()

	y := openTerminal(t, w, 80, 24)
	y.sees("pending, waits for you")
	y.press("enter")
	if again := userCode(t, y.sees("Code:")); again != code {
		t.Errorf("the sign-in shows the code %s, began with %s", again, code)
	}
	if err := w.server.ApproveDevice(code, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	y.sees("authorized, with every permission", "Back to the accounts")
	y.press("enter")
	y.sees("1 healthy")
	y.press("q")
	y.ends()
}

// TestRemovingAsksForTheName shows what would stop, refuses a wrong name, and revokes at the provider.
func TestRemovingAsksForTheName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second})
	w.authorize(t, "sales-sheets", []string{"sheets"}, sandbox.Consent{All: true})
	w.canvas(t, "daily-sales", "sales-sheets")
	x := openTerminal(t, w, 80, 24)
	x.sees("sales-sheets")
	x.press("x")
	x.sees("1 job will stop: daily-sales")
	x.press("down", "enter")
	x.sees("Type the name to go on")
	x.press("wrong", "enter")
	x.sees("nothing was removed")
	x.press("esc")
	x.sees("How shall sales-sheets be removed?")
	x.press("enter")
	x.sees("Type the name to go on")
	x.press("sales-sheets", "enter")
	x.sees("revoked")
	x.press("enter")
	x.sees("No account yet")
	if live := w.server.Stats().LiveRefreshTokens; live != 0 {
		t.Errorf("the provider still has %d live refresh tokens", live)
	}
	x.press("q")
	x.ends()
}
