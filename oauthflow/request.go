package oauthflow

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"fettle/oauthflow/provider"
)

const userAgent = "fettle"

// call is one request to a provider: where in the protocol it stands, and what must not come back in an error.
type call struct {
	place    Place
	provider string
	method   string
	url      string
	header   http.Header
	body     string
	secrets  []string
}

// do sends the request once and returns whatever was answered; the error is always an *Error of the network.
func (c call) do(ctx context.Context, hc *http.Client) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, strings.NewReader(c.body))
	if err != nil {
		return nil, &Error{Place: c.place, Provider: c.provider, Code: CodeInvalidResponse, Description: "the address of the server is malformed"}
	}
	if c.body == "" {
		req.Body = http.NoBody
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", userAgent)
	// Without it GitHub answers with a form.
	req.Header.Set("Accept", "application/json")
	resp, err := guarded(hc).Do(req)
	if err != nil {
		return nil, c.networkError(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or given up on
	a, err := readAnswer(resp)
	if err != nil {
		return nil, c.networkError(ctx, err)
	}
	return a, nil
}

func (c call) networkError(ctx context.Context, err error) *Error {
	err = unwrapURL(err)
	// The caller's own end reads as a lost connection otherwise, and that would be tried again.
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return &Error{Place: c.place, Provider: c.provider, Err: err}
}

// post sends a form to one of the authorization server's endpoints: device authorization, each poll,
// exchange without refresh token, revocation, introspection. The client authenticates as registered.
func post(ctx context.Context, hc *http.Client, place Place, providerID, endpoint string, form url.Values, client Client) (*answer, []string, error) {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	switch client.Auth {
	case provider.AuthBasic:
		// Escaped first: an id with a colon would end in the wrong half.
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(client.ID), url.QueryEscape(client.Secret.Reveal())) // RFC 6749 §2.3.1
	// In the body: what most providers document, though RFC 6749 §2.3.1 prefers the header.
	case provider.AuthPost:
		form.Set("client_id", client.ID)
		if !client.Secret.Empty() {
			form.Set("client_secret", client.Secret.Reveal())
		}
	default:
		if client.ID != "" {
			form.Set("client_id", client.ID)
		}
	}
	secrets := secretsOf(form, client)
	a, err := call{place: place, provider: providerID, method: http.MethodPost, url: endpoint, header: header, body: form.Encode(), secrets: secrets}.do(ctx, hc)
	return a, secrets, err
}

// publicParams are the form members an error may repeat; every other one counts as secret.
var publicParams = map[string]bool{
	"grant_type": true, "client_id": true, "scope": true, "redirect_uri": true, "token_type_hint": true, "resource": true, "response_type": true,
}

func secretsOf(form url.Values, client Client) []string {
	secrets := []string{client.Secret.Reveal()}
	for k, v := range form {
		if !publicParams[k] {
			secrets = append(secrets, v...)
		}
	}
	return secrets
}
