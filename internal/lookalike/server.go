package lookalike

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"fettle/oauthflow/provider"
)

// clientSecret is that of the one client each server knows.
const clientSecret = "lookalike-" + "client-secret"

// Person is somebody with an account at the provider.
type Person struct{ Subject, Email, Name string }

// Options are what a test may want otherwise.
type Options struct {
	Clock    func() time.Time // default: time.Now
	People   []Person         // default: Ana and Ben; the first is signed in
	Interval int              // seconds between polls of a device flow, default 5 as all of them say

	// PageSize is how many items a page of a listing holds; default 2, so that every listing has pages to follow.
	PageSize int

	// Vars are those of config.toml; an entry leaves out calls that need one which is not set.
	Vars map[string]string

	Confidential bool // Microsoft, Dropbox, Salesforce: the client has a secret, and has to send it
	Partner      bool // LinkedIn: the client gets refresh tokens
	Expiring     bool // GitHub: the app's tokens expire
}

// Server is what all lookalikes have in common. Its methods may be called from any goroutine.
type Server struct {
	Options
	habits
	entry  provider.Provider // the built-in one
	base   string            // http://127.0.0.1:PORT
	mux    *http.ServeMux
	server *http.Server
	done   chan error

	mu      sync.Mutex // one request at a time: of two refreshes with one token the second is a reuse
	codes   map[string]*asking
	devices map[string]*asking
	refresh map[string]*grant
	access  map[string]access
	grants  []*grant
	next    map[string][]Answer
	seen    []Request
	items   map[string][]any
}

// habits is what one provider does its own way. Paths are HOST/PATH of the real addresses.
type habits struct {
	id        string
	clientID  string
	secret    string
	authorize string // the authorization page
	exchange  string // the token endpoint
	device    string // "" = no device flow
	jwks      string // "" = no id tokens
	issuer    string // of id tokens

	boxes      func(scopes []string) bool                         // whether the consent page has boxes; nil = never
	denied     url.Values                                         // what the redirect says if the person cancels
	refreshes  func(a *asking) bool                               // whether this sign-in yields a refresh token; nil = never
	rotation   provider.Rotation                                  // what a refresh does to the refresh token
	lasts      int                                                // seconds of an access token, 0 = for ever
	refusals   map[reason]Answer                                  // at the token endpoint
	knows      func(r *http.Request, id, s string) bool           // whether the client may ask; nil = id and secret are right
	narrow     func(g *grant, asked []string) ([]string, *Answer) // scopes of the new access token; nil = all that were granted
	speak      func(g *grant, m object)                           // shapes a successful token answer, m being RFC 6749's
	claims     func(g *grant) object                              // of the id token beside the standard ones; nil = no id token
	ownGrant   func(r *http.Request) Answer                       // a grant type of the provider's own
	showDevice func(m object)                                     // shapes the answer of RFC 8628 §3.2
	shape      func(r *http.Request, a Answer) Answer             // the form of answers that are no API's; nil = as they are
}

// Request is one request as it came in.
type Request struct {
	Method string
	Path   string // HOST/PATH
	Query  url.Values
	Form   url.Values
	Header http.Header
}

// Start serves a provider of the catalogue by its id.
func Start(id string, o Options) (*Server, error) {
	switch id {
	case "dropbox":
		return startDropbox(o)
	case "github":
		return startGitHub(o)
	case "google":
		g, err := StartGoogle(o)
		if err != nil {
			return nil, err
		}
		return g.Server, nil
	case "linkedin":
		return startLinkedIn(o)
	case "linkedin-native":
		return startLinkedInNative(o)
	case "meta":
		return startMeta(o)
	case "microsoft":
		return startMicrosoft(o)
	case "salesforce":
		return startSalesforce(o)
	}
	return nil, fmt.Errorf("no lookalike of %q", id)
}

// start serves a provider on a free loopback port.
func start(o Options, h habits) (*Server, error) {
	entry, err := builtin(h.id, o.Vars)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot start the lookalike of %s: %w", entry.Name, err)
	}
	s := &Server{
		Options: o, habits: h, entry: entry, base: "http://" + listener.Addr().String(), mux: http.NewServeMux(), done: make(chan error, 1),
		codes: map[string]*asking{}, devices: map[string]*asking{}, refresh: map[string]*grant{}, access: map[string]access{},
		next: map[string][]Answer{}, items: map[string][]any{},
	}
	s.setDefaults()
	s.route("GET "+h.authorize, s.consentPage)
	s.route("POST "+h.authorize, s.consentAnswer)
	s.route("POST "+h.exchange, s.shaped(s.tokens))
	if h.device != "" {
		s.route("POST "+h.device, s.shaped(s.startDevice))
	}
	if h.jwks != "" {
		s.route("GET "+h.jwks, s.keys)
	}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	go func() { s.done <- s.server.Serve(listener) }()
	return s, nil
}

func (s *Server) setDefaults() {
	if s.Clock == nil {
		s.Clock = time.Now
	}
	if len(s.People) == 0 {
		s.People = []Person{{"1001", "ana@example.org", "Ana Sales"}, {"1002", "ben@example.org", "Ben Ads"}}
	}
	if s.Interval == 0 {
		s.Interval = 5
	}
	if s.PageSize == 0 {
		s.PageSize = 2
	}
}

// Close stops the server and waits until it has ended.
func (s *Server) Close() error {
	err := s.server.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// shaped gives a handler's answers the provider's form.
func (s *Server) shaped(h handler) handler {
	if s.shape == nil {
		return h
	}
	return func(r *http.Request) Answer { return s.shape(r, h(r)) }
}

// secretIf is the client's secret where it has one.
func secretIf(has bool) string {
	if has {
		return clientSecret
	}
	return ""
}

// handler answers one request. The server's mutex is held.
type handler func(r *http.Request) Answer

// route registers "METHOD HOST/PATH", with the wildcards of http.ServeMux.
func (s *Server) route(pattern string, h handler) {
	method, path, _ := strings.Cut(pattern, " ")
	s.mux.HandleFunc(method+" /"+path, func(w http.ResponseWriter, r *http.Request) { s.write(w, h(r)) })
}

// serve notes a request, and gives it the answer that was ordered for its path, or else the real one.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "malformed form", http.StatusBadRequest)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	s.seen = append(s.seen, Request{Method: r.Method, Path: path, Query: r.URL.Query(), Form: r.PostForm, Header: r.Header.Clone()})
	if queue := s.next[path]; len(queue) > 0 {
		s.next[path] = queue[1:]
		s.write(w, queue[0])
		return
	}
	s.mux.ServeHTTP(w, r)
}

// URL is where https://HOST/PATH is served.
func (s *Server) URL(hostPath string) string { return s.base + "/" + hostPath }

// Path is HOST/PATH of an address that is served here, as Next and Seen name it.
func (s *Server) Path(address string) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(address, s.base+"/"), "?")
	return path
}

// Next orders the answer to the next request for HOST/PATH; several are given one after the other.
func (s *Server) Next(hostPath string, answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[hostPath] = append(s.next[hostPath], answers...)
}

// Forget drops the answers that were ordered and have not been asked for, and says how many there were.
func (s *Server) Forget() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, queue := range s.next {
		n += len(queue)
	}
	clear(s.next)
	return n
}

// Seen returns the requests that came for HOST/PATH, oldest first.
func (s *Server) Seen(hostPath string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.seen {
		if r.Path == hostPath {
			out = append(out, r)
		}
	}
	return out
}
