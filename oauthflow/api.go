package oauthflow

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// bearer is an API call with an access token. It goes only to origins the catalogue entry names.
type bearer struct {
	place    Place
	provider provider.Provider
	server   provider.Endpoints
	token    *Token
	clientID string
}

// send makes one call; any status but 2xx and the request's own OK ones is an *Error.
func (b bearer) send(ctx context.Context, hc *http.Client, r provider.Request) (*answer, error) {
	// After filling in: what the provider sent with the token decides where this goes, so it is checked as a whole.
	target := fill(r.URL, b.token.Kept, b.clientID)
	if !slices.Contains(b.provider.BearerOrigins(b.server, b.token.Kept), provider.Origin(target)) {
		return nil, offOrigin(b.place, b.provider.ID, target)
	}
	c := call{place: b.place, provider: b.provider.ID, method: r.Method, url: target, body: r.Body, header: http.Header{},
		secrets: []string{b.token.Access.Reveal(), b.token.Refresh.Reveal()}}
	if c.method == "" {
		c.method = http.MethodGet
	}
	for k, v := range r.Headers {
		c.header.Set(k, v)
	}
	c.header.Set("Authorization", "Bearer "+b.token.Access.Reveal())
	a, err := c.do(ctx, hc)
	if err != nil {
		return nil, err
	}
	if !a.ok() && !slices.Contains(r.OK, a.status) {
		return nil, a.failure(b.place, b.provider.ID, c.secrets)
	}
	return a, nil
}

// offOrigin is the refusal to send a token where the catalogue does not say it may go.
func offOrigin(place Place, providerID, target string) *Error {
	return &Error{Place: place, Provider: providerID, Code: CodeUnknownOrigin,
		Description: "refused to send the token to " + safetext.Host(target) + ", which the provider's entry does not name; add it to api_origins if it is right"}
}

var inBraces = lazyregexp.New(`\{[a-z_]+\}`)

// fill puts kept members and the client id in the place of {NAME}. A member at the start is an address and
// stays as it is; elsewhere it is escaped.
func fill(template string, kept map[string]string, clientID string) string {
	value := func(m string) string {
		if m == "{client_id}" {
			return clientID
		}
		return kept[strings.Trim(m, "{}")]
	}
	start := ""
	if at := inBraces().FindStringIndex(template); at != nil && at[0] == 0 {
		start, template = strings.TrimSuffix(value(template[:at[1]]), "/"), template[at[1]:]
	}
	return start + inBraces().ReplaceAllStringFunc(template, func(m string) string { return url.PathEscape(value(m)) })
}

// Probe makes the cheapest call that proves a token works for a service.
func Probe(ctx context.Context, hc *http.Client, p provider.Provider, svc provider.Service, t *Token) error {
	if svc.Probe.URL == "" {
		return nil
	}
	_, err := bearer{place: PlaceAPI, provider: p, server: p.Endpoints, token: t}.send(ctx, hc, svc.Probe)
	return err
}
