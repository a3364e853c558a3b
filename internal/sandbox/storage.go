package sandbox

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// This file is the rest of what the library wants from a storage: clients, keys, claims, revocation.

var (
	_ op.Storage                    = (*store)(nil)
	_ op.DeviceAuthorizationStorage = (*store)(nil)
)

var (
	errUnknownClient = errors.New("unknown client")
	errDeadToken     = errors.New("the access token is invalid or expired")
	errUnsupported   = errors.New("not supported")
)

func (s *store) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, oidc.ErrInvalidClient().WithParent(errUnknownClient).WithDescription("unknown client")
	}
	return c, nil
}

func (s *store) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, ok := s.clients[id]
	// A client without a secret is public: an empty one must not authenticate it as confidential.
	if !ok || c.secret == "" || subtle.ConstantTimeCompare([]byte(c.secret), []byte(secret)) != 1 {
		return errUnknownClient
	}
	return nil
}

// GetRefreshTokenInfo recognises refresh tokens, so that revocation finds them whatever the hint says.
func (s *store) GetRefreshTokenInfo(_ context.Context, clientID, token string) (string, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rt := s.refresh[hashOf(token)]
	if rt == nil || rt.grant.client != clientID {
		return "", "", op.ErrInvalidRefreshToken
	}
	return rt.grant.user.Subject, hashOf(token), nil
}

// RevokeToken ends the grant of a refresh token, or one access token. Unknown tokens are no error (RFC 7009 §2.2).
// The library passes a hash, an access token id, or, after a wrong hint, the token itself.
func (s *store) RevokeToken(_ context.Context, token, _, clientID string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rt := s.refresh[token]
	if rt == nil {
		rt = s.refresh[hashOf(token)]
	}
	if rt != nil && rt.grant.client == clientID {
		s.kill(rt.grant, "revoked by the client")
	}
	if at := s.access[token]; at != nil && at.grant.client == clientID {
		delete(s.access, token)
		if s.opts.Quirks.AccessRevocationKills {
			s.kill(at.grant, "revoked by the client")
		}
	}
	return nil
}

func (s *store) TerminateSession(context.Context, string, string) error { return nil }

func (s *store) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, subject, _ string, scopes []string) error {
	user, err := s.user(subject)
	if err != nil {
		return err
	}
	info.Subject = user.Subject
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = user.Email, true
	}
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name = user.Name
	}
	return nil
}

// SetUserinfoFromToken is never asked: api.go answers at the userinfo endpoint.
func (s *store) SetUserinfoFromToken(context.Context, *oidc.UserInfo, string, string, string) error {
	return errUnsupported
}

// SetIntrospectionFromToken answers for living tokens; for all others the library says inactive (RFC 7662 §2.2).
func (s *store) SetIntrospectionFromToken(_ context.Context, out *oidc.IntrospectionResponse, tokenID, subject, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.liveAccess(tokenID)
	if at == nil {
		return errDeadToken
	}
	out.Scope, out.ClientID, out.TokenType = slices.Clone(at.scopes), at.grant.client, oidc.BearerToken
	out.Expiration, out.Subject, out.Username = oidc.FromTime(at.expires), subject, at.grant.user.Email
	return nil
}

func (s *store) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (s *store) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnsupported
}

func (s *store) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errUnsupported
}

func (s *store) Health(context.Context) error { return nil }

const keyID = "sandbox"

type signingKey struct{ store *store }

func (k signingKey) ID() string                                  { return keyID }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.store.key }

type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.store.key.PublicKey }

func (s *store) SigningKey(context.Context) (op.SigningKey, error) { return signingKey{s}, nil }

func (s *store) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{signingKey{s}}}, nil
}
