package oauthflow

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"fettle/oauthflow/provider"
)

// GrantedScopes asks the provider's source of truth which scopes a token has, and names that source: token,
// requested (the answer had no scope member), tokeninfo, introspection, url or header.
func GrantedScopes(ctx context.Context, hc *http.Client, p provider.Provider, s Server, c Client, t *Token) (scopes []string, source string, err error) {
	b := bearer{place: PlaceIntrospect, provider: p, server: s.Endpoints, token: t, clientID: c.ID}
	header, byHeader := strings.CutPrefix(p.ScopeSource, "header:")
	switch {
	case p.ScopeSource == "tokeninfo" || p.ScopeSource == "introspection":
		scopes, err = introspect(ctx, hc, p, s, c, t)
		return scopes, p.ScopeSource, err
	// GitHub names the scopes in a header of any API answer; there is no document that could be asked.
	case byHeader:
		a, err := b.send(ctx, hc, provider.Request{URL: p.Identity.URL, Method: p.Identity.Method})
		if err != nil {
			return nil, "header", err
		}
		told := p.Normalise(p.SplitScopes(strings.Join(a.header.Values(header), ",")))
		// A GitHub App's token has none to name. Taking that for "none granted" would ask for boxes that no page shows.
		if len(told) == 0 {
			return t.Scopes, "requested", nil
		}
		return told, "header", nil
	case strings.Contains(p.ScopeSource, "://"):
		a, err := b.send(ctx, hc, provider.Request{URL: p.ScopeSource})
		if err != nil {
			return nil, "url", err
		}
		return p.Normalise(permissions(p, a)), "url", nil
	case t.ScopesStated:
		return t.Scopes, "token", nil
	}
	return t.Scopes, "requested", nil
}

// introspect asks Google's tokeninfo, or RFC 7662's endpoint. The token is in the body, never in a URL.
func introspect(ctx context.Context, hc *http.Client, p provider.Provider, s Server, c Client, t *Token) ([]string, error) {
	form := url.Values{"token": {t.Access.Reveal()}, "token_type_hint": {"access_token"}}
	// Google's tokeninfo knows no clients and wants the token by its own name. It takes it in a URL too, where proxies would log it.
	if p.ScopeSource == "tokeninfo" {
		form, c = url.Values{"access_token": {t.Access.Reveal()}}, Client{}
	}
	if s.Introspection == "" {
		return nil, &Error{Place: PlaceIntrospect, Provider: p.ID, Code: "unsupported", Description: "the provider has no introspection endpoint"}
	}
	a, secrets, err := post(ctx, hc, PlaceIntrospect, p.ID, s.Introspection, form, c)
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, a.failure(PlaceIntrospect, p.ID, secrets)
	}
	// LinkedIn adds why (status: expired or revoked); {"active":false} alone means that the token is another client's.
	if active, ok := a.object["active"].(bool); ok && !active {
		return nil, &Error{Place: PlaceIntrospect, Provider: p.ID, Status: a.status, Code: "invalid_token", Subcode: cleanCode(a.text("status")), Description: "the token is not active"}
	}
	// No scope member is not "none granted": taking it for that would call every permission missing.
	if _, stated := a.object["scope"]; !stated {
		return nil, &Error{Place: PlaceIntrospect, Provider: p.ID, Status: a.status, Code: CodeInvalidResponse, Description: "the answer names no scopes"}
	}
	return p.Normalise(p.SplitScopes(a.text("scope"))), nil
}

// permissions reads a scope string, a list of names, or Meta's list of {permission, status}.
func permissions(p provider.Provider, a *answer) []string {
	list, ok := a.value.([]any)
	if !ok {
		for _, member := range []string{"data", "scopes", "scope", "permissions"} {
			if s, ok := a.object[member].(string); ok {
				return p.SplitScopes(s)
			}
			if list, ok = a.object[member].([]any); ok {
				break
			}
		}
	}
	var scopes []string
	for _, item := range list {
		if s := textOf(item); s != "" {
			scopes = append(scopes, s)
			continue
		}
		o, _ := item.(map[string]any)
		// Meta lists what was declined and what lapsed after 90 days beside what is granted.
		if status := textOf(o["status"]); status == "" || status == "granted" {
			scopes = append(scopes, firstText(o, "permission", "scope", "name"))
		}
	}
	return scopes
}
