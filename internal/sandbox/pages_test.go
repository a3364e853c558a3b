package sandbox_test

import (
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

func TestConsentPageByHand(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	verifier := oauth2.GenerateVerifier()
	address := c.AuthCodeURL("st4te", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("login_hint", "ben@example.org"))
	resp, _ := ask(ctx, t, http.MethodGet, address, nil)
	page := srv.URL() + resp.Header.Get("Location")
	resp, html := ask(ctx, t, http.MethodGet, page, nil)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("consent page answered %d", resp.StatusCode)
	}
	for _, want := range []string{
		"<strong>fettle</strong> asks", "See your reports", "See and download your Analytics data", "nora@example.org",
		`value="ben@example.org" checked`, `name="request"`, "Cancel",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	boxes := regexp.MustCompile(`<input type="checkbox"[^>]*>`).FindAllString(html, -1)
	if len(boxes) != 4 || strings.Contains(strings.Join(boxes, ""), "checked") {
		t.Errorf("boxes: %v", boxes)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' http://127.0.0.1:4711") {
		t.Errorf("CSP %q", csp)
	}

	form := url.Values{"request": {query(t, page).Get("request")}, "user": {"ben@example.org"}, "allow": {"reports.read", "spreadsheets"}, "go": {"1"}}
	resp, _ = ask(ctx, t, http.MethodPost, srv.URL()+"/consent", form)
	back := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(back, c.RedirectURL) {
		t.Fatalf("consent answered %d %s", resp.StatusCode, back)
	}
	token, err := c.Exchange(ctx, query(t, back).Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if got := scopesOf(token); !slices.Equal(got, []string{"email", "offline_access", "openid", "reports.read", "spreadsheets"}) {
		t.Errorf("scope = %v", got)
	}
	for _, again := range []url.Values{form, {"request": {"guess"}, "go": {"1"}}, {"request": form["request"]}} {
		if resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/consent", again); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%v answered %d", again, resp.StatusCode)
		}
	}
	if resp, _ := ask(ctx, t, http.MethodGet, page, nil); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an answered page answered %d", resp.StatusCode)
	}
}

func TestDevicePageByHand(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Interval: time.Second})
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, html := ask(ctx, t, http.MethodGet, srv.DeviceURL(), nil); !strings.Contains(html, `name="user_code"`) {
		t.Error("the page asks for no code")
	}
	if resp, html := ask(ctx, t, http.MethodPost, srv.DeviceURL(), url.Values{"user_code": {"WRONG"}}); resp.StatusCode != http.StatusBadRequest || !strings.Contains(html, "unknown or expired") {
		t.Errorf("a wrong code answered %d", resp.StatusCode)
	}
	for _, page := range []func() string{
		func() string {
			_, html := ask(ctx, t, http.MethodPost, srv.DeviceURL(), url.Values{"user_code": {strings.ToLower(answer.UserCode)}})
			return html
		},
		func() string {
			_, html := ask(ctx, t, http.MethodGet, answer.VerificationURIComplete, nil)
			return html
		},
	} {
		if html := page(); !strings.Contains(html, "See your reports") || strings.Contains(html, "checkbox\" checked") {
			t.Errorf("no consent page: %s", html)
		}
	}
	if _, html := ask(ctx, t, http.MethodPost, srv.DeviceURL(), url.Values{"user_code": {answer.UserCode}, "deny": {"1"}}); !strings.Contains(html, "Cancelled") {
		t.Error("cancelling was not confirmed")
	}
	if _, err := c.DeviceAccessToken(ctx, answer); code(err) != "access_denied" {
		t.Errorf("a cancelled code: %v", err)
	}
}

// The commands of doc.go, run as they stand there.
func TestCurl(t *testing.T) {
	t.Parallel()
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl on this machine")
	}
	srv, c, ctx := start(t, sandbox.Options{Interval: time.Second})
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(ctx, curl, "-sS", "-d", "user_code="+answer.UserCode, "-d", "allow=reports.read", "-d", "user=ben@example.org", srv.DeviceURL()).Output()
	if err != nil || !strings.Contains(string(out), "Connected") {
		t.Fatalf("%v %s", err, out)
	}
	token, err := c.DeviceAccessToken(ctx, answer)
	if err != nil || !slices.Contains(scopesOf(token), "reports.read") || slices.Contains(scopesOf(token), "spreadsheets") {
		t.Errorf("scope %v, %v", scopesOf(token), err)
	}

	verifier := oauth2.GenerateVerifier()
	out, err = exec.CommandContext(ctx, curl, "-s", "-o", "/dev/null", "-w", "%{redirect_url}", "-d", "allow=all",
		c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Output()
	if err != nil || !strings.HasPrefix(string(out), c.RedirectURL) {
		t.Fatalf("%v %s", err, out)
	}
	if _, err := c.Exchange(ctx, query(t, string(out)).Get("code"), oauth2.VerifierOption(verifier)); err != nil {
		t.Error(err)
	}
	out, err = exec.CommandContext(ctx, curl, "-s", "-o", "/dev/null", "-w", "%{redirect_url}", "-d", "deny=1",
		c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Output()
	if err != nil || query(t, string(out)).Get("error") != "access_denied" {
		t.Errorf("%v %s", err, out)
	}
	if live := srv.Stats().LiveGrants; live != 2 {
		t.Errorf("%d live grants", live)
	}
}

func TestNothingFromOutsideBecomesMarkup(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>`
	srv, c, ctx := start(t, sandbox.Options{
		Name: evil, Users: []sandbox.User{{Name: evil, Email: evil, Subject: "1"}},
		Services: []sandbox.Service{{ID: "x", Name: evil, Permissions: []sandbox.Permission{{Scope: "x", Words: evil}}}},
	})
	c.Scopes = []string{"x"}
	resp, _ := ask(ctx, t, http.MethodGet, c.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())), nil)
	for _, address := range []string{srv.URL() + resp.Header.Get("Location"), srv.DeviceURL() + "?user_code=" + url.QueryEscape(evil), srv.URL() + "/"} {
		if _, html := ask(ctx, t, http.MethodGet, address, nil); strings.Contains(html, "<script") || !strings.Contains(html, "&lt;script&gt;") {
			t.Errorf("%s: %s", address, html)
		}
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	consent := url.Values{"user_code": {answer.UserCode}, "allow": {"all"}}
	for name, headers := range map[string][]string{
		"fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"origin":         {"Origin", "https://evil.example"},
	} {
		if resp, _ := ask(ctx, t, http.MethodPost, srv.DeviceURL(), consent, headers...); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: consent answered %d", name, resp.StatusCode)
		}
		if resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/revoke", url.Values{}, headers...); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: control answered %d", name, resp.StatusCode)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL()+"/sandbox/grants", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example"
	resp, err := httpClient(ctx).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host name answered %d", resp.StatusCode)
	}
	if n := len(srv.Grants()); n != 0 {
		t.Errorf("%d grants", n)
	}
}

func TestOnePostSignsInWhomTheClientHintedAt(t *testing.T) {
	t.Parallel()
	for hint, want := range map[string]string{"ben@example.org": "ben@example.org", "nobody@example.org": "ana@example.org"} {
		srv, c, ctx := start(t, sandbox.Options{})
		verifier := oauth2.GenerateVerifier()
		address := c.AuthCodeURL("st4te", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("login_hint", hint))
		back, err := srv.Approve(address, sandbox.Consent{All: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exchange(ctx, query(t, back).Get("code"), oauth2.VerifierOption(verifier)); err != nil {
			t.Fatal(err)
		}
		if grants := srv.Grants(); len(grants) != 1 || grants[0].User != want {
			t.Errorf("hinted at %s, got %+v; want one grant of %s", hint, grants, want)
		}
	}
}
