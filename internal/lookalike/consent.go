package lookalike

import (
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// pages are plain forms without scripts, so that a person, curl and a test use the same ones.
var pages = template.Must(template.New("").Parse(`
{{define "consent"}}<!doctype html><title>{{.Provider}}: sign in</title>
<h1>{{.Client}} wants to access your {{.Provider}} account</h1>
<form method="post">
<p>{{range .People}}<label><input type="radio" name="user" value="{{.Email}}"{{if eq .Email $.Hint}} checked{{end}}> {{.Name}} ({{.Email}})</label> {{end}}</p>
{{if .Boxes}}<p>Select what {{.Client}} can access</p>{{end}}
<ul>{{range .Scopes}}<li>{{if .Box}}<label><input type="checkbox" name="scope" value="{{.Scope}}"> {{.Words}}</label>{{else}}<input type="hidden" name="scope" value="{{.Scope}}">{{.Words}}{{end}}</li>
{{end}}</ul>
<button name="decision" value="deny">Cancel</button> <button name="decision" value="allow">Continue</button>
</form>{{end}}
{{define "code"}}<!doctype html><title>Access code</title><p>Enter this code into the app to finish:</p><input data-token="{{.}}" value="{{.}}" readonly>{{end}}
{{define "error"}}<!doctype html><title>Error</title><h1>Access blocked</h1><p>{{.}}</p>{{end}}`))

// permission is a line of the consent page.
type permission struct {
	Scope, Words string
	Box          bool
}

func page(status int, name string, data any) Answer {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return Answer{Status: http.StatusInternalServerError, Body: err.Error()}
	}
	return Answer{Status: status, Body: strings.TrimSpace(b.String())}
}

// checkRequest says what is wrong with an authorization request that may not be sent back anywhere.
func (s *Server) checkRequest(q url.Values) string {
	switch {
	case q.Get("client_id") != s.clientID:
		return "Error 401: invalid_client. The OAuth client was not found."
	case q.Get("response_type") != "code":
		return "Error 400: invalid_request. response_type must be code."
	case !s.registered(q.Get("redirect_uri")):
		return "Error 400: redirect_uri_mismatch."
	case s.entry.UsesPKCE() && q.Get("code_challenge_method") != "S256":
		return "Error 400: invalid_request. Code challenge required."
	}
	return ""
}

// registered knows the redirects of the built-in entry; on loopback any port is one (RFC 8252 §7.3).
func (s *Server) registered(redirect string) bool {
	anyPort := func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" {
			return raw
		}
		return u.Hostname() + u.Path
	}
	return slices.ContainsFunc(s.entry.Redirects, func(r string) bool { return anyPort(r) == anyPort(redirect) })
}

func (s *Server) consentPage(r *http.Request) Answer {
	q := r.URL.Query()
	if wrong := s.checkRequest(q); wrong != "" {
		return page(http.StatusBadRequest, "error", wrong)
	}
	asked := s.entry.SplitScopes(q.Get("scope"))
	boxes := s.boxes != nil && s.boxes(asked)
	words := s.words()
	lines := make([]permission, len(asked))
	for i, scope := range asked {
		lines[i] = permission{Scope: scope, Words: words[scope], Box: boxes && !slices.Contains(s.entry.IdentityScopes, scope)}
		if lines[i].Words == "" {
			lines[i].Words = scope
		}
	}
	return page(http.StatusOK, "consent", object{
		"Provider": s.entry.Name, "Client": "fettle", "People": s.People, "Hint": s.signedIn("", q.Get(s.entry.LoginHint)).Email,
		"Boxes": boxes, "Scopes": lines,
	})
}

// words are those of the consent page, scope by scope.
func (s *Server) words() map[string]string {
	words := map[string]string{}
	for _, svc := range s.entry.Services {
		for scope, text := range svc.Permissions {
			words[scope] = text
		}
	}
	return words
}

func (s *Server) consentAnswer(r *http.Request) Answer {
	q := r.URL.Query()
	if wrong := s.checkRequest(q); wrong != "" {
		return page(http.StatusBadRequest, "error", wrong)
	}
	params := url.Values{}
	if r.PostForm.Get("decision") == "allow" {
		params = s.allow(r, q)
	} else {
		for name, values := range s.denied {
			params[name] = values
		}
	}
	redirect := q.Get("redirect_uri")
	if redirect == "" {
		return page(http.StatusOK, "code", params.Get("code"))
	}
	params.Set("state", q.Get("state"))
	return Answer{Status: http.StatusFound, Header: map[string]string{"Location": redirect + "?" + params.Encode()}}
}

// allow keeps the decision under a code. Identity scopes are given with any consent.
func (s *Server) allow(r *http.Request, q url.Values) url.Values {
	a := &asking{
		params: q, scopes: s.entry.SplitScopes(q.Get("scope")), code: random("code/"), until: s.Clock().Add(10 * time.Minute),
		person: s.signedIn(r.PostForm.Get("user"), q.Get(s.entry.LoginHint)),
	}
	ticked := append(r.PostForm["scope"], s.entry.IdentityScopes...)
	for _, scope := range a.scopes {
		if slices.Contains(ticked, scope) {
			a.granted = append(a.granted, scope)
		}
	}
	s.codes[a.code] = a
	return url.Values{"code": {a.code}}
}

var shown = regexp.MustCompile(`data-token="([^"]+)"`)

// shownCode reads the code from the page of a provider that sends the browser nowhere.
func (s *Server) shownCode(html string) (string, bool) {
	m := shown.FindStringSubmatch(html)
	if m == nil {
		return "", false
	}
	return m[1], true
}
