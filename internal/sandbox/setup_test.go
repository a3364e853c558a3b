package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
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

// clock is an injected clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// answered is what is left of an answer whose body has been read.
type answered struct {
	StatusCode int
	Header     http.Header
}

// ask sends a request and reads the answer; headers are names and values in turn.
func ask(ctx context.Context, t *testing.T, method, address string, form url.Values, headers ...string) (answered, string) {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := httpClient(ctx).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return answered{resp.StatusCode, resp.Header}, string(text)
}

// askJSON is ask for an answer in JSON.
func askJSON(ctx context.Context, t *testing.T, method, address string, form url.Values, headers ...string) (int, map[string]any) {
	t.Helper()
	resp, text := ask(ctx, t, method, address, form, headers...)
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s %s answered %d, not JSON: %.200s", method, address, resp.StatusCode, text)
	}
	return resp.StatusCode, out
}

func bearer(token *oauth2.Token) []string {
	return []string{"Authorization", "Bearer " + token.AccessToken}
}
