package oauthflow_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// states are the checks by id, each as its state and what it says.
func states(checks []oauthflow.ProviderCheck) map[string]string {
	out := map[string]string{}
	for _, c := range checks {
		out[c.ID] = string(c.State) + ": " + c.Detail
	}
	return out
}

func TestCheckOfARealProviderPassesAndStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	var told []oauthflow.ProviderCheck
	server, checks := oauthflow.CheckProvider(t.Context(), w.hc, w.p, w.client.ID, func(c oauthflow.ProviderCheck) { told = append(told, c) })
	if !slices.Equal(told, checks) || server.Token != w.server.Token || server.Device == "" {
		t.Errorf("told %d of %d lines, server %+v", len(told), len(checks), server)
	}
	got := states(checks)
	for _, id := range []string{"metadata", "issuer", "s256", "authorization endpoint", "token endpoint", "device authorization endpoint", "revocation endpoint", "userinfo endpoint", "keys endpoint", "clock"} {
		id = strings.TrimSuffix(id, " endpoint")
		if !strings.HasPrefix(got[id], "ok") {
			t.Errorf("%s: %q", id, got[id])
		}
	}
	for _, svc := range w.p.ServiceList() {
		if !strings.HasPrefix(got["device:"+svc.ID], "ok: codes are given out") || !strings.HasPrefix(got["api:"+svc.ID], "ok") {
			t.Errorf("%s: %q, %q", svc.ID, got["device:"+svc.ID], got["api:"+svc.ID])
		}
	}
	for _, c := range checks {
		if c.State == oauthflow.CheckFailed {
			t.Errorf("failed: %+v", c)
		}
	}
}

// Of the client its id is sent and nothing else; no request holds a secret, and none could sign anybody in or out.
func TestCheckSendsNoSecret(t *testing.T) {
	t.Parallel()
	p := bare(t, `client = { id = "c-1", secret = "canary-secret" }`, `[providers.acme.services.x]`, `scopes = ["x"]`, `probe = { url = "https://login.acme.example/api" }`)
	hc := answering(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(body)+r.URL.String(), "canary") || r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s: %s", r.Method, r.URL, body)
		}
		if r.Method == http.MethodDelete || strings.Contains(string(body), "code=") || strings.Contains(string(body), "refresh_token=") {
			t.Errorf("%s %s: %s", r.Method, r.URL, body)
		}
		if strings.Contains(r.URL.Path, "openid-configuration") {
			writeJSON(w, 200, document)
			return
		}
		writeJSON(w, 400, `{"error":"invalid_request"}`)
	})
	if _, checks := oauthflow.CheckProvider(t.Context(), hc, p, "c-1", nil); len(checks) < 6 {
		t.Errorf("only %v", states(checks))
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const device = `"device_authorization_endpoint":"https://login.acme.example/d"`
	good := func(path string) (int, string) {
		switch path {
		case "/.well-known/openid-configuration":
			return 200, document
		case "/k":
			return 200, `{"keys":[{"kty":"RSA"}]}`
		case "/d":
			return 200, deviceAnswer
		case "/t":
			return 401, `{"error":"invalid_client"}`
		}
		return 200, ""
	}
	for _, tt := range []struct {
		name      string
		path      string // whose answer is another one
		status    int
		body      string
		extra     []string
		id, want  string
		essential bool
	}{
		{name: "metadata of somebody else", path: "/.well-known/openid-configuration", status: 200, body: strings.Replace(document, "login.acme.example", "evil.example", 1), id: "issuer", want: "failed: the metadata is for https://evil.example", essential: true},
		{name: "no metadata, no endpoints", path: "/.well-known/openid-configuration", status: 404, id: "metadata", want: "failed: ", essential: true},
		{name: "S256 is not among the methods", path: "/.well-known/openid-configuration", status: 200, body: strings.Replace(document, "{", `{"code_challenge_methods_supported":["plain"],`, 1), id: "s256", want: "failed: ", essential: true},
		{name: "S256 is turned off", extra: []string{"pkce = false"}, id: "s256", want: "skipped: the entry turns it off"},
		{name: "S256 is not told", id: "s256", want: "skipped: not announced"},
		{name: "a moved endpoint", extra: []string{`token_endpoint = "https://login.acme.example/t"`}, id: "moved", want: "skipped: the entry says https://login.acme.example/t, the metadata https://token.acme.example/t"},
		{name: "token endpoint gone", path: "/t", status: 404, body: "<html>", id: "token", want: "failed: ", essential: true},
		{name: "token endpoint answers with a page", path: "/t", status: 400, body: "<html>", id: "token", want: "skipped: the server answers, but not in OAuth's words", essential: true},
		{name: "token endpoint redirects", path: "/t", status: 307, id: "token", want: "failed: redirected", essential: true},
		{name: "token endpoint down", path: "/t", status: 503, id: "token", want: "failed: ", essential: true},
		{name: "token endpoint is right", id: "token", want: "ok: answers with invalid_client", essential: true},
		{name: "Meta's shape", path: "/t", status: 400, body: `{"error":{"message":"Missing client_id parameter.","type":"OAuthException","code":101}}`, id: "token", want: "ok: answers with 101", essential: true},
		{name: "authorization page gone", path: "/a", status: 404, id: "authorization", want: "failed: ", essential: true},
		{name: "authorization page complains", path: "/a", status: 400, id: "authorization", want: "ok: ", essential: true},
		{name: "no keys", path: "/k", status: 200, body: `{"keys":[]}`, id: "keys", want: "failed: the answer holds no keys"},
		{name: "a refused scope", path: "/d", status: 400, body: `{"error":"invalid_scope","error_description":"no reports here"}`, id: "device:x", want: "failed: invalid_scope: no reports here (HTTP 400)"},
		{name: "a client that cannot", path: "/d", status: 401, body: `{"error":"invalid_client"}`, id: "device:x", want: "skipped: this client cannot do it"},
		{name: "codes", id: "device:x", want: "ok: codes are given out; to be entered at https://"},
		{name: "codes to be entered elsewhere", path: "/d", status: 200, body: `{"device_code":"dc-12345","user_code":"AB","verification_uri":"https://evil.test/d"}`, id: "device:x",
			want: "ok: codes are given out; to be entered at https://evil.test/d; evil.test is not a site of the provider"},
		{name: "scopes that the entry keeps off", extra: []string{`device_scopes = ["openid"]`}, id: "device:x", want: "skipped: acme's device flow does not carry"},
		{name: "an API that hides", path: "/api", status: 404, id: "api:x", want: "skipped: the server answers; whether"},
		{name: "an API that refuses", path: "/api", status: 401, id: "api:x", want: "ok: "},
		{name: "an API that is down", path: "/api", status: 502, id: "api:x", want: "failed: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := bare(t, append(tt.extra, "[providers.acme.services.x]", `scopes = ["x"]`, `probe = { url = "https://login.acme.example/api" }`)...)
			hc := answering(func(w http.ResponseWriter, r *http.Request) {
				status, body := good(r.URL.Path)
				if r.URL.Path == tt.path || tt.status == 404 && strings.HasPrefix(tt.path, "/.well-known") && strings.HasPrefix(r.URL.Path, "/.well-known") {
					status, body = tt.status, tt.body
				}
				if status == 307 {
					w.Header().Set("Location", "https://evil.example/")
				}
				writeJSON(w, status, body)
			})
			_, checks := oauthflow.CheckProvider(t.Context(), hc, p, "c-1", nil)
			if got := states(checks)[tt.id]; !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, c := range checks {
				if c.ID == tt.id && c.Essential != tt.essential {
					t.Errorf("essential: %t", c.Essential)
				}
			}
		})
	}
	if !strings.Contains(document, device) {
		t.Error("the document names no device endpoint: the cases of the device flow prove nothing")
	}
}

// A server that cannot be reached is tried once, not once for each of its endpoints.
func TestCheckTriesADeadServerOnce(t *testing.T) {
	t.Parallel()
	tried := 0
	hc := &http.Client{Transport: inMemory{fail: func(*http.Request) error { tried++; return errors.New("canary text") }}}
	p, _, _ := acme(t)
	_, checks := oauthflow.CheckProvider(t.Context(), hc, p, "c-1", nil)
	if tried != 1 {
		t.Errorf("tried %d times", tried)
	}
	failed := 0
	for _, c := range checks {
		if c.State == oauthflow.CheckFailed {
			failed++
			if !strings.Contains(c.Detail, "the connection failed") || strings.Contains(c.Detail, "canary") {
				t.Errorf("%+v", c)
			}
		}
	}
	if failed < 4 {
		t.Errorf("only %d failed: %v", failed, states(checks))
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, _, _ := acme(t)
	for _, c := range second(oauthflow.CheckProvider(ctx, answering(answer(200, "{}")), p, "c-1", nil)) {
		if c.State == oauthflow.CheckOK {
			t.Errorf("%+v", c)
		}
	}
}

func second(_ oauthflow.Server, checks []oauthflow.ProviderCheck) []oauthflow.ProviderCheck {
	return checks
}

func TestCheckComparesTheClocks(t *testing.T) {
	t.Parallel()
	for off, want := range map[time.Duration]string{0: "ok", 2 * time.Hour: "failed: 2h0m", -time.Hour - 30*time.Second: "failed: 1h0m"} {
		hc := &http.Client{Transport: inMemory{handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-off).UTC().Format(http.TimeFormat))
			writeJSON(w, 400, `{"error":"invalid_request"}`)
		}}}
		p, _, _ := acme(t)
		_, checks := oauthflow.CheckProvider(t.Context(), hc, p, "", nil)
		if got := states(checks)["clock"]; !strings.HasPrefix(got, want) {
			t.Errorf("%v off: %q", off, got)
		}
	}
}

// Every built-in entry can be checked: no address of it stops the check, and what needs a sign-in is skipped by name.
func TestEveryBuiltinEntryCanBeChecked(t *testing.T) {
	t.Parallel()
	c, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.All() {
		asked := map[string]bool{}
		hc := answering(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "{") {
				t.Errorf("%s: asked %s", p.ID, r.URL)
			}
			asked[r.URL.Host] = true
			writeJSON(w, 400, `{"error":"invalid_request"}`)
		})
		_, checks := oauthflow.CheckProvider(t.Context(), hc, p, "c-1", nil)
		got := states(checks)
		if !strings.HasPrefix(got["token"], "ok") || !strings.HasPrefix(got["authorization"], "ok") || len(asked) == 0 {
			t.Errorf("%s: %v", p.ID, got)
		}
		if len(got) < len(p.Services)+3 {
			t.Errorf("%s: only %d lines", p.ID, len(got))
		}
	}
}
