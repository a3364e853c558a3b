package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var everyScope = []string{
	"openid", "email", "offline_access", "analytics.readonly", "spreadsheets", "drive.metadata.readonly", "reports.read",
}

// start runs a server and gives the client that a program using it would have.
func start(t *testing.T, opts sandbox.Options) (*sandbox.Server, *oauth2.Config, context.Context) {
	t.Helper()
	srv, err := sandbox.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv, config(srv, sandbox.PublicClient, "", oauth2.AuthStyleInParams), httpContext(t)
}

func config(srv *sandbox.Server, id, secret string, style oauth2.AuthStyle) *oauth2.Config {
	return &oauth2.Config{
		ClientID: id, ClientSecret: secret, RedirectURL: "http://127.0.0.1:4711/callback", Scopes: everyScope,
		Endpoint: oauth2.Endpoint{
			AuthURL: srv.URL() + "/authorize", TokenURL: srv.URL() + "/oauth/token",
			DeviceAuthURL: srv.URL() + "/device_authorization", AuthStyle: style,
		},
	}
}

// httpContext carries a client of the test's own, so that no idle connection outlives it.
func httpContext(t *testing.T) context.Context {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return context.WithValue(t.Context(), oauth2.HTTPClient, client)
}

func httpClient(ctx context.Context) *http.Client {
	c, _ := ctx.Value(oauth2.HTTPClient).(*http.Client)
	return c
}

// browser signs in through the authorization code flow and returns the tokens.
func browser(ctx context.Context, t *testing.T, srv *sandbox.Server, c *oauth2.Config, consent sandbox.Consent) *oauth2.Token {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	back, err := srv.Approve(c.AuthCodeURL("st4te", oauth2.S256ChallengeOption(verifier)), consent)
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.Exchange(ctx, query(t, back).Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func refresh(ctx context.Context, c *oauth2.Config, refreshToken string) (*oauth2.Token, error) {
	return c.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// code is the OAuth error code of a token endpoint's answer, or "".
func code(err error) string {
	var e *oauth2.RetrieveError
	if errors.As(err, &e) {
		return e.ErrorCode
	}
	return ""
}

func scopesOf(token *oauth2.Token) []string {
	scope, _ := token.Extra("scope").(string)
	scopes := strings.Fields(scope)
	slices.Sort(scopes)
	return scopes
}

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
