package oauthflow

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"fettle/oauthflow/provider"
)

// Why x/oauth2 v0.37 and net/http are not used bare: a 307 would carry refresh token and client secret to
// another host, nothing limits time or size, the auth style is found by sending the token twice, and errors
// print bodies. The client below and the transport in token.go are the guards; everything goes through them.

const (
	defaultTimeout = 30 * time.Second
	maxAnswer      = 1 << 20
	maxListing     = 4 << 20 // Salesforce lists all objects of an organisation in one answer, a kilobyte each
	maxContainers  = 50_000  // a map costs 300 bytes, its text 8: one MiB of {"":0} would take 71 MiB to read
	maxValues      = 200_000 // a number costs 100 bytes, its text 2
)

var (
	errTooLarge  = errors.New("the answer is larger than it may be")
	errTooMany   = errors.New("the answer holds more values than any real one")
	errPlainHTTP = errors.New("refused to send anything over plain http")
	errLinkLocal = errors.New("refused to connect to a link-local address or a cloud's metadata service")
)

// metadataServices are those that are not link-local: Amazon's by IPv6, and Alibaba's.
var metadataServices = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200")}

// HTTPOptions are the settings of NewHTTPClient.
type HTTPOptions struct {
	Timeout time.Duration // default 30 s
	CAFile  string        // further certificate authorities (PEM), beside the system's
}

// NewHTTPClient returns the client every request of fettle to a provider goes through. Proxies come from
// the environment; so do SSL_CERT_FILE and SSL_CERT_DIR. A CAFile that cannot be read fails each request,
// with that reason.
func NewHTTPClient(o HTTPOptions) *http.Client {
	roots, err := rootCAs(o.CAFile)
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: refuseLinkLocal}
	base := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  defaultTimeout,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		// Bodies are bounded by guard; headers are not read by it.
		MaxResponseHeaderBytes: 64 << 10,
	}
	return guarded(&http.Client{Transport: &guard{base: base, broken: err}, Timeout: o.Timeout})
}

func rootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // Go's default
	}
	pem, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the certificate authorities: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return pool, nil
}

// refuseLinkLocal keeps tokens from cloud metadata services, whatever a name resolves to.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if a := ap.Addr().Unmap(); a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || slices.Contains(metadataServices, a) {
		return errLinkLocal
	}
	return nil
}

// guarded returns hc with the guards on, so that a client from elsewhere is no hole.
func guarded(hc *http.Client) *http.Client {
	if hc == nil {
		return NewHTTPClient(HTTPOptions{})
	}
	g := *hc
	if _, ok := g.Transport.(*guard); !ok {
		base := g.Transport
		if base == nil {
			base = http.DefaultTransport
		}
		g.Transport = &guard{base: base}
	}
	g.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	g.Jar = nil
	if g.Timeout == 0 {
		g.Timeout = defaultTimeout
	}
	return &g
}

// guard is the transport that refuses plain http, limits answers and watches the server's clock.
type guard struct {
	base   http.RoundTripper
	broken error
	skew   atomic.Int64 // local minus server, nanoseconds
	seen   atomic.Bool
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if g.broken != nil {
		return nil, g.broken
	}
	if r.URL.Scheme != "https" && (r.URL.Scheme != "http" || !provider.LoopbackLiteral(r.URL.Host)) {
		return nil, errPlainHTTP
	}
	resp, err := g.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if d, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		g.skew.Store(int64(time.Since(d)))
		g.seen.Store(true)
	}
	resp.Body = &limited{ReadCloser: resp.Body, left: answerLimit(r)}
	return resp, nil
}

// longAnswer is the key of a context whose requests may be answered at the length of a listing.
type longAnswer struct{}

// answerLimit is how many bytes the answer to a request may have.
func answerLimit(r *http.Request) int64 {
	if r != nil && r.Context().Value(longAnswer{}) != nil {
		return maxListing
	}
	return maxAnswer
}

// ClockSkew returns how far the local clock is ahead of the last server's Date header, which has whole seconds.
// It is known once a client made by NewHTTPClient has had an answer.
func ClockSkew(hc *http.Client) (skew time.Duration, known bool) {
	if hc == nil {
		return 0, false
	}
	g, ok := hc.Transport.(*guard)
	if !ok || !g.seen.Load() {
		return 0, false
	}
	return time.Duration(g.skew.Load()), true
}

// limited fails, rather than ends, a body that is too long: a cut answer must not pass for a whole one.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.ReadCloser.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
