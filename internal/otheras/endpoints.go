package otheras

import (
	"encoding/json"
	"net/http"

	"github.com/ory/fosite"
)

// metadata answers with the document of RFC 8414.
func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"issuer":                                         s.issuer,
		"authorization_endpoint":                         s.issuer + "/authorize",
		"token_endpoint":                                 s.issuer + "/token",
		"revocation_endpoint":                            s.issuer + "/revoke",
		"scopes_supported":                               allScopes,
		"response_types_supported":                       []string{"code"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported":          []string{"none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

// authorize approves everything at once: whoever opens the address is taken to be signed in and willing.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	s.decide(w, r, func(string) bool { return true })
}

// token exchanges codes and refresh tokens.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	request, err := s.oauth.NewAccessRequest(r.Context(), r, new(fosite.DefaultSession))
	if err != nil {
		s.oauth.WriteAccessError(r.Context(), w, request, err)
		return
	}
	response, err := s.oauth.NewAccessResponse(r.Context(), request)
	if err != nil {
		s.oauth.WriteAccessError(r.Context(), w, request, err)
		return
	}
	s.oauth.WriteAccessResponse(r.Context(), w, request, response)
}

// revoke is RFC 7009: with either token the whole grant ends, and an unknown token is no error.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	s.oauth.WriteRevocationResponse(r.Context(), w, s.oauth.NewRevocationRequest(r.Context(), r))
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // the client went away
}
