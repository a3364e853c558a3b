package sandbox

import (
	"context"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// grant is one consent of one user to one client, with the family of tokens that came of it.
type grant struct {
	id      string
	flow    string
	user    *User
	client  string
	scopes  []string
	created time.Time
	ended   time.Time // zero while alive
	cause   string    // why it ended
}

type refreshToken struct {
	grant   *grant
	expires time.Time // zero = never
	used    bool      // single-use: already exchanged
}

type accessToken struct {
	id      string
	grant   *grant
	scopes  []string
	expires time.Time
}

// refusal is the text of an invalid_grant whose code the library chooses.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	refusedUnknown = refusal("the token is unknown")
	refusedRevoked = refusal("Token has been expired or revoked.")
	refusedReused  = refusal("the refresh token was used before, so the whole grant was revoked")
)

// refreshRequest is what the library carries from validating a refresh token to creating the next one.
type refreshRequest struct {
	hash   string
	token  *refreshToken
	scopes []string
}

func (r *refreshRequest) GetAMR() []string                 { return nil }
func (r *refreshRequest) GetAudience() []string            { return []string{r.token.grant.client} }
func (r *refreshRequest) GetAuthTime() time.Time           { return time.Time{} }
func (r *refreshRequest) GetClientID() string              { return r.token.grant.client }
func (r *refreshRequest) GetScopes() []string              { return r.scopes }
func (r *refreshRequest) GetSubject() string               { return r.token.grant.user.Subject }
func (r *refreshRequest) SetCurrentScopes(scopes []string) { r.scopes = scopes }

// TokenRequestByRefreshToken only looks. A used token is let through: whether this caller wins or
// loses is decided by rotate, after the library has checked the client.
func (s *store) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := hashOf(token)
	rt := s.refresh[hash]
	switch {
	case rt == nil:
		return nil, refusedUnknown
	case !rt.used && !s.alive(rt):
		return nil, refusedRevoked
	}
	return &refreshRequest{hash: hash, token: rt, scopes: slices.Clone(rt.grant.scopes)}, nil
}

// rotate exchanges a refresh token under the lock. It returns the new refresh token, empty where the old one stays.
func (s *store) rotate(rt *refreshToken) (string, *refreshToken, error) {
	if rt.used {
		s.kill(rt.grant, "reuse")
		return "", nil, s.rotatedAway()
	}
	if !s.alive(rt) {
		return "", nil, oidc.ErrInvalidGrant().WithDescription("%s", refusedRevoked)
	}
	switch s.opts.Rotation {
	case RotationReplace:
	case RotationSingleUse:
		rt.used = true
	default:
		return "", rt, nil
	}
	token, next := s.newRefreshToken(rt.grant)
	return token, next, nil
}

func (s *store) rotatedAway() error {
	if s.opts.Quirks.RotatedInvalidRequest {
		return oidc.ErrInvalidRequest().WithDescription("%s", refusedReused)
	}
	return oidc.ErrInvalidGrant().WithDescription("%s", refusedReused)
}

func (s *store) newGrant(flow string, user *User, clientID string, scopes []string) *grant {
	g := &grant{id: newID(), flow: flow, user: user, client: clientID, scopes: scopes, created: s.now()}
	s.grants = append(s.grants, g)
	return g
}

func (s *store) newRefreshToken(g *grant) (string, *refreshToken) {
	token := newSecret(RefreshTokenPrefix)
	rt := &refreshToken{grant: g}
	if s.opts.RefreshTTL > 0 {
		rt.expires = s.now().Add(s.opts.RefreshTTL)
	}
	s.refresh[hashOf(token)] = rt
	return token, rt
}

func (s *store) newAccessToken(g *grant, scopes []string) *accessToken {
	at := &accessToken{id: newID(), grant: g, scopes: slices.Clone(scopes), expires: s.now().Add(s.opts.AccessTTL)}
	s.access[at.id] = at
	return at
}

func (s *store) alive(rt *refreshToken) bool {
	expired := !rt.expires.IsZero() && !s.now().Before(rt.expires)
	return rt.grant.ended.IsZero() && !rt.used && !expired
}

// kill ends a grant and with it every token of the family.
func (s *store) kill(g *grant, cause string) {
	if !g.ended.IsZero() {
		return
	}
	g.ended, g.cause = s.now(), cause
	if cause == "reuse" {
		s.families++
	}
}

// liveAccess finds a usable access token by its id.
func (s *store) liveAccess(id string) *accessToken {
	at := s.access[id]
	if at == nil || !at.grant.ended.IsZero() || !s.now().Before(at.expires) {
		return nil
	}
	return at
}
