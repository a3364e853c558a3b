package lookalike

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fettle/oauthflow/provider"
)

const (
	microsoftTenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
	graph           = "https://graph.microsoft.com/"
	ads             = "https://ads.microsoft.com/"
)

// microsoft is the identity platform with Graph and Microsoft Advertising: error_codes, an issuer that is a
// template, device codes declined in words of its own, an access token for one resource only, a refresh token
// that is replaced at each use if offline_access is asked for, and no revocation.
type microsoft struct{ *Server }

func startMicrosoft(o Options) (*Server, error) {
	m := &microsoft{}
	const login = "login.microsoftonline.com/common/"
	s, err := start(o, habits{
		id: "microsoft", clientID: "11111111-2222-3333-4444-555555555555", secret: secretIf(o.Confidential),
		authorize: login + "oauth2/v2.0/authorize", exchange: login + "oauth2/v2.0/token", device: login + "oauth2/v2.0/devicecode",
		jwks: login + "discovery/v2.0/keys", issuer: "login.microsoftonline.com/" + microsoftTenant + "/v2.0",
		denied:    url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: User declined to consent to access the app."}},
		refreshes: func(a *asking) bool { return slices.Contains(a.scopes, "offline_access") },
		rotation:  provider.RotationReplace, lasts: 3599, refusals: microsoftRefusals, narrow: m.narrow, speak: m.speak,
		claims: func(g *grant) object {
			return object{
				"sub": "pairwise-" + g.person.Subject, "oid": "oid-" + g.person.Subject, "tid": microsoftTenant, "ver": "2.0",
				"email": g.person.Email, "preferred_username": g.person.Email, "name": g.person.Name,
			}
		},
		showDevice: func(m object) {
			m["verification_uri"] = "https://microsoft.com/devicelogin" // and no verification_uri_complete
			m["message"] = fmt.Sprintf("To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code %s to authenticate.", m["user_code"])
		},
	})
	if err != nil {
		return nil, err
	}
	m.Server = s
	// Which mistake it is depends on the registration: a public client must not send a secret, a web client must.
	wrong := AADSTS(401, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	if !o.Confidential {
		wrong = AADSTS(401, "invalid_client", 700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
	}
	s.knows = func(_ *http.Request, id, secret string) bool { return id == s.clientID && secret == s.secret }
	s.refusals = map[reason]Answer{badClient: wrong}
	for r, a := range microsoftRefusals {
		s.refusals[r] = a
	}
	s.route("GET "+login+"v2.0/.well-known/openid-configuration", m.metadata)
	s.route("GET graph.microsoft.com/oidc/userinfo", m.userinfo)
	s.route("GET graph.microsoft.com/v1.0/me/drive", m.drive)
	s.route("GET "+workbooks, m.search)
	s.items[workbooks] = []any{workbook("01A", "Budget.xlsx"), workbook("01B", "Forecast.xlsx"), workbook("01C", "Leads.xlsx")}
	const advertising = "clientcenter.api.bingads.microsoft.com/CustomerManagement/v13/"
	s.route("POST "+advertising+"User/Query", m.advertising("CustomerRoles"))
	s.items[advertising+"AccountsInfo/Query"] = []any{object{"Id": 4711, "Name": "Example Shop", "Number": "F110007XSU"}}
	s.route("POST "+advertising+"AccountsInfo/Query", m.advertising("AccountsInfo"))
	return m.Server, nil
}

// workbooks is the search of the catalogue entry's listing.
const workbooks = "graph.microsoft.com/v1.0/me/drive/root/search(q='.xlsx')"

// AADSTS is an error of the token endpoint, whose number stands in its text and in error_codes.
func AADSTS(status int, code string, number int, text string) Answer {
	return refuse(status, object{
		"error": code, "error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: 0d0d0d0d-0000 Correlation ID: 0c0c0c0c-0000 Timestamp: 2026-11-22 10:00:00Z", number, text),
		"error_codes": []int{number}, "timestamp": "2026-11-22 10:00:00Z", "trace_id": "0d0d0d0d-0000", "correlation_id": "0c0c0c0c-0000",
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number),
	})
}

var microsoftRefusals = map[reason]Answer{
	badCode:       AADSTS(400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
	badVerifier:   AADSTS(400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request."),
	deadToken:     AADSTS(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed."),
	badType:       AADSTS(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."),
	devicePending: AADSTS(400, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
	deviceDenied:  AADSTS(400, "authorization_declined", 70000, "The end user denied the authorization request."),
	deviceLate:    AADSTS(400, "expired_token", 70019, "Verification code expired."),
	deviceUnknown: AADSTS(400, "bad_verification_code", 70018, "Bad verification code. User typed in wrong user code for device code flow."),
	deviceScope:   AADSTS(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid."),
}

// oidc are the scopes that go with any resource. Answers never name offline_access.
var oidc = []string{"openid", "profile", "email", "offline_access"}

// narrow picks the scopes of one resource: an access token is good for one alone, whatever the consent covers.
func (m *microsoft) narrow(g *grant, asked []string) ([]string, *Answer) {
	if len(asked) == 0 {
		asked = g.asked
	}
	var scopes []string
	// true is Advertising, false is Graph: two entries are two resources.
	resources := map[bool]bool{}
	for _, scope := range asked {
		name := strings.TrimPrefix(scope, graph)
		if !slices.Contains(oidc, name) {
			resources[strings.HasPrefix(name, ads)] = true
		}
		i := slices.IndexFunc(g.granted, func(have string) bool { return strings.EqualFold(have, name) })
		switch {
		case i >= 0:
			scopes = append(scopes, g.granted[i])
		case !slices.Contains(oidc, name) && slices.Contains(g.asked, name): // asked for then, and not given
		case !slices.Contains(oidc, name):
			a := AADSTS(400, "invalid_grant", 65001, "The user or administrator has not consented to use the application.")
			return nil, &a
		}
	}
	if len(resources) > 1 {
		a := AADSTS(400, "invalid_request", 28000, "Provided value for the input parameter scope is not valid because it contains more than one resource.")
		return nil, &a
	}
	if !slices.Contains(asked, "offline_access") {
		scopes = slices.DeleteFunc(scopes, func(scope string) bool { return scope == "offline_access" })
	}
	return scopes, nil
}

// speak writes Graph's scopes with the resource in front, and gives a refresh token only if offline_access was asked for.
func (m *microsoft) speak(_ *grant, answer object) {
	text, _ := answer["scope"].(string)
	scopes := strings.Fields(text)
	if !slices.Contains(scopes, "offline_access") {
		delete(answer, "refresh_token")
	}
	scopes = slices.DeleteFunc(scopes, func(scope string) bool { return scope == "offline_access" })
	for i, scope := range scopes {
		if !slices.Contains(oidc, scope) && !strings.HasPrefix(scope, ads) {
			scopes[i] = graph + scope
		}
	}
	answer["scope"], answer["ext_expires_in"] = strings.Join(scopes, " "), answer["expires_in"]
}

// metadata names an issuer that is a template: which tenant it is, only the id token knows.
func (m *microsoft) metadata(*http.Request) Answer {
	return reply(object{
		"issuer": m.URL("login.microsoftonline.com/{tenantid}/v2.0"), "authorization_endpoint": m.URL(m.authorize), "token_endpoint": m.URL(m.exchange),
		"device_authorization_endpoint": m.URL(m.device), "jwks_uri": m.URL(m.jwks), "userinfo_endpoint": m.URL("graph.microsoft.com/oidc/userinfo"),
		"code_challenge_methods_supported": []string{"S256"}, // really left out by some tenants' documents
	})
}

var (
	graphExpired = refuse(401, object{"error": object{
		"code": "InvalidAuthenticationToken", "message": "Lifetime validation failed, the token is expired.",
		"innerError": object{"date": "2026-11-22T10:00:00", "request-id": "0d0d0d0d-0000"},
	}})
	graphDenied = refuse(403, object{"error": object{"code": "accessDenied", "message": "Access denied", "innerError": object{"request-id": "0d0d0d0d-0000"}}})
)

// userinfo has no oid: only the id token tells who it is across clients.
func (m *microsoft) userinfo(r *http.Request) Answer {
	t, ok := m.bearer(r)
	if !ok {
		return graphExpired
	}
	return reply(object{"sub": "pairwise-" + t.person.Subject, "name": t.person.Name, "email": t.person.Email})
}

// drive proves Graph's access; search is the listing.
func (m *microsoft) drive(r *http.Request) Answer {
	t, ok := m.bearer(r)
	switch {
	case !ok:
		return graphExpired
	case !t.has("Files.ReadWrite"):
		return graphDenied
	}
	return reply(object{"id": "b!drive", "driveType": "business"})
}

// search pages by a whole address, which has to be followed as it is.
func (m *microsoft) search(r *http.Request) Answer {
	if a := m.drive(r); a.Status >= 400 {
		return a
	}
	some, next := m.leaf(workbooks, r.URL.Query().Get("$skiptoken"))
	answer := object{"value": some}
	if next > 0 {
		answer["@odata.nextLink"] = m.URL(workbooks) + "?$select=id,name,parentReference&$top=200&$skiptoken=" + strconv.Itoa(next)
	}
	return reply(answer)
}

func workbook(id, name string) any {
	return object{"id": id, "name": name, "parentReference": object{"driveId": "b!drive", "path": "/drive/root:/Reports"}}
}

// advertising answers nothing without a developer token, in its own shape of errors. Its lists have no pages.
func (m *microsoft) advertising(member string) handler {
	fault := func(status, number int, code, text string) Answer {
		return refuse(status, object{"TrackingId": "0d0d0d0d-0000", "Type": "AdApiFaultDetail", "Errors": []object{{"Code": number, "ErrorCode": code, "Message": text}}})
	}
	return func(r *http.Request) Answer {
		t, ok := m.bearer(r)
		switch {
		case !ok:
			return fault(401, 109, "AuthenticationTokenExpired", "Authentication token expired. Please renew it or obtain a new one.")
		case r.Header.Get("DeveloperToken") == "", !t.has(ads + "msads.manage"):
			return fault(401, 105, "InvalidCredentials", "Authentication failed. Either supplied credentials are invalid or the account is inactive")
		}
		return reply(object{member: append([]any{}, m.items[strings.TrimPrefix(r.URL.Path, "/")]...)})
	}
}
