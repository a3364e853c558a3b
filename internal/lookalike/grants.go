package lookalike

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// asking is a sign-in under way: a code that waits to be redeemed, or a device code that waits for the person.
type asking struct {
	params   url.Values // of the authorization or device request
	scopes   []string   // asked for
	granted  []string
	person   Person
	code     string
	userCode string
	until    time.Time
	state    string  // of a device code: "", allowed, denied
	answer   *Answer // ordered for the next poll
}

// grant is what a person gave a client.
type grant struct {
	person   Person
	clientID string
	granted  []string
	asked    []string
	at       time.Time // of the consent
	refresh  string    // the newest refresh token, "" = none
	dead     bool
}

// access is an access token.
type access struct {
	*grant
	scopes []string
	until  time.Time
}

func random(prefix string) string { return prefix + rand.Text() + rand.Text() }

// begin makes the grant of a sign-in.
func (s *Server) begin(a *asking) *grant {
	g := &grant{person: a.person, clientID: s.clientID, granted: a.granted, asked: a.scopes, at: s.Clock()}
	if s.refreshes != nil && s.refreshes(a) {
		s.rotate(g)
	}
	s.grants = append(s.grants, g)
	return g
}

// rotate gives a grant a new refresh token; earlier ones are known still, so that a reuse is noticed.
func (s *Server) rotate(g *grant) {
	g.refresh = random("refresh-")
	s.refresh[g.refresh] = g
}

// issue makes an access token with these of the grant's scopes, good for so many seconds, with 0 for ever.
func (s *Server) issue(g *grant, scopes []string, seconds int) string {
	t := random("access-")
	a := access{grant: g, scopes: scopes}
	if seconds > 0 {
		a.until = s.Clock().Add(time.Duration(seconds) * time.Second)
	}
	s.access[t] = a
	return t
}

// bearer finds the grant of a request's access token.
func (s *Server) bearer(r *http.Request) (access, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return access{}, false
	}
	return s.alive(token)
}

func (s *Server) alive(token string) (access, bool) {
	t, ok := s.access[token]
	return t, ok && !t.dead && (t.until.IsZero() || s.Clock().Before(t.until))
}

// has reports whether the token carries a scope, and the person has not taken it back since.
func (a access) has(scope string) bool {
	return slices.Contains(a.scopes, scope) && slices.Contains(a.granted, scope)
}

// Revoke is the person taking everything back on the provider's page, or an administrator doing it.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.dead = true
	}
}

// Lose takes a permission away from every grant, as a person or an administrator can later.
func (s *Server) Lose(scope string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.granted = slices.DeleteFunc(slices.Clone(g.granted), func(have string) bool { return have == scope })
	}
}

// Grants says how many grants are alive.
func (s *Server) Grants() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, g := range s.grants {
		if !g.dead {
			n++
		}
	}
	return n
}

// Tokens says how many access tokens are alive.
func (s *Server) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for token := range s.access {
		if _, ok := s.alive(token); ok {
			n++
		}
	}
	return n
}
