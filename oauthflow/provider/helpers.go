package provider

import "time"

// Permission is a scope with the words the consent page uses for it.
type Permission struct {
	Scope   string
	Words   string
	Service string // name of the service that needs it
}

// Validate reports the first thing that is wrong with an entry.
func (p Provider) Validate() error { return nil }

// Supports reports why a flow cannot be used for scopes; nil means it can.
func (p Provider) Supports(kind FlowKind, scopes []string) error { return nil }

// RequestScopes returns what to ask for: the services' scopes with the identity and grant scopes.
func (p Provider) RequestScopes(services []string) ([]string, error) { return nil, nil }

// RequiredScopes returns what the services need.
func (p Provider) RequiredScopes(services []string) ([]string, error) { return nil, nil }

// Missing returns the required permissions that were not granted.
func (p Provider) Missing(required, granted []string) []Permission { return nil }

// Normalise brings scopes into one form: canonical names, sorted, no duplicates.
func (p Provider) Normalise(scopes []string) []string { return nil }

// SplitScopes reads a scope list separated by spaces or commas.
func (p Provider) SplitScopes(s string) []string { return nil }

// ServiceList returns the services sorted by name.
func (p Provider) ServiceList() []Service { return nil }

// UsesPKCE reports whether PKCE is sent.
func (p Provider) UsesPKCE() bool { return p.PKCE == nil || *p.PKCE }

// IsPortable reports whether tokens are good on other machines too.
func (p Provider) IsPortable() bool { return p.Portable == nil || *p.Portable }

// IdleTerm returns how long a grant lives without use; 0 = for ever.
func (p Provider) IdleTerm() time.Duration { return time.Duration(p.IdleDays) * 24 * time.Hour }

// MaxTerm returns how long a grant lives after consent; 0 = for ever.
func (p Provider) MaxTerm() time.Duration { return time.Duration(p.MaxDays) * 24 * time.Hour }

// BearerOrigins returns the origins a bearer token may be sent to. Endpoints are the resolved ones; kept is the
// grant's kept members, of which an instance URL counts if its host is among InstanceHosts.
func (p Provider) BearerOrigins(e Endpoints, kept map[string]string) []string { return nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error { return nil }
