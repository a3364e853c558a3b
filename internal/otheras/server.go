package otheras

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
)

// ClientID is the one registered client: public, PKCE, redirects to http://127.0.0.1:PORT/callback.
const ClientID = "fettle-other"

// The scopes the server knows.
const (
	ScopeOffline = "offline" // a refresh token
	ScopeRead    = "items.read"
	ScopeWrite   = "items.write"
)

var allScopes = []string{ScopeOffline, ScopeRead, ScopeWrite}

// Server is a running authorization server with its API.
type Server struct {
	issuer string
	oauth  fosite.OAuth2Provider
	http   *http.Server
	done   chan error // what Serve returned

	// mu makes each request a transaction, which the memory storage does not: of two refreshes with one token, one
	// rotates and the other is the reuse that kills the family.
	mu     sync.Mutex
	person person
}

// Start runs a server on a free loopback port until Close.
func Start() (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot start the authorization server: %w", err)
	}
	s := &Server{
		issuer: "http://" + listener.Addr().String(),
		oauth:  newProvider(),
		done:   make(chan error, 1),
		person: person{subject: "other-1", email: "olga@other.example"},
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// Close stops the server and waits until it has ended.
func (s *Server) Close() error {
	err := s.http.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Issuer returns the issuer, which is also the base address of every endpoint.
func (s *Server) Issuer() string { return s.issuer }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /revoke", s.revoke)
	mux.HandleFunc("GET /me", s.me)
	mux.HandleFunc("GET /items", s.items)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

func newProvider() fosite.OAuth2Provider {
	config := &fosite.Config{
		GlobalSecret:          []byte(rand.Text() + rand.Text())[:32],
		AccessTokenLifespan:   time.Hour,
		RefreshTokenLifespan:  30 * 24 * time.Hour,
		AuthorizeCodeLifespan: time.Minute,
		EnforcePKCE:           true,
		RefreshTokenScopes:    []string{ScopeOffline},
		ScopeStrategy:         fosite.ExactScopeStrategy,
	}
	store := storage.NewMemoryStore()
	store.Clients[ClientID] = &fosite.DefaultClient{
		ID:            ClientID,
		Public:        true,
		RedirectURIs:  []string{"http://127.0.0.1/callback"}, // any port, RFC 8252 §7.3
		ResponseTypes: []string{"code"},
		GrantTypes:    []string{"authorization_code", "refresh_token"},
		Scopes:        allScopes,
	}
	return compose.Compose(config, store, compose.NewOAuth2HMACStrategy(config),
		compose.OAuth2AuthorizeExplicitFactory,
		compose.OAuth2RefreshTokenGrantFactory,
		compose.OAuth2PKCEFactory,
		compose.OAuth2TokenRevocationFactory,
		compose.OAuth2TokenIntrospectionFactory,
	)
}
