package otheras_test

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

	"golang.org/x/oauth2"

	"fettle/internal/otheras"
	"fettle/oauthflow/provider"
)

const redirectURI = "http://127.0.0.1:53682/callback" // nobody listens; the tests read the code from the address

func start(t *testing.T) *otheras.Server {
	t.Helper()
	server, err := otheras.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func config(server *otheras.Server, scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: otheras.ClientID, RedirectURL: redirectURI, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: server.Issuer() + "/authorize", TokenURL: server.Issuer() + "/token", AuthStyle: oauth2.AuthStyleInParams},
	}
}

// authorize runs the whole flow and returns the token.
func authorize(t *testing.T, server *otheras.Server, granted []string, scopes ...string) *oauth2.Token {
	t.Helper()
	verifier := oauth2.GenerateVerifier()
	c := config(server, scopes...)
	query := approve(t, server, c.AuthCodeURL("state-of-the-flow", oauth2.S256ChallengeOption(verifier)), granted)
	if query.Get("state") != "state-of-the-flow" || query.Get("iss") != server.Issuer() {
		t.Fatalf("redirect carries state %q, iss %q", query.Get("state"), query.Get("iss"))
	}
	token, err := c.Exchange(t.Context(), query.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func approve(t *testing.T, server *otheras.Server, authURL string, granted []string) url.Values {
	t.Helper()
	redirect, err := server.Approve(authURL, granted)
	if err != nil {
		t.Fatal(err)
	}
	return queryOf(t, redirect)
}

func queryOf(t *testing.T, redirect string) url.Values {
	t.Helper()
	u, err := url.Parse(redirect)
	if err != nil || !strings.HasPrefix(redirect, redirectURI+"?") {
		t.Fatalf("redirect %q, %v", redirect, err)
	}
	return u.Query()
}

func refresh(ctx context.Context, server *otheras.Server, refreshToken string) (*oauth2.Token, error) {
	return config(server).TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
}

// get asks the API and returns the status and the decoded answer.
func get(t *testing.T, address, accessToken string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatalf("%s: %v\n%s", address, err, body)
		}
	}
	return response.StatusCode, answer
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	server := start(t)
	_, document := get(t, server.Issuer()+"/.well-known/oauth-authorization-server", "")
	for key, want := range map[string]string{
		"issuer": server.Issuer(), "authorization_endpoint": server.Issuer() + "/authorize",
		"token_endpoint": server.Issuer() + "/token", "revocation_endpoint": server.Issuer() + "/revoke",
	} {
		if document[key] != want {
			t.Errorf("%s is %v, want %s", key, document[key], want)
		}
	}
	if status, _ := get(t, server.Issuer()+"/.well-known/openid-configuration", ""); status != http.StatusNotFound {
		t.Errorf("an OpenID document answers %d; there should be none", status)
	}
}

func TestAuthorizationGivesATokenForThePerson(t *testing.T) {
	t.Parallel()
	server := start(t)
	first := authorize(t, server, nil, otheras.ScopeOffline, otheras.ScopeRead)
	server.SignIn("other-2", "omar@other.example")
	second := authorize(t, server, nil, otheras.ScopeRead)

	if first.RefreshToken == "" || second.RefreshToken != "" {
		t.Errorf("refresh token with offline %t, without %t", first.RefreshToken != "", second.RefreshToken != "")
	}
	for token, want := range map[string]string{first.AccessToken: "other-1", second.AccessToken: "other-2"} {
		if status, me := get(t, server.Issuer()+"/me", token); status != http.StatusOK || me["sub"] != want {
			t.Errorf("/me: %d, %v; want %s", status, me["sub"], want)
		}
	}
	if status, _ := get(t, server.Issuer()+"/me", "not-a-token"); status != http.StatusUnauthorized {
		t.Errorf("/me without a valid token: %d", status)
	}
}

func TestPartialConsentAndDenial(t *testing.T) {
	t.Parallel()
	server := start(t)
	token := authorize(t, server, []string{otheras.ScopeOffline, otheras.ScopeWrite}, otheras.ScopeOffline, otheras.ScopeRead, otheras.ScopeWrite)
	if scope := token.Extra("scope"); scope != "offline items.write" {
		t.Errorf("granted %v", scope)
	}
	if status, _ := get(t, server.Issuer()+"/items", token.AccessToken); status != http.StatusForbidden {
		t.Errorf("/items without items.read: %d", status)
	}

	authURL := config(server, otheras.ScopeRead).AuthCodeURL("state-of-the-flow", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
	redirect, err := server.Deny(authURL)
	if err != nil {
		t.Fatal(err)
	}
	if query := queryOf(t, redirect); query.Get("error") != "access_denied" || query.Get("iss") != server.Issuer() || query.Get("state") != "state-of-the-flow" {
		t.Errorf("denial: %v", query)
	}
}

func TestABrowserIsSentBackByTheNetworkToo(t *testing.T) {
	t.Parallel()
	server := start(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(config(server, otheras.ScopeRead).AuthCodeURL("state-of-the-flow", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if query := queryOf(t, response.Header.Get("Location")); query.Get("code") == "" {
		t.Errorf("redirect without a code: %v", query)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	server := start(t)
	verifier := oauth2.GenerateVerifier()
	good := config(server, otheras.ScopeRead)
	pkce := oauth2.S256ChallengeOption(verifier)

	if query := approve(t, server, good.AuthCodeURL("state-of-the-flow"), nil); query.Get("error") != "invalid_request" {
		t.Errorf("without PKCE: %v", query)
	}
	if query := approve(t, server, config(server, "items.delete").AuthCodeURL("state-of-the-flow", pkce), nil); query.Get("error") != "invalid_scope" {
		t.Errorf("unknown scope: %v", query)
	}
	elsewhere := *good
	elsewhere.RedirectURL = "http://127.0.0.1:53682/elsewhere"
	if redirect, err := server.Approve(elsewhere.AuthCodeURL("state-of-the-flow", pkce), nil); err == nil {
		t.Errorf("an unregistered redirect was followed: %s", redirect)
	}
	if redirect, err := server.Approve("https://elsewhere.example/authorize?x=1", nil); err == nil {
		t.Errorf("another server's address was accepted: %s", redirect)
	}

	code := approve(t, server, good.AuthCodeURL("state-of-the-flow", pkce), nil).Get("code")
	_, err := good.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	wantCode(t, err, "invalid_grant")
}

func TestRotationAndReuse(t *testing.T) {
	t.Parallel()
	server := start(t)
	first := authorize(t, server, nil, otheras.ScopeOffline, otheras.ScopeRead)
	second, err := refresh(t.Context(), server, first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Error("the refresh did not rotate")
	}
	if status, _ := get(t, server.Issuer()+"/me", second.AccessToken); status != http.StatusOK {
		t.Errorf("the new token answers %d", status)
	}

	_, err = refresh(t.Context(), server, first.RefreshToken)
	wantCode(t, err, "invalid_grant")
	_, err = refresh(t.Context(), server, second.RefreshToken)
	wantCode(t, err, "invalid_grant")
	if status, _ := get(t, server.Issuer()+"/me", second.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("after reuse the access token still answers %d", status)
	}
}

// TestParallelRefreshKillsTheFamily is what a client without a lock would suffer.
func TestParallelRefreshKillsTheFamily(t *testing.T) {
	t.Parallel()
	server := start(t)
	token := authorize(t, server, nil, otheras.ScopeOffline, otheras.ScopeRead)
	var (
		group   sync.WaitGroup
		answers [4]*oauth2.Token
	)
	for i := range answers {
		group.Go(func() { answers[i], _ = refresh(t.Context(), server, token.RefreshToken) })
	}
	group.Wait()
	winners := slices.DeleteFunc(answers[:], func(t *oauth2.Token) bool { return t == nil })
	if len(winners) != 1 {
		t.Fatalf("%d of 4 refreshes with one token succeeded", len(winners))
	}
	_, err := refresh(t.Context(), server, winners[0].RefreshToken)
	wantCode(t, err, "invalid_grant")
}

func TestRevocationEndsTheGrant(t *testing.T) {
	t.Parallel()
	server := start(t)
	for _, which := range []string{"refresh_token", "access_token"} {
		token := authorize(t, server, nil, otheras.ScopeOffline, otheras.ScopeRead)
		value := map[string]string{"refresh_token": token.RefreshToken, "access_token": token.AccessToken}[which]
		for range 2 { // the second time there is nothing left to revoke, which is no error
			response, err := http.PostForm(server.Issuer()+"/revoke", url.Values{"token": {value}, "token_type_hint": {which}, "client_id": {otheras.ClientID}})
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("revoking by %s answers %d", which, response.StatusCode)
			}
		}
		if status, _ := get(t, server.Issuer()+"/me", token.AccessToken); status != http.StatusUnauthorized {
			t.Errorf("revoked by %s, the access token answers %d", which, status)
		}
		_, err := refresh(t.Context(), server, token.RefreshToken)
		wantCode(t, err, "invalid_grant")
	}
}

func TestItemsComeInPages(t *testing.T) {
	t.Parallel()
	server := start(t)
	token := authorize(t, server, nil, otheras.ScopeRead)
	var ids []any
	address := server.Issuer() + "/items"
	for pages := 1; ; pages++ {
		status, answer := get(t, address, token.AccessToken)
		items, _ := answer["items"].([]any)
		for _, item := range items {
			ids = append(ids, item.(map[string]any)["id"])
		}
		next, more := answer["next"].(string)
		if status != http.StatusOK || pages > 3 {
			t.Fatalf("page %d: %d", pages, status)
		}
		if !more {
			break
		}
		address = server.Issuer() + "/items?page=" + next
	}
	if !slices.Equal(ids, []any{"1", "2", "3", "4", "5"}) {
		t.Errorf("items %v", ids)
	}
	if status, _ := get(t, server.Issuer()+"/items?page=9", token.AccessToken); status != http.StatusBadRequest {
		t.Errorf("page 9 answers %d", status)
	}
}

func TestProviderTOMLIsAValidEntry(t *testing.T) {
	t.Parallel()
	server := start(t)
	builtin, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := builtin.With("config.toml", []byte(server.ProviderTOML("other")))
	if err != nil {
		t.Fatal(err)
	}
	entry, ok := catalogue.Get("other")
	if !ok || entry.Issuer != server.Issuer() || entry.Client.ID != otheras.ClientID || entry.Services["read"].Resources.NextParam != "page" {
		t.Errorf("entry %+v, %t", entry, ok)
	}
}
