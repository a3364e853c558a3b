package sandbox

import (
	"net"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// The paths of this server.
const (
	authorizePath  = "/authorize"
	consentPath    = "/consent"
	devicePath     = "/device"
	deviceAuthPath = "/device_authorization"
	tokenPath      = "/oauth/token" //nolint:gosec // a path
	introspectPath = "/oauth/introspect"
	revokePath     = "/revoke"
	userinfoPath   = "/userinfo"
	tokeninfoPath  = "/tokeninfo"
	keysPath       = "/keys"
	oidcPath       = "/.well-known/openid-configuration"
	rfc8414Path    = "/.well-known/oauth-authorization-server"
	controlPrefix  = "/sandbox/"
)

// maxBody is the greatest request body that is read.
const maxBody = 64 << 10

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+oidcPath, s.discovery)
	mux.HandleFunc("GET "+rfc8414Path, s.discovery)
	mux.HandleFunc("GET "+keysPath, s.keys)
	mux.HandleFunc("POST "+tokenPath, s.token)
	mux.HandleFunc("POST "+deviceAuthPath, s.deviceAuthorization)
	mux.HandleFunc("POST "+introspectPath, s.introspect)
	if !s.opts.Quirks.NoRevocation {
		mux.HandleFunc("POST "+revokePath, s.revoke)
	}
	mux.HandleFunc(userinfoPath, s.userinfo)
	mux.HandleFunc(tokeninfoPath, s.tokeninfo)

	s.apiRoutes(mux)

	pages := http.NewServeMux()
	s.pageRoutes(pages)
	s.controlRoutes(pages)
	// A page elsewhere must not be able to consent, or to break things, in the visitor's name.
	mux.Handle("/", http.NewCrossOriginProtection().Handler(pages))
	return s.guard(s.faulty(mux))
}

// guard is the outermost layer: it counts, logs, limits the body, refuses foreign host names and
// gives the library the issuer it expects in the context.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.active.enter() {
			http.Error(w, "closing", http.StatusServiceUnavailable)
			return
		}
		defer s.active.wg.Done()
		record := s.journal.begin(r)
		out := &statusWriter{ResponseWriter: w}
		defer func() {
			cut := recover()
			if cut != nil && cut != http.ErrAbortHandler { //nolint:errorlint // the value net/http compares
				record.Error = "panic"
			}
			s.journal.end(record, out.status)
			if cut != nil {
				panic(cut) // net/http cuts the connection
			}
		}()

		if !loopbackHost(r.Host) {
			http.Error(out, "this server answers to loopback names only", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(out, r.Body, maxBody)
		ctx := op.ContextWithIssuer(withRecord(r.Context(), record), s.issuer)
		h := out.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(out, r.WithContext(ctx))
	})
}

// loopbackHost keeps names that a hostile DNS server points at 127.0.0.1 away; any port may come
// through an SSH tunnel.
func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// statusWriter remembers the status for the journal.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
