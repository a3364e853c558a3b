package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

// all follows the pages of a list.
func all(ctx context.Context, t *testing.T, token *oauth2.Token, address, items string) (list []map[string]any, pages int) {
	t.Helper()
	list = []map[string]any{}
	for next := ""; ; {
		status, out := askJSON(ctx, t, http.MethodGet, address+"&pageToken="+url.QueryEscape(next), nil, bearer(token)...)
		page, ok := out[items].([]any)
		if status != http.StatusOK || !ok {
			t.Fatalf("%s answered %d %v", address, status, out)
		}
		pages++
		for _, item := range page {
			fields, _ := item.(map[string]any)
			list = append(list, fields)
		}
		if next, _ = out["nextPageToken"].(string); next == "" {
			return list, pages
		}
	}
}

func TestResourcesArePaged(t *testing.T) {
	t.Parallel()
	owner := sandbox.User{Name: "Big Owner", Email: "big@example.org", Subject: "b"}
	for i := range 7 {
		id := fmt.Sprint(i)
		owner.Accounts = append(owner.Accounts, sandbox.Account{ID: id, Name: "Account " + id, Properties: []sandbox.Property{{ID: "9" + id, Name: "Site " + id}}})
		owner.Sheets = append(owner.Sheets, sandbox.Sheet{ID: "s" + id, Name: "Sheet " + id})
		owner.Reports = append(owner.Reports, sandbox.Report{ID: "r" + id, Title: "Report " + id, Folder: "F"})
	}
	empty := sandbox.User{Name: "Nobody", Email: "empty@example.org", Subject: "e"}
	srv, c, ctx := start(t, sandbox.Options{Users: []sandbox.User{owner, empty}, PageLimit: 5})
	rich := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	poor := browser(ctx, t, srv, c, sandbox.Consent{All: true, User: "empty@example.org"})
	for _, list := range []struct{ path, items, id, first string }{
		{"/v1beta/accountSummaries", "accountSummaries", "account", "accounts/0"},
		{"/drive/v3/files", "files", "id", "s0"},
		{"/v1/reports", "reports", "id", "r0"},
	} {
		for size, pages := range map[string]int{"3": 3, "7": 2, "1000": 2, "": 2, "x": 2} {
			got, n := all(ctx, t, rich, srv.URL()+list.path+"?pageSize="+size, list.items)
			if len(got) != 7 || n != pages || got[0][list.id] != list.first {
				t.Errorf("%s by %q: %d items on %d pages, first %v", list.path, size, len(got), n, got[0])
			}
		}
		if got, n := all(ctx, t, poor, srv.URL()+list.path+"?", list.items); len(got) != 0 || n != 1 {
			t.Errorf("%s of a user without resources: %v", list.path, got)
		}
		for _, wrong := range []string{"!", "ZnJvbT05OQ", "ZnJvbT0tMQ"} {
			if status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+list.path+"?pageToken="+wrong, nil, bearer(rich)...); status != http.StatusBadRequest {
				t.Errorf("%s with page token %q answered %d", list.path, wrong, status)
			}
		}
	}
	got, _ := all(ctx, t, rich, srv.URL()+"/v1beta/accountSummaries?", "accountSummaries")
	if want := "[map[displayName:Site 0 parent:accounts/0 property:properties/90 propertyType:PROPERTY_TYPE_ORDINARY]]"; fmt.Sprint(got[0]["propertySummaries"]) != want {
		t.Errorf("properties %v", got[0]["propertySummaries"])
	}
}

func TestTheAPIInsistsOnTokenAndScope(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{Scopes: []string{"reports.read"}})
	for path, status := range map[string]int{
		"/v1/reports": 200, "/v1/me": 200, "/v1beta/accountSummaries": 403, "/drive/v3/files": 403,
	} {
		resp, body := ask(ctx, t, http.MethodGet, srv.URL()+path, nil, bearer(token)...)
		if resp.StatusCode != status {
			t.Errorf("%s answered %d %s", path, resp.StatusCode, body)
		}
		if challenge := resp.Header.Get("WWW-Authenticate"); strings.Contains(challenge, "insufficient_scope") != (status == 403) {
			t.Errorf("%s: WWW-Authenticate %q", path, challenge)
		}
		for name, headers := range map[string][]string{
			"no token": nil, "garbage": {"Authorization", "Bearer x"}, "wrong scheme": {"Authorization", "Basic " + token.AccessToken},
			"refresh token": {"Authorization", "Bearer " + token.RefreshToken},
		} {
			resp, _ := ask(ctx, t, http.MethodGet, srv.URL()+path, nil, headers...)
			if resp.StatusCode != 401 || !strings.Contains(resp.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s with %s answered %d", path, name, resp.StatusCode)
			}
		}
	}
}

func TestUserinfoTokeninfoIntrospection(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{Scopes: []string{"reports.read"}, User: "1002"})
	if status, out := askJSON(ctx, t, http.MethodGet, srv.URL()+"/userinfo", nil, bearer(token)...); status != 200 || out["sub"] != "1002" || out["email"] != "ben@example.org" || out["name"] != nil {
		t.Errorf("userinfo %d %v", status, out)
	}
	for name, get := range map[string]func() (int, map[string]any){
		"query": func() (int, map[string]any) {
			return askJSON(ctx, t, http.MethodGet, srv.URL()+"/tokeninfo?access_token="+url.QueryEscape(token.AccessToken), nil)
		},
		"form": func() (int, map[string]any) {
			return askJSON(ctx, t, http.MethodPost, srv.URL()+"/tokeninfo", url.Values{"access_token": {token.AccessToken}})
		},
		"header": func() (int, map[string]any) {
			return askJSON(ctx, t, http.MethodGet, srv.URL()+"/tokeninfo", nil, bearer(token)...)
		},
	} {
		status, out := get()
		scope, _ := out["scope"].(string)
		scopes := strings.Fields(scope)
		slices.Sort(scopes)
		if status != 200 || !slices.Equal(scopes, scopesOf(token)) || out["aud"] != c.ClientID || out["sub"] != "1002" || out["email_verified"] != "true" {
			t.Errorf("tokeninfo by %s: %d %v", name, status, out)
		}
	}
	introspector := config(srv, sandbox.BasicClient, sandbox.BasicSecret, oauth2.AuthStyleInHeader)
	status, out := asClient(ctx, t, introspector, srv.URL()+"/oauth/introspect", url.Values{"token": {token.AccessToken}})
	if status != 200 || out["active"] != true || out["sub"] != "1002" || out["client_id"] != c.ClientID {
		t.Errorf("introspection %d %v", status, out)
	}
	if status, _ := asClient(ctx, t, c, srv.URL()+"/oauth/introspect", url.Values{"token": {token.AccessToken}}); status != 401 {
		t.Errorf("a public client introspected: %d", status)
	}

	srv.RevokeEverything("")
	if _, out := asClient(ctx, t, introspector, srv.URL()+"/oauth/introspect", url.Values{"token": {token.AccessToken}}); out["active"] != false {
		t.Errorf("a dead token introspected as %v", out)
	}
	if status, out := askJSON(ctx, t, http.MethodPost, srv.URL()+"/tokeninfo", url.Values{"access_token": {token.AccessToken}}); status != 400 || out["error"] != "invalid_token" {
		t.Errorf("tokeninfo of a dead token: %d %v", status, out)
	}
	if status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+"/userinfo", nil, bearer(token)...); status != 401 {
		t.Errorf("userinfo of a dead token: %d", status)
	}
}

func TestRevocation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what, hint  string
		quirk       bool
		grantLives  bool
		accessLives bool
	}{
		{"refresh", "", false, false, false},
		{"refresh", "refresh_token", false, false, false},
		{"refresh", "access_token", false, false, false}, // a wrong hint must not matter
		{"access", "", false, true, false},
		{"access", "access_token", false, true, false},
		{"access", "refresh_token", false, true, false},
		{"access", "access_token", true, false, false},
		{"unknown", "", false, true, true},
	} {
		srv, c, ctx := start(t, sandbox.Options{Quirks: sandbox.Quirks{AccessRevocationKills: test.quirk}})
		token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		value := map[string]string{"refresh": token.RefreshToken, "access": token.AccessToken, "unknown": "x"}[test.what]
		form := url.Values{"client_id": {c.ClientID}, "token": {value}, "token_type_hint": {test.hint}}
		if resp, body := ask(ctx, t, http.MethodPost, srv.URL()+"/revoke", form); resp.StatusCode != 200 {
			t.Errorf("%+v answered %d %s", test, resp.StatusCode, body)
		}
		if status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+"/v1/me", nil, bearer(token)...); (status == 200) != test.accessLives {
			t.Errorf("%+v: the access token answers %d", test, status)
		}
		if _, err := refresh(ctx, c, token.RefreshToken); (err == nil) != test.grantLives {
			t.Errorf("%+v: the refresh token: %v", test, err)
		}
	}
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Interval: time.Second, Quirks: sandbox.Quirks{
		OmitScope: true, OmitInterval: true, NullMembers: true, PlainUserCodes: true, NoRefreshTokens: true, NoRevocation: true, CancelPage: true,
	}})
	_, answer := asClient(ctx, t, c, c.Endpoint.DeviceAuthURL, url.Values{"scope": {"reports.read"}})
	if _, there := answer["interval"]; there || strings.Contains(fmt.Sprint(answer["user_code"]), "-") {
		t.Errorf("device answer %v", answer)
	}
	token := deviceGrant(ctx, t, srv, c)
	if null, there := token.Extra("foci"), token.Extra("scope"); null != nil || there != nil || token.RefreshToken != "" {
		t.Errorf("scope %v, refresh token %t", there, token.RefreshToken != "")
	}
	if resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/revoke", url.Values{"client_id": {c.ClientID}, "token": {"x"}}); resp.StatusCode != 404 {
		t.Errorf("revocation answered %d", resp.StatusCode)
	}
	if _, out := askJSON(ctx, t, http.MethodGet, srv.URL()+"/.well-known/openid-configuration", nil); out["revocation_endpoint"] != nil {
		t.Error("revocation is announced")
	}
	if back, err := srv.Deny(c.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))); err == nil {
		t.Errorf("cancelling led to %s", back)
	}
}
