package lookalike

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"fettle/oauthflow/provider"
)

// salesforce names no expires_in, sends its API's callers to an instance of their own, and takes each refresh
// token once: a copy that comes a second time ends the grant.
type salesforce struct{ *Server }

// SalesforceInstance is where the calls of the API go, which only the token answer tells.
const SalesforceInstance = "eu42.my.salesforce.com"

func startSalesforce(o Options) (*Server, error) {
	f := &salesforce{}
	const login = "login.salesforce.com/services/oauth2/"
	s, err := start(o, habits{
		id: "salesforce", clientID: "3MVG9lookalike", secret: secretIf(o.Confidential),
		authorize: login + "authorize", exchange: login + "token", jwks: "login.salesforce.com/id/keys", issuer: "login.salesforce.com",
		denied:    url.Values{"error": {"access_denied"}, "error_description": {"end-user denied authorization"}},
		refreshes: func(a *asking) bool { return slices.Contains(a.scopes, "refresh_token") },
		rotation:  provider.RotationSingleUse, lasts: 7200, refusals: salesforceRefusals,
		claims: func(g *grant) object {
			return object{"sub": f.person(g), "email": g.person.Email, "preferred_username": g.person.Email}
		},
		speak: f.speak,
	})
	if err != nil {
		return nil, err
	}
	f.Server = s
	s.route("GET "+login+"userinfo", f.userinfo)
	s.route("POST "+login+"revoke", f.revoke)
	s.route("POST "+login+"introspect", s.introspect(func(t access, m object) { m["sub"], m["username"] = f.person(t.grant), t.person.Email }))
	s.route("GET "+SalesforceInstance+"/services/data/v66.0/limits", f.open(func(*http.Request) Answer {
		return reply(object{"DailyApiRequests": object{"Max": 100000, "Remaining": 99990}})
	}))
	objects := SalesforceInstance + "/services/data/v66.0/sobjects"
	s.route("GET "+objects, f.open(func(*http.Request) Answer {
		return reply(object{"encoding": "UTF-8", "sobjects": append([]any{}, s.items[objects]...)})
	}))
	s.items[objects] = []any{object{"name": "Account", "label": "Account"}, object{"name": "Lead", "label": "Lead"}, object{"name": "Opportunity", "label": "Opportunity"}}
	return f.Server, nil
}

var salesforceRefusals = map[reason]Answer{
	badClient:   refuse(400, object{"error": "invalid_client_id", "error_description": "client identifier invalid"}),
	badCode:     refuse(400, object{"error": "invalid_grant", "error_description": "expired authorization code"}),
	badVerifier: refuse(400, object{"error": "invalid_grant", "error_description": "invalid code verifier"}),
	deadToken:   refuse(400, object{"error": "invalid_grant", "error_description": "expired access/refresh token"}),
	badType:     refuse(400, object{"error": "unsupported_grant_type", "error_description": "grant type not supported"}),
}

// person is the address of the identity, which is the subject too.
func (f *salesforce) person(g *grant) string {
	return f.URL("login.salesforce.com/id/00D000000000001EAA/005" + g.person.Subject)
}

// speak leaves expires_in out: how long a session lasts is the org's policy, which the answer does not tell.
func (f *salesforce) speak(g *grant, m object) {
	delete(m, "expires_in")
	m["instance_url"], m["id"] = f.URL(SalesforceInstance), f.person(g)
	m["issued_at"], m["signature"] = strconv.FormatInt(f.Clock().UnixMilli(), 10), "c2lnbmF0dXJl"
}

// userinfo refuses in plain text, with 403 rather than the 401 of RFC 6750 §3.1.
func (f *salesforce) userinfo(r *http.Request) Answer {
	t, ok := f.bearer(r)
	if !ok {
		return Answer{Status: http.StatusForbidden, Body: "Bad_OAuth_Token"}
	}
	return reply(object{"sub": f.person(t.grant), "user_id": "005" + t.person.Subject, "organization_id": "00D000000000001EAA", "email": t.person.Email, "preferred_username": t.person.Email, "active": true})
}

// revoke takes either token and ends the grant.
func (f *salesforce) revoke(r *http.Request) Answer {
	token := r.Form.Get("token")
	g := f.refresh[token]
	if t, ok := f.alive(token); ok {
		g = t.grant
	}
	if g == nil || g.dead {
		return refuse(400, object{"error": "invalid_token", "error_description": "invalid token"})
	}
	g.dead = true
	return Answer{}
}

// open serves a call on the instance; errors are a list there.
func (f *salesforce) open(h handler) handler {
	return func(r *http.Request) Answer {
		t, ok := f.bearer(r)
		switch {
		case !ok:
			return refuse(401, []object{{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}})
		case !t.has("api"):
			return refuse(403, []object{{"message": "This session is not valid for use with the REST API", "errorCode": "INVALID_SESSION_ID"}})
		}
		return h(r)
	}
}
