package sandbox

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
)

// The pages are plain forms without scripts: they work on a phone, in w3m and with curl.

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var styleCSS []byte

var pages = template.Must(template.New("pages").Parse(pagesHTML))

// view is what a page shows; html/template escapes all of it.
type view struct {
	Title, Provider, Message  string
	Action, Request, UserCode string
	Client                    string
	Users                     []User
	Chosen                    string // the e-mail that is preselected
	Boxes                     []Permission
	Implied                   bool
	Wrong                     bool
}

func (s *Server) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc(authorizePath, s.authorize)
	mux.HandleFunc("GET "+consentPath, s.consentPage)
	mux.HandleFunc("POST "+consentPath, s.consentAnswer)
	mux.HandleFunc("GET "+devicePath, s.devicePage)
	mux.HandleFunc("POST "+devicePath, s.deviceAnswer)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(styleCSS) // a lost connection has nobody to tell
	})
	mux.HandleFunc("GET /{$}", s.home)
}

func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	s.show(w, http.StatusOK, "home", view{Title: "Sign-in service for tests and demonstrations"}, "")
}

func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) {
	req, err := s.store.pending(r.URL.Query().Get("request"))
	if err != nil {
		s.showError(w, http.StatusBadRequest, err.Error())
		return
	}
	v := s.consentView(req.ClientID, req.Scopes)
	v.Action, v.Request = consentPath, req.id
	// An unknown hint is no error: it is a hint (OpenID Connect Core §3.1.2.1).
	if hint, err := s.store.user(req.LoginHint); err == nil {
		v.Chosen = hint.Email
	}
	s.show(w, http.StatusOK, "consent", v, req.RedirectURI)
}

func (s *Server) consentAnswer(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !decides(r) {
		s.showError(w, http.StatusBadRequest, "the form carries no answer: choose Allow or Cancel")
		return
	}
	s.answerRequest(w, r, r.PostForm.Get("request"))
}

func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) {
	s.deviceStep(w, r.URL.Query().Get("user_code"))
}

// deviceStep shows the consent for a code, or asks for the code.
func (s *Server) deviceStep(w http.ResponseWriter, userCode string) {
	if userCode == "" {
		s.show(w, http.StatusOK, "device", view{Title: "Connect a device", Action: devicePath}, "")
		return
	}
	clientID, scopes, err := s.store.asked(userCode)
	if err != nil {
		v := view{Title: "Connect a device", Action: devicePath, UserCode: userCode, Message: err.Error(), Wrong: true}
		s.show(w, http.StatusBadRequest, "device", v, "")
		return
	}
	v := s.consentView(clientID, scopes)
	v.Action, v.UserCode = devicePath, userCode
	s.show(w, http.StatusOK, "consent", v, "")
}

func (s *Server) deviceAnswer(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.showError(w, http.StatusBadRequest, "the form cannot be read")
		return
	}
	userCode := r.PostForm.Get("user_code")
	// Only the code was typed so far: the next page asks.
	if !decides(r) {
		s.deviceStep(w, userCode)
		return
	}
	done := view{Title: "Connected", Message: "You can close this page and go back to the program that showed the code."}
	var err error
	if refuses(r) {
		err = s.DenyDevice(userCode)
		done.Title = "Cancelled"
	} else {
		err = s.ApproveDevice(userCode, consentFrom(r))
	}
	if err != nil {
		s.showError(w, http.StatusBadRequest, err.Error())
		return
	}
	s.show(w, http.StatusOK, "message", done, "")
}

func (s *Server) consentView(clientID string, scopes []string) view {
	v := view{Title: "Allow access?", Client: clientID, Users: s.opts.Users, Chosen: s.opts.Users[0].Email}
	for _, scope := range scopes {
		// openid and the like have no words, and no box: they are implied by signing in.
		if words := s.store.words[scope]; words != "" {
			v.Boxes = append(v.Boxes, Permission{Scope: scope, Words: words})
		} else {
			v.Implied = true
		}
	}
	return v
}

func (s *Server) showError(w http.ResponseWriter, status int, message string) {
	s.show(w, status, "message", view{Title: "That did not work", Message: message, Wrong: true}, "")
}

// show renders a page. The form may lead to the client's redirect, which browsers check against form-action.
func (s *Server) show(w http.ResponseWriter, status int, name string, v view, redirect string) {
	v.Provider = s.opts.Name
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, v); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	// Chromium applies form-action to the redirect that follows a form as well, and would block the way back.
	formAction := "'self'"
	if u, err := url.Parse(redirect); err == nil && u.Host != "" {
		formAction += " " + u.Scheme + "://" + u.Host
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction)
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // a lost connection has nobody to tell
}
