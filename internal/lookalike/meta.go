package lookalike

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// meta is facebook.com with its Graph: no refresh token, a short-lived token that is exchanged for a long-lived
// one, nothing about permissions in the answer, and errors with subcodes.
type meta struct{ *Server }

const (
	metaGraph = "graph.facebook.com/v25.0/"
	metaTerm  = 60 * 24 * time.Hour
)

func startMeta(o Options) (*Server, error) {
	m := &meta{}
	s, err := start(o, habits{
		id: "meta", clientID: "1234567890123456", secret: clientSecret,
		authorize: "www.facebook.com/v25.0/dialog/oauth", exchange: metaGraph + "oauth/access_token",
		boxes:  func([]string) bool { return true },
		denied: url.Values{"error": {"access_denied"}, "error_code": {"200"}, "error_reason": {"user_denied"}, "error_description": {"Permissions error"}},
		lasts:  5400, refusals: metaRefusals, ownGrant: m.ownGrant,
		speak: func(_ *grant, answer object) { delete(answer, "scope") },
	})
	if err != nil {
		return nil, err
	}
	m.Server = s
	s.route("GET "+s.exchange, s.tokens) // the documented way; POST works as well
	s.route("GET "+metaGraph+"me", m.open(func(t access, _ *http.Request) Answer {
		return reply(object{"id": t.person.Subject, "name": t.person.Name})
	}))
	s.route("GET "+metaGraph+"me/permissions", m.open(m.permissions))
	s.route("DELETE "+metaGraph+"me/permissions", m.open(func(t access, _ *http.Request) Answer {
		for _, g := range s.grants {
			if g.person == t.person {
				g.dead = true
			}
		}
		return reply(object{"success": true})
	}))
	s.route("GET "+metaGraph+"me/adaccounts", m.open(m.adAccounts))
	s.items[metaGraph+"me/adaccounts"] = []any{
		adAccount("act_101", "Example Shop"), adAccount("act_102", "Example Blog"), adAccount("act_103", "Example Labs"),
	}
	return m.Server, nil
}

// adAccount names its business, by which the listing groups.
func adAccount(id, name string) any {
	return object{"id": id, "name": name, "business": object{"id": "77", "name": "Example GmbH"}}
}

// Graph is an error of Meta's Graph; subcode 0 = none.
func Graph(status, code, subcode int, text string) Answer {
	e := object{"message": text, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEfGhIjK"}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	return refuse(status, object{"error": e})
}

// metaRefusals are Graph errors: at Meta the token endpoint speaks as the API does, not as RFC 6749 §5.2.
var metaRefusals = map[reason]Answer{
	badClient: Graph(400, 101, 0, "Error validating application. Cannot get application info due to a system error."),
	badCode:   Graph(400, 100, 36009, "This authorization code has been used."),
	badType:   Graph(400, 100, 0, "Invalid grant_type"),
}

var (
	metaExpired = Graph(400, 190, 463, "Error validating access token: Session has expired on Sunday, 22-Nov-26 02:00:00 PST.")
	metaRemoved = Graph(400, 190, 458, "Error validating access token: The user has not authorized application 1234567890123456.")
)

// ownGrant exchanges an access token, and a code too, for which Meta's documentation sends no grant_type.
// A long-lived token ends 60 days after the consent: Meta promises no more to an app nobody is present at.
func (m *meta) ownGrant(r *http.Request) Answer {
	switch r.Form.Get("grant_type") {
	case "":
		return m.redeem(r.Form)
	case "fb_exchange_token":
	default:
		return m.refusals[badType]
	}
	t, alive := m.alive(r.Form.Get("fb_exchange_token"))
	left := int(metaTerm.Seconds())
	switch {
	// Meta tells a token that was taken back from one that ended; the remedies are the same, the words are not.
	case t.grant == nil, t.dead:
		return metaRemoved
	case !alive:
		return metaExpired
	}
	left -= int(m.Clock().Sub(t.at).Seconds())
	return reply(object{"access_token": m.issue(t.grant, t.scopes, left), "token_type": "bearer", "expires_in": left})
}

// open serves an address to whoever shows a token that lives; in a header or, as in next pages, in the query.
func (m *meta) open(h func(t access, r *http.Request) Answer) handler {
	return func(r *http.Request) Answer {
		t, ok := m.bearer(r)
		// fettle never puts a token into a query itself, but follows the addresses of pages, which hold one.
		if !ok && r.Header.Get("Authorization") == "" {
			t, ok = m.alive(r.URL.Query().Get("access_token"))
		}
		switch {
		case ok:
			return h(t, r)
		case t.grant != nil && t.dead:
			return metaRemoved
		}
		return metaExpired
	}
}

// permissions lists what was asked for, with what became of it.
func (m *meta) permissions(t access, _ *http.Request) Answer {
	data := []object{{"permission": "public_profile", "status": "granted"}}
	for _, scope := range t.asked {
		status := "declined"
		if slices.Contains(t.granted, scope) {
			status = "granted"
		}
		data = append(data, object{"permission": scope, "status": status})
	}
	return reply(object{"data": data})
}

// adAccounts pages by a whole address that holds the token, as Meta's do.
func (m *meta) adAccounts(t access, r *http.Request) Answer {
	if !t.has("ads_read") {
		return Graph(403, 200, 0, "(#200) Ad account owner has NOT grant ads_management or ads_read permission")
	}
	path := metaGraph + "me/adaccounts"
	some, next := m.leaf(path, r.URL.Query().Get("after"))
	answer := object{"data": some}
	if next > 0 {
		q := url.Values{"access_token": {m.issue(t.grant, t.scopes, 3600)}, "limit": {"100"}, "after": {strconv.Itoa(next)}}
		answer["paging"] = object{"cursors": object{"after": strconv.Itoa(next)}, "next": m.URL(path) + "?" + q.Encode()}
	}
	return reply(answer)
}
