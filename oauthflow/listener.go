package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Listener is a loopback port bound for one flow's callback. Until Wait serves it, connections queue.
type Listener struct {
	sockets  []net.Listener
	redirect *url.URL
	server   *http.Server
	once     sync.Once
}

// shutGrace is how long the last page may take to reach the browser.
const shutGrace = 500 * time.Millisecond

// Listen binds a resumed flow's port again; an error means that only pasting is left.
func Listen(f *Flow) (*Listener, error) {
	u, err := url.Parse(f.RedirectURI)
	if err != nil || !isLoopback(u) {
		return nil, fmt.Errorf("the redirect %q is not on this machine", clean(f.RedirectURI))
	}
	return listenOn(u)
}

func isLoopback(u *url.URL) bool { return u.Scheme == "http" && len(loopbackHosts(u)) > 0 }

// loopbackHosts are the addresses a redirect's host stands for. localhost stands for both: binding one alone
// would leave the other to a neighbour.
func loopbackHosts(u *url.URL) []string {
	if u.Hostname() == "localhost" {
		return []string{"127.0.0.1", "::1"}
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
		return []string{ip.String()}
	}
	return nil
}

// listenOn binds the redirect's addresses; port 0 becomes a free one in the listener's redirect.
func listenOn(u *url.URL) (*Listener, error) {
	var err error
	for range 10 { // a free port on the first address may be taken on the second
		var l *Listener
		if l, err = bindAll(u); err == nil {
			return l, nil
		}
		if u.Port() != "0" {
			break
		}
	}
	return nil, fmt.Errorf("port %s cannot be listened on: %w", u.Port(), err)
}

func bindAll(u *url.URL) (*Listener, error) {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	l := &Listener{}
	for _, host := range loopbackHosts(u) {
		s, err := net.Listen("tcp", net.JoinHostPort(host, port)) //nolint:noctx // binding does not wait
		if err != nil {
			if len(loopbackHosts(u)) > 1 && noSuchAddress(err) {
				continue // a machine without IPv6, or without IPv4
			}
			_ = l.Close() // the error that matters is the one returned
			return nil, err
		}
		l.sockets = append(l.sockets, s)
		if a, ok := s.Addr().(*net.TCPAddr); ok {
			port = strconv.Itoa(a.Port)
		}
	}
	if len(l.sockets) == 0 {
		return nil, errors.New("this machine has no loopback address")
	}
	r := *u
	if u.Port() != "" {
		host := u.Hostname()
		r.Host = net.JoinHostPort(host, port)
	}
	l.redirect = &r
	return l, nil
}

func noSuchAddress(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// Port is the bound port.
func (l *Listener) Port() int {
	if a, ok := l.sockets[0].Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// Close frees the port. It may be called more than once.
func (l *Listener) Close() error {
	var err error
	for _, s := range l.sockets {
		if e := s.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = e
		}
	}
	return err
}

// shut closes the port at once, lets the last page out and ends every connection within a second.
func (l *Listener) shut() {
	l.once.Do(func() {
		_ = l.Close() // nothing more can be done about a socket that does not close
		if l.server == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), shutGrace)
		defer cancel()
		if l.server.Shutdown(ctx) != nil {
			_ = l.server.Close() // connections that were still open
		}
	})
}

// delivery is what one callback or paste came to: a code, a rejection (*PasteError) or the flow's end (*Error).
type delivery struct {
	code   string
	err    error
	pasted bool
}

// serve answers callbacks and sends what they came to. Rejections that nobody waits for are dropped, so that
// a flood of forged ones blocks nothing; good ones have a place of their own.
func (l *Listener) serve(f *Flow, good, bad chan<- delivery) {
	l.server = &http.Server{
		Handler:           l.handler(f, good, bad),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       10 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // it would write over the screen, and quote requests
	}
	for _, s := range l.sockets {
		go func() {
			defer func() { _ = recover() }() // a panic here must not tear down the screen
			_ = l.server.Serve(s)            // ends when the socket is closed
		}()
	}
}

// handler serves the fixed pages. Nothing of a request is reflected or followed, and only state tells the
// provider's redirect from any other page's request.
func (l *Listener) handler(f *Flow, good, bad chan<- delivery) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Type", "text/html; charset=utf-8")
		if status := l.refuses(r); status != 0 {
			w.WriteHeader(status)
			return
		}
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			q = url.Values{}
		}
		code, err := checkResponse(f, q, false)
		// A forged callback gets its page and the wait goes on: it must not be able to end somebody's sign-in.
		var wrong *PasteError
		if errors.As(err, &wrong) {
			offer(bad, delivery{err: err})
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, pageRejected) // a browser that hung up needs no page
			return
		}
		offer(good, delivery{code: code, err: err})
		_, _ = io.WriteString(w, pageReceived) // as above
	})
}

// refuses returns the status for a request that is not the browser's own navigation to the redirect.
func (l *Listener) refuses(r *http.Request) int {
	switch {
	case r.Host != l.redirect.Host: // a name rebound to this address
		return http.StatusMisdirectedRequest
	case pathOf(r.URL) != pathOf(l.redirect):
		return http.StatusNotFound
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed
	// An image or a script of some page that guesses ports; old browsers send no such header.
	case r.Header.Get("Sec-Fetch-Dest") != "" && r.Header.Get("Sec-Fetch-Dest") != "document":
		return http.StatusForbidden
	}
	return 0
}

func offer(c chan<- delivery, d delivery) {
	select {
	case c <- d:
	default:
	}
}

const (
	pageReceived = `<!doctype html><html lang="en"><meta charset="utf-8"><title>fettle</title><body><h1>Received</h1><p>You can close this page and go back to fettle.</p></body></html>`
	pageRejected = `<!doctype html><html lang="en"><meta charset="utf-8"><title>fettle</title><body><h1>Not this sign-in</h1><p>fettle is still waiting. Open the address it shows and sign in there.</p></body></html>`
)
