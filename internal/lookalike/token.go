package lookalike

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"fettle/oauthflow/provider"
)

// reason is why the token endpoint refuses; each provider says it in its own words.
type reason int

const (
	badClient   reason = iota // unknown client, or wrong secret
	badCode                   // unknown, used or late
	badVerifier               // PKCE
	deadToken                 // revoked, expired or used up
	badType                   // of grant
	devicePending
	deviceDenied
	deviceLate
	deviceUnknown
	deviceScope // the device flow carries other scopes only
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// tokens is the token endpoint.
func (s *Server) tokens(r *http.Request) Answer {
	id, secret := client(r)
	if s.knows != nil && !s.knows(r, id, secret) || s.knows == nil && (id != s.clientID || secret != s.secret) {
		return s.refusals[badClient]
	}
	switch r.Form.Get("grant_type") {
	case "authorization_code":
		return s.redeem(r.Form)
	case "refresh_token":
		return s.renew(r.Form)
	case deviceGrant:
		return s.poll(r.Form)
	}
	if s.ownGrant != nil {
		return s.ownGrant(r)
	}
	return s.refusals[badType]
}

// client reads the client's credentials from the header or the form (RFC 6749 §2.3.1).
func client(r *http.Request) (id, secret string) {
	if id, secret, ok := r.BasicAuth(); ok {
		id, _ = url.QueryUnescape(id) // what cannot be unescaped is unknown anyway
		secret, _ = url.QueryUnescape(secret)
		return id, secret
	}
	return r.Form.Get("client_id"), r.Form.Get("client_secret")
}

// redeem exchanges a code, once.
func (s *Server) redeem(f url.Values) Answer {
	a, ok := s.codes[f.Get("code")]
	delete(s.codes, f.Get("code"))
	if !ok || s.Clock().After(a.until) || f.Get("redirect_uri") != a.params.Get("redirect_uri") {
		return s.refusals[badCode]
	}
	if challenge := a.params.Get("code_challenge"); challenge != "" {
		sum := sha256.Sum256([]byte(f.Get("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != challenge {
			return s.refusals[badVerifier]
		}
	}
	return s.give(s.begin(a), true, nil)
}

// renew is a refresh. A single-use token that comes a second time kills the grant, as it does at the real ones.
func (s *Server) renew(f url.Values) Answer {
	token := f.Get("refresh_token")
	g, ok := s.refresh[token]
	if !ok || g.dead {
		return s.refusals[deadToken]
	}
	if s.rotation == provider.RotationSingleUse && token != g.refresh {
		g.dead = true
		return s.refusals[deadToken]
	}
	if s.rotation != provider.RotationNone {
		s.rotate(g)
	}
	return s.give(g, s.rotation != provider.RotationNone, strings.Fields(f.Get("scope")))
}

// give answers with an access token, and with the refresh token if there is one to tell.
func (s *Server) give(g *grant, tell bool, asked []string) Answer {
	scopes := g.granted
	if s.narrow != nil {
		var refused *Answer
		if scopes, refused = s.narrow(g, asked); refused != nil {
			return *refused
		}
	}
	m := object{"access_token": s.issue(g, scopes, s.lasts), "token_type": "Bearer", "scope": strings.Join(scopes, " ")}
	if s.lasts > 0 {
		m["expires_in"] = s.lasts
	}
	if tell && g.refresh != "" {
		m["refresh_token"] = g.refresh
	}
	if s.claims != nil && slices.Contains(g.granted, "openid") {
		m["id_token"] = s.idToken(g)
	}
	if s.speak != nil {
		s.speak(g, m)
	}
	return reply(m)
}

// introspect is RFC 7662: to the client alone, with what the provider adds.
func (s *Server) introspect(add func(t access, m object)) handler {
	return func(r *http.Request) Answer {
		if id, secret := client(r); id != s.clientID || secret != s.secret {
			return s.refusals[badClient]
		}
		t, ok := s.alive(r.Form.Get("token"))
		m := object{"active": ok}
		if t.grant == nil {
			return reply(m)
		}
		if ok {
			m["client_id"], m["scope"], m["exp"] = s.clientID, strings.Join(t.scopes, " "), t.until.Unix()
		}
		add(t, m)
		return reply(m)
	}
}

// startDevice begins a device flow.
func (s *Server) startDevice(r *http.Request) Answer {
	if id, _ := client(r); id != s.clientID {
		return s.refusals[badClient]
	}
	scopes := s.entry.SplitScopes(r.Form.Get("scope"))
	if s.entry.Supports(provider.Device, scopes) != nil {
		return s.refusals[deviceScope]
	}
	text := random("")
	a := &asking{
		params: r.Form, scopes: scopes, userCode: text[:4] + "-" + text[4:8], code: random("device-"),
		until: s.Clock().Add(15 * time.Minute),
	}
	s.devices[a.code] = a
	m := object{"device_code": a.code, "user_code": a.userCode, "expires_in": 900, "interval": s.Interval}
	s.showDevice(m)
	return reply(m)
}

// poll is a device asking whether the person has decided.
func (s *Server) poll(f url.Values) Answer {
	a, ok := s.devices[f.Get("device_code")]
	now := s.Clock()
	switch {
	case !ok:
		return s.refusals[deviceUnknown]
	case a.answer != nil:
		answer := *a.answer
		a.answer = nil
		return answer
	case now.After(a.until):
		return s.refusals[deviceLate]
	case a.state == "denied":
		delete(s.devices, a.code)
		return s.refusals[deviceDenied]
	case a.state == "":
		return s.refusals[devicePending]
	}
	delete(s.devices, a.code)
	return s.give(s.begin(a), true, nil)
}
