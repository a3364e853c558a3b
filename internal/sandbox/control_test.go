package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

func TestRevokeEverything(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	ana := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	ben := browser(ctx, t, srv, c, sandbox.Consent{All: true, User: "Ben Okafor"})
	if n := srv.RevokeEverything("ana@example.org"); n != 1 {
		t.Errorf("%d grants revoked", n)
	}
	if _, err := refresh(ctx, c, ana.RefreshToken); code(err) != "invalid_grant" || !strings.Contains(err.Error(), "expired or revoked") {
		t.Errorf("a revoked grant: %v", err)
	}
	if status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+"/v1/me", nil, bearer(ana)...); status != 401 {
		t.Errorf("a revoked access token answered %d", status)
	}
	if _, err := refresh(ctx, c, ben.RefreshToken); err != nil {
		t.Errorf("somebody else's grant: %v", err)
	}
	if resp, text := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/revoke", url.Values{"user": {"ben@example.org"}}); resp.StatusCode != 200 || !strings.Contains(text, `"grants":1`) {
		t.Errorf("revocation over HTTP: %d %s", resp.StatusCode, text)
	}
	if live := srv.Stats().LiveGrants; live != 0 {
		t.Errorf("%d live grants", live)
	}
	again := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	if _, err := refresh(ctx, c, again.RefreshToken); err != nil {
		t.Errorf("a new consent after revocation: %v", err)
	}
}

func TestRevokeScope(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	if resp, text := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/revoke", url.Values{"scope": {"reports.read"}}); resp.StatusCode != 200 || !strings.Contains(text, `"grants":1`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if n := srv.RevokeScope("", "reports.read"); n != 0 {
		t.Errorf("%d grants lost the permission a second time", n)
	}
	if status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+"/v1/reports", nil, bearer(token)...); status != 403 {
		t.Errorf("the old access token answered %d", status)
	}
	next, err := refresh(ctx, c, token.RefreshToken)
	if err != nil || slices.Contains(scopesOf(next), "reports.read") || !slices.Contains(scopesOf(next), "spreadsheets") {
		t.Errorf("after a refresh: %v, %v", scopesOf(next), err)
	}
}

func TestExpireAndDrop(t *testing.T) {
	t.Parallel()
	clock := newClock()
	srv, c, ctx := start(t, sandbox.Options{Clock: clock.now})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	me := func() int {
		status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+"/v1/me", nil, bearer(token)...)
		return status
	}
	if n := srv.ExpireAccessIn("", 10*time.Minute); n != 1 || me() != 200 {
		t.Errorf("%d access tokens, answer %d", n, me())
	}
	clock.add(11 * time.Minute)
	if status := me(); status != 401 {
		t.Errorf("an access token past its end answered %d", status)
	}
	if n := srv.ExpireIn("ana@example.org", time.Hour); n != 1 {
		t.Errorf("%d grants", n)
	}
	if _, err := refresh(ctx, c, token.RefreshToken); err != nil {
		t.Errorf("before the end: %v", err)
	}
	if resp, text := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/expire", url.Values{"in": {"0"}}); resp.StatusCode != 200 || !strings.Contains(text, `"grants":1`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if _, err := refresh(ctx, c, token.RefreshToken); code(err) != "invalid_grant" {
		t.Errorf("past the end: %v", err)
	}

	token = browser(ctx, t, srv, c, sandbox.Consent{All: true})
	if resp, text := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/expire", url.Values{"in": {"0s"}, "what": {"access"}}); resp.StatusCode != 200 || !strings.Contains(text, `"access_tokens":2`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if status := me(); status != 401 {
		t.Errorf("an access token expired over HTTP answered %d", status)
	}
	if resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/expire", url.Values{"in": {"soon"}}); resp.StatusCode != 400 {
		t.Errorf("a wrong duration answered %d", resp.StatusCode)
	}

	srv.DropScope("offline_access")
	srv.DropScope("reports.read")
	if token := deviceGrant(ctx, t, srv, c); token.RefreshToken != "" || slices.Contains(scopesOf(token), "reports.read") {
		t.Errorf("dropped scopes were granted: %v", scopesOf(token))
	}
	srv.KeepScope("offline_access")
	if token := browser(ctx, t, srv, c, sandbox.Consent{All: true}); token.RefreshToken == "" || slices.Contains(scopesOf(token), "reports.read") {
		t.Errorf("scope %v", scopesOf(token))
	}
}

func TestTheJournalKeepsNoSecrets(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Interval: time.Second})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	next, err := refresh(ctx, c, token.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	deviceGrant(ctx, t, srv, c)
	_, _ = askJSON(ctx, t, http.MethodGet, srv.URL()+"/tokeninfo?access_token="+next.AccessToken, nil)
	_, _ = askJSON(ctx, t, http.MethodGet, srv.URL()+"/v1/me", nil, bearer(next)...)
	_, _ = refresh(ctx, c, token.RefreshToken) // reuse, refused

	requests := srv.Requests()
	last := requests[len(requests)-1]
	if last.Path != "/oauth/token" || last.Grant != "refresh_token" || last.Client != c.ClientID || last.Status != 400 || last.Error != "invalid_grant" {
		t.Errorf("the last request: %+v", last)
	}
	stats := srv.Stats()
	if stats.Tokens["refresh_token"] != 2 || stats.Issued["refresh_token"] != 1 || stats.Tokens["authorization_code"] != 1 || stats.API != 1 || stats.RevokedFamilies != 1 {
		t.Errorf("stats %+v", stats)
	}
	for _, path := range []string{"requests", "stats", "grants", "faults"} {
		_, text := ask(ctx, t, http.MethodGet, srv.URL()+"/sandbox/"+path, nil)
		for _, prefix := range []string{sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, sandbox.CodePrefix, sandbox.DeviceCodePrefix} {
			if strings.Contains(text, prefix) {
				t.Errorf("/sandbox/%s shows a %s…", path, prefix)
			}
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("/sandbox/%s is not JSON", path)
		}
	}
	grants := srv.Grants()
	if len(grants) != 2 || grants[0].Live || grants[0].Cause != "reuse" || grants[1].Flow != "device" || grants[1].RefreshTokens != 1 || grants[1].AccessTokens != 1 {
		t.Errorf("grants %+v", grants)
	}
}

func TestProviderTOML(t *testing.T) {
	t.Parallel()
	srv, _, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationReplace, Quirks: sandbox.Quirks{OmitScope: true}})
	type service struct {
		Name        string
		Scopes      []string
		Permissions map[string]string
		Probe       struct{ URL string }
		Resources   struct {
			URL, Items, ID, Name, Parent, Next string
			NextParam                          string `toml:"next_param"`
			Children                           *struct{ Items, ID, Name string }
		}
	}
	type entry struct {
		Name, Issuer, Rotation string
		Flows, Redirects       []string
		MaxDays                int    `toml:"max_days"`
		ScopeSource            string `toml:"scope_source"`
		Client                 struct{ ID, Secret, Auth string }
		Services               map[string]service
	}
	var file struct{ Providers map[string]entry }
	text := srv.ProviderTOML("demo", "max_days = 7") + "\n" + srv.ProviderTOMLFor("closed", sandbox.PostClient)
	if _, err := toml.Decode(text, &file); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	demo, closed := file.Providers["demo"], file.Providers["closed"]
	if demo.Issuer != srv.URL() || demo.Rotation != "replace" || demo.MaxDays != 7 || demo.Client.ID != sandbox.PublicClient || demo.Client.Auth != "none" ||
		demo.ScopeSource != "tokeninfo" || len(demo.Services) != 3 || len(demo.Redirects) != 3 || len(demo.Flows) != 2 {
		t.Errorf("%+v", demo)
	}
	if closed.Client.Auth != "post" || closed.Client.Secret != sandbox.PostSecret {
		t.Errorf("%+v", closed.Client)
	}
	c := config(srv, demo.Client.ID, "", oauth2.AuthStyleInParams)
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	for id, s := range demo.Services {
		if s.Permissions[s.Scopes[0]] == "" || s.Resources.Next != "nextPageToken" || s.Resources.NextParam != "pageToken" {
			t.Errorf("%s: %+v", id, s)
		}
		if status, _ := askJSON(ctx, t, http.MethodGet, s.Probe.URL, nil, bearer(token)...); status != 200 {
			t.Errorf("the probe of %s answered %d", id, status)
		}
		list, _ := all(ctx, t, token, s.Resources.URL+"?", s.Resources.Items)
		if len(list) == 0 || list[0][s.Resources.ID] == nil || list[0][s.Resources.Name] == nil {
			t.Errorf("the resources of %s: %v", id, list)
		}
		if nested := s.Resources.Children; nested != nil && list[0][nested.Items] == nil {
			t.Errorf("the children of %s are missing in %v", id, list[0])
		}
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	first, _, _ := start(t, sandbox.Options{})
	u, err := url.Parse(first.URL())
	if err != nil {
		t.Fatal(err)
	}
	port := 0
	for _, digit := range u.Port() {
		port = port*10 + int(digit-'0')
	}
	for name, opts := range map[string]sandbox.Options{
		"rotation":     {Rotation: "sometimes"},
		"nobody":       {Users: []sandbox.User{}},
		"no subject":   {Users: []sandbox.User{{Email: "a@example.org"}}},
		"colon":        {Users: []sandbox.User{{Email: "a@example.org", Subject: "a:b"}}},
		"twice":        {Users: []sandbox.User{{Email: "a@example.org", Subject: "1"}, {Email: "b@example.org", Subject: "1"}}},
		"port in use":  {Port: port},
		"no such port": {Port: 70000},
	} {
		if srv, err := sandbox.Start(opts); err == nil {
			srv.Close()
			t.Errorf("%s: started", name)
		}
	}
	first.Close()
	again, err := sandbox.Start(sandbox.Options{Port: port})
	if err != nil {
		t.Fatalf("a fixed port: %v", err)
	}
	defer again.Close()
	if again.URL() != first.URL() {
		t.Errorf("%s instead of %s", again.URL(), first.URL())
	}
	if err := again.ApproveDevice("ABCD", sandbox.Consent{User: "stranger"}); err == nil {
		t.Error("a stranger signed in")
	}
}
