package oauthflow

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"fettle/oauthflow/provider"
)

// Discover resolves a provider's endpoints: those in its entry win; what its flows need beyond them is asked
// of the issuer, by OpenID Connect discovery and then by RFC 8414.
func Discover(ctx context.Context, hc *http.Client, p provider.Provider) (Server, error) {
	s := Server{Issuer: p.Issuer, Endpoints: p.Endpoints, Revoke: p.Revoke.URL, IssParameter: p.IssParameter}
	if complete(p) {
		return s, nil
	}
	m, err := metadata(ctx, hc, p)
	if err != nil {
		return Server{}, err
	}
	return merge(s, m, p)
}

func complete(p provider.Provider) bool {
	return p.Token != "" && (p.Authorization != "" || !slices.Contains(p.Flows, provider.Browser)) &&
		(p.Device != "" || !slices.Contains(p.Flows, provider.Device))
}

// metadata fetches the document of the issuer itself: nothing else may speak for it (RFC 8414 §3.3).
func metadata(ctx context.Context, hc *http.Client, p provider.Provider) (*answer, error) {
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Host == "" || strings.Contains(p.Issuer, "{") {
		return nil, discoveryError(p, "the issuer cannot be asked; give the endpoints one by one")
	}
	path := strings.TrimSuffix(u.Path, "/")
	var last error
	// The two rules place an issuer's path differently: OpenID Discovery §4 behind it, RFC 8414 §3 in front of it.
	for _, doc := range []string{path + "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" + path} {
		at := *u
		at.Path, at.RawQuery = doc, ""
		a, err := call{place: PlaceDiscovery, provider: p.ID, method: http.MethodGet, url: at.String(), header: http.Header{}}.do(ctx, hc)
		switch {
		case err != nil:
			return nil, err
		case a.ok() && a.object != nil && a.value != nil:
			// Code point for code point (RFC 8414 §3.3): a slash at the end is another issuer, and could be somebody else's.
			if got := a.text("issuer"); got != p.Issuer {
				e := discoveryError(p, "the metadata is for "+shorten(clean(got))+", not for "+clean(p.Issuer))
				e.Code = CodeIssuerMismatch
				return nil, e
			}
			return a, nil
		}
		e := a.failure(PlaceDiscovery, p.ID, nil)
		// The other document would not be better served by a server in trouble, and its 404 would hide the reason.
		if e.Transient() {
			return nil, e
		}
		last = e
	}
	return nil, last
}

func discoveryError(p provider.Provider, text string) *Error {
	return &Error{Place: PlaceDiscovery, Provider: p.ID, Code: CodeInvalidResponse, Description: text}
}

// merge takes the endpoints the entry leaves open from the metadata.
func merge(s Server, m *answer, p provider.Provider) (Server, error) {
	for _, e := range []struct {
		member string
		to     *string
	}{
		{"authorization_endpoint", &s.Authorization}, {"token_endpoint", &s.Token},
		{"device_authorization_endpoint", &s.Device}, {"revocation_endpoint", &s.Revocation},
		{"introspection_endpoint", &s.Introspection}, {"userinfo_endpoint", &s.Userinfo}, {"jwks_uri", &s.JWKS},
	} {
		v := m.text(e.member)
		// The entry wins: it was checked by whoever wrote it, the document comes from outside.
		if *e.to != "" || v == "" {
			continue
		}
		if err := checkEndpoint(v, p.Issuer); err != nil {
			return Server{}, discoveryError(p, e.member+" of the metadata "+err.Error())
		}
		*e.to = v
	}
	// Once announced, a response without iss is refused (RFC 9207 §2.4).
	if flag, ok := m.object["authorization_response_iss_parameter_supported"].(bool); ok && flag {
		s.IssParameter = true
	}
	if s.Token == "" {
		return Server{}, discoveryError(p, "the metadata names no token endpoint")
	}
	return s, nil
}

// checkEndpoint accepts https, and addresses inside a private network only on the issuer's own host: a
// document from outside must not direct requests at neighbours. Plain http is for a loopback issuer alone.
func checkEndpoint(raw, issuer string) error {
	u, err := url.Parse(raw)
	if err != nil || provider.Origin(raw) == "" || u.Fragment != "" {
		return errors.New("is not an https address")
	}
	is, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	// A company's own server inside its network names itself, and may.
	if strings.EqualFold(is.Host, u.Host) && (u.Scheme == "https" || is.Scheme == "http") {
		return nil
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && (a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified()) {
		return errors.New("points into a private network")
	}
	if u.Scheme != "https" {
		return errors.New("is not https")
	}
	return nil
}
