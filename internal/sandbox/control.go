package sandbox

import (
	"slices"
	"time"
)

// Grant is a view of one consent and its tokens.
type Grant struct {
	ID            string    `json:"id"`
	Flow          string    `json:"flow"` // device or browser
	User          string    `json:"user"` // e-mail
	Subject       string    `json:"subject"`
	Client        string    `json:"client"`
	Scopes        []string  `json:"scopes"`
	Created       time.Time `json:"created"`
	Live          bool      `json:"live"`
	Cause         string    `json:"cause,omitempty"` // why it ended
	RefreshTokens int       `json:"refresh_tokens"`  // alive
	AccessTokens  int       `json:"access_tokens"`   // alive
}

// Grants are all consents so far, oldest first, the ended ones included.
func (s *Server) Grants() []Grant {
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	out := make([]Grant, len(st.grants))
	at := map[*grant]*Grant{}
	for i, g := range st.grants {
		out[i] = Grant{
			ID: g.id, Flow: g.flow, User: g.user.Email, Subject: g.user.Subject, Client: g.client,
			Scopes: slices.Clone(g.scopes), Created: g.created, Live: g.ended.IsZero(), Cause: g.cause,
		}
		at[g] = &out[i]
	}
	for _, rt := range st.refresh {
		if st.alive(rt) {
			at[rt.grant].RefreshTokens++
		}
	}
	for id, token := range st.access {
		if st.liveAccess(id) != nil {
			at[token.grant].AccessTokens++
		}
	}
	return out
}

// owns reports whether a grant is alive and belongs to a user: e-mail, subject or name; empty = everybody.
func (g *grant) owns(user string) bool {
	mine := user == "" || user == g.user.Email || user == g.user.Subject || user == g.user.Name
	return mine && g.ended.IsZero()
}

// each runs change on the live grants of a user and counts them. The store's lock is held.
func (s *store) each(user string, change func(*grant)) int {
	n := 0
	for _, g := range s.grants {
		if g.owns(user) {
			change(g)
			n++
		}
	}
	return n
}

// RevokeEverything ends all live grants of a user (empty = everybody), as removing the program on a
// provider's account page does. It returns how many.
func (s *Server) RevokeEverything(user string) int {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.store.each(user, func(g *grant) { s.store.kill(g, "revoked by the user") })
}

// RevokeScope takes one permission back from the live grants of a user and from their access tokens.
// It returns the number of grants that had it.
func (s *Server) RevokeScope(user, scope string) int {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	without := func(scopes []string) []string {
		return slices.DeleteFunc(slices.Clone(scopes), func(have string) bool { return have == scope })
	}
	for _, at := range s.store.access {
		if at.grant.owns(user) {
			at.scopes = without(at.scopes)
		}
	}
	n := 0
	s.store.each(user, func(g *grant) {
		if contains(g.scopes, scope) {
			g.scopes = without(g.scopes)
			n++
		}
	})
	return n
}

// ExpireIn lets the refresh tokens of a user's live grants expire d from now, at once if d ≤ 0.
// Refresh tokens issued later live as long as Options say. It returns the number of grants.
func (s *Server) ExpireIn(user string, d time.Duration) int {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, rt := range s.store.refresh {
		if rt.grant.owns(user) {
			rt.expires = s.store.now().Add(d)
		}
	}
	return s.store.each(user, func(*grant) {})
}

// ExpireAccessIn lets the live access tokens of a user expire d from now, at once if d ≤ 0.
func (s *Server) ExpireAccessIn(user string, d time.Duration) int {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	n := 0
	for id, at := range s.store.access {
		if at.grant.owns(user) && s.store.liveAccess(id) != nil {
			at.expires = s.store.now().Add(d)
			n++
		}
	}
	return n
}

// DropScope makes the server silently grant less than was ticked from now on, as some do with offline_access.
func (s *Server) DropScope(scope string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.dropped[scope] = true
}

// KeepScope takes DropScope back.
func (s *Server) KeepScope(scope string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	delete(s.store.dropped, scope)
}
