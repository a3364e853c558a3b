package sandbox_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

// deviceGrant signs in by the device flow; the code is approved before the first poll.
func deviceGrant(ctx context.Context, t *testing.T, srv *sandbox.Server, c *oauth2.Config) *oauth2.Token {
	t.Helper()
	status, answer := asClient(ctx, t, c, c.Endpoint.DeviceAuthURL, url.Values{"scope": {strings.Join(c.Scopes, " ")}})
	userCode, _ := answer["user_code"].(string)
	deviceCode, _ := answer["device_code"].(string)
	if status != http.StatusOK || !strings.HasPrefix(deviceCode, sandbox.DeviceCodePrefix) {
		t.Fatalf("%s: device request answered %d %v", c.ClientID, status, answer["error"])
	}
	if err := srv.ApproveDevice(userCode, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	status, out := asClient(ctx, t, c, c.Endpoint.TokenURL, poll(deviceCode))
	if status != http.StatusOK {
		t.Fatalf("%s: device poll answered %d %v", c.ClientID, status, out["error"])
	}
	access, _ := out["access_token"].(string)
	renew, _ := out["refresh_token"].(string)
	return (&oauth2.Token{AccessToken: access, RefreshToken: renew}).WithExtra(out)
}

// asClient posts a form with the client's authentication.
func asClient(ctx context.Context, t *testing.T, c *oauth2.Config, address string, form url.Values) (int, map[string]any) {
	t.Helper()
	form = maps.Clone(form)
	if c.Endpoint.AuthStyle == oauth2.AuthStyleInHeader {
		form.Del("client_id")
		req := http.Request{Header: http.Header{}}
		req.SetBasicAuth(c.ClientID, c.ClientSecret)
		return askJSON(ctx, t, http.MethodPost, address, form, "Authorization", req.Header.Get("Authorization"))
	}
	form.Set("client_id", c.ClientID)
	if c.ClientSecret != "" {
		form.Set("client_secret", c.ClientSecret)
	}
	return askJSON(ctx, t, http.MethodPost, address, form)
}

func poll(deviceCode string) url.Values {
	return url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {sandbox.PublicClient}, "device_code": {deviceCode},
	}
}

func TestSlowDownIsMeant(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv, c, ctx := start(t, sandbox.Options{Clock: clock.now})
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		wait time.Duration
		want string
	}{
		{0, "authorization_pending"},
		{5 * time.Second, "authorization_pending"},
		{2 * time.Second, "slow_down"}, // from now on 10 s
		{5 * time.Second, "slow_down"}, // 15 s
		{14 * time.Second, "authorization_pending"},
		{10 * time.Second, "slow_down"}, // 20 s
		{20 * time.Second, "authorization_pending"},
	} {
		clock.add(step.wait)
		if _, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, poll(answer.DeviceCode)); out["error"] != step.want {
			t.Errorf("poll %d after %v: %v, want %s", i+1, step.wait, out["error"], step.want)
		}
	}
	if err := srv.ApproveDevice(answer.UserCode, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	if status, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, poll(answer.DeviceCode)); status != http.StatusOK {
		t.Errorf("an approved code answered %v", out["error"])
	}
}

func TestPollsThatCannotSucceed(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv, c, ctx := start(t, sandbox.Options{Clock: clock.now, DeviceTTL: time.Minute})
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	foreign := poll(answer.DeviceCode)
	foreign.Set("client_id", sandbox.PostClient)
	foreign.Set("client_secret", sandbox.PostSecret)
	for name, test := range map[string]struct {
		form url.Values
		want string
	}{
		"unknown code":      {poll("guess"), "invalid_grant"},
		"no code":           {poll(""), "invalid_request"},
		"another client's":  {foreign, "invalid_grant"},
		"no grant type":     {url.Values{"client_id": {sandbox.PublicClient}}, "invalid_request"},
		"unknown grant":     {url.Values{"client_id": {sandbox.PublicClient}, "grant_type": {"password"}}, "unsupported_grant_type"},
		"no refresh token":  {url.Values{"client_id": {sandbox.PublicClient}, "grant_type": {"refresh_token"}}, "invalid_request"},
		"no authorize code": {url.Values{"client_id": {sandbox.PublicClient}, "grant_type": {"authorization_code"}}, "invalid_request"},
	} {
		if status, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, test.form); status != http.StatusBadRequest || out["error"] != test.want {
			t.Errorf("%s: %d %v, want %s", name, status, out["error"], test.want)
		}
	}
	clock.add(2 * time.Minute)
	if _, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, poll(answer.DeviceCode)); out["error"] != "expired_token" {
		t.Errorf("an old code: %v", out["error"])
	}
	if err := srv.ApproveDevice(answer.UserCode, sandbox.Consent{All: true}); err == nil {
		t.Error("an old code was approved")
	}
	if err := srv.ApproveDevice("", sandbox.Consent{All: true}); err == nil {
		t.Error("no code was approved")
	}
	if status, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.DeviceAuthURL, url.Values{"client_id": {sandbox.PublicClient}, "scope": {"everything"}}); status != http.StatusBadRequest || out["error"] != "invalid_scope" {
		t.Errorf("unknown scope: %d %v", status, out)
	}
}
