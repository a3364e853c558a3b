package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// tokenAnswer is the answer of the token endpoint.
type tokenAnswer struct {
	AccessToken    string `json:"access_token"`
	TokenType      string `json:"token_type"`
	ExpiresIn      int64  `json:"expires_in"`
	RefreshToken   string `json:"refresh_token,omitempty"`
	RefreshExpires int64  `json:"refresh_token_expires_in,omitempty"`
	Scope          string `json:"scope,omitempty"`
	IDToken        string `json:"id_token,omitempty"`
}

// token is the token endpoint: the library validates and creates, this file chooses the grant and shapes the answer.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	record := recordOf(r.Context())
	client, err := s.authenticate(r)
	if err == nil {
		record.Client = client.GetID()
	}
	grantType := r.PostForm.Get("grant_type")
	record.Grant = grantType
	s.journal.token(grantType)
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	issued := &issuance{}
	answer, err := s.exchange(withIssuance(r.Context(), issued), r, client, issued)
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	s.journal.success(grantType)
	record.User = issued.user
	s.writeTokens(w, answer, issued)
}

// exchange knows three grants (RFC 6749 §4.1.3 and §6, RFC 8628 §3.4) and no other.
func (s *Server) exchange(ctx context.Context, r *http.Request, client op.Client, issued *issuance) (*oidc.AccessTokenResponse, error) {
	form := r.PostForm
	var (
		resp *op.Response
		err  error
	)
	switch oidc.GrantType(form.Get("grant_type")) {
	case oidc.GrantTypeCode:
		resp, err = s.exchangeCode(ctx, r, client)
	case oidc.GrantTypeRefreshToken:
		if form.Get("refresh_token") == "" {
			return nil, oidc.ErrInvalidRequest().WithDescription("refresh_token missing")
		}
		resp, err = s.engine.RefreshToken(ctx, clientRequest(r, client, &oidc.RefreshTokenRequest{
			RefreshToken: form.Get("refresh_token"), Scopes: strings.Fields(form.Get("scope")),
		}))
	case oidc.GrantTypeDeviceCode:
		return s.exchangeDevice(ctx, form.Get("device_code"), client, issued)
	case "":
		return nil, oidc.ErrInvalidRequest().WithDescription("grant_type missing")
	default:
		return nil, oidc.ErrUnsupportedGrantType()
	}
	if err != nil {
		return nil, err
	}
	answer, ok := resp.Data.(*oidc.AccessTokenResponse)
	if !ok {
		return nil, oidc.ErrServerError().WithDescription("no tokens in the library's answer")
	}
	return answer, nil
}

// exchangeCode redeems a code. That it works once is the library's work, by our storage.
func (s *Server) exchangeCode(ctx context.Context, r *http.Request, client op.Client) (*op.Response, error) {
	form := r.PostForm
	req := &oidc.AccessTokenRequest{
		Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), CodeVerifier: form.Get("code_verifier"),
	}
	if req.Code == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("code missing")
	}
	// The library lets a confidential client leave out the verifier of a challenge it sent; RFC 9700 §2.1.1 does not.
	if req.CodeVerifier == "" {
		if pending, err := s.store.AuthRequestByCode(ctx, req.Code); err == nil && pending.GetCodeChallenge() != nil {
			return nil, oidc.ErrInvalidGrant().WithDescription("code_verifier missing")
		}
	}
	return s.engine.CodeExchange(ctx, clientRequest(r, client, req))
}

// exchangeDevice polls by our own rules (slow_down, one redemption) and lets the library create the tokens.
func (s *Server) exchangeDevice(ctx context.Context, code string, client op.Client, issued *issuance) (*oidc.AccessTokenResponse, error) {
	if code == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("device_code missing")
	}
	d, state, err := s.store.poll(ctx, client.GetID(), strings.TrimPrefix(code, DeviceCodePrefix))
	if err != nil {
		return nil, err
	}
	issued.device = d
	return op.CreateDeviceTokenResponse(ctx, state, s.engine.Provider(), client)
}

// writeTokens says what was really granted; the library would repeat what was asked.
func (s *Server) writeTokens(w http.ResponseWriter, a *oidc.AccessTokenResponse, issued *issuance) {
	out := tokenAnswer{
		AccessToken: a.AccessToken, TokenType: a.TokenType, RefreshToken: a.RefreshToken,
		ExpiresIn: seconds(s.opts.AccessTTL), RefreshExpires: seconds(issued.refreshLife),
	}
	// OpenID Connect Core §3.1.3.3: it is for whoever asked for openid, whatever the library made.
	if contains(issued.scopes, oidc.ScopeOpenID) {
		out.IDToken = a.IDToken
	}
	if !s.opts.Quirks.OmitScope {
		out.Scope = strings.Join(issued.scopes, " ")
	}
	// Some servers send every member they know: `"error": null` beside tokens is a success.
	if s.opts.Quirks.NullMembers {
		writeJSON(w, http.StatusOK, struct {
			tokenAnswer
			Error       *string `json:"error"`
			Description *string `json:"error_description"`
			Extra       *string `json:"foci"`
		}{tokenAnswer: out})
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// clientRequest is a request in the library's form, with a client that is authenticated already.
func clientRequest[T any](r *http.Request, client op.Client, data *T) *op.ClientRequest[T] {
	return &op.ClientRequest[T]{Request: plainRequest(r, data), Client: client}
}

// plainRequest leaves the query out: what counts at these endpoints stands in the body.
func plainRequest[T any](r *http.Request, data *T) *op.Request[T] {
	return &op.Request[T]{
		Method: r.Method, URL: r.URL, Header: r.Header, Form: r.PostForm, PostForm: r.PostForm, Data: data,
	}
}

// writeJSON answers an object; statuses are the callers'.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a lost connection has nobody to tell
}
