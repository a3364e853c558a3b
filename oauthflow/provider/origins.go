package provider

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// ShippedRevoke is the revoke.url of the built-in entry, which no config can change; empty where there is none.
func (p Provider) ShippedRevoke() string { return p.shippedRevoke }

// UsesPKCE reports whether PKCE is sent.
func (p Provider) UsesPKCE() bool { return p.PKCE == nil || *p.PKCE }

// IsPortable reports whether tokens are good on other machines too.
func (p Provider) IsPortable() bool { return p.Portable == nil || *p.Portable }

// IdleTerm returns how long a grant lives without use; 0 = for ever.
func (p Provider) IdleTerm() time.Duration { return time.Duration(p.IdleDays) * day }

// MaxTerm returns how long a grant lives after consent; 0 = for ever.
func (p Provider) MaxTerm() time.Duration { return time.Duration(p.MaxDays) * day }

// BearerOrigins returns the origins a bearer token may be sent to. Endpoints are the resolved ones; kept is
// the grant's kept members, of which an instance URL counts if its host is among InstanceHosts.
func (p Provider) BearerOrigins(e Endpoints, kept map[string]string) []string {
	urls := []string{p.Issuer, e.Token, e.Revocation, e.Introspection, e.Userinfo, p.Identity.URL, p.Revoke.URL}
	if strings.Contains(p.ScopeSource, "://") {
		urls = append(urls, p.ScopeSource)
	}
	urls = append(urls, p.APIOrigins...)
	for _, s := range p.Services {
		urls = append(urls, s.Probe.URL, s.Resources.URL, s.Resources.NextURL)
		if each := s.Resources.Each; each != nil {
			urls = append(urls, each.URL, each.NextURL)
		}
	}
	for _, v := range kept {
		if p.knownInstance(v) {
			urls = append(urls, v)
		}
	}
	var origins []string
	for _, u := range urls {
		if o := Origin(u); o != "" {
			origins = append(origins, o)
		}
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

// OwnSite reports whether an address belongs to a site where people sign in at this provider: the registrable domain of
// its issuer or of its authorization and device endpoints, or a verification host. Subdomains are the same site,
// neighbours below a public suffix (co.uk, github.io) are not.
func (p Provider) OwnSite(e Endpoints, rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return false
	}
	own := slices.Clone(p.VerificationHosts)
	for _, raw := range []string{p.Issuer, e.Authorization, e.Device} {
		if at, err := url.Parse(placeholder().ReplaceAllString(raw, "x")); err == nil && at.Host != "" {
			own = append(own, site(at.Hostname()))
		}
	}
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(own, func(s string) bool {
		s = strings.ToLower(s)
		return host == s || strings.HasSuffix(host, "."+s) && !isAddress(host)
	})
}

// site is the registrable domain of a host; an address written as a number, and a name without a domain, is its own.
func site(host string) string {
	if isAddress(host) {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host)); err == nil {
		return domain
	}
	return host
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// knownInstance reports whether a kept value is the address of one of the provider's own instances.
func (p Provider) knownInstance(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || checkURL(raw) != nil {
		return false
	}
	for _, pattern := range p.InstanceHosts {
		if suffix, ok := strings.CutPrefix(pattern, "*"); ok && strings.HasPrefix(suffix, ".") {
			if strings.HasSuffix(strings.ToLower(u.Hostname()), strings.ToLower(suffix)) && u.Port() == "" {
				return true
			}
			continue
		}
		if strings.EqualFold(u.Host, pattern) {
			return true
		}
	}
	return false
}

// Origin returns scheme, host and port of a URL in one spelling, "" if it is no https or loopback address.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || checkURL(u.Scheme+"://"+u.Host) != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host
}
