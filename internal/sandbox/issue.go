package sandbox

import (
	"context"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// issuance travels through the library in the request's context: it tells the store which device code
// is being redeemed, and tells the endpoint afterwards what was issued.
type issuance struct {
	device      *device
	user        string
	scopes      []string
	refreshLife time.Duration // 0 = no refresh token, or one without an end
}

type issuanceKey struct{}

func withIssuance(ctx context.Context, i *issuance) context.Context {
	return context.WithValue(ctx, issuanceKey{}, i)
}

// CreateAccessToken is called where no refresh token is due.
func (s *store) CreateAccessToken(ctx context.Context, req op.TokenRequest) (string, time.Time, error) {
	id, _, expires, err := s.issue(ctx, req, false)
	return id, expires, err
}

// CreateAccessAndRefreshTokens is the one place where codes are redeemed and refresh tokens exchanged.
func (s *store) CreateAccessAndRefreshTokens(ctx context.Context, req op.TokenRequest, _ string) (string, string, time.Time, error) {
	return s.issue(ctx, req, !s.opts.Quirks.NoRefreshTokens)
}

func (s *store) issue(ctx context.Context, req op.TokenRequest, wantRefresh bool) (string, string, time.Time, error) {
	out, ok := ctx.Value(issuanceKey{}).(*issuance)
	if !ok {
		return "", "", time.Time{}, oidc.ErrServerError().WithDescription("tokens are issued at the token endpoint only")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var (
		g     *grant
		token string
		rt    *refreshToken
		err   error
	)
	scopes := req.GetScopes()
	switch r := req.(type) {
	case *refreshRequest:
		g = r.token.grant
		token, rt, err = s.rotate(r.token)
		wantRefresh = false
	case *authRequest:
		g, err = s.redeemCode(r)
	case *op.DeviceAuthorizationState:
		g, err = s.redeemDevice(out.device)
		if g != nil {
			scopes = g.scopes
		}
	default:
		err = oidc.ErrUnsupportedGrantType()
	}
	if err != nil {
		return "", "", time.Time{}, err
	}
	if wantRefresh {
		token, rt = s.newRefreshToken(g)
	}
	if rt != nil && !rt.expires.IsZero() {
		out.refreshLife = rt.expires.Sub(s.now())
	}
	at := s.newAccessToken(g, scopes)
	out.user, out.scopes = g.user.Email, at.scopes
	return at.id, token, at.expires, nil
}
