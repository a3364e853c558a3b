package accounts

import (
	"context"
	"time"

	"fettle/internal/secret"
)

// AccessToken is what a job needs to call an API.
type AccessToken struct {
	Token     secret.Text
	Type      string    // "Bearer" unless the provider said otherwise
	ExpiresAt time.Time // zero: not known
}

// Token returns an access token that lasts at least minTTL: the stored one, without any lock, if it does,
// else a newer one. A provider whose tokens never last that long gives the newest there is.
func (b *Book) Token(ctx context.Context, accountID string, minTTL time.Duration) (AccessToken, error) {
	token, ok, err := b.storedToken(ctx, accountID, minTTL)
	if err != nil || ok {
		return token, err
	}
	if _, err := b.Refresh(ctx, accountID, Fresh(minTTL)); err != nil {
		return AccessToken{}, err
	}
	token, _, err = b.storedToken(ctx, accountID, 0)
	return token, err
}

// storedToken opens the stored access token and reports whether it lasts.
func (b *Book) storedToken(ctx context.Context, accountID string, minTTL time.Duration) (AccessToken, bool, error) {
	h, err := b.enter(ctx, accountID)
	if err != nil {
		return AccessToken{}, false, err
	}
	if _, err := b.usable(h); err != nil {
		return AccessToken{}, false, err
	}
	g, err := b.openGrant(h.grant)
	if err != nil {
		return AccessToken{}, false, err
	}
	token := AccessToken{Token: g.Access, Type: g.Type, ExpiresAt: h.account.AccessExpiresAt}
	if token.Type == "" {
		token.Type = "Bearer"
	}
	return token, !g.Access.Empty() && lasts(h.account.AccessExpiresAt, minTTL, b.now()), nil
}
