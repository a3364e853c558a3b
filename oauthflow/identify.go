package oauthflow

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// signingAlgs leaves out none and the HMAC family, whose key would be the client secret.
var signingAlgs = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// Identify finds out who a token belongs to: from the id token, or from the provider's own address for it.
// Identity.Known() == false without an error means that the provider cannot say; a transient error means ask again.
func Identify(ctx context.Context, hc *http.Client, p provider.Provider, s Server, clientID string, t *Token) (Identity, error) {
	var notVerified error
	if !t.ID.Empty() && s.JWKS != "" && s.Issuer != "" {
		id, err := fromIDToken(ctx, hc, p, s, clientID, t)
		if err == nil && id.Known() {
			return id, nil
		}
		notVerified = err
	}
	// Dropbox, Meta and GitHub issue no id token; others leave it out where openid was not granted.
	request := provider.Request{URL: p.Identity.URL, Method: p.Identity.Method}
	if request.URL == "" {
		request.URL = s.Userinfo
	}
	if request.URL == "" {
		return Identity{}, notVerified
	}
	b := bearer{place: PlaceUserinfo, provider: p, server: s.Endpoints, token: t, clientID: clientID}
	a, err := b.send(ctx, hc, request)
	if err != nil {
		e := asError(err, PlaceUserinfo, p.ID)
		// With an id token that did not verify it would hide a forgery behind "cannot say".
		if !e.Transient() && notVerified == nil && (e.Status == http.StatusForbidden || e.Status == http.StatusNotFound) {
			return Identity{}, nil // the token is good, but not for this
		}
		return Identity{}, err
	}
	if a.object == nil {
		return Identity{}, &Error{Place: PlaceUserinfo, Provider: p.ID, Status: a.status, Code: CodeInvalidResponse, Description: "the server sent " + clean(a.contentKind())}
	}
	id := identityOf(p, s, a.object)
	if !id.Known() {
		return Identity{}, notVerified
	}
	return id, nil
}

// fromIDToken verifies signature, issuer, audience and times with go-oidc. The nonce is not used: the token
// came straight from the token endpoint, bound to this flow by PKCE.
func fromIDToken(ctx context.Context, hc *http.Client, p provider.Provider, s Server, clientID string, t *Token) (Identity, error) {
	g := guarded(hc)
	keys := &recorder{base: g.Transport}
	// A copy: the client belongs to the caller, and the recorder to this one token.
	watched := *g
	watched.Transport = keys
	templated := strings.Contains(s.Issuer, "{")
	now := time.Now
	if skew, known := ClockSkew(g); known { // the server's clock is the one the token was made by
		now = func() time.Time { return time.Now().Add(-skew) }
	}
	ctx = oidc.ClientContext(ctx, &watched)
	verifier := oidc.NewVerifier(s.Issuer, oidc.NewRemoteKeySet(ctx, s.JWKS), &oidc.Config{
		ClientID: clientID, SupportedSigningAlgs: signingAlgs, SkipIssuerCheck: templated, Now: now,
	})
	token, err := verifier.Verify(ctx, t.ID.Reveal())
	// Microsoft's issuer names the person's tenant, which nobody knows beforehand. SkipIssuerCheck above leaves the comparison to here.
	if err == nil && templated && !issuerMatches(s.Issuer, token.Issuer) {
		return Identity{}, &Error{Place: PlaceUserinfo, Provider: p.ID, Code: CodeIssuerMismatch, Description: "the id token comes from " + shorten(clean(token.Issuer))}
	}
	if err != nil {
		// A key server that is down must not read as a forged token.
		status, failed := keys.outcome()
		if failed != nil {
			return Identity{}, call{place: PlaceUserinfo, provider: p.ID}.networkError(ctx, failed)
		}
		return Identity{}, &Error{Place: PlaceUserinfo, Provider: p.ID, Status: status, Code: CodeInvalidIDToken, Description: "the id token cannot be verified"}
	}
	var raw json.RawMessage
	if err := token.Claims(&raw); err != nil {
		return Identity{}, &Error{Place: PlaceUserinfo, Provider: p.ID, Code: CodeInvalidIDToken, Description: "the id token cannot be read"}
	}
	v, _ := decodeJSON(raw) // go-oidc has read it already
	claims, _ := v.(map[string]any)
	id := identityOf(p, s, claims)
	if templated {
		id.Issuer = clean(token.Issuer)
	}
	return id, nil
}

// recorder remembers why keys could not be fetched: go-oidc's errors hold bodies and no types.
type recorder struct {
	base http.RoundTripper

	mu     sync.Mutex // go-oidc fetches on a goroutine of its own
	failed error
	status int
}

func (r *recorder) outcome() (status int, failed error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status, r.failed
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.base.RoundTrip(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = err
	if err == nil && resp.StatusCode != http.StatusOK {
		r.status = resp.StatusCode
	}
	return resp, err
}

func identityOf(p provider.Provider, s Server, claims map[string]any) Identity {
	member := func(path, standard string) string {
		if path == "" {
			path = standard
		}
		// The longest e-mail address there can be (RFC 5321 §4.5.3.1).
		return safetext.Cut(textOf(lookup(claims, path)), 320)
	}
	id := Identity{
		Issuer: s.Issuer, Tenant: member(p.Identity.Tenant, "tid"),
		Subject: member(p.Identity.Subject, "sub"), Email: member(p.Identity.Email, "email"),
	}
	// Identities are compared with their issuer: subject 1001 exists at every provider.
	if id.Issuer == "" {
		id.Issuer = provider.Origin(s.Token)
	}
	return id
}
