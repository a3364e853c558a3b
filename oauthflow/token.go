package oauthflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// config is x/oauth2's view of a client at a server. The auth style is always fixed: finding it by trial
// sends a code or refresh token twice.
func config(s Server, c Client, redirect string, scopes []string) *oauth2.Config {
	cfg := &oauth2.Config{
		ClientID:    c.ID,
		RedirectURL: redirect,
		Scopes:      scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: s.Authorization, TokenURL: s.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
	if c.Auth == provider.AuthBasic {
		cfg.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	if c.Auth == provider.AuthBasic || c.Auth == provider.AuthPost {
		cfg.ClientSecret = c.Secret.Reveal()
	}
	return cfg
}

// tokenTransport stands under x/oauth2 during one token request. It adds the catalogue's extra parameters,
// reads the answer with fettle's own parser and hands x/oauth2 a plain one: its parser fails on floats,
// loses sub-codes, and its errors hold bodies.
type tokenTransport struct {
	base    http.RoundTripper
	extra   url.Values
	client  Client
	answer  *answer
	secrets []string
}

// RoundTrip implements http.RoundTripper.
func (t *tokenTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.answer != nil {
		return nil, errors.New("refused to send a token request twice")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	// Validate keeps these from replacing what x/oauth2 has put there.
	for k, v := range t.extra {
		form[k] = v
	}
	t.secrets = secretsOf(form, t.client)

	out := r.Clone(r.Context())
	text := form.Encode()
	out.Body, out.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	out.Header.Set("Accept", "application/json") // GitHub answers with a form otherwise
	out.Header.Set("User-Agent", userAgent)
	resp, err := t.base.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	a, err := readAnswer(resp)
	if err != nil {
		return nil, err
	}
	t.answer = a
	return plainAnswer(resp, a), nil
}

// plainAnswer is what x/oauth2 gets to see.
func plainAnswer(resp *http.Response, a *answer) *http.Response {
	body, _ := json.Marshal(map[string]string{"access_token": a.text("access_token"), "token_type": a.text("token_type")}) // strings always encode
	if !a.ok() {
		body = []byte("{}")
	}
	plain := *resp
	plain.Header = http.Header{"Content-Type": {"application/json"}}
	plain.Body, plain.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return &plain
}

// requestToken runs one token request of x/oauth2 inside the guards.
func requestToken(ctx context.Context, hc *http.Client, place Place, p provider.Provider, c Client, extra url.Values, now time.Time,
	send func(context.Context) (*oauth2.Token, error)) (*Token, error) {
	g := guarded(hc)
	t := &tokenTransport{base: g.Transport, extra: extra, client: c}
	g.Transport = t
	_, err := send(context.WithValue(ctx, oauth2.HTTPClient, g))
	if t.answer != nil { // whatever x/oauth2 thinks of it
		return t.answer.token(place, p, t.secrets, now)
	}
	return nil, call{place: place, provider: p.ID}.networkError(ctx, err)
}

// token reads a successful token answer (RFC 6749 §5.1), or the error in it.
func (a *answer) token(place Place, p provider.Provider, secrets []string, now time.Time) (*Token, error) {
	if !a.ok() {
		return nil, a.failure(place, p.ID, secrets)
	}
	access := a.text("access_token")
	if access == "" {
		e := a.failure(place, p.ID, secrets)
		e.Code, e.Description = CodeInvalidResponse, "the answer holds no access token"
		if a.object == nil {
			e.Description = "the server sent " + clean(a.contentKind())
		}
		return nil, e
	}
	t := &Token{
		Access: secret.New(access), Refresh: secret.New(a.text("refresh_token")), ID: secret.New(a.text("id_token")),
		Type: cleanCode(a.text("token_type")), ReceivedAt: now,
	}
	if d, ok := seconds(a.object["expires_in"]); ok {
		t.AccessExpiresAt = now.Add(d)
		// Salesforce never says: its tokens live as long as the org's sessions.
	} else if ttl := time.Duration(p.AccessTTL); ttl > 0 {
		t.AccessExpiresAt = now.Add(ttl)
	}
	// Not in any RFC: LinkedIn and GitHub state it always, Google where access is for a time only, Keycloak by the second name.
	for _, member := range []string{"refresh_token_expires_in", "refresh_expires_in"} {
		if d, ok := seconds(a.object[member]); ok {
			t.RefreshExpiresAt = now.Add(d)
			break
		}
	}
	// RFC 6749 §3.3 knows a string only; Twitch and others send a list.
	if list, ok := a.object["scope"].([]any); ok {
		t.Scopes, t.ScopesStated = p.Normalise(texts(list)), true
		// Where a header tells, an empty list in the token answer tells nothing: a GitHub App has permissions instead.
	} else if s, ok := a.object["scope"].(string); ok && (s != "" || !strings.HasPrefix(p.ScopeSource, "header:")) {
		t.Scopes, t.ScopesStated = p.Normalise(p.SplitScopes(s)), true
	}
	for _, name := range p.Keep {
		if v := a.text(name); v != "" && len(v) < 2048 {
			if t.Kept == nil {
				t.Kept = map[string]string{}
			}
			t.Kept[name] = clean(v)
		}
	}
	return t, nil
}

// params turns a catalogue table into a form.
func params(m map[string]string) url.Values {
	v := url.Values{}
	for k, s := range m {
		v.Set(k, s)
	}
	return v
}
