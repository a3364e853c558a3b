package otheras

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"
)

// person is whoever sits at the browser.
type person struct{ subject, email string }

// SignIn changes who approves from now on. Grants made earlier keep their person.
func (s *Server) SignIn(subject, email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person = person{subject: subject, email: email}
}

// Approve does what a person would in the browser: opens authURL, ticks the granted ones of the requested scopes (nil:
// all) and consents. It returns the address the browser is sent to; nobody has visited it yet.
func (s *Server) Approve(authURL string, grantedScopes []string) (redirect string, err error) {
	return s.visit(authURL, func(scope string) bool {
		return grantedScopes == nil || slices.Contains(grantedScopes, scope)
	})
}

// Deny opens authURL and refuses.
func (s *Server) Deny(authURL string) (redirect string, err error) { return s.visit(authURL, nil) }

// visit hands authURL to the authorization endpoint without the network.
func (s *Server) visit(authURL string, grants func(scope string) bool) (string, error) {
	if !strings.HasPrefix(authURL, s.issuer+"/authorize?") {
		return "", fmt.Errorf("%.60q is not an address of the authorization endpoint of %s", authURL, s.issuer)
	}
	request, err := http.NewRequest(http.MethodGet, authURL, nil) //nolint:noctx // it is never sent
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := httptest.NewRecorder()
	s.decide(answer, request, grants)
	if redirect := answer.Header().Get("Location"); redirect != "" {
		return redirect, nil
	}
	return "", fmt.Errorf("the authorization endpoint answered %d: %s", answer.Code, answer.Body)
}

// decide answers an authorization request; grants is nil if the person refuses. The caller holds mu.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, grants func(scope string) bool) {
	answer := httptest.NewRecorder()
	if err := s.consent(answer, r, grants); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for key, values := range answer.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client went away
}

// consent lets fosite answer and adds the iss parameter, which fosite does not know, to the redirect.
func (s *Server) consent(answer *httptest.ResponseRecorder, r *http.Request, grants func(scope string) bool) error {
	ctx := r.Context()
	request, err := s.oauth.NewAuthorizeRequest(ctx, r)
	if err == nil && grants == nil {
		err = fosite.ErrAccessDenied
	}
	var response fosite.AuthorizeResponder
	if err == nil {
		for _, scope := range request.GetRequestedScopes() {
			if grants(scope) {
				request.GrantScope(scope)
			}
		}
		response, err = s.oauth.NewAuthorizeResponse(ctx, request, &fosite.DefaultSession{Subject: s.person.subject, Username: s.person.email})
	}
	if err != nil {
		s.oauth.WriteAuthorizeError(ctx, answer, request, err)
	} else {
		s.oauth.WriteAuthorizeResponse(ctx, answer, request, response)
	}
	location := answer.Header().Get("Location")
	if location == "" {
		return nil
	}
	target, err := url.Parse(location)
	if err != nil {
		return errors.New("the redirect is not a valid address")
	}
	query := target.Query()
	query.Set("iss", s.issuer)
	target.RawQuery = query.Encode()
	answer.Header().Set("Location", target.String())
	return nil
}
