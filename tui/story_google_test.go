package tui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/vault"
	"fettle/internal/lookalike"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// googleWorld has a server that answers as Google does, and no client yet.
func googleWorld(t *testing.T) (*world, *lookalike.Google) {
	t.Helper()
	g, err := lookalike.StartGoogle(lookalike.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	w := assembled(t, "google", g.Hosts())
	if err := w.door.Setup(t.Context(), string(vault.HolderFile), secret.Text{}); err != nil {
		t.Fatal(err)
	}
	return w, g
}

// downloaded is the JSON file that Google's console offers for the client that the server knows.
func downloaded(t *testing.T, g *lookalike.Google) (path, clientSecret string) {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(g.Config()) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " = "); ok {
			values[key] = strings.Trim(value, `"`)
		}
	}
	path = filepath.Join(t.TempDir(), "client_secret_123.json")
	text := fmt.Sprintf(`{"installed":{"client_id":%q,"project_id":"shop-reports","auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token","client_secret":%q,"redirect_uris":["http://localhost"]}}`, values["id"], values["secret"])
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, values["secret"]
}

// googleSignIn goes from the question how to the pasted address of a finished sign-in.
func googleSignIn(t *testing.T, x *terminal, g *lookalike.Google, c lookalike.Consent) {
	t.Helper()
	x.sees("How do you want to sign in", "In a browser")
	x.press("enter")
	x.sees("open the sign-in page")
	x.press("c")
	back, err := g.Approve(x.copied(), c)
	if err != nil {
		t.Fatal(err)
	}
	x.paste(back)
}

// ticks puts the cursor on services and ticks them.
func ticks(x *terminal, entry provider.Provider, ids ...string) {
	at := 0
	for i, svc := range entry.ServiceList() {
		if slices.Contains(ids, svc.ID) {
			for ; at < i; at++ {
				x.press("down")
			}
			x.press("space")
		}
	}
}

// TestFromNothingToARepairedGoogleAccount is the whole of it on a server that answers as Google does: a client
// from its downloaded file, two services in one sign-in, a box missed and named, repaired, properties listed
// and listed again on their own, and an old message of a job that leads to the account it is about.
func TestFromNothingToARepairedGoogleAccount(t *testing.T) {
	t.Parallel()
	w, g := googleWorld(t)
	file, clientSecret := downloaded(t, g)
	x := openTerminal(t, w, 100, 36)

	x.sees("No account yet")
	x.press("a")
	x.sees("Where does the account belong?", "No client yet")
	x.press("enter")
	x.sees("Which kind of client of Google?", "Desktop app, the usual one")
	x.press("enter")
	x.sees("Register a client at Google", "choose the type Desktop app")
	x.press("enter")
	x.sees("What did Google give you?")
	x.press(file, "enter")
	x.sees("This is what fettle would keep", "Desktop app", "shop-reports")
	x.press("enter")
	x.sees("is kept", "Go on with the authorization")
	x.press("enter")
	x.sees("Where does the account belong?")
	x.press("enter")
	x.sees("What shall the jobs do with it?")
	ticks(x, w.entries[0], "analytics", "sheets")
	x.press("enter")
	x.sees("One account for all 2: one sign-in", "At Google revoking one of them")
	x.press("enter")
	x.sees("Which name shall jobs use for it?", "analytics-google")
	x.press("enter")
	googleSignIn(t, x, g, lookalike.Consent{Without: []string{lookalike.Spreadsheets}})
	words := w.entries[0].Services["sheets"].Permissions[lookalike.Spreadsheets]
	x.sees("one permission is missing", "Not granted, in the words of the page", words, "Sign in again and tick every box")
	x.press("enter")
	googleSignIn(t, x, g, lookalike.Consent{})
	x.sees("authorized, with every permission", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy", "analytics-google")

	x.press("enter")
	x.sees("Permissions", "Resources")
	x.press("s")
	x.sees("Example Shop", "Shop, web", "Blog")
	tokens := len(g.Seen("oauth2.googleapis.com/token"))
	g.Resources("analyticsadmin.googleapis.com/v1beta/accountSummaries", map[string]any{
		"name": "accountSummaries/100", "account": "accounts/100", "displayName": "Example Shop",
		"propertySummaries": []any{map[string]any{"property": "properties/1003", "displayName": "Shop, kiosk"}},
	})
	x.press("r")
	x.sees("+ 1 new", "Shop, kiosk", "gone")
	if n := len(g.Seen("oauth2.googleapis.com/token")) - tokens; n != 0 {
		t.Errorf("listing again asked for %d tokens", n)
	}
	x.press("/", "kiosk", "enter")
	x.seesNo("Example Blog")
	x.press("esc")
	x.sees("Example Blog")
	x.press("esc")
	x.sees("Life of the credential")
	x.press("esc")
	x.sees("1 healthy")

	w.google(t, g, "drive-ben", "drive", "ben@example.org")
	w.revoked(t, g, "analytics-google")
	x.sees("revoked", "drive-ben")
	x.press("d")
	x.sees("Paste a message from a job's log")
	x.paste("Management API V3.0 error:Unable to refresh token:The remote server returned an error: (400) Bad Request.\r\nUnable to retrieve Google Account information")
	x.sees("Probably", "Sign in again for analytics-google, revoked", "Back to the accounts")
	x.press("enter")
	googleSignIn(t, x, g, lookalike.Consent{})
	x.sees("authorized, with every permission")
	x.press("q")
	x.ends()
	if strings.Contains(x.written(), clientSecret) {
		t.Error("the client's secret was shown")
	}
}

// google makes an account of somebody, as a person would.
func (w *world) google(t *testing.T, g *lookalike.Google, name, service string, as ...string) {
	t.Helper()
	ctx := t.Context()
	flow, err := w.book.StartFlow(ctx, accounts.AuthorizeRequest{Name: name, Provider: "google", Services: []string{service}, Kind: provider.Browser, OverSSH: true})
	if err != nil {
		t.Fatal(err)
	}
	pasted := make(chan string, 1)
	_, err = w.book.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: pasted, Report: func(e accounts.FlowEvent) {
		if e.Kind != accounts.FlowPrompt {
			return
		}
		back, err := g.Approve(e.Prompt.AuthorizationURL, lookalike.Consent{As: strings.Join(as, "")})
		if err != nil {
			t.Error(err)
		}
		pasted <- back
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// revoked lets the book find out that a person took the access of an account back.
func (w *world) revoked(t *testing.T, g *lookalike.Google, name string) {
	t.Helper()
	g.Next("oauth2.googleapis.com/token", lookalike.Answer{Status: 400, Body: `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`})
	a, err := w.book.Account(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.book.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
		t.Fatal("the revoked account could be refreshed")
	}
}

// TestTheChecklistFindsWhatWasLost: a permission taken away later is named by its rung, and enter repairs it.
func TestTheChecklistFindsWhatWasLost(t *testing.T) {
	t.Parallel()
	w, g := googleWorld(t)
	file, _ := downloaded(t, g)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	client, err := accounts.ReadGoogleClientFile(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.book.AddClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	w.google(t, g, "reports", "sheets")
	g.Lose(lookalike.Spreadsheets)
	x := openTerminal(t, w, 100, 40)
	x.sees("1 healthy")
	x.press("v")
	x.sees("reports fails first at: Permissions", w.entries[0].Services["sheets"].Permissions[lookalike.Spreadsheets], "Sign in again and tick every box")
	x.press("enter")
	googleSignIn(t, x, g, lookalike.Consent{})
	x.sees("authorized, with every permission", "Back to the accounts")
	x.press("enter")
	x.sees("1 healthy")
	x.press("v")
	x.sees("reports is proven: every check passed")
	x.press("q")
	x.ends()
}
