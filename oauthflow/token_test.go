package oauthflow_test

import (
	"compress/gzip"
	"context"
	"errors"
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

func TestRefreshIsSentOnceWhateverComesBack(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 308, 400, 401, 408, 429, 500, 502, 503} {
		_, n, err := refreshAt(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/again")
			w.Header().Set("Retry-After", "7")
			writeJSON(w, status, `{}`)
		}, nil)
		e := asError(t, err)
		if n != 1 {
			t.Errorf("%d: %d requests", status, n)
		}
		if transient := status >= 500 || status == 408 || status == 429; e.Transient() != transient || e.RetryAfter != 7*time.Second {
			t.Errorf("%d: transient %v, retry after %v", status, e.Transient(), e.RetryAfter)
		}
	}
}

func TestA500IsTransientWhateverTheBodySays(t *testing.T) {
	t.Parallel()
	_, _, err := refreshAt(t, answer(500, `{"error":"invalid_grant","access_token":"at-leak","refresh_token":"rt-leak"}`), nil)
	if e := asError(t, err); !e.Transient() || e.Code != "invalid_grant" {
		t.Errorf("got %v", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "leak") {
		t.Error("the error shows the body")
	}
}

func TestAnEchoedSecretIsCutOut(t *testing.T) {
	t.Parallel()
	_, _, err := refreshAt(t, answer(400, `{"error":"invalid_grant","error_description":"token rt-secret-old of client-secret-77 is unknown\u001b[31m\u202e","error_subtype":"rt-secret-old"}`), nil)
	for _, bad := range []string{"rt-secret", "client-secret-77", "\x1b", "\u202e"} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, asError(t, err)), bad) {
			t.Errorf("%q is in %v", bad, err)
		}
	}
	long := strings.Repeat("é", 1000)
	_, _, err = refreshAt(t, answer(400, `{"error":"x","error_description":"`+long+`"}`), nil)
	if n := len([]rune(asError(t, err).Description)); n != 300 {
		t.Errorf("description of %d runes", n)
	}
}

func TestSubCodesAreRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"Google", `{"error":"invalid_grant","error_subtype":"invalid_rapt"}`, "invalid_grant invalid_rapt []"},
		{"Microsoft", `{"error":"invalid_grant","error_codes":[50173,7],"suberror":"bad_token"}`, "invalid_grant bad_token [50173 7]"},
		{"Meta", `{"error":{"message":"m","type":"OAuthException","code":190,"error_subcode":463}}`, "190 463 [OAuthException]"},
		{"Google API", `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"m","errors":[{"reason":"insufficientPermissions"}],"details":[{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}`, "PERMISSION_DENIED  [insufficientPermissions ACCESS_TOKEN_SCOPE_INSUFFICIENT]"},
		{"Google Ads", `{"error":{"code":401,"status":"UNAUTHENTICATED","details":[{"errors":[{"errorCode":{"authenticationError":"NOT_ADS_USER"}}]}]}}`, "UNAUTHENTICATED  [NOT_ADS_USER]"},
		{"Graph", `{"error":{"code":"InvalidAuthenticationToken","message":"m","innerError":{"code":"deep"}}}`, "InvalidAuthenticationToken  [deep]"},
		{"Salesforce API", `[{"errorCode":"INVALID_SESSION_ID","message":"m"}]`, "INVALID_SESSION_ID  []"},
		{"LinkedIn API", `{"serviceErrorCode":65601,"code":"REVOKED_ACCESS_TOKEN","status":401,"message":"m"}`, "REVOKED_ACCESS_TOKEN  [65601]"},
		{"Dropbox API", `{"error_summary":"expired_access_token/..","error":{".tag":"expired_access_token"}}`, "expired_access_token  []"},
		{"Microsoft Advertising", `{"Errors":[{"Code":105,"ErrorCode":"InvalidCredentials","Message":"m"}]}`, "InvalidCredentials  [105]"},
		{"odd types", `{"error":"x","error_codes":{"a":1},"error_description":[1]}`, "x  []"},
		{"control characters", `{"error":"a\u001b[1m\nb"}`, "a[1mb  []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := refreshAt(t, answer(400, tt.body), nil)
			e := asError(t, err)
			if got := fmt.Sprintf("%s %s %v", e.Code, e.Subcode, e.Codes); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestClientAuthenticationIsFixed(t *testing.T) {
	t.Parallel()
	for _, auth := range []provider.AuthMethod{provider.AuthNone, provider.AuthPost, provider.AuthBasic, ""} {
		_, n, err := refreshAt(t, func(w http.ResponseWriter, r *http.Request) {
			id, pw, basic := r.BasicAuth()
			inForm := r.PostFormValue("client_secret") != ""
			if basic != (auth == provider.AuthBasic) || inForm != (auth == provider.AuthPost) {
				t.Errorf("%q: basic %v, in the form %v", auth, basic, inForm)
			}
			if basic && (id != "client-1" || pw != "a%3Ab%2F") {
				t.Errorf("basic %q %q: not encoded as RFC 6749 §2.3.1 says", id, pw)
			}
			if r.Method != http.MethodPost || r.URL.RawQuery != "" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			writeJSON(w, 401, `{"error":"invalid_client"}`)
		}, func(r *oauthflow.RefreshRequest) { r.Client.Auth, r.Client.Secret = auth, text("a:b/") })
		if e := asError(t, err); n != 1 || e.Code != "invalid_client" {
			t.Errorf("%q: %d requests, %v", auth, n, err)
		}
	}
}

func TestAnswersTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(body string, extra ...string) *oauthflow.Token {
		tok, _, err := refreshAt(t, answer(200, body), func(r *oauthflow.RefreshRequest) { r.Now = func() time.Time { return now } }, extra...)
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	tok := at(`{"access_token":"a","expires_in":"3600","refresh_token_expires_in":86400}`)
	if tok.ReceivedAt != now || tok.AccessExpiresAt != now.Add(time.Hour) || tok.RefreshExpiresAt != now.Add(24*time.Hour) {
		t.Errorf("got %+v", tok)
	}
	for _, body := range []string{`{"access_token":"a"}`, `{"access_token":"a","expires_in":0}`, `{"access_token":"a","expires_in":-1}`} {
		if tok := at(body); !tok.AccessExpiresAt.IsZero() {
			t.Errorf("%s: expires %v", body, tok.AccessExpiresAt)
		}
		if tok := at(body, `access_ttl = "2h"`); tok.AccessExpiresAt != now.Add(2*time.Hour) {
			t.Errorf("%s with access_ttl: expires %v", body, tok.AccessExpiresAt)
		}
	}
}

func TestKeptMembers(t *testing.T) {
	t.Parallel()
	tok, _, err := refreshAt(t, answer(200, `{"access_token":"a","instance_url":"https://x.example\u001b","signature":"s"}`), nil, `keep = ["instance_url", "absent"]`)
	if err != nil || fmt.Sprint(tok.Kept) != "map[instance_url:https://x.example]" {
		t.Errorf("%v, %v", tok.Kept, err)
	}
}

func TestRenewalByExchange(t *testing.T) {
	t.Parallel()
	const meta = `
renew = "exchange"
renew_params = { grant_type = "fb_exchange_token", fb_exchange_token = "{access_token}" }`
	tok, n, err := refreshAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("grant_type") != "fb_exchange_token" || r.PostFormValue("fb_exchange_token") != "at-old-1" || r.PostFormValue("client_secret") == "" {
			t.Errorf("form %v", r.PostForm)
		}
		writeJSON(w, 200, `{"access_token":"long","expires_in":5184000}`)
	}, func(r *oauthflow.RefreshRequest) { r.Access = text("at-old-1") }, meta)
	if err != nil || n != 1 || tok.Access.Reveal() != "long" {
		t.Errorf("%v, %v", tok, err)
	}
	if _, n, err := refreshAt(t, answer(200, "{}"), nil, meta); err == nil || n != 0 {
		t.Errorf("without an access token: %v, %d requests", err, n)
	}
	if _, n, err := refreshAt(t, answer(200, "{}"), func(r *oauthflow.RefreshRequest) { r.Refresh = text("") }); err == nil || n != 0 {
		t.Errorf("without a refresh token: %v, %d requests", err, n)
	}
}

// A sign-in at a provider that renews by exchange ends with the long-lived token, or with the short one.
func TestASignInLengthensItsToken(t *testing.T) {
	t.Parallel()
	for _, works := range []bool{true, false} {
		p, s, c := acme(t, `redirects = [""]`, `renew = "exchange"`, `renew_params = { grant_type = "x", token = "{access_token}" }`)
		f, _, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c, Scopes: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		hc := answering(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.PostFormValue("grant_type") == "authorization_code":
				writeJSON(w, 200, `{"access_token":"short"}`)
			case works:
				writeJSON(w, 200, `{"access_token":"long"}`)
			default:
				writeJSON(w, 500, `{}`)
			}
		})
		tok, err := oauthflow.Wait(t.Context(), f, oauthflow.WaitOptions{HTTP: hc, Provider: p, Client: c, Pasted: pasted("code-1")})
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Access.Reveal(); got != map[bool]string{true: "long", false: "short"}[works] || len(tok.Scopes) != 1 {
			t.Errorf("works %v: %s, scopes %v", works, got, tok.Scopes)
		}
	}
}

func TestACancelledRefreshSaysSo(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := oauthflow.Refresh(ctx, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), oauthflow.RefreshRequest{Provider: p, Server: s, Client: c, Refresh: text("rt-secret")})
	if e := asError(t, err); !errors.Is(err, context.Canceled) || e.Transient() {
		t.Errorf("got %v", err)
	}
}

func TestTheLostAnswerOfARotatingProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Rotation: sandbox.RotationSingleUse}, sandbox.PublicClient)
	tok := w.token(t, sandbox.Consent{All: true})
	if err := w.srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDropAfter, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := oauthflow.Refresh(t.Context(), w.hc, oauthflow.RefreshRequest{Provider: w.p, Server: w.server, Client: w.client, Refresh: tok.Refresh})
	if e := asError(t, err); !e.Transient() {
		t.Errorf("got %v", err)
	}
	if n := w.srv.Stats().Tokens["refresh_token"]; n != 1 {
		t.Errorf("%d requests: net/http or x/oauth2 sent it again", n)
	}
}
