package oauthflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

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
	// Google's refresh tokens hold slashes, and what repeats a request repeats its form.
	_, _, err = refreshAt(t, answer(400, `{"error":"invalid_request","error_description":"blocked: grant_type=refresh_token&refresh_token=1%2F%2F0g-old%2Btoken, /t/1%2F%2F0g-old+token"}`),
		func(r *oauthflow.RefreshRequest) { r.Refresh = text("1//0g-old+token") })
	if s := fmt.Sprintf("%v %+v", err, asError(t, err)); strings.Contains(s, "0g-old") || !strings.Contains(s, "blocked: grant_type") {
		t.Errorf("the form's secret is in %s", s)
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
