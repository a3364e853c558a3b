package lookalike_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"fettle/internal/lookalike"
)

func start(t *testing.T, id string, o lookalike.Options) *lookalike.Server {
	t.Helper()
	g, err := lookalike.Start(id, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// config is a client as config.toml would have it, read from the block the server prints.
func config(t *testing.T, s *lookalike.Server, scopes ...string) *oauth2.Config {
	t.Helper()
	value := func(key string) string {
		for line := range strings.Lines(s.Config()) {
			if name, v, ok := strings.Cut(strings.TrimSpace(line), " = "); ok && name == key {
				return strings.Trim(v, `"`)
			}
		}
		return ""
	}
	return &oauth2.Config{
		ClientID: value("id"), ClientSecret: value("secret"), Scopes: scopes, RedirectURL: "http://127.0.0.1:9/callback",
		Endpoint: oauth2.Endpoint{AuthURL: value("authorization_endpoint"), TokenURL: value("token_endpoint"), AuthStyle: oauth2.AuthStyleInParams},
	}
}

// page is what a browser gets to see, and where it is sent.
type page struct {
	status int
	text   string
	moved  string
}

// browse makes a request as a browser does; a form is posted, and no redirect followed.
func browse(t *testing.T, client *http.Client, address string, form url.Values) page {
	t.Helper()
	quiet := *client
	quiet.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var r *http.Response
	var err error
	if form == nil {
		r, err = quiet.Get(address)
	} else {
		r, err = quiet.PostForm(address, form)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{r.StatusCode, string(text), r.Header.Get("Location")}
}

// TestABrowserTicksGooglesBoxes goes the way of a browser or curl, over the network.
func TestABrowserTicksGooglesBoxes(t *testing.T) {
	t.Parallel()
	g := start(t, "google", lookalike.Options{})
	c := config(t, g, "openid", "email", lookalike.Analytics, lookalike.Spreadsheets)
	verifier := oauth2.GenerateVerifier()
	address := c.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier), oauth2.AccessTypeOffline)

	html := browse(t, http.DefaultClient, address, nil).text
	if n := strings.Count(html, `type="checkbox"`); n != 2 || strings.Contains(html, `type="checkbox" checked`) {
		t.Errorf("the page has %d boxes, want 2, none ticked:\n%s", n, html)
	}
	if !strings.Contains(html, "See and download your Google Analytics data") {
		t.Error("the page does not say what is asked for")
	}

	sent := browse(t, http.DefaultClient, address, url.Values{"decision": {"allow"}, "scope": {lookalike.Analytics}, "user": {"ben@example.org"}})
	back, err := url.Parse(sent.moved)
	if err != nil || back.Query().Get("state") != "state" {
		t.Fatalf("redirected to %v, %v", back, err)
	}
	token, err := c.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if scope, _ := token.Extra("scope").(string); !strings.Contains(scope, lookalike.Analytics) || strings.Contains(scope, lookalike.Spreadsheets) {
		t.Errorf("granted %q", scope)
	}
	api := c.Client(t.Context(), token)
	if who := browse(t, api, g.URL("openidconnect.googleapis.com/v1/userinfo"), nil); !strings.Contains(who.text, "ben@example.org") {
		t.Errorf("signed in as %s", who.text)
	}
	files := browse(t, api, g.URL("www.googleapis.com/drive/v3/files"), nil)
	if files.status != http.StatusForbidden || !strings.Contains(files.text, "ACCESS_TOKEN_SCOPE_INSUFFICIENT") {
		t.Errorf("files without the permission: %+v", files)
	}
}

// TestOneGooglePermissionHasNoBox: there is only allow or not.
func TestOneGooglePermissionHasNoBox(t *testing.T) {
	t.Parallel()
	g := start(t, "google", lookalike.Options{})
	c := config(t, g, "openid", "email", lookalike.Analytics)
	address := c.AuthCodeURL("state", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	if html := browse(t, http.DefaultClient, address, nil).text; strings.Contains(html, "checkbox") || !strings.Contains(html, "Continue") {
		t.Errorf("the page:\n%s", html)
	}
}

func TestWhatGoogleRefuses(t *testing.T) {
	t.Parallel()
	g := start(t, "google", lookalike.Options{})
	good := config(t, g, "openid", lookalike.Analytics)
	pkce := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	foreign, elsewhere := *good, *good
	foreign.ClientID, elsewhere.RedirectURL = "somebody-else", "https://elsewhere.example/callback"
	for want, address := range map[string]string{
		"invalid_client":        foreign.AuthCodeURL("s", pkce),
		"redirect_uri_mismatch": elsewhere.AuthCodeURL("s", pkce),
		"Code challenge":        good.AuthCodeURL("s"),
	} {
		if got := browse(t, http.DefaultClient, address, nil); got.status != http.StatusBadRequest || !strings.Contains(got.text, want) {
			t.Errorf("%s: %+v", want, got)
		}
	}
	if back, err := g.Approve(good.AuthCodeURL("s", pkce), lookalike.Consent{Deny: true}); err != nil || !strings.Contains(back, "error=access_denied") {
		t.Errorf("denied: %s, %v", back, err)
	}
}
