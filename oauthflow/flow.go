package oauthflow

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// Flow is a pending authorization: a plain value, so that another process can go on with it. Its JSON is
// public; what must be sealed is in MarshalSealed.
type Flow struct {
	ID       string            `json:"id"`
	Kind     provider.FlowKind `json:"kind"`
	Provider string            `json:"provider"` // id

	Server   Server              `json:"server"`
	ClientID string              `json:"client_id"`
	Auth     provider.AuthMethod `json:"auth"`
	Scopes   []string            `json:"scopes"`

	// RedirectURI is exact, port included. Empty with a browser flow: the provider shows a code to paste.
	RedirectURI string `json:"redirect_uri,omitempty"`
	// AuthorizationURL carries the state, so it is sealed with it.
	AuthorizationURL string `json:"-"`

	UserCode                string `json:"user_code,omitempty"`
	VerificationURI         string `json:"verification_uri,omitempty"`
	VerificationURIComplete string `json:"verification_uri_complete,omitempty"`
	// ForeignHost is the host of those addresses, in ASCII, where it is not one of the provider's own sites: to be shown as
	// a warning beside the code (RFC 8628 §5.3). Empty, as usual: it is.
	ForeignHost string        `json:"foreign_host,omitempty"`
	Interval    time.Duration `json:"interval,omitempty"` // Wait raises it when told to slow down

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

// sealedPart is what MarshalSealed writes.
type sealedPart struct {
	State            string `json:"state,omitempty"`
	Verifier         string `json:"verifier,omitempty"`
	DeviceCode       string `json:"device_code,omitempty"`
	AuthorizationURL string `json:"authorization_url,omitempty"`
}

// MarshalSealed turns the secrets, and the address that holds one, into bytes to be sealed and nothing else.
func (f *Flow) MarshalSealed() ([]byte, error) {
	s := f.Secrets
	return json.Marshal(sealedPart{s.State.Reveal(), s.Verifier.Reveal(), s.DeviceCode.Reveal(), f.AuthorizationURL})
}

// UnmarshalSealed reads what MarshalSealed wrote.
func (f *Flow) UnmarshalSealed(b []byte) error {
	var v sealedPart
	if err := json.Unmarshal(b, &v); err != nil {
		return errors.New("the sealed part of a sign-in cannot be read") // the cause could quote the bytes
	}
	f.Secrets = FlowSecrets{secret.New(v.State), secret.New(v.Verifier), secret.New(v.DeviceCode)}
	f.AuthorizationURL = v.AuthorizationURL
	return nil
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

// newFlow fills in what both kinds have in common.
func (r Request) newFlow(kind provider.FlowKind, now time.Time) (*Flow, error) {
	if r.Client.ID == "" {
		return nil, fmt.Errorf("%s: no client id is set", r.Provider.Name)
	}
	if err := r.Provider.Supports(kind, r.Scopes); err != nil {
		return nil, err
	}
	var id [12]byte
	_, _ = rand.Read(id[:]) // never fails
	return &Flow{
		ID: hex.EncodeToString(id[:]), Kind: kind, Provider: r.Provider.ID, Server: r.Server,
		ClientID: r.Client.ID, Auth: r.Client.Auth, Scopes: r.Scopes, StartedAt: now,
	}, nil
}

// randomText returns 256 random bits as URL-safe text.
func randomText() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
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
	Reason     string // stable identifier
	Hint       string // one sentence for the person
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

func (o WaitOptions) report(e Event) {
	if o.Report != nil {
		o.Report(e)
	}
}

// Wait goes on with a flow until it yields a token or ends: with an *Error, which is ErrDenied or ErrExpired
// where the person declined or took too long, or with the context's error. The caller stores the token
// before it does anything else. A request under way when ctx ends is drained, since its answer may be the token.
func Wait(ctx context.Context, f *Flow, o WaitOptions) (*Token, error) {
	if o.Listener != nil {
		defer o.Listener.shut()
	}
	// A code belongs to the client that asked for it (RFC 6749 §4.1.3); another one would burn it.
	if o.Client.ID != f.ClientID {
		return nil, fmt.Errorf("the sign-in was started with client %s, not %s; start it again", clean(f.ClientID), clean(o.Client.ID))
	}
	o.Now = clockOr(o.Now)
	// As at the start: a config that changed meanwhile must not decide how a secret is sent.
	o.Client.Auth = f.Auth
	o.HTTP = guarded(o.HTTP)
	var (
		t   *Token
		err error
	)
	switch f.Kind {
	case provider.Device:
		t, err = waitDevice(ctx, f, o)
	case provider.Browser:
		t, err = waitBrowser(ctx, f, o)
	default:
		err = fmt.Errorf("a sign-in of kind %q is not known", f.Kind)
	}
	if err != nil {
		return nil, err
	}
	if !t.ScopesStated {
		t.Scopes = o.Provider.Normalise(f.Scopes)
	}
	return lengthen(ctx, f, o, t), nil
}

// lengthen exchanges a short-lived token for a long-lived one where the provider renews by exchange; if that
// fails the short one is still good, and a later renewal may do it.
func lengthen(ctx context.Context, f *Flow, o WaitOptions, t *Token) *Token {
	if o.Provider.Renew != provider.RenewExchange {
		return t
	}
	long, err := Refresh(context.WithoutCancel(ctx), o.HTTP, RefreshRequest{Provider: o.Provider, Server: f.Server, Client: o.Client, Access: t.Access, Now: o.Now})
	if err != nil {
		return t
	}
	if !long.ScopesStated {
		long.Scopes, long.ScopesStated = t.Scopes, t.ScopesStated
	}
	return long
}

func clockOr(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// expired is how a flow ends whose time is over.
func expired(place Place, providerID string) *Error {
	return &Error{Place: place, Provider: providerID, Code: "expired_token", Description: ErrExpired.Error(), Err: ErrExpired}
}

// drain returns a context that outlives ctx by grace.
func drain(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}
