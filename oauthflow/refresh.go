package oauthflow

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

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

// Refresh makes exactly one POST and never retries it. Token.Refresh is empty where the answer held none: the
// caller keeps the old one (RFC 6749 §6).
func Refresh(ctx context.Context, hc *http.Client, r RefreshRequest) (*Token, error) {
	now := clockOr(r.Now)
	if r.Provider.Renew == provider.RenewExchange {
		return r.exchange(ctx, hc, now())
	}
	if r.Refresh.Empty() {
		return nil, &Error{Place: PlaceRefresh, Provider: r.Provider.ID, Code: "invalid_request", Description: "there is no refresh token"}
	}
	extra := params(r.Provider.TokenParams)
	// Microsoft binds a refresh token to no resource: without scopes the answer's token could be for another one. Elsewhere a list
	// would only narrow what comes back (RFC 6749 §6).
	if r.Provider.RefreshScopes && len(r.Scopes) > 0 {
		// Answers do not name offline_access among the granted scopes; without it in the request Microsoft sends no
		// new refresh token, and the old one dies 90 days after the sign-in, however often it is used.
		scopes := r.Provider.Normalise(slices.Concat(r.Scopes, r.Provider.GrantScopes))
		extra.Set("scope", strings.Join(scopes, r.Provider.ScopeSeparator))
	}
	cfg := config(r.Server, r.Client, "", nil)
	return requestToken(ctx, hc, PlaceRefresh, r.Provider, r.Client, extra, now(),
		func(ctx context.Context) (*oauth2.Token, error) {
			return cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: r.Refresh.Reveal()}).Token()
		})
}

// exchange renews a token that is its own refresh token (Meta).
func (r RefreshRequest) exchange(ctx context.Context, hc *http.Client, now time.Time) (*Token, error) {
	if r.Access.Empty() {
		return nil, &Error{Place: PlaceRefresh, Provider: r.Provider.ID, Code: "invalid_request", Description: "there is no access token to exchange"}
	}
	form := url.Values{}
	for k, v := range r.Provider.RenewParams {
		form.Set(k, strings.ReplaceAll(v, "{access_token}", r.Access.Reveal()))
	}
	a, secrets, err := post(ctx, hc, PlaceRefresh, r.Provider.ID, r.Server.Token, form, r.Client)
	if err != nil {
		return nil, err
	}
	return a.token(PlaceRefresh, r.Provider, secrets, now)
}
