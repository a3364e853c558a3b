package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// Server is one running provider: one issuer on 127.0.0.1.
type Server struct {
	// Faults decides which of the next requests go wrong, and how.
	Faults *Faults

	issuer  string
	opts    Options
	store   *store
	journal *journal
	engine  *op.LegacyServer
	handler http.Handler

	http    *http.Server
	stop    context.CancelFunc
	serving sync.WaitGroup
	closing sync.Once
	active  handlers
}

// Start runs a provider until Close.
func Start(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	store, err := newStore(opts)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(opts.Port)))
	if err != nil {
		return nil, fmt.Errorf("sandbox: listen on 127.0.0.1 port %d: %w", opts.Port, err)
	}
	s := &Server{
		Faults: newFaults(), issuer: "http://" + listener.Addr().String(),
		opts: opts, store: store, journal: newJournal(opts.Clock),
	}
	if s.engine, err = newLibrary(s.issuer, store); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.handler = s.routes()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	s.serving.Go(func() { _ = s.http.Serve(listener) }) // always ends with ErrServerClosed, after Close
	return s, nil
}

// newLibrary sets up the protocol engine: validation, ID tokens and token formats are its part.
func newLibrary(issuer string, store *store) (*op.LegacyServer, error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, fmt.Errorf("sandbox: token key: %w", err)
	}
	codes := op.UserCodeBase20
	if store.opts.Quirks.PlainUserCodes {
		codes.DashInterval = 0
	}
	provider, err := op.NewProvider(
		&op.Config{
			CodeMethodS256: true, AuthMethodPost: true, GrantTypeRefreshToken: true,
			SupportedScopes: store.scopes(), SupportedClaims: []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "email", "email_verified"},
			DeviceAuthorization: op.DeviceAuthorizationConfig{
				Lifetime: store.opts.DeviceTTL, PollInterval: store.opts.Interval, UserFormPath: devicePath, UserCode: codes,
			},
		},
		store, op.StaticIssuer(issuer), op.WithAllowInsecure(),
		op.WithCrypto(prefixed{AccessTokenPrefix, op.NewAES256GCMCrypto(key, "")}),
	)
	if err != nil {
		return nil, fmt.Errorf("sandbox: provider: %w", err)
	}
	return op.NewLegacyServer(provider, *op.DefaultEndpoints), nil
}

// URL is the issuer, without a slash at the end.
func (s *Server) URL() string { return s.issuer }

// DeviceURL is the page where user codes are entered.
func (s *Server) DeviceURL() string { return s.issuer + devicePath }

// Close ends every connection and waits until the last request is done. It may be called more than once.
func (s *Server) Close() {
	s.closing.Do(func() {
		s.stop()
		s.Faults.Clear()
		_ = s.http.Close() // the listener and the connections are gone either way
		s.serving.Wait()
		s.active.wait()
	})
}

// handlers counts running requests, so that Close can wait for them.
type handlers struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

func (h *handlers) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.wg.Add(1)
	return true
}

func (h *handlers) wait() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.wg.Wait()
}
