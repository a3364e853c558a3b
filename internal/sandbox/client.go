package sandbox

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// client is a registered client as the library wants to see it.
type client struct {
	id, secret string
	method     oidc.AuthMethod
	store      *store
}

var _ op.Client = client{}

func (s *store) registeredClients() map[string]client {
	return map[string]client{
		PublicClient: {id: PublicClient, method: oidc.AuthMethodNone, store: s},
		BasicClient:  {id: BasicClient, secret: BasicSecret, method: oidc.AuthMethodBasic, store: s},
		PostClient:   {id: PostClient, secret: PostSecret, method: oidc.AuthMethodPost, store: s},
	}
}

func (c client) GetID() string                               { return c.id }
func (c client) PostLogoutRedirectURIs() []string            { return nil }
func (c client) AuthMethod() oidc.AuthMethod                 { return c.method }
func (c client) LoginURL(id string) string                   { return consentPath + "?request=" + id }
func (c client) AccessTokenType() op.AccessTokenType         { return op.AccessTokenTypeBearer }
func (c client) DevMode() bool                               { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool        { return true }
func (c client) IsScopeAllowed(scope string) bool            { return c.store.words[scope] != "" }
func (c client) RestrictAdditionalIdTokenScopes() scoper     { return sameScopes }
func (c client) RestrictAdditionalAccessTokenScopes() scoper { return sameScopes }

type scoper = func([]string) []string

func sameScopes(scopes []string) []string { return scopes }

// RedirectURIs are registered as a native program's, for which the library ignores the port of a loopback
// address (RFC 8252 §7.3) and lets any loopback host pass.
func (c client) RedirectURIs() []string {
	return []string{"http://127.0.0.1/callback", "http://localhost/", PasteRedirect}
}

// ApplicationType is native for clients with a secret too: the library uses it for redirects only, here.
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeNative }

func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c client) GrantTypes() []oidc.GrantType {
	return []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
}

// ClockSkew moves the library's wall-clock times onto the injected clock: it adds the skew to
// expiries and takes it from the time of issue.
func (c client) ClockSkew() time.Duration { return -c.store.ahead() }

// IDTokenLifetime undoes the skew in the expiry, where the library adds it instead of taking it away.
func (c client) IDTokenLifetime() time.Duration { return time.Hour + 2*c.store.ahead() }
