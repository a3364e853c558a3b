package lookalike

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fettle/oauthflow/provider"
)

// github answers errors of the token endpoint with 200, in a form unless JSON is asked for, puts commas between
// scopes, tells them in a header of its API, and revokes by an API call with the client's own credentials.
type github struct{ *Server }

const githubRepos = "api.github.com/user/repos"

func startGitHub(o Options) (*Server, error) {
	h := &github{}
	lasts := 0
	// An app chooses: tokens for eight hours with refresh tokens that work once, or tokens without an end.
	if o.Expiring {
		lasts = 28800
	}
	s, err := start(o, habits{
		id: "github", clientID: "Iv1.lookalike", secret: clientSecret,
		authorize: "github.com/login/oauth/authorize", exchange: "github.com/login/oauth/access_token", device: "github.com/login/device/code",
		denied:    url.Values{"error": {"access_denied"}, "error_description": {"The user has denied your application access."}},
		refreshes: func(*asking) bool { return o.Expiring }, rotation: provider.RotationSingleUse, lasts: lasts, refusals: githubRefusals,
		knows: h.knows, speak: h.speak, shape: h.asAsked,
		showDevice: func(m object) { m["verification_uri"] = "https://github.com/login/device" },
	})
	if err != nil {
		return nil, err
	}
	h.Server = s
	s.route("GET api.github.com/user", h.open(h.user))
	s.route("GET "+githubRepos, h.open(h.repos))
	s.route("DELETE api.github.com/applications/{client}/token", h.revoke)
	s.items[githubRepos] = []any{repo(1, "example/shop"), repo(2, "example/blog"), repo(3, "ana/notes")}
	return h.Server, nil
}

func repo(id int, name string) any {
	owner, _, _ := strings.Cut(name, "/")
	return object{"id": id, "full_name": name, "owner": object{"login": owner}}
}

// githubRefusals say of a wrong verifier what they say of a wrong code: which it was cannot be told.
var githubRefusals = map[reason]Answer{
	badClient:     githubError("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."),
	badCode:       githubError("bad_verification_code", "The code passed is incorrect or expired."),
	badVerifier:   githubError("bad_verification_code", "The code passed is incorrect or expired."),
	deadToken:     githubError("bad_refresh_token", "The refresh token passed is incorrect or expired."),
	badType:       githubError("unsupported_grant_type", "The grant type is not supported."),
	devicePending: githubError("authorization_pending", "The authorization request is still pending."),
	deviceDenied:  githubError("access_denied", "The authorization request was denied."),
	deviceLate:    githubError("expired_token", "The device_code has expired."),
	deviceUnknown: githubError("incorrect_device_code", "The device_code provided is not valid."),
}

// githubError is an error as GitHub sends it: with HTTP 200.
func githubError(code, text string) Answer {
	return reply(object{"error": code, "error_description": text, "error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/"})
}

// knows wants the secret, except of a device.
func (h *github) knows(r *http.Request, id, secret string) bool {
	return id == h.clientID && (secret == h.secret || secret == "" && r.Form.Get("grant_type") == deviceGrant)
}

// speak puts commas between scopes, against RFC 6749 §3.3.
func (h *github) speak(g *grant, m object) {
	text, _ := m["scope"].(string)
	m["scope"], m["token_type"] = strings.ReplaceAll(text, " ", ","), "bearer"
	if g.refresh != "" {
		// About six months, and each refresh starts them anew.
		m["refresh_token_expires_in"] = 15811200
	}
}

// asAsked turns JSON into a form for whoever does not accept JSON.
func (h *github) asAsked(r *http.Request, a Answer) Answer {
	var m object
	if strings.Contains(r.Header.Get("Accept"), "json") || json.Unmarshal([]byte(a.Body), &m) != nil {
		return a
	}
	form := url.Values{}
	for name, value := range m {
		form.Set(name, fmt.Sprint(value))
	}
	return Answer{Status: a.Status, Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, Body: form.Encode()}
}

// open serves an API call, with the scopes the token still has in the header.
func (h *github) open(serve func(t access, r *http.Request) Answer) handler {
	return func(r *http.Request) Answer {
		t, ok := h.bearer(r)
		if !ok {
			return refuse(401, object{"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"})
		}
		a := serve(t, r)
		if a.Header == nil {
			a.Header = map[string]string{}
		}
		has := slices.DeleteFunc(slices.Clone(t.scopes), func(scope string) bool { return !t.has(scope) })
		a.Header["X-OAuth-Scopes"] = strings.Join(has, ", ")
		return a
	}
}

// user is the identity: GitHub has no id token, and its number is what never changes.
func (h *github) user(t access, _ *http.Request) Answer {
	id, _ := strconv.Atoi(t.person.Subject) // people without a number are nobody here
	return reply(object{"login": strings.Split(t.person.Email, "@")[0], "id": id, "name": t.person.Name, "email": t.person.Email})
}

func (h *github) repos(t access, r *http.Request) Answer {
	if !t.has("repo") {
		return reply([]any{}) // private ones are hidden, not refused
	}
	some, next := h.leaf(githubRepos, r.URL.Query().Get("page"))
	a := reply(some)
	if next > 0 {
		a.Header = map[string]string{"Link": fmt.Sprintf("<%s?per_page=100&page=%d>; rel=%q, <%s?per_page=100&page=9>; rel=%q", h.URL(githubRepos), next, "next", h.URL(githubRepos), "last")}
	}
	return a
}

// revoke deletes one token, for the client itself: 204, and 404 for a token that is not alive.
func (h *github) revoke(r *http.Request) Answer {
	id, secret, ok := r.BasicAuth()
	if !ok || id != h.clientID || secret != h.secret || r.PathValue("client") != id {
		return refuse(401, object{"message": "Requires authentication", "status": "401"})
	}
	var asked struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return refuse(422, object{"message": "Validation Failed", "status": "422"})
	}
	if _, alive := h.alive(asked.Token); !alive {
		return refuse(404, object{"message": "Not Found", "status": "404"})
	}
	delete(h.access, asked.Token)
	return Answer{Status: http.StatusNoContent}
}
