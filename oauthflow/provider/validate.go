package provider

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"fettle/internal/lazyregexp"
)

var idPattern = lazyregexp.New(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Validate reports the first thing that is wrong with an entry.
func (p Provider) Validate() error {
	if !idPattern().MatchString(p.ID) {
		return fmt.Errorf("%q is not a provider id: use lower-case letters, digits, - and _", p.ID)
	}
	// Endpoints and flows first: what follows would only stumble over their mistakes.
	for _, check := range []func() error{p.checkEndpoints, p.checkFlows, p.checkParams, p.checkHabits, p.checkScopes, p.checkClient, p.checkServices, p.checkKinds, p.checkDeaths} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (p Provider) checkEndpoints() error {
	if p.Issuer == "" && p.Token == "" {
		return wrong("issuer", "needed, unless token_endpoint and the other endpoints are given one by one")
	}
	urls := []struct{ key, value string }{
		{"issuer", p.Issuer},
		{"authorization_endpoint", p.Authorization}, {"token_endpoint", p.Token},
		{"device_authorization_endpoint", p.Device}, {"revocation_endpoint", p.Revocation},
		{"introspection_endpoint", p.Introspection}, {"userinfo_endpoint", p.Userinfo},
		{"jwks_uri", p.JWKS}, {"identity.url", p.Identity.URL},
		{"revoke.url", p.Revoke.URL}, {"revoke.page", p.Revoke.Page},
		{"registration.console", p.Registration.Console}, {"registration.docs", p.Registration.Docs},
	}
	for _, u := range urls {
		if err := p.checkTemplate(u.value); err != nil {
			return wrong(u.key, "%w", err)
		}
	}
	for _, o := range p.APIOrigins {
		// A path would look as if it narrowed where a token may go; only origins are compared.
		if u, err := url.Parse(o); err != nil || checkURL(o) != nil || u.Path != "" || u.RawQuery != "" {
			return wrong("api_origins", "%q is not an origin such as https://api.example.com", o)
		}
	}
	return nil
}

func (p Provider) checkFlows() error {
	for _, f := range p.Flows {
		if f != Device && f != Browser {
			return wrong("flows", "%q is neither device nor browser", f)
		}
	}
	// With an issuer the endpoint may still come from its metadata.
	if slices.Contains(p.Flows, Browser) && p.Issuer == "" && p.Authorization == "" {
		return wrong("authorization_endpoint", "needed for the browser flow where there is no issuer to ask")
	}
	if slices.Contains(p.Flows, Device) && p.Issuer == "" && p.Device == "" {
		return wrong("device_authorization_endpoint", "needed for the device flow where there is no issuer to ask")
	}
	for _, host := range p.VerificationHosts {
		// A path or a scheme would never match, and a public suffix would make everybody below it the provider's own. A
		// name without a dot that is no top-level domain is a host of somebody's own network.
		suffix, icann := publicsuffix.PublicSuffix(strings.ToLower(host))
		public := strings.EqualFold(suffix, host) && (icann || strings.Contains(host, "."))
		if host == "" || strings.ContainsAny(host, "/:@*? ") || public {
			return wrong("verification_hosts", "%q is not a host such as example.com", host)
		}
	}
	for _, r := range p.Redirects {
		if err := checkRedirect(r); err != nil {
			return wrong("redirects", "%w", err)
		}
	}
	return nil
}

// The parameters a catalogue entry may not set: they carry the flow's security.
var (
	fixedAuthorizeParams = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"}
	fixedTokenParams     = []string{"grant_type", "client_id", "client_secret", "redirect_uri", "code", "code_verifier", "refresh_token", "device_code"}
)

func (p Provider) checkParams() error {
	for _, table := range []struct {
		key    string
		params map[string]string
		fixed  []string
	}{
		{"authorize_params", p.AuthorizeParams, fixedAuthorizeParams},
		{"consent_params", p.ConsentParams, fixedAuthorizeParams},
		{"token_params", p.TokenParams, fixedTokenParams},
	} {
		for name := range table.params {
			if slices.Contains(table.fixed, name) {
				return wrong(table.key, "%q is set by fettle itself", name)
			}
		}
		// RFC 8707 §2: a server compares it as a whole, and refuses another form with invalid_target at the first sign-in.
		if r, ok := table.params["resource"]; ok && !isAbsoluteURI(r) {
			return wrong(table.key, "the resource %q is not an absolute address without a fragment, such as https://api.example.com or urn:example:api", r)
		}
	}
	return nil
}

func isAbsoluteURI(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "") && !strings.Contains(raw, "#")
}

func (p Provider) checkHabits() error {
	if !slices.Contains([]Rotation{RotationNone, RotationReplace, RotationSingleUse}, p.Rotation) {
		return wrong("rotation", "%q is none of none, replace, single-use", p.Rotation)
	}
	if p.Renew != RenewRefresh && p.Renew != RenewExchange {
		return wrong("renew", "%q is neither refresh nor exchange", p.Renew)
	}
	// There is no standard for exchanging an access token, so the entry has to say how.
	if p.Renew == RenewExchange && len(p.RenewParams) == 0 {
		return wrong("renew_params", "needed with renew = \"exchange\"")
	}
	if !slices.Contains([]string{"", "token", "grant", "project"}, p.Revoke.Scope) {
		return wrong("revoke.scope", "%q is none of token, grant, project", p.Revoke.Scope)
	}
	if !slices.Contains([]string{"", "client", "basic", "bearer", "none"}, p.Revoke.Auth) {
		return wrong("revoke.auth", "%q is none of client, basic, bearer, none", p.Revoke.Auth)
	}
	for key, days := range map[string]int{"idle_days": p.IdleDays, "max_days": p.MaxDays} {
		if days < 0 || days > 36500 {
			return wrong(key, "%d is not between 0 and 36500", days)
		}
	}
	switch src := p.ScopeSource; {
	// These are kinds of answer; everything else is an address that lists permissions (Meta).
	case src == "token", src == "tokeninfo", src == "introspection", strings.HasPrefix(src, "header:"):
	default:
		if err := p.checkTemplate(src); err != nil {
			return wrong("scope_source", "none of token, tokeninfo, introspection, header:NAME, and as a URL %w", err)
		}
	}
	return nil
}

func (p Provider) checkClient() error {
	c := p.Client
	if !slices.Contains([]AuthMethod{"", AuthNone, AuthBasic, AuthPost}, c.Auth) {
		return wrong("client.auth", "%q is none of none, basic, post", c.Auth)
	}
	if _, ok := p.ClientKinds[c.Kind]; c.Kind != "" && !ok {
		return wrong("client.kind", "%q is not a client kind of the provider", c.Kind)
	}
	n := 0
	for _, set := range []bool{!c.Secret.Empty(), c.SecretFile != "", len(c.SecretCommand) > 0} {
		if set {
			n++
		}
	}
	// Which one wins would be a matter of luck for whoever rotates the secret.
	if n > 1 {
		return wrong("client", "has more than one of secret, secret_file, secret_command")
	}
	return nil
}

func (p Provider) checkServices() error {
	for id, s := range p.Services {
		at := "services." + id
		if !idPattern().MatchString(id) {
			return wrong(at, "%q is not a service id: use lower-case letters, digits, - and _", id)
		}
		for _, scope := range s.Scopes {
			if !isScope(scope) {
				return wrong(at+".scopes", "%q is not a scope", scope)
			}
		}
		if err := p.checkRequest(at+".probe", s.Probe); err != nil {
			return err
		}
		if err := p.checkListing(at+".resources", s.Resources); err != nil {
			return err
		}
		for scope := range s.Permissions {
			if !slices.Contains(p.Normalise(s.Scopes), p.canonical()(scope)) {
				return wrong(at+".permissions", "%q is not among the scopes of the service", scope)
			}
		}
	}
	return nil
}

var placeholder = lazyregexp.New(`\{[a-z_]+\}`)

// checkTemplate checks a URL that may hold a kept member, the client id or the id token's tenant in braces.
func (p Provider) checkTemplate(raw string) error {
	if raw == "" {
		return nil
	}
	for _, name := range placeholder().FindAllString(raw, -1) {
		name = strings.Trim(name, "{}")
		if name != "client_id" && name != "tenantid" && !slices.Contains(p.Keep, name) {
			return fmt.Errorf("{%s} is filled in by nothing: add it to vars or keep", name)
		}
	}
	if first := placeholder().FindStringIndex(raw); first != nil && first[0] == 0 {
		return nil // a kept instance URL; its host is checked against instance_hosts when it is used
	}
	return checkURL(placeholder().ReplaceAllString(raw, "x"))
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not an address", raw)
	}
	// A user name reads like the host ("https://accounts.google.com@evil.example"), and RFC 6749 §3.1 forbids fragments.
	if u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return fmt.Errorf("%q holds a user name or a fragment", raw)
	}
	if u.Scheme == "https" || u.Scheme == "http" && LoopbackLiteral(u.Host) {
		return nil
	}
	return fmt.Errorf("%q is not https", raw)
}

func checkRedirect(raw string) error {
	if raw == "" {
		return nil // the provider shows a code
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%q is not an address", raw)
	}
	// RFC 8252 §8.3 advises against localhost, and at some providers it is the only one that can be registered.
	if u.Scheme == "https" || u.Scheme == "http" && (LoopbackLiteral(u.Host) || u.Hostname() == "localhost") {
		return nil
	}
	return fmt.Errorf("%q is neither https nor on this machine's loopback", raw)
}

// LoopbackLiteral reports whether host (with or without a port) is a loopback address written as a number.
// The name localhost is not one: it can be made to point elsewhere.
func LoopbackLiteral(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}
