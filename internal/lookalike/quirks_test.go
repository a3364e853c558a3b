package lookalike_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"fettle/internal/lookalike"
)

// signIn goes through an authorization with x/oauth2, so that the lookalikes are not proven by fettle alone.
func signIn(t *testing.T, s *lookalike.Server, redirect string, params map[string]string, scopes ...string) *oauth2.Token {
	t.Helper()
	c := config(t, s, scopes...)
	c.RedirectURL = redirect
	verifier := oauth2.GenerateVerifier()
	opts := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, value := range params {
		opts = append(opts, oauth2.SetAuthURLParam(name, value))
	}
	back, err := s.Approve(c.AuthCodeURL("state", opts...), lookalike.Consent{})
	if err != nil {
		t.Fatal(err)
	}
	code := back
	if u, err := url.Parse(back); err == nil && u.Query().Has("code") {
		code = u.Query().Get("code")
	}
	token, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// post asks the token endpoint, or another one, and returns the answer with its JSON.
func post(t *testing.T, s *lookalike.Server, hostPath string, form url.Values) (page, map[string]any) {
	t.Helper()
	answer := browse(t, http.DefaultClient, s.URL(hostPath), form)
	var m map[string]any
	if strings.HasPrefix(answer.text, "{") {
		if err := json.Unmarshal([]byte(answer.text), &m); err != nil {
			t.Fatal(err)
		}
	}
	return answer, m
}

func TestEveryLookalikeStarts(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"dropbox", "github", "google", "linkedin", "linkedin-native", "meta", "microsoft", "salesforce"} {
		s := start(t, id, lookalike.Options{})
		if !strings.Contains(s.Config(), "[providers."+id+"]") || strings.Contains(s.Hosts(), "https://") {
			t.Errorf("%s is configured by\n%s", id, s.Config())
		}
	}
	if _, err := lookalike.Start("myspace", lookalike.Options{}); err == nil {
		t.Error("a provider that nobody knows was started")
	}
}

func TestGooglesRefreshBringsNoRefreshToken(t *testing.T) {
	t.Parallel()
	s := start(t, "google", lookalike.Options{})
	offline := map[string]string{"access_type": "offline"}
	token := signIn(t, s, "http://127.0.0.1:9/callback", offline, "openid", "email", lookalike.Analytics)
	c := config(t, s)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}}
	if _, m := post(t, s, "oauth2.googleapis.com/token", form); m["access_token"] == nil || m["refresh_token"] != nil || m["id_token"] == nil {
		t.Errorf("the refresh answers %v", m)
	}
	if again := signIn(t, s, "http://127.0.0.1:9/callback", offline, "openid", lookalike.Analytics); again.RefreshToken != "" {
		t.Error("a second sign-in without the consent page brought a refresh token")
	}
	_, info := post(t, s, "oauth2.googleapis.com/tokeninfo", url.Values{"access_token": {token.AccessToken}})
	if _, text := info["expires_in"].(string); !text || info["email_verified"] != "true" {
		t.Errorf("tokeninfo answers %v", info)
	}
	for range 2 {
		s.Revoke()
		if a, m := post(t, s, "oauth2.googleapis.com/revoke", url.Values{"token": {token.RefreshToken}}); a.status != http.StatusBadRequest || m["error"] != "invalid_token" {
			t.Errorf("revoking a dead token answers %d %v", a.status, m)
		}
	}
}

func TestMicrosoftsErrorsHaveNumbers(t *testing.T) {
	t.Parallel()
	s := start(t, "microsoft", lookalike.Options{})
	c := config(t, s)
	const login = "login.microsoftonline.com/common/"
	_, device := post(t, s, login+"oauth2/v2.0/devicecode", url.Values{"client_id": {c.ClientID}, "scope": {"openid Files.ReadWrite"}})
	if device["verification_uri"] == nil || device["verification_uri_complete"] != nil || device["message"] == nil {
		t.Errorf("the device request answers %v", device)
	}
	code, _ := device["device_code"].(string)
	poll := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {code}, "client_id": {c.ClientID}}
	if a, m := post(t, s, login+"oauth2/v2.0/token", poll); a.status != http.StatusBadRequest || m["error"] != "authorization_pending" || len(m["error_codes"].([]any)) != 1 {
		t.Errorf("the poll answers %d %v", a.status, m)
	}
	poll.Set("client_secret", "made-up")
	if a, m := post(t, s, login+"oauth2/v2.0/token", poll); a.status != http.StatusUnauthorized || m["error"] != "invalid_client" {
		t.Errorf("a public client's secret is answered with %d %v", a.status, m)
	}
	document := browse(t, http.DefaultClient, s.URL(login+"v2.0/.well-known/openid-configuration"), nil)
	if !strings.Contains(document.text, "{tenantid}") {
		t.Errorf("the document is %s", document.text)
	}
}

func TestMetaAnswersGETAndSaysNothingAboutScopes(t *testing.T) {
	t.Parallel()
	s := start(t, "meta", lookalike.Options{})
	token := signIn(t, s, "https://www.facebook.com/connect/login_success.html", nil, "ads_read")
	if token.RefreshToken != "" || token.Extra("scope") != nil {
		t.Errorf("the answer has %v", token)
	}
	c := config(t, s)
	q := url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {token.AccessToken}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}}
	long := browse(t, http.DefaultClient, s.URL("graph.facebook.com/v25.0/oauth/access_token")+"?"+q.Encode(), nil)
	if long.status != http.StatusOK || !strings.Contains(long.text, `"expires_in":518`) {
		t.Errorf("the exchange answers %+v", long)
	}
}

func TestLinkedInPutsCommasBetweenScopes(t *testing.T) {
	t.Parallel()
	s := start(t, "linkedin", lookalike.Options{Partner: true})
	token := signIn(t, s, "http://localhost:8000/callback", nil, "openid", "r_ads")
	if token.Extra("scope") != "openid,r_ads" || token.Extra("refresh_token_expires_in") == nil {
		t.Errorf("granted %v, for %v", token.Extra("scope"), token.Extra("refresh_token_expires_in"))
	}
	c := config(t, s)
	for _, want := range []string{"active", "revoked"} {
		_, m := post(t, s, "www.linkedin.com/oauth/v2/introspectToken", url.Values{"token": {token.AccessToken}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}})
		if m["status"] != want || m["active"] != (want == "active") {
			t.Errorf("introspected as %v, want %s", m, want)
		}
		if want == "active" {
			s.Revoke()
		}
	}
	token = signIn(t, s, "http://localhost:8000/callback", nil, "openid", "r_ads")
	api := c.Client(t.Context(), token)
	if a := browse(t, api, s.URL("api.linkedin.com/rest/adAccounts"), nil); a.status != http.StatusBadRequest || !strings.Contains(a.text, "VERSION_MISSING") {
		t.Errorf("without a version: %+v", a)
	}
}

func TestDropboxShowsTheCodeWhereNoRedirectIsGiven(t *testing.T) {
	t.Parallel()
	s := start(t, "dropbox", lookalike.Options{})
	token := signIn(t, s, "", map[string]string{"token_access_type": "offline"}, "account_info.read")
	if token.RefreshToken == "" || token.Extra("account_id") == nil {
		t.Errorf("the answer has %v", token)
	}
	api := config(t, s).Client(t.Context(), token)
	if a := browse(t, api, s.URL("api.dropboxapi.com/2/users/get_current_account"), url.Values{}); a.status != http.StatusBadRequest {
		t.Errorf("a form is answered with %+v", a)
	}
}

func TestSalesforceNamesAnInstanceAndNoTerm(t *testing.T) {
	t.Parallel()
	s := start(t, "salesforce", lookalike.Options{})
	token := signIn(t, s, "http://localhost:1717/OauthRedirect", nil, "api", "refresh_token")
	if token.Extra("expires_in") != nil || token.Extra("instance_url") != s.URL(lookalike.SalesforceInstance) {
		t.Errorf("lasts %v at %v", token.Extra("expires_in"), token.Extra("instance_url"))
	}
	if !s.Use(token.RefreshToken) || s.Use(token.RefreshToken) || s.Grants() != 0 {
		t.Error("a refresh token is good once, and its reuse ends the grant")
	}
}

func TestGitHubSaysTwoHundredToEverything(t *testing.T) {
	t.Parallel()
	s := start(t, "github", lookalike.Options{})
	c := config(t, s)
	form := url.Values{"client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "grant_type": {"authorization_code"}, "code": {"made-up"}}
	answer, _ := post(t, s, "github.com/login/oauth/access_token", form)
	values, err := url.ParseQuery(answer.text)
	if err != nil || answer.status != http.StatusOK || values.Get("error") != "bad_verification_code" {
		t.Errorf("a wrong code is answered with %+v, %v", answer, err)
	}
	token := signIn(t, s, "http://127.0.0.1:9/callback", nil, "repo", "read:org")
	if token.RefreshToken != "" || token.Extra("scope") != "repo,read:org" || !token.Expiry.IsZero() {
		t.Errorf("the answer has %v", token)
	}
	s.Lose("read:org")
	req, err := http.NewRequest(http.MethodGet, s.URL("api.github.com/user/repos"), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := config(t, s).Client(t.Context(), token).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if scopes := resp.Header.Get("X-OAuth-Scopes"); scopes != "repo" || !slices.ContainsFunc(resp.Header.Values("Link"), func(l string) bool { return strings.Contains(l, `rel="next"`) }) {
		t.Errorf("the headers are %v", resp.Header)
	}
}
