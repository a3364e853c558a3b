package sandbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
)

// atOnce runs n copies of f and counts those that report success.
func atOnce(n int, f func() bool) int {
	var (
		wg   sync.WaitGroup
		wins atomic.Int64
	)
	for range n {
		wg.Go(func() {
			if f() {
				wins.Add(1)
			}
		})
	}
	wg.Wait()
	return int(wins.Load())
}

func TestCodesWorkOnceEvenInParallel(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	for range 10 {
		verifier := oauth2.GenerateVerifier()
		back, err := srv.Approve(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), sandbox.Consent{All: true})
		if err != nil {
			t.Fatal(err)
		}
		wins := atOnce(4, func() bool {
			_, err := c.Exchange(ctx, query(t, back).Get("code"), oauth2.VerifierOption(verifier))
			return err == nil
		})
		answer, err := c.DeviceAuth(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.ApproveDevice(answer.UserCode, sandbox.Consent{All: true}); err != nil {
			t.Fatal(err)
		}
		wins += atOnce(4, func() bool {
			status, _ := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, poll(answer.DeviceCode))
			return status == http.StatusOK
		})
		if wins != 2 {
			t.Errorf("a code and a device code were redeemed %d times", wins)
		}
	}
	for _, g := range srv.Grants() {
		if g.Live != (g.Flow == "device") {
			t.Errorf("grant %+v", g)
		}
	}
}

// Operators act while clients work; the race detector is the judge, and nobody may hear a server error.
func TestActsDuringTraffic(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{Rotation: sandbox.RotationReplace})
	acts := []func(){
		func() { srv.RevokeScope("", "reports.read") },
		func() { srv.ExpireAccessIn("", 0) },
		func() { srv.RevokeEverything("ben@example.org") },
		func() { srv.Grants() },
		func() { srv.Stats() },
		func() { srv.Requests() },
		func() { srv.Faults.Pending() },
	}
	var wg sync.WaitGroup
	for _, act := range acts {
		wg.Go(func() {
			for range 30 {
				act()
			}
		})
	}
	for _, user := range []string{"ana@example.org", "ben@example.org", "nora@example.org"} {
		wg.Go(func() {
			token := browser(ctx, t, srv, c, sandbox.Consent{All: true, User: user})
			for range 20 {
				if next, err := refresh(ctx, c, token.RefreshToken); err == nil {
					token = next
				} else if code(err) != "invalid_grant" {
					t.Errorf("%s: %v", user, err)
				}
				status, _ := askJSON(ctx, t, http.MethodGet, srv.URL()+"/v1/reports", nil, bearer(token)...)
				if !slices.Contains([]int{200, 401, 403}, status) {
					t.Errorf("%s: the API answered %d", user, status)
				}
			}
		})
	}
	wg.Wait()
}

func TestRefreshMayAskForLess(t *testing.T) {
	t.Parallel()
	srv, c, ctx := start(t, sandbox.Options{})
	token := browser(ctx, t, srv, c, sandbox.Consent{All: true})
	narrow := refreshForm(token.RefreshToken)
	narrow.Set("scope", "reports.read")
	status, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, narrow)
	if status != http.StatusOK || out["scope"] != "reports.read" || out["id_token"] != nil {
		t.Errorf("%d %v", status, out["scope"])
	}
	wide := refreshForm(token.RefreshToken)
	wide.Set("scope", "reports.read everything")
	if _, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, wide); out["error"] != "invalid_scope" {
		t.Errorf("more than was granted: %v", out["error"])
	}
	next, err := refresh(ctx, c, token.RefreshToken)
	if err != nil || len(scopesOf(next)) != len(everyScope) {
		t.Errorf("the grant itself should stay whole: %v, %v", scopesOf(next), err)
	}
	both := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {sandbox.BasicClient}, "client_secret": {"x"}}
	if status, out := askJSON(ctx, t, http.MethodPost, c.Endpoint.TokenURL, both, "Authorization", "Basic eDp4"); status != http.StatusBadRequest || out["error"] != "invalid_request" {
		t.Errorf("two ways of authentication: %d %v", status, out["error"])
	}
}
