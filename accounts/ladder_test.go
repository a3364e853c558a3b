package accounts_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// certificate makes one for localhost that ends at a given time, and the pool that trusts it.
func certificate(t *testing.T, ends time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: ends.Add(-24 * time.Hour), NotAfter: ends,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secureServer is a token endpoint behind TLS, whose clock is off by that; it says no to every request.
func secureServer(t *testing.T, cert tls.Certificate, off time.Duration) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`) // the client is this test
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is wanted
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// proxyThat answers every CONNECT with that status.
func proxyThat(t *testing.T, status string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status) // who hangs up sees it
			}
			_ = c.Close() // the answer is sent
		}
	}()
	t.Cleanup(func() {
		_ = l.Close() // ends Accept
		<-done
	})
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// at plants an account whose token endpoint is at that address, reached through that transport.
func (r *rig) at(t *testing.T, address string, transport *http.Transport) string {
	t.Helper()
	r.configure(t, fmt.Sprintf("[providers.acme]\ntoken_endpoint = %q\nauthorization_endpoint = %q\n[providers.acme.client]\nid = \"c\"\nauth = \"none\"\n[providers.acme.services.s]\nscopes = [\"s\"]\nprobe = { url = %q }\n",
		address+"/token", address+"/authorize", address+"/api"))
	r.config.HTTP = &http.Client{Transport: transport}
	r.Book = accounts.New(r.config)
	t.Cleanup(transport.CloseIdleConnections)
	now := r.clock.now()
	a := store.Account{
		ID: "a", Name: "a", Provider: "acme", Services: []string{"s"}, OAuthClientID: "c", AuthMethod: provider.AuthNone, Required: []string{"s"}, Granted: []string{"s"},
		Server: oauthflow.Server{Endpoints: provider.Endpoints{Token: address + "/token"}}, AuthorizedAt: now, RefreshedAt: now, ProvenAt: now, CreatedAt: now,
		AccessExpiresAt: now,
	}
	if err := r.Plant(t.Context(), []store.Account{a}, []*oauthflow.Token{{Access: secret.New("at"), Refresh: secret.New("rt"), Type: "Bearer"}}); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Hour)
	return a.ID
}

// Every way in which a server cannot be reached fails at its own rung, with its own remedy, and marks nobody dead.
func TestTheLadderStopsAtTheRungThatIsBroken(t *testing.T) {
	t.Parallel()
	good, trusted := certificate(t, time.Now().Add(time.Hour))
	old, trustedOld := certificate(t, time.Now().Add(-time.Hour))
	deaf := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no resolver answers") }}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "https://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	through := func(status string) *http.Transport {
		proxy := proxyThat(t, status)
		return &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}
	}
	trusting := func(pool *x509.CertPool) *http.Transport {
		return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	}
	for _, c := range []struct {
		name      string
		address   string // "" = a server of its own
		cert      tls.Certificate
		off       time.Duration // of the server's clock
		transport *http.Transport
		rung      accounts.CheckID
		state     accounts.CheckState
		cause     string
	}{
		{"a resolver that fails", "https://login.acme.example", good, 0, &http.Transport{DialContext: (&net.Dialer{Resolver: deaf}).DialContext}, accounts.CheckDNS, accounts.CheckFailed, "dns"},
		{"a server that is down", nobody, good, 0, trusting(trusted), accounts.CheckConnect, accounts.CheckFailed, ""},
		{"a certificate nobody trusts", "", good, 0, trusting(nil), accounts.CheckTLS, accounts.CheckFailed, "tls"},
		{"a certificate that has ended", "", old, 0, trusting(trustedOld), accounts.CheckTLS, accounts.CheckFailed, ""},
		{"a proxy that wants a password", "", good, 0, through("407 Proxy Authentication Required"), accounts.CheckProxy, accounts.CheckFailed, "proxy"},
		{"a proxy that forbids", "", good, 0, through("403 Forbidden"), accounts.CheckProxy, accounts.CheckFailed, "proxy"},
		{"a clock that is two minutes ahead", "", good, -2 * time.Minute, trusting(trusted), accounts.CheckClock, accounts.CheckWarning, "clock_skew"},
		{"a clock that is ten minutes ahead", "", good, -10 * time.Minute, trusting(trusted), accounts.CheckClock, accounts.CheckWarning, "clock_skew"},
		{"a clock that is two hours behind", "", good, 2 * time.Hour, trusting(trusted), accounts.CheckClock, accounts.CheckFailed, "clock_skew"},
		{"a grant that is dead", "", good, 0, trusting(trusted), accounts.CheckRefresh, accounts.CheckFailed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			if c.address == "" {
				c.address = secureServer(t, c.cert, c.off).URL
			}
			id := r.at(t, c.address, c.transport)
			report := r.verify(t, id)
			got := check(t, report.Checks, c.rung)
			if got.State != c.state || got.Diagnosis == nil || got.Diagnosis.Remedy == "" || c.cause != "" && got.Diagnosis.Cause != c.cause {
				t.Fatalf("%+v %+v", got, got.Diagnosis)
			}
			if c.state == accounts.CheckFailed {
				r.stoppedAt(t, id, report, got)
			} else if h := r.look(t, id).Health; !slices.ContainsFunc(h.Findings, func(f accounts.Finding) bool {
				return f.State == accounts.Unproven && f.Cause == c.cause && f.Remedy == diagnose.FixMachine
			}) {
				t.Errorf("health says nothing of it: %+v", h.Findings)
			}
		})
	}
}

// stoppedAt looks at what is above a rung that failed, and at what it means for the account.
func (r *rig) stoppedAt(t *testing.T, id string, report accounts.VerifyReport, rung accounts.Check) {
	t.Helper()
	if report.OK || report.Failed == nil || report.Failed.ID != rung.ID {
		t.Errorf("ok %t, failed at %+v", report.OK, report.Failed)
	}
	p, _ := r.config.Catalogue.Get("acme")
	at := slices.IndexFunc(report.Checks, func(c accounts.Check) bool { return c.ID == rung.ID })
	if len(report.Checks) != len(accounts.Ladder(p, []string{"s"})) {
		t.Errorf("%d rungs", len(report.Checks))
	}
	for i, c := range report.Checks {
		if i < at && c.State != accounts.CheckOK {
			t.Errorf("%s below is %s: %s", c.ID, c.State, c.Detail)
		}
		if i > at && (c.State != accounts.CheckSkipped || !strings.Contains(c.Detail, rung.Title)) {
			t.Errorf("%s above is %s: %s", c.ID, c.State, c.Detail)
		}
	}
	h := r.look(t, id).Health
	switch rung.ID {
	case accounts.CheckRefresh:
		if h.State != accounts.NeedsSignIn {
			t.Errorf("health %s", h.State)
		}
	case accounts.CheckClock:
		if h.State != accounts.Blocked || h.Cause != rung.Diagnosis.Cause || h.Remedy != diagnose.FixMachine {
			t.Errorf("health %s, cause %q, remedy %q", h.State, h.Cause, h.Remedy)
		}
	default:
		if h.State != accounts.Unreachable || h.Cause != rung.Diagnosis.Cause || h.Remedy == diagnose.Reauthorize {
			t.Errorf("health %s, cause %q, remedy %q", h.State, h.Cause, h.Remedy)
		}
	}
}

// The end of the caller ends the climb, and nothing is said about the account.
func TestACancelledClimbSaysNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Verify(ctx, a.ID, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if h := r.look(t, a.ID).Health; h.State != accounts.Healthy {
		t.Errorf("%+v", h.Finding)
	}
}
