package lookalike

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fettle/oauthflow/provider"
)

// linkedIn answers with scopes between commas, gives refresh tokens to partners alone, with a term that
// counts from the first consent, and wants a version in the header of each API call.
type linkedIn struct{ *Server }

const (
	linkedInAccounts = "api.linkedin.com/rest/adAccounts"
	linkedInTerm     = 365 * 24 * time.Hour
)

func startLinkedIn(o Options) (*Server, error) {
	return linkedInLike(o, habits{
		id: "linkedin", secret: clientSecret, authorize: "www.linkedin.com/oauth/v2/authorization",
		jwks: "www.linkedin.com/oauth/openid/jwks", issuer: "www.linkedin.com/oauth",
		claims: func(g *grant) object {
			return object{"email": g.person.Email, "email_verified": "true", "name": g.person.Name}
		},
	})
}

// startLinkedInNative is the page for apps that LinkedIn has enabled PKCE for, which have no secret.
func startLinkedInNative(o Options) (*Server, error) {
	return linkedInLike(o, habits{id: "linkedin-native", authorize: "www.linkedin.com/oauth/native-pkce/authorization"})
}

func linkedInLike(o Options, h habits) (*Server, error) {
	l := &linkedIn{}
	h.clientID, h.exchange = "78lookalike", "www.linkedin.com/oauth/v2/accessToken"
	h.denied = url.Values{"error": {"user_cancelled_authorize"}, "error_description": {"The user cancelled the authorization"}}
	h.refreshes = func(*asking) bool { return o.Partner }
	h.rotation, h.lasts, h.refusals, h.speak = provider.RotationNone, 5183999, linkedInRefusals, l.speak
	s, err := start(o, h)
	if err != nil {
		return nil, err
	}
	l.Server = s
	s.route("POST www.linkedin.com/oauth/v2/introspectToken", s.introspect(l.status))
	s.route("GET api.linkedin.com/v2/userinfo", l.userinfo)
	s.route("GET "+linkedInAccounts, l.adAccounts)
	s.items[linkedInAccounts] = []any{
		object{"id": 501, "name": "Example Shop", "reference": "urn:li:organization:9", "status": "ACTIVE"},
		object{"id": 502, "name": "Example Blog", "reference": "urn:li:organization:9", "status": "ACTIVE"},
		object{"id": 503, "name": "Example Labs", "reference": "urn:li:organization:8", "status": "ACTIVE"},
	}
	return s, nil
}

// status says of a dead token why it is dead, and puts commas between the scopes of a living one.
func (l *linkedIn) status(t access, m object) {
	text, _ := m["scope"].(string)
	switch {
	case m["active"] == true:
		m["status"], m["scope"], m["auth_type"] = "active", strings.ReplaceAll(text, " ", ","), "3L"
	case t.dead:
		m["status"] = "revoked"
	default:
		m["status"] = "expired"
	}
}

// linkedInRefusals say invalid_request of a bad code, where RFC 6749 §5.2 has invalid_grant.
var linkedInRefusals = map[reason]Answer{
	badClient: refuse(401, object{"error": "invalid_client", "error_description": "Client authentication failed"}),
	badCode:   refuse(400, object{"error": "invalid_request", "error_description": "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired."}),
	deadToken: refuse(400, object{"error": "invalid_grant", "error_description": "The provided authorization grant or refresh token is invalid, expired or revoked"}),
	badType:   refuse(400, object{"error": "invalid_request", "error_description": "Unsupported grant type"}),
}

// speak puts commas between scopes, and tells partners the refresh token each time, with what is left of its year.
func (l *linkedIn) speak(g *grant, m object) {
	text, _ := m["scope"].(string)
	m["scope"] = strings.ReplaceAll(text, " ", ",")
	if g.refresh != "" {
		m["refresh_token"] = g.refresh
		m["refresh_token_expires_in"] = int((linkedInTerm - l.Clock().Sub(g.at)).Seconds())
	}
}

func (l *linkedIn) userinfo(r *http.Request) Answer {
	t, ok := l.bearer(r)
	if !ok {
		return linkedInRevoked
	}
	return reply(object{"sub": t.person.Subject, "name": t.person.Name, "email": t.person.Email, "email_verified": true})
}

var (
	linkedInRevoked  = refuse(401, object{"status": 401, "serviceErrorCode": 65601, "code": "REVOKED_ACCESS_TOKEN", "message": "The token used in the request has been revoked by the user"})
	linkedInDenied   = refuse(403, object{"status": 403, "serviceErrorCode": 100, "code": "ACCESS_DENIED", "message": "Not enough permissions to access: adAccounts.FINDER-search"})
	linkedInNoHeader = refuse(400, object{"status": 400, "code": "VERSION_MISSING", "message": "A version must be present. Please specify a version by adding the LinkedIn-Version header."})
)

// adAccounts judges the token first, then the version in the header, then the permission.
func (l *linkedIn) adAccounts(r *http.Request) Answer {
	t, ok := l.bearer(r)
	switch version := r.Header.Get("Linkedin-Version"); {
	case !ok:
		return linkedInRevoked
	case version == "":
		return linkedInNoHeader
	case l.sunset(version):
		return refuse(426, object{"status": 426, "code": "NONEXISTENT_VERSION", "message": "Requested version " + version + " is not active"})
	case !t.has("r_ads"):
		return linkedInDenied
	}
	some, next := l.leaf(linkedInAccounts, r.URL.Query().Get("pageToken"))
	metadata := object{}
	if next > 0 {
		metadata["nextPageToken"] = strconv.Itoa(next)
	}
	return reply(object{"elements": some, "metadata": metadata})
}

// sunset: a version lives about a year. The clock is the machine's, since the catalogue ages by it.
func (l *linkedIn) sunset(version string) bool {
	month, err := time.Parse("200601", version)
	return err != nil || l.Clock().Sub(month) > 366*24*time.Hour
}
