package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Consent is what a person answers on the consent page.
type Consent struct {
	User   string   // e-mail, subject or name; empty = the first user
	Scopes []string // the boxes that are ticked; identity and offline scopes come with any consent
	All    bool     // every box
}

// ApproveDevice does what a person does on the device page and the consent page after it.
func (s *Server) ApproveDevice(userCode string, c Consent) error {
	user, err := s.store.user(c.User)
	if err != nil {
		return err
	}
	return s.store.decideDevice(userCode, user, c)
}

// DenyDevice cancels on the device page.
func (s *Server) DenyDevice(userCode string) error {
	return s.store.decideDevice(userCode, nil, Consent{})
}

// Approve opens an authorization URL, answers the consent page and returns the address the browser
// would be sent to, without following it.
func (s *Server) Approve(authorizationURL string, c Consent) (string, error) {
	form := url.Values{"user": {c.User}, "allow": c.Scopes, "go": {"1"}}
	if c.All {
		form.Set("allow", allowAll)
	}
	return s.answerURL(authorizationURL, form)
}

// Deny is Approve for somebody who cancels.
func (s *Server) Deny(authorizationURL string) (string, error) {
	return s.answerURL(authorizationURL, url.Values{"deny": {"1"}})
}

// answerURL is the POST that a shell would make, without the network in between.
func (s *Server) answerURL(authorizationURL string, form url.Values) (string, error) {
	if !strings.HasPrefix(authorizationURL, s.issuer+authorizePath+"?") {
		return "", errors.New("sandbox: this is not an authorization URL of this server")
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, authorizationURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("sandbox: the authorization URL cannot be read")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	out := &capture{header: http.Header{}}
	s.guard(http.HandlerFunc(s.authorize)).ServeHTTP(out, req)
	if back := out.header.Get("Location"); back != "" {
		return back, nil
	}
	return "", fmt.Errorf("sandbox: the authorization page answered %d", out.status)
}

// The form fields of the consent and device pages.
const allowAll = "all"

// decides reports whether a form carries an answer rather than only opening the page.
func decides(r *http.Request) bool {
	return r.PostForm.Has("allow") || r.PostForm.Has("go") || r.PostForm.Has("deny")
}

func refuses(r *http.Request) bool { return r.PostForm.Has("deny") }

func consentFrom(r *http.Request) Consent {
	c := Consent{User: r.PostForm.Get("user")}
	for _, scope := range r.PostForm["allow"] {
		if scope == allowAll {
			c.All = true
			continue
		}
		c.Scopes = append(c.Scopes, scope)
	}
	return c
}

// capture is a response writer that keeps the answer.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *capture) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}
