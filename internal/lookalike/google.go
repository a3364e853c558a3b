package lookalike

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fettle/oauthflow/provider"
)

// Some of Google's scopes, for tests.
const (
	Analytics     = googleScope + "analytics.readonly"
	Spreadsheets  = googleScope + "spreadsheets"
	DriveMetadata = googleScope + "drive.metadata.readonly"

	googleScope = "https://www.googleapis.com/auth/"
)

// Google is accounts.google.com with the APIs of the built-in entry: boxes as soon as two permissions are asked
// for, verification_url, tokeninfo whose numbers are texts, refreshes without a refresh token, and a revocation
// that ends everything of the project and answers 400 to a token that is dead already.
type Google struct{ *Server }

// StartGoogle starts it.
func StartGoogle(o Options) (*Google, error) {
	g := &Google{}
	s, err := start(o, habits{
		id: "google", clientID: "1234567890-lookalike.apps.googleusercontent.com", secret: clientSecret,
		authorize: "accounts.google.com/o/oauth2/v2/auth", exchange: "oauth2.googleapis.com/token", device: "oauth2.googleapis.com/device/code",
		jwks: "www.googleapis.com/oauth2/v3/certs", issuer: "accounts.google.com",
		boxes: g.boxes, denied: url.Values{"error": {"access_denied"}},
		refreshes: g.refreshes, rotation: provider.RotationNone, lasts: 3599, refusals: googleRefusals,
		claims: func(g *grant) object {
			return object{"azp": g.clientID, "email": g.person.Email, "email_verified": true}
		},
		showDevice: func(m object) {
			m["verification_url"], m["expires_in"] = "https://www.google.com/device", 1800
		},
		speak: func(_ *grant, m object) { m["scope"] = googleSpelling(m["scope"]) },
	})
	if err != nil {
		return nil, err
	}
	g.Server = s
	s.route("POST oauth2.googleapis.com/tokeninfo", g.tokeninfo)
	s.route("GET oauth2.googleapis.com/tokeninfo", g.tokeninfo)
	s.route("POST oauth2.googleapis.com/revoke", g.revoke)
	s.route("GET openidconnect.googleapis.com/v1/userinfo", g.userinfo)
	for _, api := range googleAPIs {
		s.items[pathOf("https://"+strings.TrimPrefix(api.pattern, "GET "))] = api.items
		s.route(api.pattern, func(r *http.Request) Answer { return g.list(r, api) })
	}
	g.googleAds()
	return g, nil
}

// googleRefusals are the texts as the token endpoint gives them; the statuses of the device flow are Google's own.
var googleRefusals = map[reason]Answer{
	badClient:     refuse(401, object{"error": "invalid_client", "error_description": "The OAuth client was not found."}),
	badCode:       refuse(400, object{"error": "invalid_grant", "error_description": "Malformed auth code."}),
	badVerifier:   refuse(400, object{"error": "invalid_grant", "error_description": "Invalid code verifier."}),
	deadToken:     refuse(400, object{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
	badType:       refuse(400, object{"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}),
	devicePending: refuse(428, object{"error": "authorization_pending", "error_description": "Precondition Required"}),
	deviceDenied:  refuse(403, object{"error": "access_denied", "error_description": "Forbidden"}),
	deviceLate:    refuse(400, object{"error": "expired_token", "error_description": "Bad Request"}),
	deviceUnknown: refuse(400, object{"error": "invalid_grant", "error_description": "Malformed device code."}),
	deviceScope:   refuse(400, object{"error": "invalid_scope", "error_description": "Invalid device flow scope"}),
}

// boxes: one permission beside those of the sign-in is allowed or not; of several each has a box (granular consent, 2024).
func (g *Google) boxes(scopes []string) bool {
	n := 0
	for _, scope := range scopes {
		if strings.HasPrefix(scope, googleScope) {
			n++
		}
	}
	return n > 1
}

// refreshes: a browser has to ask for offline access, and again only gets a token if the consent page showed.
func (g *Google) refreshes(a *asking) bool {
	// A device always gets one; access_type is a parameter of the browser flow.
	if a.userCode != "" {
		return true
	}
	again := slices.ContainsFunc(g.grants, func(other *grant) bool { return !other.dead && other.person == a.person })
	return a.params.Get("access_type") == "offline" && (!again || a.params.Get("prompt") == "consent")
}

// googleSpelling: whoever asks for email is told userinfo.email.
func googleSpelling(scope any) string {
	text, _ := scope.(string)
	parts := strings.Fields(text)
	for i, p := range parts {
		if p == "email" || p == "profile" {
			parts[i] = googleScope + "userinfo." + p
		}
	}
	return strings.Join(parts, " ")
}

// tokeninfo answers with numbers and booleans as texts, and 400 where RFC 7662 would say inactive.
func (g *Google) tokeninfo(r *http.Request) Answer {
	t, ok := g.alive(r.Form.Get("access_token"))
	if !ok {
		return refuse(400, object{"error": "invalid_token", "error_description": "Invalid Value"})
	}
	granted := slices.DeleteFunc(slices.Clone(t.scopes), func(scope string) bool { return !t.has(scope) })
	return reply(object{
		"azp": g.clientID, "aud": g.clientID, "sub": t.person.Subject, "scope": googleSpelling(strings.Join(granted, " ")),
		"exp": strconv.FormatInt(t.until.Unix(), 10), "expires_in": strconv.Itoa(int(t.until.Sub(g.Clock()).Seconds())),
		"email": t.person.Email, "email_verified": "true", "access_type": "offline",
	})
}

// revoke ends every grant of that person to the project, whichever token it is shown.
func (g *Google) revoke(r *http.Request) Answer {
	token := r.Form.Get("token")
	found := g.refresh[token]
	if t, ok := g.alive(token); ok {
		found = t.grant
	}
	// RFC 7009 §2.2 wants 200 here; Google sends 400, and fettle must read that as done.
	if found == nil || found.dead {
		return refuse(400, object{"error": "invalid_token", "error_description": "Token expired or revoked"})
	}
	for _, other := range g.grants {
		if other.person == found.person {
			other.dead = true
		}
	}
	return reply(object{})
}

// userinfo is asked where the id token does not say who signed in.
func (g *Google) userinfo(r *http.Request) Answer {
	t, ok := g.bearer(r)
	if !ok {
		return googleUnauthenticated
	}
	return reply(object{"sub": t.person.Subject, "email": t.person.Email, "email_verified": true, "name": t.person.Name})
}

var (
	// Both forms of Google's errors stand in one answer: the older errors list, and the ErrorInfo of newer APIs.
	googleUnauthenticated = refuse(401, object{"error": object{
		"code": 401, "status": "UNAUTHENTICATED", "message": "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
		"errors":  []object{{"message": "Invalid Credentials", "domain": "global", "reason": "authError", "location": "Authorization", "locationType": "header"}},
		"details": []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_EXPIRED", "domain": "googleapis.com"}},
	}})
	googleInsufficient = refuse(403, object{"error": object{
		"code": 403, "status": "PERMISSION_DENIED", "message": "Request had insufficient authentication scopes.",
		"errors":  []object{{"message": "Insufficient Permission", "domain": "global", "reason": "insufficientPermissions"}},
		"details": []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"}},
	}})
	googleNotFound = refuse(404, object{"error": object{"code": 404, "status": "NOT_FOUND", "message": "Requested entity was not found."}})
)

// list answers an API call: a page of what it lists, or 404 where it is asked for something that does not exist.
func (g *Google) list(r *http.Request, api googleAPI) Answer {
	t, ok := g.bearer(r)
	switch {
	case !ok:
		return googleUnauthenticated
	case !slices.ContainsFunc(api.scopes, func(scope string) bool { return t.has(googleScope + scope) }):
		return googleInsufficient
	case api.member == "":
		return googleNotFound
	}
	some, next := g.leaf(strings.TrimPrefix(r.URL.Path, "/"), r.URL.Query().Get("pageToken"))
	if len(some) == 0 {
		// An empty list is no list at Google: a reader that insists on the member takes it for a wrong answer.
		return reply(object{}) // the member itself is left out
	}
	answer := object{api.member: some}
	if next > 0 {
		answer["nextPageToken"] = strconv.Itoa(next)
	}
	return reply(answer)
}
