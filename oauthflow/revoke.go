package oauthflow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// RevokeRequest asks the provider to end a grant. With both tokens given, the refresh token goes first.
type RevokeRequest struct {
	Provider provider.Provider
	Server   Server
	Client   Client
	Refresh  secret.Text
	Access   secret.Text
	TypeHint string            // refresh_token or access_token: revoke that one alone; default: each that is given
	Kept     map[string]string // the grant's kept members
}

// RevokeOutcome says what the provider did.
type RevokeOutcome string

// The two good outcomes of a revocation.
const (
	Revoked        RevokeOutcome = "revoked"
	AlreadyInvalid RevokeOutcome = "already_invalid" // the provider did not know the token any more
)

// ErrNoRevocation is what Revoke returns where the provider has nothing to call; it is a *NoRevocationError.
var ErrNoRevocation = errors.New("the provider offers no way to revoke a token")

// NoRevocationError is ErrNoRevocation with the page where the person can do it by hand.
type NoRevocationError struct {
	Provider string // name
	Page     string // may be empty
}

// Error implements error.
func (e *NoRevocationError) Error() string {
	s := e.Provider + " offers no way to revoke a token"
	if e.Page != "" {
		s += "; take the access back on " + e.Page
	}
	return s
}

// Unwrap makes errors.Is(err, ErrNoRevocation) true.
func (e *NoRevocationError) Unwrap() error { return ErrNoRevocation }

// Revoke ends a grant at the provider (RFC 7009, or the provider's own way). Any error but ErrNoRevocation
// means that the tokens must be assumed alive; a transient one may be tried again after its RetryAfter.
func Revoke(ctx context.Context, hc *http.Client, r RevokeRequest) (RevokeOutcome, error) {
	endpoint := fill(r.Provider.Revoke.URL, r.Kept, r.Client.ID)
	if endpoint == "" {
		endpoint = r.Server.Revocation
	}
	basic := r.Provider.Revoke.Auth == "basic"
	if endpoint == "" || basic && r.Client.Secret.Empty() {
		return "", &NoRevocationError{Provider: r.Provider.Name, Page: r.Provider.Revoke.Page}
	}
	if basic || r.Provider.Revoke.Auth == "bearer" {
		return r.ownWay(ctx, hc, endpoint)
	}
	outcome := AlreadyInvalid
	sent := false
	for _, t := range []struct {
		hint  string
		token secret.Text
	}{{"refresh_token", r.Refresh}, {"access_token", r.Access}} {
		if t.token.Empty() || r.TypeHint != "" && r.TypeHint != t.hint {
			continue
		}
		o, err := r.rfc7009(ctx, hc, endpoint, t.hint, t.token)
		// RFC 7009 §2.2.1: a server need not revoke access tokens; they end by themselves within the hour.
		if unsupported(err) && sent {
			break // access tokens of this provider cannot be revoked; the refresh token is gone
		}
		if err != nil {
			return "", err
		}
		sent = true
		if o == Revoked {
			outcome = Revoked
		}
		if r.Provider.Revoke.Scope == "grant" || r.Provider.Revoke.Scope == "project" {
			break // the other token died with it
		}
	}
	if !sent {
		return "", &Error{Place: PlaceRevoke, Provider: r.Provider.ID, Code: "invalid_request", Description: "there is no token to revoke"}
	}
	return outcome, nil
}

func unsupported(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "unsupported_token_type"
}

func (r RevokeRequest) rfc7009(ctx context.Context, hc *http.Client, endpoint, hint string, token secret.Text) (RevokeOutcome, error) {
	client := r.Client
	if r.Provider.Revoke.Auth == "none" {
		client = Client{}
	}
	// The hint is optional (RFC 7009 §2.1); servers that keep the kinds apart would otherwise search twice.
	form := url.Values{"token": {token.Reveal()}, "token_type_hint": {hint}}
	a, secrets, err := post(ctx, hc, PlaceRevoke, r.Provider.ID, endpoint, form, client)
	if err != nil {
		return "", err
	}
	return r.outcome(a, secrets)
}

// ownWay calls an API method instead: with the client's credentials (GitHub) or as the user (Dropbox, Meta).
func (r RevokeRequest) ownWay(ctx context.Context, hc *http.Client, endpoint string) (RevokeOutcome, error) {
	if r.Access.Empty() {
		return "", &Error{Place: PlaceRevoke, Provider: r.Provider.ID, Code: "invalid_request", Description: "revoking needs a live access token"}
	}
	c := call{place: PlaceRevoke, provider: r.Provider.ID, method: r.Provider.Revoke.Method, url: endpoint, header: http.Header{},
		secrets: []string{r.Access.Reveal(), r.Client.Secret.Reveal()}}
	if c.method == "" {
		c.method = http.MethodPost
	}
	req := http.Request{Header: c.header}
	if r.Provider.Revoke.Auth == "basic" {
		req.SetBasicAuth(r.Client.ID, r.Client.Secret.Reveal())
	} else {
		if !slices.Contains(r.Provider.BearerOrigins(r.Server.Endpoints, r.Kept), provider.Origin(endpoint)) {
			return "", offOrigin(PlaceRevoke, r.Provider.ID, endpoint)
		}
		req.Header.Set("Authorization", "Bearer "+r.Access.Reveal())
	}
	if r.Provider.Revoke.Body != "" {
		token, _ := json.Marshal(r.Access.Reveal()) // a string always encodes
		c.body = strings.ReplaceAll(r.Provider.Revoke.Body, "{token}", string(token))
		c.header.Set("Content-Type", "application/json")
	}
	a, err := c.do(ctx, hc)
	if err != nil {
		return "", err
	}
	// GitHub: 404 or 422 for a token that it does not know (any more).
	if r.Provider.Revoke.Auth == "basic" && (a.status == http.StatusNotFound || a.status == http.StatusUnprocessableEntity) {
		return AlreadyInvalid, nil
	}
	return r.outcome(a, c.secrets)
}

// outcome reads the answer: any 2xx is success, whatever its body (RFC 7009 §2.2).
func (r RevokeRequest) outcome(a *answer, secrets []string) (RevokeOutcome, error) {
	if a.status >= 200 && a.status <= 299 {
		return Revoked, nil
	}
	e := a.failure(PlaceRevoke, r.Provider.ID, secrets)
	if slices.Contains(deadTokens[a.status], e.Code) {
		return AlreadyInvalid, nil
	}
	return "", e
}

// deadTokens are the codes by which a server says that what was to be revoked is dead already. A 401 that says
// no more than invalid_token is none: an access token that is over can have a refresh token that lives.
var deadTokens = map[int][]string{
	http.StatusBadRequest:   {"invalid_token", "invalid_grant", metaDeadToken},
	http.StatusUnauthorized: {"invalid_access_token", metaDeadToken}, // Dropbox says expired_access_token of one that is over
}

// metaDeadToken is the code of Meta's Graph for a token that is over, revoked or removed; Meta has no refresh tokens.
const metaDeadToken = "190"
