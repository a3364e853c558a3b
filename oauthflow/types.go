package oauthflow

import (
	"time"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// Server is an authorization server as flows and refreshes use it: resolved once, then fixed, so that a
// config that changes later cannot redirect a secret (RFC 9700 §4.4).
type Server struct {
	Issuer string `json:"issuer,omitempty"`
	provider.Endpoints
	// Revoke is the entry's revoke.url, where revocations go if it is set. Its {NAME}s are not filled in.
	Revoke string `json:"revoke,omitempty"`
	// IssParameter is set where the metadata announces authorization_response_iss_parameter_supported (RFC 9207).
	IssParameter bool `json:"iss_parameter,omitempty"`
}

// Client is a client registration ready for use.
type Client struct {
	ID     string
	Secret secret.Text
	Auth   provider.AuthMethod
}

// Token is a provider's answer to a successful token request (RFC 6749 §5.1), normalised.
type Token struct {
	Access  secret.Text
	Refresh secret.Text // empty: none came with this answer
	ID      secret.Text // the id token, if any
	Type    string

	ReceivedAt       time.Time
	AccessExpiresAt  time.Time // zero: the provider does not say and the catalogue assumes nothing
	RefreshExpiresAt time.Time // zero: not said

	// Scopes is the granted set, normalised. ScopesStated is false where the answer had no scope
	// member, which means "as requested" (RFC 6749 §5.1).
	Scopes       []string
	ScopesStated bool

	Kept map[string]string // members named by the catalogue's keep
}

// Identity is who a grant belongs to. Subject decides, never the e-mail; the zero value is "unknown".
type Identity struct {
	Issuer  string `json:"issuer,omitempty"`
	Tenant  string `json:"tenant,omitempty"`
	Subject string `json:"subject,omitempty"`
	Email   string `json:"email,omitempty"`
}

// Known reports whether the provider said who it is.
func (i Identity) Known() bool { return i.Subject != "" }

// Same reports whether two identities are one: issuer, tenant and subject agree. Unknown is never the same.
func (i Identity) Same(o Identity) bool {
	return i.Known() && o.Known() && i.Issuer == o.Issuer && i.Tenant == o.Tenant && i.Subject == o.Subject
}

// Resource is one thing an account can reach: a property, a spreadsheet, an ad account.
type Resource struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"` // ID of the resource it belongs to, or a plain group name
}
