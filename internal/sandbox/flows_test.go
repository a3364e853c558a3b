package sandbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

func TestDeviceFlow(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Interval: time.Second})
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Interval != 1 || answer.VerificationURI != srv.DeviceURL() || !strings.Contains(answer.VerificationURIComplete, answer.UserCode) {
		t.Errorf("device answer: %+v", answer)
	}
	typed := strings.ToLower(strings.ReplaceAll(answer.UserCode, "-", ""))
	if err := srv.ApproveDevice(typed, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	token, err := c.DeviceAccessToken(ctx, answer)
	if err != nil {
		t.Fatal(err)
	}
	if token.RefreshToken == "" || !strings.HasPrefix(token.AccessToken, sandbox.AccessTokenPrefix) {
		t.Error("a device grant should carry both tokens")
	}
	want := slices.Sorted(slices.Values(everyScope))
	if got := scopesOf(token); !slices.Equal(got, want) {
		t.Errorf("scope = %v, want %v", got, want)
	}
	if _, err := c.DeviceAccessToken(ctx, answer); code(err) != "invalid_grant" {
		t.Errorf("a device code used twice: %v", err)
	}
	if next, err := refresh(ctx, c, token.RefreshToken); err != nil || next.AccessToken == token.AccessToken {
		t.Errorf("refresh: %v", err)
	}
}

func TestBrowserFlowGrantsOnlyWhatIsTicked(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	verifier := oauth2.GenerateVerifier()
	back, err := srv.Approve(c.AuthCodeURL("st4te", oauth2.S256ChallengeOption(verifier)),
		sandbox.Consent{User: "ben@example.org", Scopes: []string{"reports.read"}})
	if err != nil {
		t.Fatal(err)
	}
	q := query(t, back)
	if !strings.HasPrefix(back, c.RedirectURL+"?") || q.Get("state") != "st4te" || q.Get("iss") != srv.URL() {
		t.Errorf("redirect %s", back)
	}
	token, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if got := scopesOf(token); !slices.Equal(got, []string{"email", "offline_access", "openid", "reports.read"}) {
		t.Errorf("scope = %v", got)
	}
	grants := srv.Grants()
	if len(grants) != 1 || grants[0].User != "ben@example.org" || grants[0].RefreshTokens != 1 || !grants[0].Live {
		t.Errorf("grants %+v", grants)
	}
	if _, err := c.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier)); code(err) != "invalid_grant" {
		t.Errorf("a code used twice: %v", err)
	}
	if srv.Grants()[0].Live {
		t.Error("a code used twice should end the grant")
	}
}

func TestCancellingIsToldToTheClient(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Interval: time.Second})
	back, err := srv.Deny(c.AuthCodeURL("st4te", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	if err != nil {
		t.Fatal(err)
	}
	if q := query(t, back); q.Get("error") != "access_denied" || q.Get("state") != "st4te" || q.Get("iss") != srv.URL() {
		t.Errorf("redirect %s", back)
	}
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.DenyDevice(answer.UserCode); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeviceAccessToken(ctx, answer); code(err) != "access_denied" {
		t.Errorf("a declined device: %v", err)
	}
	if err := srv.ApproveDevice(answer.UserCode, sandbox.Consent{All: true}); err == nil {
		t.Error("a declined code should not be approved afterwards")
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	srv, public, ctx := start(t, sandbox.Options{})
	confidential := config(srv, sandbox.BasicClient, sandbox.BasicSecret, oauth2.AuthStyleInHeader)
	for redirect, allowed := range map[string]bool{
		"http://127.0.0.1:1/callback":              true,
		"http://127.0.0.1:65000/callback":          true,
		"http://[::1]:8080/callback":               true,
		"http://localhost:8080/callback":           true,
		"http://localhost:8080/":                   true,
		sandbox.PasteRedirect:                      true,
		"http://127.0.0.1:8080/elsewhere":          false,
		"https://evil.example/callback":            false,
		"http://127.0.0.1.evil.example/callback":   false,
		"http://127.0.0.1:1@evil.example/callback": false,
		sandbox.PasteRedirect + "/more":            false,
	} {
		for _, c := range []*oauth2.Config{public, confidential} {
			c := *c
			c.RedirectURL = redirect
			address := c.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
			resp, _ := ask(ctx, t, http.MethodGet, address, nil)
			if got := resp.StatusCode == http.StatusSeeOther; got != allowed {
				t.Errorf("%s: redirect %s answered %d", c.ClientID, redirect, resp.StatusCode)
			}
			back, err := srv.Approve(address, sandbox.Consent{All: true})
			if (err == nil) != allowed || (allowed && !strings.HasPrefix(back, redirect+"?")) {
				t.Errorf("%s: redirect %s led to %q, %v", c.ClientID, redirect, back, err)
			}
		}
	}
}

func TestWrongAuthorizationRequests(t *testing.T) {
	t.Parallel()
	srv, c, _ := start(t, sandbox.Options{})
	challenge := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	for name, wrong := range map[string]struct {
		address, code string // no code: shown to the person, sent nowhere
	}{
		"unknown client":   {strings.Replace(c.AuthCodeURL("s", challenge), "client_id=fettle", "client_id=nobody", 1), ""},
		"no client":        {srv.URL() + "/authorize?response_type=code", ""},
		"no challenge":     {c.AuthCodeURL("s"), "invalid_request"},
		"plain challenge":  {c.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("code_challenge_method", "plain")), "invalid_request"},
		"unknown scope":    {c.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("scope", "openid everything")), "invalid_scope"},
		"implicit":         {c.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("response_type", "id_token")), "unauthorized_client"},
		"without a person": {c.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("prompt", "none")), "interaction_required"},
		"fragment answer":  {c.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("response_mode", "fragment")), "invalid_request"},
		"request object":   {c.AuthCodeURL("s", challenge, oauth2.SetAuthURLParam("request", "x.y.z")), "request_not_supported"},
	} {
		back, err := srv.Approve(wrong.address, sandbox.Consent{All: true})
		if wrong.code == "" {
			if err == nil {
				t.Errorf("%s: sent to %s", name, back)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if q := query(t, back); q.Get("error") != wrong.code || q.Get("iss") != srv.URL() || q.Get("code") != "" {
			t.Errorf("%s: %s", name, back)
		}
	}
}

func TestTheVerifierMustMatch(t *testing.T) {
	t.Parallel()
	srv, public, ctx := start(t, sandbox.Options{})
	for _, c := range []*oauth2.Config{public, config(srv, sandbox.PostClient, sandbox.PostSecret, oauth2.AuthStyleInParams)} {
		for name, option := range map[string]oauth2.AuthCodeOption{
			"another": oauth2.VerifierOption(oauth2.GenerateVerifier()),
			"none":    oauth2.SetAuthURLParam("code_verifier", ""),
		} {
			back, err := srv.Approve(c.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())), sandbox.Consent{All: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exchange(ctx, query(t, back).Get("code"), option); err == nil {
				t.Errorf("%s: %s verifier was accepted", c.ClientID, name)
			}
		}
	}
	if n := len(srv.Grants()); n != 0 {
		t.Errorf("%d grants were made", n)
	}
}

func TestClientsAuthenticateByTheirMethod(t *testing.T) {
	t.Parallel()
	srv, _, ctx := start(t, sandbox.Options{Interval: time.Second})
	for _, test := range []struct {
		id, secret string
		style      oauth2.AuthStyle
		works      bool
	}{
		{sandbox.PublicClient, "", oauth2.AuthStyleInParams, true},
		{sandbox.BasicClient, sandbox.BasicSecret, oauth2.AuthStyleInHeader, true},
		{sandbox.PostClient, sandbox.PostSecret, oauth2.AuthStyleInParams, true},
		{sandbox.PublicClient, "guess", oauth2.AuthStyleInParams, false},
		{sandbox.BasicClient, sandbox.BasicSecret, oauth2.AuthStyleInParams, false},
		{sandbox.BasicClient, "wrong", oauth2.AuthStyleInHeader, false},
		{sandbox.BasicClient, "", oauth2.AuthStyleInParams, false},
		{sandbox.PostClient, sandbox.PostSecret, oauth2.AuthStyleInHeader, false},
		{"nobody", "", oauth2.AuthStyleInParams, false},
	} {
		c := config(srv, test.id, test.secret, test.style)
		_, err := c.Exchange(ctx, "no-such-code")
		want := "invalid_client"
		if test.works {
			want = "invalid_grant"
		}
		if code(err) != want {
			t.Errorf("%+v: %v", test, err)
		}
		if !test.works {
			continue
		}
		token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		if _, err := refresh(ctx, c, token.RefreshToken); err != nil {
			t.Errorf("%s: refresh: %v", test.id, err)
		}
		deviceGrant(ctx, t, srv, c)
	}
}

func TestTokensBelongToTheirClient(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	other := config(srv, sandbox.PostClient, sandbox.PostSecret, oauth2.AuthStyleInParams)
	if _, err := refresh(ctx, other, token.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("another client's refresh: %v", err)
	}
	form := url.Values{"client_id": {sandbox.PostClient}, "client_secret": {sandbox.PostSecret}, "token": {token.RefreshToken}}
	if resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/revoke", form); resp.StatusCode != http.StatusOK {
		t.Errorf("another client's revocation answered %d", resp.StatusCode)
	}
	if _, err := refresh(ctx, c, token.RefreshToken); err != nil {
		t.Errorf("the grant should have survived another client: %v", err)
	}
}

func TestRefreshTokensNeedOfflineAccessInTheBrowserOnly(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Interval: time.Second})
	c.Scopes = []string{"openid", "reports.read"}
	if token := browser(ctx, t, srv, c, sandbox.Consent{All: true}); token.RefreshToken != "" {
		t.Error("a refresh token came without offline_access")
	}
	token := deviceGrant(ctx, t, srv, c)
	if token.RefreshToken == "" {
		t.Error("a device grant should always carry a refresh token")
	}
	if got := scopesOf(token); !slices.Equal(got, []string{"openid", "reports.read"}) {
		t.Errorf("scope = %v", got)
	}
}

func TestDiscoveryAndIDToken(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv, c, ctx := start(t, sandbox.Options{Clock: clock.now})
	clock.add(40 * 24 * time.Hour)
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, httpClient(ctx)), srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	var extra struct {
		Iss    bool     `json:"authorization_response_iss_parameter_supported"`
		Grants []string `json:"grant_types_supported"`
		Scopes []string `json:"scopes_supported"`
		Revoke string   `json:"revocation_endpoint"`
	}
	if err := provider.Claims(&extra); err != nil {
		t.Fatal(err)
	}
	if !extra.Iss || !slices.Contains(extra.Grants, "urn:ietf:params:oauth:grant-type:device_code") ||
		slices.Contains(extra.Grants, "implicit") || !slices.Contains(extra.Scopes, "reports.read") || extra.Revoke == "" {
		t.Errorf("metadata %+v", extra)
	}
	if e := provider.Endpoint(); e.DeviceAuthURL != c.Endpoint.DeviceAuthURL || e.TokenURL != c.Endpoint.TokenURL {
		t.Errorf("endpoints %+v", e)
	}
	_, oidcDocument := ask(ctx, t, http.MethodGet, srv.URL()+"/.well-known/openid-configuration", nil)
	if _, text := ask(ctx, t, http.MethodGet, srv.URL()+"/.well-known/oauth-authorization-server", nil); text != oidcDocument {
		t.Error("RFC 8414 and OIDC discovery differ")
	}

	verifier := provider.Verifier(&oidc.Config{ClientID: sandbox.PublicClient, Now: clock.now})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	clock.add(59 * time.Minute)
	raw, _ := token.Extra("id_token").(string)
	id, err := verifier.Verify(oidc.ClientContext(ctx, httpClient(ctx)), raw)
	if err != nil {
		t.Fatalf("the id token should follow the injected clock: %v", err)
	}
	var claims struct{ Email string }
	if err := id.Claims(&claims); err != nil || id.Subject != "1001" || claims.Email != "ana@example.org" {
		t.Errorf("id token of %s, %+v, %v", id.Subject, claims, err)
	}
	if left := clock.now().Sub(id.IssuedAt); left < 58*time.Minute || left > 61*time.Minute {
		t.Errorf("issued %v ago by the injected clock", left)
	}
	clock.add(2 * time.Minute)
	if _, err := verifier.Verify(oidc.ClientContext(ctx, httpClient(ctx)), raw); err == nil {
		t.Error("the id token should have expired")
	}
}
