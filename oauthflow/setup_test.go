package oauthflow_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// world is a running demo provider with everything resolved.
type world struct {
	srv    *sandbox.Server
	p      provider.Provider
	server oauthflow.Server
	client oauthflow.Client
	hc     *http.Client
}

func newWorld(t *testing.T, o sandbox.Options, clientID string) world {
	t.Helper()
	srv, err := sandbox.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	w := world{srv: srv, p: entry(t, srv.ProviderTOMLFor("demo", clientID)), hc: oauthflow.NewHTTPClient(oauthflow.HTTPOptions{Timeout: 10 * time.Second})}
	w.client = oauthflow.Client{ID: w.p.Client.ID, Secret: w.p.Client.Secret, Auth: w.p.Client.Auth}
	if w.server, err = oauthflow.Discover(t.Context(), w.hc, w.p); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.hc.CloseIdleConnections)
	return w
}

// entry reads one [providers.…] block of a config.
func entry(t *testing.T, text string) provider.Provider {
	t.Helper()
	c, err := (&provider.Catalogue{}).With("config.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all := c.All()
	if len(all) != 1 {
		t.Fatalf("%d providers", len(all))
	}
	return all[0]
}

func (w world) request(t *testing.T, services ...string) oauthflow.Request {
	t.Helper()
	if len(services) == 0 {
		services = []string{w.p.ServiceList()[0].ID}
	}
	scopes, err := w.p.RequestScopes(services)
	if err != nil {
		t.Fatal(err)
	}
	return oauthflow.Request{Provider: w.p, Server: w.server, Client: w.client, Scopes: scopes}
}

func (w world) options() oauthflow.WaitOptions {
	return oauthflow.WaitOptions{HTTP: w.hc, Client: w.client, Provider: w.p}
}

// token signs in by pasting and returns the grant's first token.
func (w world) token(t *testing.T, c sandbox.Consent, services ...string) *oauthflow.Token {
	t.Helper()
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t, services...))
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.srv.Approve(f.AuthorizationURL, c)
	if err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.Listener = l
	o.Pasted = pasted(back)
	tok, err := oauthflow.Wait(t.Context(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func pasted(texts ...string) <-chan string {
	c := make(chan string, len(texts))
	for _, s := range texts {
		c <- s
	}
	close(c)
	return c
}

// inMemory answers requests without a network, so that time can be a bubble's.
type inMemory struct {
	handler http.HandlerFunc
	fail    func(*http.Request) error
}

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.fail != nil {
		if err := m.fail(r); err != nil {
			return nil, err
		}
	}
	rec := httptest.NewRecorder()
	m.handler(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// acme is a provider that exists only in memory.
func acme(t *testing.T, extra ...string) (provider.Provider, oauthflow.Server, oauthflow.Client) {
	t.Helper()
	p := entry(t, `
[providers.acme]
issuer = "https://login.acme.example"
authorization_endpoint = "https://login.acme.example/authorize"
token_endpoint = "https://login.acme.example/token"
device_authorization_endpoint = "https://login.acme.example/device"
revocation_endpoint = "https://login.acme.example/revoke"
introspection_endpoint = "https://login.acme.example/introspect"
userinfo_endpoint = "https://login.acme.example/userinfo"
flows = ["device", "browser"]
`+strings.Join(extra, "\n"))
	return p, oauthflow.Server{Issuer: p.Issuer, Endpoints: p.Endpoints, IssParameter: p.IssParameter},
		oauthflow.Client{ID: "client-1", Auth: provider.AuthNone}
}

func answering(h http.HandlerFunc) *http.Client { return &http.Client{Transport: inMemory{handler: h}} }

func writeJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// events collects what Wait reports.
type events struct {
	mu   sync.Mutex
	list []oauthflow.Event
	seen chan oauthflow.Event
}

func newEvents() *events { return &events{seen: make(chan oauthflow.Event, 1000)} }

func (e *events) report(ev oauthflow.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, ev)
	e.seen <- ev
}

func (e *events) kinds() []oauthflow.EventKind {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]oauthflow.EventKind, 0, len(e.list))
	for _, ev := range e.list {
		out = append(out, ev.Kind)
	}
	return out
}

func (e *events) count(k oauthflow.EventKind) int {
	n := 0
	for _, kind := range e.kinds() {
		if kind == k {
			n++
		}
	}
	return n
}

// await returns the next event of a kind.
func (e *events) await(t *testing.T, k oauthflow.EventKind) oauthflow.Event {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case ev := <-e.seen:
			if ev.Kind == k {
				return ev
			}
		case <-limit:
			t.Fatalf("no %s event; had %v", k, e.kinds())
		}
	}
}

func asError(t *testing.T, err error) *oauthflow.Error {
	t.Helper()
	var e *oauthflow.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an *oauthflow.Error", err, err)
	}
	return e
}

// outcome is what Wait came to on another goroutine.
type outcome struct {
	token *oauthflow.Token
	err   error
}

func waitInBackground(ctx context.Context, f *oauthflow.Flow, o oauthflow.WaitOptions) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		t, err := oauthflow.Wait(ctx, f, o)
		done <- outcome{t, err}
	}()
	return done
}

// page is what a browser saw; its status is 0 if the connection failed.
type page struct {
	status int
	header http.Header
	body   string
}

func get(t *testing.T, url string, change ...func(*http.Request)) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return page{body: err.Error()}
	}
	defer func() { _ = resp.Body.Close() }() // nothing depends on it
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return page{resp.StatusCode, resp.Header, string(b)}
}

func text(s string) secret.Text { return secret.New(s) }
