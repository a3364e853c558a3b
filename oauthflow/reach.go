package oauthflow

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// Stage is one step on the way to a server.
type Stage string

// The stages, in the order in which a request meets them.
const (
	StageDNS     Stage = "dns"     // the name of the server, or of the proxy
	StageProxy   Stage = "proxy"   // reaching the proxy, and its leave to go on
	StageConnect Stage = "connect" // the connection itself
	StageTLS     Stage = "tls"     // the server's certificate
	StageAnswer  Stage = "answer"  // any answer at all, whatever its status
)

// Way is what was met on the way to a server. Nothing secret was sent.
type Way struct {
	Host  string // of the server
	Proxy string // host and port of the proxy, "" = none is in use

	Address string // what was connected to; "" = not got so far
	TLS     string // protocol version, "" = not got so far, or plain http to this machine
	Issuer  string // of the server's certificate
	Ends    time.Time

	Failed Stage // "" = the server answered
	Err    error // why; always an *Error

	// Skew is how far this machine's clock is ahead of the server's, which tells whole seconds.
	Skew      time.Duration
	SkewKnown bool
}

// Reach goes the way to a server's origin once, over a connection of its own, and says how far it got. A token request
// that fails says the same in one error; this tells a name that does not resolve from a proxy that refuses and from
// a certificate that is not trusted.
func Reach(ctx context.Context, hc *http.Client, providerID, rawURL string) Way {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return Way{Failed: StageDNS, Err: &Error{Provider: providerID, Code: CodeInvalidResponse, Description: "the address of the server is malformed"}}
	}
	w := &wayfarer{way: Way{Host: clean(u.Hostname())}}
	client := w.onItsOwn(guarded(hc))
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, w.trace()), http.MethodHead, u.Scheme+"://"+u.Host+"/", http.NoBody)
	if err != nil {
		return Way{Failed: StageDNS, Err: &Error{Provider: providerID, Code: CodeInvalidResponse, Description: "the address of the server is malformed"}}
	}
	req.Header.Set("User-Agent", userAgent)
	w.findProxy(client, req)
	sent := time.Now()
	resp, err := client.Do(req)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		err = unwrapURL(err)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		w.way.Failed, w.way.Err = w.stageOf(err, u.Scheme == "https"), &Error{Provider: providerID, Err: err}
		return w.way
	}
	_ = resp.Body.Close() // a HEAD has none
	if d, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// The server looked at its clock somewhere between sending and now, and told whole seconds.
		w.way.Skew, w.way.SkewKnown = sent.Add(time.Since(sent)/2).Sub(d), true
	}
	return w.way
}

// wayfarer gathers what the trace tells, which comes from several goroutines.
type wayfarer struct {
	mu        sync.Mutex
	way       Way
	dnsFailed bool
	connected bool
	encrypted bool
}

// onItsOwn is the client with a connection of its own: one that is open already would hide the way to it.
func (w *wayfarer) onItsOwn(hc *http.Client) *http.Client {
	g, ok := hc.Transport.(*guard)
	if !ok {
		return hc
	}
	transport, ok := g.base.(*http.Transport)
	if !ok {
		return hc
	}
	alone := transport.Clone()
	// It is used once, so it must leave no idle connection behind.
	alone.DisableKeepAlives = true
	if alone.OnProxyConnectResponse == nil {
		alone.OnProxyConnectResponse = refusedByProxy
	}
	own := *hc
	own.Transport = &guard{base: alone, broken: g.broken}
	return &own
}

func (w *wayfarer) findProxy(hc *http.Client, req *http.Request) {
	g, ok := hc.Transport.(*guard)
	if !ok {
		return
	}
	transport, ok := g.base.(*http.Transport)
	if !ok || transport.Proxy == nil {
		return
	}
	if p, err := transport.Proxy(req); err == nil && p != nil {
		w.way.Proxy = clean(p.Host)
	}
}

func (w *wayfarer) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSDone: func(i httptrace.DNSDoneInfo) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.dnsFailed = i.Err != nil
		},
		ConnectDone: func(_, address string, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if err == nil {
				w.connected, w.way.Address = true, address
			}
		},
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if err != nil {
				return
			}
			w.encrypted, w.way.TLS = true, tls.VersionName(s.Version)
			if len(s.PeerCertificates) > 0 {
				cert := s.PeerCertificates[0]
				w.way.Issuer, w.way.Ends = clean(cert.Issuer.CommonName), cert.NotAfter.UTC()
			}
		},
	}
}

// stageOf says where an error came up: by its kind, and where that says nothing by how far the request got.
func (w *wayfarer) stageOf(err error, secure bool) Stage {
	switch NetworkCause(err) {
	case NetProxy:
		// It is the proxy's own name that does not resolve.
		if w.dnsFailed {
			return StageDNS
		}
		return StageProxy
	case NetDNS:
		return StageDNS
	case NetTLS, NetClock:
		return StageTLS
	case NetTimeout, NetConnection, NetTooLarge, NetRefused:
	}
	switch {
	// Nothing was connected to, and the proxy is what would have been.
	case !w.connected && w.way.Proxy != "":
		return StageProxy
	case !w.connected:
		return StageConnect
	case secure && !w.encrypted:
		return StageTLS
	}
	return StageAnswer
}

// proxyRefusal is a proxy's answer to CONNECT other than 200. net/http keeps only its words, which for 403 look like
// anything but a proxy's.
type proxyRefusal struct {
	status int
}

// Error implements error.
func (e *proxyRefusal) Error() string {
	if e.status == http.StatusProxyAuthRequired {
		return "the proxy wants a user name and a password (HTTP 407)"
	}
	return fmt.Sprintf("the proxy refused the connection (HTTP %d)", e.status)
}

// refusedByProxy keeps the status of a proxy's refusal; a hook of http.Transport.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyRefusal{resp.StatusCode}
}

// isProxyRefusal reports a proxy's refusal, and failing to reach the proxy.
func isProxyRefusal(err error) bool {
	var op *net.OpError
	_, refused := errors.AsType[*proxyRefusal](err)
	return refused || errors.As(err, &op) && op.Op == "proxyconnect"
}
