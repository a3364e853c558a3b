package accounts_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow/diagnose"
)

// Permissions that are taken away after the sign-in are noticed, whatever says so at this provider: the answer to a refresh,
// a tokeninfo endpoint, an edge that lists permissions, or a header of any API answer.
func TestLaterLossIsNoticedInTheWordsOfTheConsentPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		config func(r *rig, api string) []string
		lose   func(r *rig, api *permissionAPI)
		verify bool // by a verification; else by a refresh
	}{
		{"the answer to a refresh", func(*rig, string) []string { return nil }, func(r *rig, _ *permissionAPI) { r.server.RevokeScope("", "reports.read") }, false},
		{"tokeninfo", func(r *rig, _ string) []string { return r.tokeninfo() }, func(r *rig, _ *permissionAPI) { r.server.RevokeScope("", "reports.read") }, true},
		{"a permissions edge", func(_ *rig, api string) []string {
			return []string{fmt.Sprintf("scope_source = %q", api+"/permissions"), fmt.Sprintf("api_origins = [%q]", api)}
		}, func(_ *rig, api *permissionAPI) { api.lost.Store(true) }, true},
		{"a header", func(_ *rig, api string) []string {
			return []string{`scope_source = "header:X-OAuth-Scopes"`, fmt.Sprintf("api_origins = [%q]", api), fmt.Sprintf("identity = { url = %q }", api+"/user")}
		}, func(_ *rig, api *permissionAPI) { api.lost.Store(true) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api := &permissionAPI{}
			server := httptest.NewServer(api)
			t.Cleanup(server.Close)
			r := newRig(t, sandbox.Options{})
			r.configure(t, r.server.ProviderTOML("demo", c.config(r, server.URL)...))
			id := r.plant(t, 1)[0]
			r.change(t, id, func(a *store.Account) { a.Identity = store.Account{}.Identity }) // whoever it is: permissions are looked at here
			r.verify(t, id)
			if h := r.look(t, id).Health; h.State == accounts.MissingPermissions {
				t.Fatalf("before anything is lost: %+v", h.Finding)
			}
			r.clock.pass(2 * time.Hour)
			c.lose(r, api)
			if c.verify {
				got := check(t, r.verify(t, id).Checks, accounts.CheckPermissions)
				if got.State != accounts.CheckFailed || len(got.Missing) != 1 || got.Missing[0].Words != "See your reports" {
					t.Errorf("%+v", got)
				}
			} else {
				r.must(t, id, accounts.Now(true))
			}
			a := r.look(t, id)
			if a.Health.State != accounts.MissingPermissions || a.Health.Remedy != diagnose.GrantPermissions || !strings.Contains(a.Health.Title, "“See your reports”") {
				t.Errorf("%+v", a.Health.Finding)
			}
			if len(a.Missing) != 1 || a.Missing[0].Scope != "reports.read" {
				t.Errorf("missing %+v", a.Missing)
			}
			r.toldOfLoss(t, id)
		})
	}
}

// toldOfLoss looks into the history: when a permission went is worth as much as that it is gone.
func (r *rig) toldOfLoss(t *testing.T, id string) {
	t.Helper()
	events, err := r.Events(t.Context(), store.EventFilter{AccountID: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.Contains(e.Detail, "See your reports") {
			return
		}
	}
	t.Errorf("the history says nothing of it: %+v", events)
}

// permissionAPI lists permissions as Meta does, and names scopes in a header as GitHub does.
type permissionAPI struct{ lost atomic.Bool }

func (p *permissionAPI) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	status, scopes := "granted", "openid, reports.read"
	if p.lost.Load() {
		status, scopes = "declined", "openid"
	}
	w.Header().Set("X-OAuth-Scopes", scopes)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"sub":"1001","data":[{"permission":"openid","status":"granted"},{"permission":"reports.read","status":%q}]}`, status) // the client is this test
}
