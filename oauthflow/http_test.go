package oauthflow_test

import (
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

func refreshWith(t *testing.T, hc *http.Client, tokenURL string) error {
	t.Helper()
	p, s, c := acme(t)
	s.Token = tokenURL
	_, err := oauthflow.Refresh(t.Context(), hc, oauthflow.RefreshRequest{Provider: p, Server: s, Client: c, Refresh: text("rt-secret-old")})
	return err
}

func TestNoSecretFollowsARedirect(t *testing.T) {
	t.Parallel()
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { stolen.Add(1); granted(w) }))
	defer thief.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(thief.URL, status))
		for _, hc := range []*http.Client{nil, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), {}} { // a bare client is guarded too
			if e := asError(t, refreshWith(t, hc, srv.URL)); e.Code != oauthflow.CodeRedirected || e.Transient() {
				t.Errorf("%d: %v", status, e)
			}
		}
		srv.Close()
	}
	if stolen.Load() != 0 {
		t.Errorf("%d requests reached the other host", stolen.Load())
	}
}

func TestPlainHTTPOnlyToALoopbackLiteral(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { granted(w) }))
	defer srv.Close()
	hc := oauthflow.NewHTTPClient(oauthflow.HTTPOptions{})
	if err := refreshWith(t, hc, srv.URL); err != nil {
		t.Error(err)
	}
	for _, u := range []string{strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), "http://login.acme.example/token"} {
		if err := refreshWith(t, hc, u); err == nil || !strings.Contains(err.Error(), "plain http") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestA7_CertificatesAreAlwaysChecked(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { granted(w) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	err := refreshWith(t, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), srv.URL)
	if e := asError(t, err); e.Transient() || oauthflow.NetworkCause(e.Err) != oauthflow.NetTLS || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("got %v", err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refreshWith(t, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{CAFile: ca}), srv.URL); err != nil {
		t.Errorf("with its authority: %v", err)
	}
	for _, bad := range []string{filepath.Join(t.TempDir(), "none"), filepath.Join("testdata", "..", "doc.go")} {
		if err := refreshWith(t, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{CAFile: bad}), srv.URL); err == nil || asError(t, err).Transient() {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestA7_OldTLSIsRefused(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { granted(w) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	srv.TLS.MaxVersion = 0x0302 // TLS 1.1
	if err := refreshWith(t, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), srv.URL); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

func TestNetworkFailuresAreTransientAndSaid(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client go
		<-r.Context().Done()
	}))
	defer hanging.Close()
	for name, tt := range map[string]struct {
		url, says string
		cause     oauthflow.NetCause
	}{
		"refused": {closed.URL, "refused", oauthflow.NetConnection},
		"timeout": {hanging.URL, "no answer in time", oauthflow.NetTimeout},
		"dns":     {"https://no-such-host.invalid/token", "cannot be resolved", oauthflow.NetDNS},
	} {
		err := refreshWith(t, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{Timeout: 300 * time.Millisecond}), tt.url)
		e := asError(t, err)
		if !e.Transient() || !strings.Contains(err.Error(), tt.says) || oauthflow.NetworkCause(e.Err) != tt.cause || e.Status != 0 {
			t.Errorf("%s: %v (%v)", name, err, e.Err)
		}
	}
}

func TestLinkLocalAddressesAreRefused(t *testing.T) {
	t.Parallel()
	hc := oauthflow.NewHTTPClient(oauthflow.HTTPOptions{Timeout: time.Second})
	for _, u := range []string{"https://169.254.169.254/token", "https://[fe80::1]/token", "https://0.0.0.0/token", "https://[fd00:ec2::254]/token", "https://[::ffff:169.254.169.254]/token", "https://100.100.100.200/token"} {
		if err := refreshWith(t, hc, u); err == nil || !strings.Contains(err.Error(), "link-local") || asError(t, err).Transient() {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestClockSkewIsReadFromTheDateHeader(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
		granted(w)
	}))
	defer srv.Close()
	hc := oauthflow.NewHTTPClient(oauthflow.HTTPOptions{})
	if _, known := oauthflow.ClockSkew(hc); known {
		t.Error("known before any answer")
	}
	if err := refreshWith(t, hc, srv.URL); err != nil {
		t.Fatal(err)
	}
	if skew, known := oauthflow.ClockSkew(hc); !known || skew < 2*time.Hour || skew > 2*time.Hour+10*time.Second {
		t.Errorf("skew %v, %v", skew, known)
	}
	if _, known := oauthflow.ClockSkew(nil); known {
		t.Error("nil client")
	}
	if _, known := oauthflow.ClockSkew(http.DefaultClient); known {
		t.Error("foreign client")
	}
}

func TestD1_TheDeviceRequestNeedsTLS(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t)
	s.Device = "http://login.acme.example/device"
	_, err := oauthflow.StartDevice(t.Context(), oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), oauthflow.Request{Provider: p, Server: s, Client: c})
	if err == nil || !strings.Contains(err.Error(), "plain http") {
		t.Errorf("got %v", err)
	}
}

// Whatever is asked of a provider, no token, code or secret stands in an address, and only these grant types occur.
func TestL17_L20_NoSecretInAnAddressAndNoOldGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second}, sandbox.PostClient)
	seen := &watching{base: http.DefaultTransport, grants: map[string]bool{}}
	w.hc = &http.Client{Transport: seen}
	tok := w.token(t, sandbox.Consent{All: true})
	f, err := oauthflow.StartDevice(t.Context(), w.hc, w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.srv.ApproveDevice(f.UserCode, sandbox.Consent{All: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := oauthflow.Wait(t.Context(), f, w.options()); err != nil {
		t.Fatal(err)
	}
	if _, err := oauthflow.Refresh(t.Context(), w.hc, oauthflow.RefreshRequest{Provider: w.p, Server: w.server, Client: w.client, Refresh: tok.Refresh}); err != nil {
		t.Error(err)
	}
	svc := w.p.ServiceList()[0]
	if _, err := oauthflow.List(t.Context(), w.hc, w.p, svc, tok); err != nil {
		t.Error(err)
	}
	if _, _, err := oauthflow.GrantedScopes(t.Context(), w.hc, w.p, w.server, w.client, tok); err != nil {
		t.Error(err)
	}
	if _, err := oauthflow.Identify(t.Context(), w.hc, w.p, w.server, w.client.ID, tok); err != nil {
		t.Error(err)
	}
	if _, err := oauthflow.Revoke(t.Context(), w.hc, oauthflow.RevokeRequest{Provider: w.p, Server: w.server, Client: w.client, Refresh: tok.Refresh}); err != nil {
		t.Error(err)
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for _, u := range seen.urls {
		for _, secret := range []string{sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, sandbox.CodePrefix, sandbox.DeviceCodePrefix, sandbox.PostSecret} {
			if strings.Contains(u, secret) {
				t.Errorf("%s holds a secret", u)
			}
		}
	}
	delete(seen.grants, "")
	if got := slices.Sorted(maps.Keys(seen.grants)); !slices.Equal(got, []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}) {
		t.Errorf("grant types %v", got)
	}
}

// watching keeps the address and the grant type of every request.
type watching struct {
	base   http.RoundTripper
	mu     sync.Mutex
	urls   []string
	grants map[string]bool
}

func (s *watching) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.urls = append(s.urls, r.URL.String())
	s.grants[form.Get("grant_type")] = true
	s.mu.Unlock()
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(strings.NewReader(string(body)))
	return s.base.RoundTrip(again)
}
