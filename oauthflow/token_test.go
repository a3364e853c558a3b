package oauthflow_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// refreshAt sends one refresh of acme's to a real server that answers with h, and counts its requests.
func refreshAt(t *testing.T, h http.HandlerFunc, change func(*oauthflow.RefreshRequest), extra ...string) (tok *oauthflow.Token, requests int, err error) {
	t.Helper()
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	p, s, c := acme(t, extra...)
	s.Token = srv.URL + "/token"
	c.Auth, c.Secret = provider.AuthPost, text("client-secret-77")
	r := oauthflow.RefreshRequest{Provider: p, Server: s, Client: c, Refresh: text("rt-secret-old")}
	if change != nil {
		change(&r)
	}
	hc := oauthflow.NewHTTPClient(oauthflow.HTTPOptions{Timeout: 2 * time.Second})
	defer hc.CloseIdleConnections()
	tok, err = oauthflow.Refresh(t.Context(), hc, r)
	return tok, int(n.Load()), err
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, status, body) }
}

func TestRefreshAtARealProvider(t *testing.T) {
	t.Parallel()
	for _, id := range clients {
		for _, rotation := range []sandbox.Rotation{sandbox.RotationNone, sandbox.RotationReplace, sandbox.RotationSingleUse} {
			t.Run(id+" "+string(rotation), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, sandbox.Options{Rotation: rotation}, id)
				tok := w.token(t, sandbox.Consent{All: true})
				r := oauthflow.RefreshRequest{Provider: w.p, Server: w.server, Client: w.client, Refresh: tok.Refresh, Scopes: tok.Scopes}
				next, err := oauthflow.Refresh(t.Context(), w.hc, r)
				if err != nil || next.Access.Empty() || next.Access.Hash() == tok.Access.Hash() || next.AccessExpiresAt.Before(time.Now()) {
					t.Fatalf("got %+v, %v", next, err)
				}
				if rotation == sandbox.RotationNone != next.Refresh.Empty() {
					t.Errorf("refresh token came: %v", !next.Refresh.Empty())
				}
				if n := w.srv.Stats().Tokens["refresh_token"]; n != 1 {
					t.Errorf("%d refresh requests", n)
				}
				w.srv.RevokeEverything("")
				if !next.Refresh.Empty() {
					r.Refresh = next.Refresh
				}
				_, err = oauthflow.Refresh(t.Context(), w.hc, r)
				if e := asError(t, err); e.Code != "invalid_grant" || e.Transient() || e.Place != oauthflow.PlaceRefresh {
					t.Errorf("after revocation: %v", err)
				}
			})
		}
	}
}

func TestT1_ARefreshTokenInTheAnswerIsReturnedAndNoneMeansNone(t *testing.T) {
	t.Parallel()
	tok, _, err := refreshAt(t, answer(200, `{"access_token":"a","refresh_token":"rt-new"}`), nil)
	if err != nil || tok.Refresh.Reveal() != "rt-new" {
		t.Errorf("%v, %v", tok, err)
	}
	tok, _, err = refreshAt(t, answer(200, `{"access_token":"a","refresh_token":null}`), nil)
	if err != nil || !tok.Refresh.Empty() {
		t.Errorf("the old token came back as if it were new: %v", err)
	}
}

func TestT2_ScopesAreSentOnlyWhereTheProviderNeedsThem(t *testing.T) {
	t.Parallel()
	sent := func(extra ...string) string {
		var scope string
		_, _, err := refreshAt(t, func(w http.ResponseWriter, r *http.Request) {
			scope = r.PostFormValue("scope")
			granted(w)
		}, func(r *oauthflow.RefreshRequest) { r.Scopes = []string{"a", "b"} }, extra...)
		if err != nil {
			t.Error(err)
		}
		return scope
	}
	if s := sent(); s != "" {
		t.Errorf("sent %q", s)
	}
	if s := sent("refresh_scopes = true"); s != "a b" {
		t.Errorf("sent %q", s)
	}
}

func TestT3_TheAnswersScopesAreTheGrantedOnes(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"scope":"b a"`: "[a b] true", `"scope":"b,a,a"`: "[a b] true", `"scope":["b","a"]`: "[a b] true", `"scope":""`: "[] true", `"scope":null`: "[] false", `"x":1`: "[] false",
	} {
		tok, _, err := refreshAt(t, answer(200, `{"access_token":"a",`+body+`}`), nil)
		if err != nil || fmt.Sprint(tok.Scopes, tok.ScopesStated) != want {
			t.Errorf("%s: %v %v, %v", body, tok.Scopes, tok.ScopesStated, err)
		}
	}
	// A GitHub App has permissions in place of scopes, and its token answers name an empty list.
	if tok, _, err := refreshAt(t, answer(200, `{"access_token":"a","scope":""}`), func(r *oauthflow.RefreshRequest) { r.Provider.ScopeSource = "header:X-OAuth-Scopes" }); err != nil || tok.ScopesStated {
		t.Errorf("an empty list where the header is what counts: %v %v, %v", tok.Scopes, tok.ScopesStated, err)
	}
	w := newWorld(t, sandbox.Options{Quirks: sandbox.Quirks{OmitScope: true, NullMembers: true}}, sandbox.PublicClient)
	if tok := w.token(t, sandbox.Consent{All: true}); tok.ScopesStated || len(tok.Scopes) == 0 {
		t.Errorf("an answer without scope means as requested: %v %v", tok.Scopes, tok.ScopesStated)
	}
}

func TestPartialConsentIsSeenInTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	tok := w.token(t, sandbox.Consent{})
	required, err := w.p.RequiredScopes([]string{w.p.ServiceList()[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if m := w.p.Missing(required, tok.Scopes); len(m) != len(required) || m[0].Words == m[0].Scope {
		t.Errorf("missing %+v of %v", m, required)
	}
}

func TestT4_OddAnswersAreReadOrRefusedClearly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, contentType, body, code string
		status                        int
	}{
		{"unknown members", "application/json", `{"access_token":"a","x":{"y":[1]},"z":null}`, "", 200},
		{"float expiry", "application/json", `{"access_token":"a","expires_in":3600.5}`, "", 200},
		{"string expiry", "application/json", `{"access_token":"a","expires_in":"3600"}`, "", 200},
		{"huge expiry", "application/json", `{"access_token":"a","expires_in":1e18}`, "", 200},
		{"expiry of another type", "application/json", `{"access_token":"a","expires_in":{}}`, "", 200},
		{"JSON called text", "text/javascript", `{"access_token":"a"}`, "", 200},
		{"a form", "application/x-www-form-urlencoded", "access_token=a&scope=x&token_type=bearer", "", 200},
		{"a form called text", "text/plain; charset=utf-8", "access_token=a&expires_in=5", "", 200},
		{"status 201", "application/json", `{"access_token":"a"}`, "", 201},
		{"no access token", "application/json", `{"token_type":"bearer"}`, oauthflow.CodeInvalidResponse, 200},
		{"null access token", "application/json", `{"access_token":null}`, oauthflow.CodeInvalidResponse, 200},
		{"access token of another type", "application/json", `{"access_token":{"a":1}}`, oauthflow.CodeInvalidResponse, 200},
		{"twice the same member", "application/json", `{"access_token":"a","access_token":"b"}`, oauthflow.CodeInvalidResponse, 200},
		{"two values", "application/json", `{"access_token":"a"}{"access_token":"b"}`, oauthflow.CodeInvalidResponse, 200},
		{"a list", "application/json", `["a"]`, oauthflow.CodeInvalidResponse, 200},
		{"empty", "application/json", ``, oauthflow.CodeInvalidResponse, 200},
		{"HTML", "text/html", `<html>access_token=a</html>`, oauthflow.CodeInvalidResponse, 200},
		{"repeated form member", "text/plain", "access_token=a&access_token=b", oauthflow.CodeInvalidResponse, 200},
		{"error with 200", "application/json", `{"error":"bad_refresh_token","error_description":"x"}`, "bad_refresh_token", 200},
		{"error as a form", "application/x-www-form-urlencoded", "error=bad_verification_code&error_description=x", "bad_verification_code", 200},
		{"error object", "application/json", `{"error":{"message":"m","type":"OAuthException","code":190,"error_subcode":463}}`, "190", 400},
		{"HTML error", "text/html", "<html>secret page</html>", "", 500},
		{"error and token", "application/json", `{"error":"invalid_grant","access_token":"a"}`, "invalid_grant", 200},
		{"token with 400", "application/json", `{"access_token":"a"}`, "", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tok, n, err := refreshAt(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}, nil)
			if n != 1 {
				t.Errorf("%d requests", n)
			}
			if tt.code == "" && tt.status < 300 {
				if err != nil || tok.Access.Reveal() != "a" {
					t.Errorf("got %v, %v", tok, err)
				}
				return
			}
			if e := asError(t, err); e.Code != tt.code || e.Status != tt.status || strings.Contains(err.Error(), "<html>") {
				t.Errorf("got %v (%+v)", err, e)
			}
		})
	}
}

func TestT5_HugeTruncatedAndBombAnswersAreErrors(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, 200, `{"access_token":"a","x":"`+strings.Repeat("x", 2<<20)+`"}`)
		},
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			z := gzip.NewWriter(w)
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range 64 {
				if _, err := z.Write(chunk); err != nil {
					return // the client gave up, as it should
				}
			}
			_ = z.Close()
		},
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			writeJSON(w, 200, `{"access_token":"a"}`)
		},
		"cut before an answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tok, n, err := refreshAt(t, h, nil)
			if e := asError(t, err); tok != nil || n != 1 || e.Status != 0 || e.Err == nil {
				t.Errorf("got %v, %v, %d requests", tok, err, n)
			}
		})
	}
}
