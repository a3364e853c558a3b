package oauthflow_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

func TestIdentifyAtARealProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	ana, ben := w.token(t, sandbox.Consent{All: true}), w.token(t, sandbox.Consent{All: true, User: "ben@example.org"})
	if ana.ID.Empty() {
		t.Fatal("no id token")
	}
	who := func(tok *oauthflow.Token, s oauthflow.Server) oauthflow.Identity {
		t.Helper()
		id, err := oauthflow.Identify(t.Context(), w.hc, w.p, s, w.client.ID, tok)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	byToken, other := who(ana, w.server), who(ben, w.server)
	if !byToken.Known() || byToken.Issuer != w.srv.URL() || byToken.Same(other) || other.Email != "ben@example.org" {
		t.Errorf("got %+v and %+v", byToken, other)
	}
	noKeys := w.server
	noKeys.JWKS = ""
	if byUserinfo := who(ana, noKeys); !byUserinfo.Same(byToken) || byUserinfo.Email != byToken.Email {
		t.Errorf("by userinfo %+v, by id token %+v", byUserinfo, byToken)
	}
	if none := who(ana, oauthflow.Server{Issuer: w.server.Issuer}); none.Known() || none.Same(none) {
		t.Errorf("nothing to ask: %+v", none)
	}
}

func TestAnIDTokenThatCannotBeVerifiedIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	tok := w.token(t, sandbox.Consent{All: true})
	silent := w.server
	silent.Userinfo = ""
	parts := strings.Split(tok.ID.Reveal(), ".")
	for name, forged := range map[string]string{
		"another signature": parts[0] + "." + parts[1] + ".AAAA", "no signature": "eyJhbGciOiJub25lIn0." + parts[1] + ".", "nonsense": "x.y.z", "one part": "abc",
	} {
		f := *tok
		f.ID = text(forged)
		id, err := oauthflow.Identify(t.Context(), w.hc, w.p, silent, w.client.ID, &f)
		if id.Known() || asError(t, err).Code != oauthflow.CodeInvalidIDToken || strings.Contains(err.Error(), forged) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
		if id, err := oauthflow.Identify(t.Context(), w.hc, w.p, w.server, w.client.ID, &f); err != nil || !id.Known() {
			t.Errorf("%s: userinfo was not asked: %v", name, err)
		}
	}
	if id, err := oauthflow.Identify(t.Context(), w.hc, w.p, silent, "another-client", tok); id.Known() || err == nil {
		t.Errorf("a token for another client: %+v, %v", id, err)
	}
	elsewhere := silent
	elsewhere.Issuer = "https://other.example"
	if id, err := oauthflow.Identify(t.Context(), w.hc, w.p, elsewhere, w.client.ID, tok); id.Known() || err == nil {
		t.Errorf("a token of another issuer: %+v, %v", id, err)
	}
	elsewhere.Issuer = "https://other.example/{tenantid}"
	if id, err := oauthflow.Identify(t.Context(), w.hc, w.p, elsewhere, w.client.ID, tok); id.Known() || asError(t, err).Code != oauthflow.CodeIssuerMismatch {
		t.Errorf("a token outside the template: %+v, %v", id, err)
	}
	templated := silent
	templated.Issuer = strings.Replace(w.server.Issuer, "127.0.0.1", "{tenantid}", 1)
	if id, err := oauthflow.Identify(t.Context(), w.hc, w.p, templated, w.client.ID, tok); err != nil || id.Issuer != w.server.Issuer {
		t.Errorf("a token inside the template: %+v, %v", id, err)
	}
}

func TestATransientFailureToIdentifyIsToldApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	tok := w.token(t, sandbox.Consent{All: true})
	if err := w.srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetAPI}); err != nil {
		t.Fatal(err)
	}
	noKeys := w.server
	noKeys.JWKS = ""
	if id, err := oauthflow.Identify(t.Context(), w.hc, w.p, noKeys, w.client.ID, tok); id.Known() || !asError(t, err).Transient() {
		t.Errorf("userinfo: %+v, %v", id, err)
	}
	p, s, c := acme(t, "[providers.acme.identity]\nsubject = \"oid\"")
	s.JWKS = "https://login.acme.example/keys"
	down := answering(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			rw.WriteHeader(503)
			return
		}
		writeJSON(rw, 200, `{"sub":"pairwise"}`)
	})
	if id, err := oauthflow.Identify(t.Context(), down, p, s, c.ID, &oauthflow.Token{Access: text("a"), ID: tok.ID}); id.Known() || !asError(t, err).Transient() {
		t.Errorf("keys: %+v, %v", id, err)
	}
}

func TestIdentityFromTheProvidersOwnAddress(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t, `api_origins = ["https://api.acme.example"]`, `[providers.acme.identity]`, `url = "https://api.acme.example/me"`, `method = "POST"`, `subject = "user.id"`, `email = "user.mail"`, `tenant = "org"`)
	s.Issuer = ""
	hc := answering(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer at-1" {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		writeJSON(w, 200, `{"user":{"id":12345678901234567890,"mail":"a@b.example\u001b[2J"},"org":"o1"}`)
	})
	id, err := oauthflow.Identify(t.Context(), hc, p, s, c.ID, &oauthflow.Token{Access: text("at-1")})
	if want := (oauthflow.Identity{Issuer: "https://login.acme.example", Tenant: "o1", Subject: "12345678901234567890", Email: "a@b.example"}); err != nil || id != want {
		t.Errorf("got %+v, %v", id, err)
	}
	for status, fine := range map[int]bool{403: true, 404: true, 401: false, 500: false} {
		id, err := oauthflow.Identify(t.Context(), answering(answer(status, "{}")), p, s, c.ID, &oauthflow.Token{Access: text("at-1")})
		if id.Known() || (err == nil) != fine {
			t.Errorf("%d: %+v, %v", status, id, err)
		}
	}
	if _, err := oauthflow.Identify(t.Context(), answering(answer(200, "[]")), p, s, c.ID, &oauthflow.Token{Access: text("at-1")}); err == nil {
		t.Error("a list is no identity")
	}
}

func TestGrantedScopesBySource(t *testing.T) {
	t.Parallel()
	tok := &oauthflow.Token{Access: text("at-secret"), Scopes: []string{"x"}, ScopesStated: true}
	inBody := func(t *testing.T, r *http.Request, member string) {
		t.Helper()
		if strings.Contains(r.URL.String(), "at-secret") || r.PostFormValue(member) != "at-secret" {
			t.Errorf("sent %s %v", r.URL, r.PostForm)
		}
	}
	for _, tt := range []struct {
		name, config, source string
		h                    http.HandlerFunc
		want                 []string
	}{
		{"token", "", "token", nil, []string{"x"}},
		{"tokeninfo", `scope_source = "tokeninfo"`, "tokeninfo", func(w http.ResponseWriter, r *http.Request) {
			inBody(t, r, "access_token")
			writeJSON(w, 200, `{"scope":"b a","expires_in":"3599"}`)
		}, []string{"a", "b"}},
		{"introspection", `scope_source = "introspection"`, "introspection", func(w http.ResponseWriter, r *http.Request) {
			inBody(t, r, "token")
			writeJSON(w, 200, `{"active":true,"scope":"r_ads,rw_ads"}`)
		}, []string{"r_ads", "rw_ads"}},
		{"permissions", `scope_source = "https://login.acme.example/perms"`, "url", answer(200, `{"data":[{"permission":"a","status":"granted"},{"permission":"b","status":"declined"},{"permission":"c","status":"expired"}]}`), []string{"a"}},
		{"list", `scope_source = "https://login.acme.example/perms"`, "url", answer(200, `["b","a"]`), []string{"a", "b"}},
		{"string", `scope_source = "https://login.acme.example/perms"`, "url", answer(200, `{"scope":"a b"}`), []string{"a", "b"}},
		{"header", "scope_source = \"header:X-OAuth-Scopes\"\nidentity = { url = \"https://login.acme.example/user\" }", "header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-OAuth-Scopes", "repo, gist")
			writeJSON(w, 200, `{}`)
		}, []string{"gist", "repo"}},
		{"a GitHub App's token has no scopes", "scope_source = \"header:X-OAuth-Scopes\"\nidentity = { url = \"https://login.acme.example/user\" }", "requested", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-OAuth-Scopes", "")
			writeJSON(w, 200, `{}`)
		}, []string{"x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, s, c := acme(t, tt.config)
			got, source, err := oauthflow.GrantedScopes(t.Context(), answering(tt.h), p, s, c, tok)
			if err != nil || source != tt.source || !slices.Equal(got, tt.want) {
				t.Errorf("got %v by %s, %v", got, source, err)
			}
			if tt.h != nil {
				if _, _, err := oauthflow.GrantedScopes(t.Context(), answering(answer(500, "")), p, s, c, tok); !asError(t, err).Transient() {
					t.Errorf("server error: %v", err)
				}
			}
		})
	}
	p, s, c := acme(t, `scope_source = "introspection"`)
	for body, code := range map[string]string{`{"active":false,"status":"revoked"}`: "invalid_token", `{"active":true}`: oauthflow.CodeInvalidResponse, `{"error":"invalid_token"}`: "invalid_token"} {
		if _, _, err := oauthflow.GrantedScopes(t.Context(), answering(answer(200, body)), p, s, c, tok); asError(t, err).Code != code {
			t.Errorf("%s: %v", body, err)
		}
	}
	s.Introspection = ""
	if _, _, err := oauthflow.GrantedScopes(t.Context(), answering(nil), p, s, c, tok); err == nil {
		t.Error("no endpoint")
	}
	plain, s2, _ := acme(t)
	if got, source, err := oauthflow.GrantedScopes(t.Context(), nil, plain, s2, c, &oauthflow.Token{Scopes: []string{"y"}}); err != nil || source != "requested" || len(got) != 1 {
		t.Errorf("%v %s %v", got, source, err)
	}
}
