package tui_test

import (
	"os"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// TestAClientIsTestedReplacedAndRemoved against a server that answers as Google does: it takes the client,
// refuses it with another secret, and takes it again with the one of its file. What accounts use stays.
func TestAClientIsTestedReplacedAndRemoved(t *testing.T) {
	t.Parallel()
	w, g := googleWorld(t)
	file, clientSecret := downloaded(t, g)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	read, err := accounts.ReadGoogleClientFile(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.book.AddClient(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	x := openTerminal(t, w, 100, 40)
	x.sees("No account yet")
	x.press("i")
	x.sees("shop-reports", "no account")
	x.press("t")
	x.sees("✓", "In a browser")

	x.press("s")
	x.sees("What takes the place of")
	x.press("enter", "another-secret", "enter", "enter")
	x.sees("This is what would change", "No account and no password file is touched")
	x.press("enter")
	x.sees("is replaced", "Ask the provider whether it takes this client")
	x.press("enter")
	x.sees("✗", "What to do:")
	x.press("esc")
	x.sees("ACCOUNTS", "✗")
	x.press("s")
	x.sees("What takes the place of")
	x.paste(strings.ReplaceAll(string(text), "\n", "\r"))
	x.sees("This is what would change", "No account and no password file is touched")
	x.press("enter")
	x.sees("is replaced")
	x.press("esc")
	x.sees("ACCOUNTS")
	x.press("t")
	x.seesNo("✗")
	x.sees("✓")

	w.google(t, g, "drive-ana", "drive")
	x.sees("Used by         drive-ana")
	x.press("x")
	x.sees("1 account signed in through it")
	other, err := w.book.AddClient(t.Context(), accounts.NewClient{Provider: "google", Label: "spare", OAuthID: "2-spare", Secret: secret.New("spare-secret"), Kind: "tv", Auth: provider.AuthPost})
	if err != nil {
		t.Fatal(err)
	}
	x.sees("spare")
	x.press("down")
	x.sees("TVs and Limited Input devices", "device code")
	x.press("x")
	x.sees("Forget the client spare of Google?")
	x.press("y")
	x.seesNo("spare of Google")
	x.sees("Spare is forgotten")
	x.press("q")
	x.ends()
	left, err := w.book.Clients(t.Context())
	if err != nil || len(left) != 1 || left[0].ID == other.ID {
		t.Errorf("%v are left (%v)", left, err)
	}
	for _, secret := range []string{clientSecret, "another-secret", "spare-secret"} {
		if strings.Contains(x.written(), secret) {
			t.Errorf("%q was shown", secret)
		}
	}
}
