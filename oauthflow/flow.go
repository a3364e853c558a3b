package oauthflow

import (
	"context"
	"net/http"
	"time"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// Flow is a pending authorization: a plain value, so that another process can go on with it. Its JSON is
// public; what must be sealed is in Secrets.
type Flow struct {
	ID       string            `json:"id"`
	Kind     provider.FlowKind `json:"kind"`
	Provider string            `json:"provider"` // id

	Server   Server              `json:"server"`
	ClientID string              `json:"client_id"`
	Auth     provider.AuthMethod `json:"auth"`
	Scopes   []string            `json:"scopes"`

	// RedirectURI is exact, port included. Empty with a browser flow: the provider shows a code to paste.
	RedirectURI      string `json:"redirect_uri,omitempty"`
	AuthorizationURL string `json:"authorization_url,omitempty"`

	UserCode                string        `json:"user_code,omitempty"`
	VerificationURI         string        `json:"verification_uri,omitempty"`
	VerificationURIComplete string        `json:"verification_uri_complete,omitempty"`
	Interval                time.Duration `json:"interval,omitempty"` // Wait raises it when told to slow down

	StartedAt time.Time `json:"started_at"`
	ExpiresAt time.Time `json:"expires_at"`

	Secrets FlowSecrets `json:"-"`
}

// FlowSecrets is the part of a Flow that may only be stored sealed.
type FlowSecrets struct {
	State      secret.Text
	Verifier   secret.Text
	DeviceCode secret.Text
}

// Request asks for a new flow.
type Request struct {
	Provider  provider.Provider
	Server    Server
	Client    Client
	Scopes    []string
	LoginHint string
	Consent   bool             // ask the provider to show the consent page again
	Now       func() time.Time // nil: time.Now
}

// EventKind says what a flow's Event reports.
type EventKind string

// What happens while a flow waits.
const (
	Waiting        EventKind = "waiting"         // NextPollAt, Attempt (device flow)
	SlowedDown     EventKind = "slowed_down"     // Interval is now longer, for good
	ConnectionLost EventKind = "connection_lost" // Err; polling goes on more slowly
	Rejected       EventKind = "rejected"        // Reason, Hint: a wrong callback or paste; the wait goes on
	Received       EventKind = "received"        // the code has arrived and is being exchanged
)

// Event is one thing that happened while a flow waits.
type Event struct {
	Kind       EventKind
	NextPollAt time.Time
	Attempt    int
	Interval   time.Duration
	Err        error
	Reason     string
	Hint       string
}

// WaitOptions is what Wait needs besides the flow.
type WaitOptions struct {
	HTTP     *http.Client
	Client   Client
	Provider provider.Provider
	Listener *Listener     // nil: paste only. Wait closes it.
	Pasted   <-chan string // nil: callback only; its close does not end the wait
	Report   func(Event)   // nil: nobody listens. Called from Wait's own goroutine.
	Now      func() time.Time
}

// Listener is a loopback port that waits for one flow's callback.
type Listener struct{}

// Close frees the port.
func (l *Listener) Close() error { return nil }

// PasteError says what is wrong with a pasted text and what to paste instead.
type PasteError struct {
	Mistake string // stable identifier
	Hint    string // one sentence for the person
}

// StartDevice makes exactly one device authorization request (RFC 8628 §3.1).
func StartDevice(ctx context.Context, hc *http.Client, r Request) (*Flow, error) { return nil, nil }

// StartBrowser binds the loopback port and fixes the exact redirect. A nil Listener without an error means paste only.
func StartBrowser(ctx context.Context, r Request) (*Flow, *Listener, error) { return nil, nil, nil }

// Listen binds a resumed flow's port again; an error means that only pasting is left.
func Listen(f *Flow) (*Listener, error) { return nil, nil }

// Wait goes on with a flow until it yields a token or ends.
func Wait(ctx context.Context, f *Flow, o WaitOptions) (*Token, error) { return nil, nil }

// ParsePaste reads what a person copied: the whole address, its query, or the bare code.
func ParsePaste(f *Flow, text string) (code string, err error) { return "", nil }

// MarshalSealed turns the secrets into bytes, to be sealed and nothing else.
func (s FlowSecrets) MarshalSealed() ([]byte, error) { return nil, nil }

// UnmarshalSealed reads what MarshalSealed wrote.
func (s *FlowSecrets) UnmarshalSealed(b []byte) error { return nil }

// Error implements error.
func (e *PasteError) Error() string { return e.Hint }

// Error implements error with one sentence.
func (e *Error) Error() string { return e.Code }

// Unwrap returns the network's error.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether trying again later may help.
func (e *Error) Transient() bool { return false }

// HTTPOptions are the settings of NewHTTPClient.
type HTTPOptions struct {
	Timeout time.Duration // default 30 s
	CAFile  string        // further certificate authorities (PEM), beside the system's
}

// NewHTTPClient returns the client every request of fettle to a provider goes through.
func NewHTTPClient(o HTTPOptions) *http.Client { return nil }

// ClockSkew returns how far the local clock is ahead of the last server's Date header.
func ClockSkew(hc *http.Client) (skew time.Duration, known bool) { return 0, false }

// Discover resolves a provider's endpoints.
func Discover(ctx context.Context, hc *http.Client, p provider.Provider) (Server, error) {
	return Server{}, nil
}

// RefreshRequest asks for a newer access token.
type RefreshRequest struct {
	Provider provider.Provider
	Server   Server
	Client   Client
	Refresh  secret.Text
	Access   secret.Text // for providers with renew = "exchange"
	Scopes   []string    // the granted ones; sent only where the catalogue says the provider needs them
	Now      func() time.Time
}

// Refresh makes exactly one POST and never retries it.
func Refresh(ctx context.Context, hc *http.Client, r RefreshRequest) (*Token, error) { return nil, nil }

// RevokeRequest asks the provider to end a grant.
type RevokeRequest struct {
	Provider provider.Provider
	Server   Server
	Client   Client
	Refresh  secret.Text
	Access   secret.Text
	TypeHint string // refresh_token or access_token; default: whichever token is given
	Kept     map[string]string
}

// RevokeOutcome says what the provider did.
type RevokeOutcome string

// The two good outcomes of a revocation.
const (
	Revoked        RevokeOutcome = "revoked"
	AlreadyInvalid RevokeOutcome = "already_invalid"
)

// NoRevocationError is ErrNoRevocation with the page where the person can do it by hand.
type NoRevocationError struct {
	Provider string
	Page     string
}

// Error implements error.
func (e *NoRevocationError) Error() string { return ErrNoRevocation.Error() }

// Unwrap makes errors.Is(err, ErrNoRevocation) true.
func (e *NoRevocationError) Unwrap() error { return ErrNoRevocation }

// Revoke ends a grant at the provider.
func Revoke(ctx context.Context, hc *http.Client, r RevokeRequest) (RevokeOutcome, error) {
	return "", nil
}

// Identify finds out who a token belongs to. Identity.Known() == false without an error means that the provider cannot say.
func Identify(ctx context.Context, hc *http.Client, p provider.Provider, s Server, clientID string, t *Token) (Identity, error) {
	return Identity{}, nil
}

// GrantedScopes asks the provider's source of truth which scopes a token has, and names that source.
func GrantedScopes(ctx context.Context, hc *http.Client, p provider.Provider, s Server, c Client, t *Token) (scopes []string, source string, err error) {
	return nil, "", nil
}

// Probe makes the cheapest call that proves a token works for a service.
func Probe(ctx context.Context, hc *http.Client, p provider.Provider, svc provider.Service, t *Token) error {
	return nil
}

// List returns what the account can reach at a service.
func List(ctx context.Context, hc *http.Client, p provider.Provider, svc provider.Service, t *Token) ([]Resource, error) {
	return nil, nil
}

// Origins lists where an account's secrets go: issuer, token and revocation endpoint, and the client id, each with its label.
func Origins(s Server, clientID string) []string { return nil }

// SameOrigins reports whether nothing moved.
func SameOrigins(a, b []string) bool { return false }
