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
	l := &linkedIn{}
	s, err := start(o, habits{
		id: "linkedin", clientID: "78lookalike", secret: clientSecret,
		authorize: "www.linkedin.com/oauth/v2/authorization", exchange: "www.linkedin.com/oauth/v2/accessToken",
		jwks: "www.linkedin.com/oauth/openid/jwks", issuer: "www.linkedin.com/oauth",
		denied:    url.Values{"error": {"user_cancelled_authorize"}, "error_description": {"The user cancelled the authorization"}},
		refreshes: func(*asking) bool { return o.Partner }, rotation: provider.RotationNone, lasts: 5183999, refusals: linkedInRefusals,
		claims: func(g *grant) object {
			return object{"email": g.person.Email, "email_verified": "true", "name": g.person.Name}
		},
		speak: l.speak,
	})
	if err != nil {
		return nil, err
	}
	l.Server = s
	s.route("GET api.linkedin.com/v2/userinfo", l.userinfo)
	s.route("GET "+linkedInAccounts, l.adAccounts)
	s.items[linkedInAccounts] = []any{
		object{"id": 501, "name": "Example Shop", "reference": "urn:li:organization:9", "status": "ACTIVE"},
		object{"id": 502, "name": "Example Blog", "reference": "urn:li:organization:9", "status": "ACTIVE"},
		object{"id": 503, "name": "Example Labs", "reference": "urn:li:organization:8", "status": "ACTIVE"},
	}
	return l.Server, nil
}

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
