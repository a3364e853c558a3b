package lookalike

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
)

// Consent is what a person decides.
type Consent struct {
	Without []string // permissions that are not given: boxes left unticked, or kept back by somebody else
	Deny    bool
	As      string // e-mail; "" = whoever the hint names, or the first of the people
}

// Approve opens the authorization page, decides, and returns the address the browser is sent to, which nobody has
// visited. Where the provider shows a code instead, it returns the code.
func (s *Server) Approve(authorizationURL string, c Consent) (string, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil || !strings.HasPrefix(authorizationURL, s.URL(s.authorize)+"?") {
		return "", fmt.Errorf("%.80q is not an address of %s", authorizationURL, s.URL(s.authorize))
	}
	page := s.visit(http.MethodGet, authorizationURL, nil)
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "<form") {
		return "", fmt.Errorf("the authorization page answers %d: %s", page.Code, page.Body)
	}
	form := url.Values{"decision": {"allow"}, "user": {c.As}}
	if c.Deny {
		form.Set("decision", "deny")
	}
	for _, scope := range s.entry.SplitScopes(u.Query().Get("scope")) {
		if !slices.Contains(c.Without, scope) {
			form.Add("scope", scope)
		}
	}
	answer := s.visit(http.MethodPost, authorizationURL, form)
	if back := answer.Header().Get("Location"); back != "" {
		return back, nil
	}
	if code, ok := s.shownCode(answer.Body.String()); ok {
		return code, nil
	}
	return "", fmt.Errorf("the authorization page answers %d: %s", answer.Code, answer.Body)
}

// visit is a request that needs no network.
func (s *Server) visit(method, address string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.serve(w, r)
	return w
}

// Refused is the address the provider sends the browser to when it refuses the sign-in with these parameters.
func (s *Server) Refused(authorizationURL string, params url.Values) (string, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return "", err
	}
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	if err != nil {
		return "", err
	}
	q := url.Values{"state": {u.Query().Get("state")}}
	for name, values := range params {
		q[name] = values
	}
	back.RawQuery = q.Encode()
	return back.String(), nil
}

// ApproveDevice is the person typing the code on the provider's page and deciding.
func (s *Server) ApproveDevice(userCode string, c Consent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.devices {
		if a.userCode != userCode {
			continue
		}
		a.state, a.person = "allowed", s.signedIn(c.As, "")
		if c.Deny {
			a.state = "denied"
		}
		a.granted = slices.DeleteFunc(slices.Clone(a.scopes), func(scope string) bool { return slices.Contains(c.Without, scope) })
		return nil
	}
	return fmt.Errorf("no device waits with the code %q", userCode)
}

// AnswerDevice orders what the next poll of that device flow is answered.
func (s *Server) AnswerDevice(userCode string, answer Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.devices {
		if a.userCode == userCode {
			a.answer = &answer
			return nil
		}
	}
	return fmt.Errorf("no device waits with the code %q", userCode)
}

// Use is somebody else refreshing with a copy of a refresh token; it reports whether that worked.
func (s *Server) Use(refreshToken string) bool {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}, "client_id": {s.clientID}, "client_secret": {s.secret}}
	return s.visit(http.MethodPost, s.URL(s.exchange), form).Code == http.StatusOK
}

// signedIn is the person at the browser: the one asked for, else the hinted one, else the first.
func (s *Server) signedIn(email, hint string) Person {
	for _, want := range []string{email, hint} {
		for _, p := range s.People {
			if p.Email == want {
				return p
			}
		}
	}
	return s.People[0]
}
