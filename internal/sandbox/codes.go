package sandbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authRequest is an authorization request, from the first page to the redeemed code.
type authRequest struct {
	*oidc.AuthRequest
	id      string
	store   *store
	expires time.Time

	// Set by the consent, under the store's lock, before the code exists.
	decided bool
	user    *User
	scopes  []string
	at      time.Time

	grant *grant // set when the code is redeemed: a second redemption ends it
}

func (r *authRequest) GetID() string          { return r.id }
func (r *authRequest) GetACR() string         { return "" }
func (r *authRequest) GetAMR() []string       { return []string{"pwd"} }
func (r *authRequest) GetAudience() []string  { return []string{r.ClientID} }
func (r *authRequest) GetAuthTime() time.Time { return r.at.Add(-r.store.ahead()) } // the client's skew is added back
func (r *authRequest) GetClientID() string    { return r.ClientID }
func (r *authRequest) GetNonce() string       { return r.Nonce }
func (r *authRequest) GetScopes() []string    { return slices.Clone(r.scopes) }
func (r *authRequest) GetSubject() string     { return r.user.Subject }
func (r *authRequest) Done() bool             { return r.user != nil }

func (r *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	if r.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

var errNoRequest = errors.New("this sign-in is unknown, expired or already answered; start it again")

// CreateAuthRequest keeps a validated authorization request until somebody answers it.
func (s *store) CreateAuthRequest(_ context.Context, req *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, old := range s.requests {
		if s.now().After(old.expires) {
			delete(s.requests, id)
		}
	}
	r := &authRequest{AuthRequest: req, id: newID(), store: s, expires: s.now().Add(s.opts.DeviceTTL)}
	s.requests[r.id] = r
	return r, nil
}

// AuthRequestByID finds a request that waits for an answer.
func (s *store) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return s.pending(id)
}

func (s *store) pending(id string) (*authRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[id]
	if r == nil || r.decided || s.now().After(r.expires) {
		return nil, errNoRequest
	}
	return r, nil
}

// decide answers a request once; a nil user is a refusal.
func (s *store) decide(id string, user *User, c Consent) (*authRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[id]
	if r == nil || r.decided || s.now().After(r.expires) {
		return nil, errNoRequest
	}
	r.decided, r.user, r.at = true, user, s.now()
	if user != nil {
		r.scopes = s.granted(r.Scopes, c)
	}
	return r, nil
}

// SaveAuthCode ties a code to its request.
func (s *store) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.requests[id]
	if r == nil {
		return errNoRequest
	}
	r.expires = s.now().Add(time.Minute)
	s.codes[hashOf(code)] = r
	return nil
}

// AuthRequestByCode finds the request of a code that is not expired. Used codes are let through to redeemCode.
func (s *store) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.codes[hashOf(code)]
	if r == nil || (r.grant == nil && s.now().After(r.expires)) {
		return nil, refusedUnknown
	}
	return r, nil
}

// redeemCode turns a code into a grant, once. A second use means that somebody else has the code
// (RFC 6749 §4.1.2), so the grant of the first use ends.
func (s *store) redeemCode(r *authRequest) (*grant, error) {
	if r.grant != nil {
		s.kill(r.grant, "code used twice")
		return nil, oidc.ErrInvalidGrant().WithDescription("the authorization code was used before")
	}
	r.grant = s.newGrant("browser", r.user, r.ClientID, r.GetScopes())
	return r.grant, nil
}

// DeleteAuthRequest forgets the request but not its code, so that a second use is recognised.
func (s *store) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}
