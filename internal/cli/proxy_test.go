//go:build linux

package cli_test

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// office is a company's network: the provider can be reached through its proxy alone, which wants a password, and the
// certificate that arrives is signed by an authority of the company's own.
type office struct {
	provider, proxy *httptest.Server
	mu              sync.Mutex
	asked           []string
}

const issuer = "https://example.com" // the name in httptest's certificate

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{}
	o.provider = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"issuer":"`+issuer+`","authorization_endpoint":"`+issuer+`/a","token_endpoint":"`+issuer+`/t"}`) // a client that left
	}))
	o.provider.Config.ErrorLog = log.New(io.Discard, "", 0)
	o.provider.StartTLS()
	o.proxy = httptest.NewServer(http.HandlerFunc(o.tunnel))
	t.Cleanup(o.provider.Close)
	t.Cleanup(o.proxy.Close)
	return o
}

// tunnel answers CONNECT, for whoever has the password.
func (o *office) tunnel(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.asked = append(o.asked, r.Method+" "+r.Host)
	o.mu.Unlock()
	login := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	if user, password, _ := login.BasicAuth(); user != "ops" || password != "canary-proxy" {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	server, err := net.Dial("tcp", o.provider.Listener.Addr().String())
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = server.Close() }()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = client.Close() }()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(server, buffered) }()
	_, _ = io.Copy(client, server)
}

// Behind a proxy with a password and an authority of the company's own, fettle works where both are set as for any
// other program; where one is missing the cause is said, and never the password.
func TestProxyAndOwnAuthority(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.provider.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(o.proxy.URL, "http://")
	for name, c := range map[string]struct {
		vars []string
		code int
		says string
	}{
		"both":                {[]string{"HTTPS_PROXY=http://ops:canary-proxy@" + address, "SSL_CERT_FILE=" + ca}, 0, issuer + "/t"},
		"no authority":        {[]string{"HTTPS_PROXY=http://ops:canary-proxy@" + address}, 1, "SSL_CERT_FILE"},
		"a wrong password":    {[]string{"HTTPS_PROXY=http://ops:canary-wrong@" + address, "SSL_CERT_FILE=" + ca}, 1, "HTTPS_PROXY"},
		"a proxy that is off": {[]string{"HTTPS_PROXY=http://ops:canary-proxy@127.0.0.1:1", "SSL_CERT_FILE=" + ca}, 1, "HTTPS_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t.TempDir())
			if err := w.folders(); err != nil {
				t.Fatal(err)
			}
			if err := w.configure("[providers.acme]\nissuer = \"" + issuer + "\"\n"); err != nil {
				t.Fatal(err)
			}
			w.vars = append(w.vars, c.vars...)
			r, err := w.run("provider", "check", "acme")
			if err != nil || r.code != c.code || !strings.Contains(r.stdout+r.stderr, c.says) {
				t.Errorf("code %d, %v, want %d and %q: %s%s", r.code, err, c.code, c.says, r.stdout, r.stderr)
			}
			if strings.Contains(r.stdout+r.stderr, "canary") {
				t.Errorf("the proxy's password is shown: %s%s", r.stdout, r.stderr)
			}
		})
	}
	t.Cleanup(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, asked := range o.asked {
			if asked != "CONNECT example.com:443" {
				t.Errorf("the proxy was asked for %s", asked)
			}
		}
	})
}
