package provider

import (
	"fettle/internal/secret"
)

// FlowKind names a way of asking the person for a grant.
type FlowKind string

// The two flows: RFC 8628, and RFC 8252 with PKCE.
const (
	Device  FlowKind = "device"
	Browser FlowKind = "browser"
)

// Rotation says what a refresh does to the refresh token that was used.
type Rotation string

// What providers do with refresh tokens. Unknown providers count as SingleUse, the strictest.
const (
	RotationNone      Rotation = "none"       // copies share one token that stays the same
	RotationReplace   Rotation = "replace"    // each refresh yields a new one, earlier ones live on for their term
	RotationSingleUse Rotation = "single-use" // using one kills the previous
)

// AuthMethod says how a client authenticates at the token endpoint (RFC 6749 §2.3).
type AuthMethod string

// The client authentication methods.
const (
	AuthNone  AuthMethod = "none"
	AuthBasic AuthMethod = "basic"
	AuthPost  AuthMethod = "post"
)

// Renewal says how an access token is replaced by a newer one.
type Renewal string

// Most providers refresh; Meta has no refresh token and exchanges the access token itself.
const (
	RenewRefresh  Renewal = "refresh"
	RenewExchange Renewal = "exchange"
)

// Endpoints are the URLs of an authorization server. Empty means "ask discovery" or "does not exist".
type Endpoints struct {
	Authorization string `toml:"authorization_endpoint" json:"authorization_endpoint,omitempty"`
	Token         string `toml:"token_endpoint" json:"token_endpoint,omitempty"`
	Device        string `toml:"device_authorization_endpoint" json:"device_authorization_endpoint,omitempty"`
	Revocation    string `toml:"revocation_endpoint" json:"revocation_endpoint,omitempty"`
	Introspection string `toml:"introspection_endpoint" json:"introspection_endpoint,omitempty"`
	Userinfo      string `toml:"userinfo_endpoint" json:"userinfo_endpoint,omitempty"`
	JWKS          string `toml:"jwks_uri" json:"jwks_uri,omitempty"`
}

// Provider is one authorization server: endpoints, habits, services. docs/catalogue.md explains every key.
type Provider struct {
	ID   string `toml:"-"` // the NAME of [providers.NAME]
	Name string `toml:"name"`

	// Vars are filled in wherever {NAME} stands in the entry: a tenant, an API version, a host.
	Vars map[string]string `toml:"vars"`

	Issuer       string `toml:"issuer"`        // may hold {tenantid}, known only from the id token (Microsoft)
	IssParameter bool   `toml:"iss_parameter"` // redirects carry iss (RFC 9207); discovery can say so too
	Endpoints

	Flows           []FlowKind        `toml:"flows"`         // in order of preference
	DeviceScopes    []string          `toml:"device_scopes"` // non-empty: the only scopes the device flow may carry
	Redirects       []string          `toml:"redirects"`     // tried in order; port 0 = any free one; "" = the provider shows a code
	PKCE            *bool             `toml:"pkce"`          // nil = yes
	AuthorizeParams map[string]string `toml:"authorize_params"`
	ConsentParams   map[string]string `toml:"consent_params"` // added when the consent page has to show again
	TokenParams     map[string]string `toml:"token_params"`
	LoginHint       string            `toml:"login_hint"` // name of that parameter, default login_hint

	DeviceCodes      PollCodes `toml:"device_codes"`       // besides RFC 8628's
	DeviceClientAuth *bool     `toml:"device_client_auth"` // nil = a client with a secret sends it with the device request
	// VerificationHosts are further sites where people enter the code, subdomains included; those of the entry's own addresses always count.
	VerificationHosts []string `toml:"verification_hosts"`

	IdentityScopes []string            `toml:"identity_scopes"` // asked, never compared
	GrantScopes    []string            `toml:"grant_scopes"`    // asked, never compared
	ScopeSeparator string              `toml:"scope_separator"` // default: a space
	ScopeAliases   map[string]string   `toml:"scope_aliases"`   // alias → canonical name
	ScopePrefixes  []string            `toml:"scope_prefixes"`  // taken off before scopes are compared (Microsoft: the resource)
	ScopeImplies   map[string][]string `toml:"scope_implies"`   // scope → scopes it includes
	ScopeSource    string              `toml:"scope_source"`    // token (default) | tokeninfo | introspection | a URL | header:NAME

	Rotation Rotation `toml:"rotation"`
	Renew    Renewal  `toml:"renew"`
	// RenewParams is the form of a renewal by exchange; {access_token} stands for the token.
	RenewParams   map[string]string `toml:"renew_params"`
	RefreshScopes bool              `toml:"refresh_scopes"` // a refresh has to name its scopes
	AccessTTL     Duration          `toml:"access_ttl"`     // assumed when the token answer has no expires_in
	IdleDays      int               `toml:"idle_days"`      // a grant unused that long dies
	MaxDays       int               `toml:"max_days"`       // a grant dies that long after consent
	Supersedes    bool              `toml:"supersedes"`     // a new grant kills the old one
	Portable      *bool             `toml:"portable"`       // nil = yes; false: tokens are only good on the machine that got them

	Revoke        Revoke   `toml:"revoke"`
	Identity      Identity `toml:"identity"`
	Keep          []string `toml:"keep"`           // members of the token answer to keep (Salesforce: instance_url)
	InstanceHosts []string `toml:"instance_hosts"` // hosts a kept instance URL may name; "*.example" for subdomains
	APIOrigins    []string `toml:"api_origins"`    // further origins a bearer token may be sent to

	// Deaths are the causes by which grants end, by id; idle_days and max_days are the two terms that hold for every grant.
	Deaths       map[string]Death      `toml:"deaths"`
	ClientKinds  map[string]ClientKind `toml:"client_kinds"`
	Registration Registration          `toml:"registration"`

	Client   ClientConfig       `toml:"client"`
	Services map[string]Service `toml:"services"`

	FromConfig bool `toml:"-"` // config.toml adds or overrides something here

	spelling      func(string) string // canonical, worked out
	shippedRevoke string              // revoke.url of the built-in entry, whatever config.toml says
}

// ClientConfig is a client registration written into a config file; at most one of the three secret keys is set.
type ClientConfig struct {
	ID            string      `toml:"id"`
	Secret        secret.Text `toml:"secret"`
	SecretFile    string      `toml:"secret_file"`
	SecretCommand []string    `toml:"secret_command"`
	Auth          AuthMethod  `toml:"auth"`
	Kind          string      `toml:"kind"`           // id among client_kinds
	Testing       bool        `toml:"testing"`        // its consent screen is in testing: see the causes with if = "testing"
	SecretExpires Date        `toml:"secret_expires"` // the day on which the secret ends
}

// PollCodes are the words a provider uses while a device flow waits; each stands in error or error_subcode.
type PollCodes struct {
	Pending  []string `toml:"pending"`
	SlowDown []string `toml:"slow_down"`
	Declined []string `toml:"declined"`
	Expired  []string `toml:"expired"`
}

// Revoke describes what the provider offers for revocation (RFC 7009 or its own way) and how far it reaches.
type Revoke struct {
	URL    string `toml:"url"`    // default: the revocation endpoint
	Method string `toml:"method"` // default: POST
	Auth   string `toml:"auth"`   // client (default, RFC 7009) | basic | bearer | none
	Body   string `toml:"body"`   // default: RFC 7009's form; {token} stands for the token as JSON text
	Scope  string `toml:"scope"`  // token | grant | project: what dies with the token
	Page   string `toml:"page"`   // where the person can take the consent back by hand
	// Effects says in words what else a revocation does, or that there is none: shown before it is confirmed.
	Effects string `toml:"effects"`
}

// Identity says where the subject and e-mail of an account are found; default: the id token, then the userinfo endpoint.
type Identity struct {
	URL     string `toml:"url"`
	Method  string `toml:"method"`  // default: GET
	Subject string `toml:"subject"` // dotted path of the member, default "sub"
	Email   string `toml:"email"`   // dotted path of the member, default "email"
	Tenant  string `toml:"tenant"`  // dotted path of the member, default "tid"
}

// Service is what an account can be authorized for: scopes, plus a probe and a resource listing.
type Service struct {
	ID          string            `toml:"-"`
	Name        string            `toml:"name"`
	Scopes      []string          `toml:"scopes"`
	Permissions map[string]string `toml:"permissions"` // scope → the words on the consent page
	Resource    string            `toml:"resource"`    // one access token serves one resource (Microsoft)
	Setup       []string          `toml:"setup"`       // what has to be enabled at the client's registration for it
	Probe       Request           `toml:"probe"`
	Resources   Listing           `toml:"resources"`
}

// Request is one API call made with an access token.
type Request struct {
	URL     string            `toml:"url"`
	Method  string            `toml:"method"` // default: GET
	Headers map[string]string `toml:"headers"`
	Body    string            `toml:"body"`
	OK      []int             `toml:"ok"` // statuses beside 2xx that prove the token works
	// Needs are the vars that have to be given before the call can be made, each with the sentence that says so.
	// While one is empty the call is left out: URL is empty and Blocked says why.
	Needs   map[string]string `toml:"needs"`
	Blocked string            `toml:"-"`
}

// Listing is a paged API call and how to read its answer. Member names may be dotted paths.
type Listing struct {
	Request
	Items     string   `toml:"items"`  // the array; "" = the answer itself
	ID        string   `toml:"id"`     // default "id"
	Name      string   `toml:"name"`   // default "name"
	Parent    string   `toml:"parent"` // group of an item, "" = none
	Next      string   `toml:"next"`   // member with the next page's token or whole URL; header:Link = RFC 8288
	NextParam string   `toml:"next_param"`
	NextURL   string   `toml:"next_url"`  // where further pages are asked for, if not at URL (Dropbox)
	NextBody  string   `toml:"next_body"` // body of that call; {next} stands for the next page's token as JSON text
	More      string   `toml:"more"`      // member that is true while there are further pages
	Each      *Listing `toml:"each"`      // a further call for each item, at a URL with {item}; it lists the item's children
	Children  *Listing `toml:"children"`  // listing inside each item (Analytics: propertySummaries)
}
