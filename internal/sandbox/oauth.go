package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authenticate finds the client of a request and insists on the method it is registered with.
func (s *Server) authenticate(r *http.Request) (op.Client, error) {
	if err := r.ParseForm(); err != nil {
		return nil, oidc.ErrInvalidRequest().WithDescription("the form cannot be read")
	}
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	method := oidc.AuthMethodNone
	if secret != "" {
		method = oidc.AuthMethodPost
	}
	if user, password, ok := r.BasicAuth(); ok {
		// RFC 6749 §2.3: not more than one method in a request.
		if method == oidc.AuthMethodPost {
			return nil, oidc.ErrInvalidRequest().WithDescription("client authentication must not use more than one method")
		}
		var errUser, errPassword error
		method = oidc.AuthMethodBasic
		// RFC 6749 §2.3.1: id and secret are form-encoded before they go into the header.
		id, errUser = url.QueryUnescape(user)
		secret, errPassword = url.QueryUnescape(password)
		if errUser != nil || errPassword != nil {
			return nil, oidc.ErrInvalidClient().WithDescription("invalid basic auth header")
		}
	}
	client, err := s.engine.VerifyClient(r.Context(), plainRequest(r, &op.ClientCredentials{ClientID: id, ClientSecret: secret}))
	if err != nil {
		return nil, err
	}
	// Stricter than most servers, so that a client which guesses its method is found out in tests.
	if client.AuthMethod() != method {
		return nil, oidc.ErrInvalidClient().WithDescription("this client must authenticate by %s", client.AuthMethod())
	}
	return client, nil
}

func (s *Server) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	client, err := s.authenticate(r)
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	recordOf(r.Context()).Client = client.GetID()
	scopes := strings.Fields(r.PostForm.Get("scope"))
	// RFC 6749 §5.2: what is not known is invalid_scope, and is not left out in silence.
	if slices.ContainsFunc(scopes, s.store.unknown) {
		writeOAuthError(w, r, errUnknownScope())
		return
	}
	resp, err := s.engine.DeviceAuthorization(r.Context(), clientRequest(r, client, &oidc.DeviceAuthorizationRequest{
		Scopes: scopes, ClientID: client.GetID(),
	}))
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	if answer, ok := resp.Data.(*oidc.DeviceAuthorizationResponse); ok {
		// Tests search output and files for this prefix: a device code must be found nowhere.
		answer.DeviceCode = DeviceCodePrefix + answer.DeviceCode
		if s.opts.Quirks.OmitInterval {
			answer.Interval = 0
		}
	}
	writeJSON(w, http.StatusOK, resp.Data)
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	client, err := s.authenticate(r)
	if err == nil {
		recordOf(r.Context()).Client = client.GetID()
		if r.PostForm.Get("token") == "" {
			err = oidc.ErrInvalidRequest().WithDescription("token missing")
		} else {
			_, err = s.engine.Revocation(r.Context(), clientRequest(r, client, &oidc.RevocationRequest{
				Token: r.PostForm.Get("token"), TokenTypeHint: r.PostForm.Get("token_type_hint"),
			}))
		}
	}
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	client, err := s.authenticate(r)
	if err == nil && client.AuthMethod() == oidc.AuthMethodNone {
		err = oidc.ErrInvalidClient().WithDescription("introspection is for confidential clients")
	}
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	c := s.store.clients[client.GetID()]
	resp, err := s.engine.Introspect(r.Context(), plainRequest(r, &op.IntrospectionRequest{
		ClientCredentials:    &op.ClientCredentials{ClientID: c.id, ClientSecret: c.secret},
		IntrospectionRequest: &oidc.IntrospectionRequest{Token: r.PostForm.Get("token")},
	}))
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, resp.Data)
}

// metadata is the library's discovery document, corrected: this server offers no implicit flow and no
// JWT grant, and it sends iss with every authorization answer (RFC 9207).
type metadata struct {
	*oidc.DiscoveryConfiguration
	IssParameter bool `json:"authorization_response_iss_parameter_supported"`
}

func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	d := op.CreateDiscoveryConfig(r.Context(), s.engine.Provider(), s.store)
	methods := []oidc.AuthMethod{oidc.AuthMethodNone, oidc.AuthMethodBasic, oidc.AuthMethodPost}
	d.EndSessionEndpoint, d.CheckSessionIframe = "", ""
	d.ResponseTypesSupported, d.ResponseModesSupported = []string{"code"}, []string{"query"}
	d.GrantTypesSupported = []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken, oidc.GrantTypeDeviceCode}
	d.TokenEndpointAuthMethodsSupported, d.RevocationEndpointAuthMethodsSupported = methods, methods
	d.IntrospectionEndpointAuthMethodsSupported = methods[1:]
	d.RevocationEndpointAuthSigningAlgValuesSupported, d.IntrospectionEndpointAuthSigningAlgValuesSupported = nil, nil
	if s.opts.Quirks.NoRevocation {
		d.RevocationEndpoint, d.RevocationEndpointAuthMethodsSupported = "", nil
	}
	writeJSON(w, http.StatusOK, metadata{DiscoveryConfiguration: d, IssParameter: true})
}

func (s *Server) keys(w http.ResponseWriter, r *http.Request) {
	resp, err := s.engine.Keys(r.Context(), plainRequest(r, &struct{}{}))
	if err != nil {
		writeOAuthError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, resp.Data)
}

// writeOAuthError answers as RFC 6749 §5.2 says and notes the code in the journal.
func writeOAuthError(w http.ResponseWriter, r *http.Request, err error) {
	e := oidc.DefaultToServerError(err, "internal error")
	var why refusal
	if e.Description == "" && errors.As(err, &why) {
		e.Description = why.Error()
	}
	status := http.StatusBadRequest
	switch e.ErrorType {
	case oidc.InvalidClient:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="sandbox"`)
	case oidc.ServerError:
		status = http.StatusInternalServerError
	}
	recordOf(r.Context()).Error = string(e.ErrorType)
	writeJSON(w, status, map[string]string{"error": string(e.ErrorType), "error_description": e.Description})
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

func contains(scopes []string, scope string) bool { return slices.Contains(scopes, scope) }
