package sandbox_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {sandbox.PublicClient}, "refresh_token": {token}}
}

// order gives a fault in Go or, to prove that both do the same, as a shell would.
type order func(t *testing.T, srv *sandbox.Server, f sandbox.Fault, form url.Values)

var orders = map[string]order{
	"go": func(t *testing.T, srv *sandbox.Server, f sandbox.Fault, _ url.Values) {
		t.Helper()
		if err := srv.Faults.Add(f); err != nil {
			t.Fatal(err)
		}
	},
	"http": func(t *testing.T, srv *sandbox.Server, _ sandbox.Fault, form url.Values) {
		t.Helper()
		if resp, text := ask(httpContext(t), t, http.MethodPost, srv.URL()+"/sandbox/faults", form); resp.StatusCode != http.StatusOK {
			t.Fatalf("order answered %d %s", resp.StatusCode, text)
		}
	},
}

func TestFaultsThatAnswerInstead(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault  sandbox.Fault
		form   url.Values
		status int
		body   string
		header [2]string
	}{
		"server error": {
			sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetToken, Times: 2},
			url.Values{"kind": {"server-error"}, "on": {"token"}, "times": {"2"}},
			500, `"error":"server_error"`, [2]string{"Content-Type", "application/json"},
		},
		"html from a proxy": {
			sandbox.Fault{Kind: sandbox.FaultHTML, On: sandbox.TargetAll, Times: 2, Status: 502},
			url.Values{"kind": {"html-error"}, "times": {"2"}, "status": {"502"}},
			502, "<h1>", [2]string{"Content-Type", "text/html; charset=utf-8"},
		},
		"rate limit": {
			sandbox.Fault{Kind: sandbox.FaultRateLimit, On: sandbox.TargetToken, Times: 2, RetryAfter: 3 * time.Second},
			url.Values{"kind": {"rate-limit"}, "on": {"token"}, "times": {"2"}, "retry_after": {"3"}},
			429, "rate_limit_exceeded", [2]string{"Retry-After", "3"},
		},
		"invalid grant": {
			sandbox.Fault{Kind: sandbox.FaultOAuthError, Grant: "refresh_token", Times: 2, Description: "reauth", Subtype: "invalid_rapt"},
			url.Values{"kind": {"oauth-error"}, "grant": {"refresh_token"}, "times": {"2"}, "description": {"reauth"}, "subtype": {"invalid_rapt"}},
			400, `"error_subtype":"invalid_rapt"`, [2]string{"Cache-Control", "no-store"},
		},
		"another code": {
			sandbox.Fault{Kind: sandbox.FaultOAuthError, Code: "invalid_client", Status: 401, Times: 2},
			url.Values{"kind": {"oauth-error"}, "code": {"invalid_client"}, "status": {"401"}, "times": {"2"}},
			401, `"error":"invalid_client"`, [2]string{"Content-Type", "application/json"},
		},
	}
	for how, give := range orders {
		for name, test := range tests {
			t.Run(how+"/"+name, func(t *testing.T) {
				t.Parallel()
				srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
				token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
				give(t, srv, test.fault, test.form)
				for range 2 {
					resp, body := ask(ctx, t, http.MethodPost, c.Endpoint.TokenURL, refreshForm(token.RefreshToken))
					if resp.StatusCode != test.status || !strings.Contains(body, test.body) || resp.Header.Get(test.header[0]) != test.header[1] {
						t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
					}
				}
				if _, err := refresh(ctx, c, token.RefreshToken); err != nil {
					t.Errorf("after two faults the token should still be good: %v", err)
				}
				if n := srv.Stats().Tokens["refresh_token"]; n != 3 {
					t.Errorf("%d refresh requests counted", n)
				}
			})
		}
	}
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind   sandbox.FaultKind
		issued int    // refreshes that were processed
		next   string // what using the same token again then says
	}{
		{sandbox.FaultDrop, 0, ""},
		{sandbox.FaultDropAfter, 1, "invalid_grant"},
	} {
		srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
		token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		if err := srv.Faults.Add(sandbox.Fault{Kind: test.kind, On: sandbox.TargetToken, Times: 1}); err != nil {
			t.Fatal(err)
		}
		var answered *oauth2.RetrieveError
		if _, err := refresh(ctx, c, token.RefreshToken); err == nil || errors.As(err, &answered) {
			t.Errorf("%s: an answer came: %v", test.kind, err)
		}
		if n := srv.Stats().Issued["refresh_token"]; n != test.issued {
			t.Errorf("%s: %d refreshes processed, want %d", test.kind, n, test.issued)
		}
		if _, err := refresh(ctx, c, token.RefreshToken); code(err) != test.next {
			t.Errorf("%s: the token used again: %v", test.kind, err)
		}
	}
}

func TestFaultsHitOnlyTheirTarget(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	calls := map[sandbox.Target]func() int{
		sandbox.TargetToken: func() int {
			resp, _ := ask(ctx, t, http.MethodPost, c.Endpoint.TokenURL, refreshForm(token.RefreshToken))
			return resp.StatusCode
		},
		sandbox.TargetDevice: func() int {
			resp, _ := ask(ctx, t, http.MethodPost, c.Endpoint.DeviceAuthURL, url.Values{"client_id": {c.ClientID}})
			return resp.StatusCode
		},
		sandbox.TargetAPI: func() int {
			resp, _ := ask(ctx, t, http.MethodGet, srv.URL()+"/v1/me", nil, bearer(token)...)
			return resp.StatusCode
		},
		sandbox.TargetRevoke: func() int {
			resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/revoke", url.Values{"client_id": {c.ClientID}, "token": {"x"}})
			return resp.StatusCode
		},
		sandbox.TargetDiscovery: func() int {
			resp, _ := ask(ctx, t, http.MethodGet, srv.URL()+"/.well-known/openid-configuration", nil)
			return resp.StatusCode
		},
	}
	for hit := range calls {
		if err := srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultServerError, On: hit, Status: 503}); err != nil {
			t.Fatal(err)
		}
		for target, call := range calls {
			want := map[bool]int{true: 503, false: 200}[target == hit]
			if got := call(); got != want {
				t.Errorf("fault on %s: %s answered %d", hit, target, got)
			}
		}
		if n := len(srv.Faults.Pending()); n != 1 {
			t.Errorf("%d faults pending; one without a count should stay", n)
		}
		srv.Faults.Clear()
	}
	if resp, _ := ask(ctx, t, http.MethodGet, srv.DeviceURL(), nil); resp.StatusCode != 200 {
		t.Errorf("the device page answered %d", resp.StatusCode)
	}
}

func TestSlowDownOnDemandHitsPollsOnly(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	if err := srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultSlowDown, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := refresh(ctx, c, token.RefreshToken); err != nil {
		t.Errorf("a refresh was slowed down: %v", err)
	}
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"slow_down", "authorization_pending"} {
		if _, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, poll(answer.DeviceCode)); out["error"] != want {
			t.Errorf("poll answered %v, want %s", out["error"], want)
		}
	}
}

func TestDelays(t *testing.T) {
	t.Parallel()
	const delay = 60 * time.Millisecond
	for _, kind := range []sandbox.FaultKind{sandbox.FaultDelay, sandbox.FaultSlowAnswer} {
		srv, c, ctx := start(t, sandbox.Options{})
		token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
		orders["http"](t, srv, sandbox.Fault{}, url.Values{"kind": {string(kind)}, "times": {"1"}, "delay": {delay.String()}})
		began := time.Now()
		if _, err := refresh(ctx, c, token.RefreshToken); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if took := time.Since(began); took < delay {
			t.Errorf("%s took only %v", kind, took)
		}
	}
}

// A held answer is the moment a crash is worst: the server has rotated, the client knows nothing.
func TestHeldAnswers(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	gate := srv.Faults.HoldAnswers(sandbox.TargetToken)
	done := make(chan error, 1)
	go func() {
		_, err := refresh(ctx, c, token.RefreshToken)
		done <- err
	}()
	<-gate.Arrived()
	if n := srv.Stats().Issued["refresh_token"]; n != 1 {
		t.Errorf("%d refreshes processed while the answer is held", n)
	}
	select {
	case err := <-done:
		t.Fatalf("the answer was not held: %v", err)
	default:
	}
	gate.Open()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCloseEndsHeldAndDelayedRequests(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	gate := srv.Faults.HoldAnswers(sandbox.TargetToken)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = refresh(ctx, c, token.RefreshToken) // answered or cut, either is fine
	}()
	<-gate.Arrived()
	srv.Close()
	<-done
	if _, err := srv.Approve(c.AuthCodeURL("s"), sandbox.Consent{}); err == nil {
		t.Error("a closed server approved something")
	}
	srv.Close() // twice is harmless
}

func TestWrongOrdersAreRefused(t *testing.T) {
	t.Parallel()
	srv, _, ctx := start(t, sandbox.Options{})
	for _, form := range []url.Values{
		{}, {"kind": {"earthquake"}}, {"kind": {"drop"}, "on": {"moon"}}, {"kind": {"drop"}, "times": {"-1"}},
		{"kind": {"drop"}, "times": {"many"}}, {"kind": {"delay"}, "delay": {"long"}}, {"kind": {"server-error"}, "status": {"200"}},
	} {
		if resp, _ := ask(ctx, t, http.MethodPost, srv.URL()+"/sandbox/faults", form); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%v answered %d", form, resp.StatusCode)
		}
	}
	orders["http"](t, srv, sandbox.Fault{}, url.Values{"kind": {"drop"}})
	orders["http"](t, srv, sandbox.Fault{}, url.Values{"clear": {"1"}})
	if n := len(srv.Faults.Pending()); n != 0 {
		t.Errorf("%d faults pending", n)
	}
}
