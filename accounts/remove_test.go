package accounts_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// TestWhatIsSaidAfterARevocationIsTrue compares what the operator is told with what the provider did.
func TestWhatIsSaidAfterARevocationIsTrue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		opts    sandbox.Options
		fault   sandbox.Fault
		extra   string
		before  func(*rig)
		revoked bool // forgotten and dead
		lives   bool // the grant still lives at the provider
		after   time.Duration
		says    []string
	}{
		{name: "200", revoked: true, says: []string{"is revoked at Demo and forgotten here"}},
		{name: "200 for each token", extra: `revoke = { scope = "token" }`, revoked: true, says: []string{"is revoked at Demo"}},
		{name: "200 for a grant", extra: `revoke = { scope = "grant" }`, revoked: true, says: []string{"is revoked at Demo"}},
		{
			name: "400 invalid_token", before: func(r *rig) { r.server.RevokeEverything("") }, revoked: true,
			fault: sandbox.Fault{Kind: sandbox.FaultOAuthError, Code: "invalid_token"}, says: []string{"not valid any more"},
		},
		{
			name: "400 unsupported_token_type", lives: true,
			fault: sandbox.Fault{Kind: sandbox.FaultOAuthError, Code: "unsupported_token_type"}, says: []string{"removed here, still valid at Demo", "was refused"},
		},
		{
			name: "401 invalid_client", lives: true,
			fault: sandbox.Fault{Kind: sandbox.FaultOAuthError, Code: "invalid_client", Status: 401}, says: []string{"removed here, still valid at Demo", "was refused"},
		},
		{
			name: "503 with Retry-After", lives: true, after: 30 * time.Second,
			fault: sandbox.Fault{Kind: sandbox.FaultRateLimit, Status: 503, RetryAfter: 30 * time.Second}, says: []string{"removed here, still valid at Demo", "HTTP 503", "30s"},
		},
		{
			name: "500 in HTML", lives: true,
			fault: sandbox.Fault{Kind: sandbox.FaultHTML}, says: []string{"removed here, still valid at Demo", "HTTP 500"},
		},
		{name: "no connection", lives: true, fault: sandbox.Fault{Kind: sandbox.FaultDrop}, says: []string{"No answer came", "may be revoked or still valid"}},
		{name: "the answer is lost", fault: sandbox.Fault{Kind: sandbox.FaultDropAfter}, says: []string{"No answer came", "may be revoked or still valid"}},
		{
			name: "no endpoint", opts: sandbox.Options{Quirks: sandbox.Quirks{NoRevocation: true}}, lives: true,
			says: []string{"removed here, still valid at Demo", "offers no revocation", "by hand"},
		},
		{
			name: "no endpoint but a page", opts: sandbox.Options{Quirks: sandbox.Quirks{NoRevocation: true}}, lives: true,
			extra: `revoke = { page = "https://demo.example/apps" }`, says: []string{"still valid at Demo", "https://demo.example/apps"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.opts, c.extra)
			a := r.authorized(t, "sales")
			if c.before != nil {
				c.before(r)
			}
			if c.fault.Kind != "" {
				c.fault.On = sandbox.TargetRevoke
				if !c.revoked {
					c.fault.Times = 1 // the second attempt works
				}
				r.fault(t, c.fault)
			}
			calls := r.used()
			result, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range c.says {
				if !strings.Contains(result.Text, words) {
					t.Errorf("%q does not say %q", result.Text, words)
				}
			}
			if result.Revoked != c.revoked || result.Forgotten != c.revoked || result.ToRevoke == c.revoked || result.RetryAfter != c.after {
				t.Errorf("%+v", result)
			}
			if live := r.server.Stats().LiveGrants == 1; live != c.lives {
				t.Errorf("the grant lives at the provider: %t", live)
			}
			if c.revoked {
				r.isGone(t, a)
			} else {
				r.isToRevoke(t, a)
			}
			if n := r.used() - calls; n != 0 {
				t.Errorf("the credential was used %d times", n)
			}
		})
	}
}

// used counts requests that use a credential for anything but ending it.
func (r *rig) used() int { return r.server.Stats().API + r.count("/oauth/token") }

func (r *rig) isGone(t *testing.T, a accounts.Account) {
	t.Helper()
	if _, err := r.Account(t.Context(), a.Name); !errors.As(err, new(*accounts.UnknownAccountError)) {
		t.Errorf("it is still listed: %v", err)
	}
	if _, ok := r.grant(t, a.ID, store.Current); ok {
		t.Error("its credential is still stored")
	}
	if got := r.actions(t, a.ID); got[len(got)-1] != "remove" {
		t.Errorf("history %v", got)
	}
}

// isToRevoke makes sure that the account is listed as what it is and used for nothing, and that a repetition ends it.
func (r *rig) isToRevoke(t *testing.T, a accounts.Account) {
	t.Helper()
	listed := r.look(t, a.ID)
	if listed.Health.State != accounts.ToRevoke || !strings.Contains(listed.Health.Title, "still valid at the provider") {
		t.Errorf("health %s %q", listed.Health.State, listed.Health.Title)
	}
	for what, err := range map[string]error{
		"token":     second(r.Token(t.Context(), a.ID, 0)),
		"refresh":   second(r.Refresh(t.Context(), a.ID, accounts.Now(true))),
		"authorize": second(r.StartFlow(t.Context(), request(a.Name))),
	} {
		if !errors.As(err, new(*accounts.RemovedError)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if v := r.verify(t, a.ID); v.Failed == nil || v.Failed.ID != accounts.CheckStore || v.Failed.Diagnosis.Cause != "to_revoke" {
		t.Errorf("verify: %+v", v)
	}
	if second(r.Export(t.Context(), a.ID)) == nil {
		t.Error("a removed account was exported")
	}
	plan, err := r.RemovalPlan(t.Context(), a.ID)
	if err != nil || !plan.ToRevoke {
		t.Errorf("%+v, %v", plan, err)
	}
	again, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: plan.CanRevoke})
	if err != nil || !again.Forgotten || again.Revoked != plan.CanRevoke {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	r.isGone(t, a)
}

func second[T any](_ T, err error) error { return err }

func TestForgettingIsNotRevoking(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.start(t, request("sales"))
	result, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{})
	if err != nil || !result.Forgotten || result.Revoked || !strings.Contains(result.Text, "stays valid at Demo") {
		t.Fatalf("%+v, %v", result, err)
	}
	if r.server.Stats().LiveGrants != 1 || r.count("/revoke") != 0 {
		t.Error("it was revoked")
	}
	if len(r.pending(t)) != 0 {
		t.Error("its re-authorization is still pending")
	}
	r.isGone(t, a)
	if _, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{}); !errors.As(err, new(*accounts.UnknownAccountError)) {
		t.Errorf("removing it twice: %v", err)
	}
}

// A process was killed between keeping a first credential and checking it: there is one to revoke all the same.
func TestAnUncheckedCredentialIsRevokedToo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		revoke bool
		fault  bool
		says   string
		lives  int
	}{
		{revoke: true, says: "is revoked at Demo and forgotten here", lives: 0},
		{revoke: true, fault: true, says: "still valid at Demo", lives: 1},
		{says: "stays valid at Demo", lives: 1},
	} {
		r := newRig(t, sandbox.Options{})
		a := r.unchecked(t, "sales")
		if plan, err := r.RemovalPlan(t.Context(), a.ID); err != nil || !plan.CanRevoke {
			t.Errorf("%+v, %v", plan, err)
		}
		if c.fault {
			r.fault(t, sandbox.Fault{Kind: sandbox.FaultHTML, On: sandbox.TargetRevoke})
		}
		result, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: c.revoke})
		if err != nil || !strings.Contains(result.Text, c.says) || result.Forgotten == c.fault || r.server.Stats().LiveGrants != c.lives {
			t.Errorf("%+v: %+v, %v, %d live", c, result, err, r.server.Stats().LiveGrants)
		}
		if !c.fault {
			r.isGone(t, a)
			continue
		}
		r.server.Faults.Clear()
		if again, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true}); err != nil || !again.Revoked || r.server.Stats().LiveGrants != 0 {
			t.Errorf("the second time: %+v, %v", again, err)
		}
	}
}

// unchecked is an account whose first credential was kept and not yet checked.
func (r *rig) unchecked(t *testing.T, name string) accounts.Account {
	t.Helper()
	flow := r.start(t, request(name))
	killed := *r
	killed.config.Store = &unreadable{Store: r.store, from: func() bool {
		_, err := r.Account(t.Context(), name)
		return err == nil
	}}
	killed.Book = accounts.New(killed.config)
	if _, _, err := killed.drive(t, flow.FlowID, r.consents(t, sandbox.Consent{All: true})); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	a, err := r.Account(t.Context(), name)
	if err != nil || a.Candidate == nil {
		t.Fatalf("%+v, %v", a, err)
	}
	return a
}

// unreadable is a store that cannot be read from some moment on.
type unreadable struct {
	store.Store
	from func() bool
}

func (u *unreadable) View(ctx context.Context, fn func(store.Reader) error) error {
	if u.from() {
		return errDisk
	}
	return u.Store.View(ctx, fn)
}

// A new credential that waits for a decision lives on at a provider that revokes token by token, and that is said.
func TestRemovingSaysWhatBecomesOfACredentialThatWaits(t *testing.T) {
	t.Parallel()
	r, before, _ := shrunk(t)
	plan, err := r.RemovalPlan(t.Context(), before.ID)
	if text := strings.Join(plan.Effects, " "); err != nil || !strings.Contains(text, "waits for a decision") || !strings.Contains(text, "not revoked") {
		t.Errorf("%s, %v", text, err)
	}
	result, err := r.Remove(t.Context(), before.ID, accounts.RemoveOptions{Revoke: true})
	if err != nil || !result.Revoked || !strings.Contains(result.Text, "stays valid at Demo") {
		t.Errorf("%+v, %v", result, err)
	}
	if live := r.server.Stats().LiveGrants; live != 1 {
		t.Errorf("%d grants live at the provider", live)
	}
}

func TestARemovalPlanSaysWhatStops(t *testing.T) {
	t.Parallel()
	for reach, siblings := range map[string][]string{"token": {}, "grant": {"ana-two"}, "project": {"ana-two"}} {
		r := newRig(t, sandbox.Options{}, `revoke = { scope = "`+reach+`" }`)
		a := r.authorized(t, "ana-one")
		r.authorized(t, "ana-two")
		r.authorize(t, request("ben-one"), ben)
		err := r.store.Update(t.Context(), func(w store.Writer) error {
			return w.PutCanvas(&store.Canvas{ID: "c1", Name: "nightly", AccountIDs: []string{a.ID}})
		})
		if err != nil {
			t.Fatal(err)
		}
		r.vault.Lock() // a plan needs no key
		plan, err := r.RemovalPlan(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(plan.Canvases, []string{"nightly"}) || !slices.Equal(plan.Siblings, siblings) || !plan.CanRevoke || plan.Reach != reach {
			t.Errorf("%s: %+v", reach, plan)
		}
		if text := strings.Join(plan.Effects, " "); len(siblings) > 0 && !strings.Contains(text, "ana-two") || !strings.Contains(text, "ana@example.org") {
			t.Errorf("%s: %s", reach, text)
		}
	}
}

func TestAProjectsOtherClientsAreSiblings(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{}, `revoke = { scope = "project" }`)
	ids := map[string]string{"one": "77-a.apps.example", "two": "77-b.apps.example", "three": "78-a.apps.example"}
	var one string
	for name, client := range ids {
		a := r.authorized(t, name)
		r.change(t, a.ID, func(s *store.Account) { s.OAuthClientID = client })
		if name == "one" {
			one = a.ID
		}
	}
	plan, err := r.RemovalPlan(t.Context(), one)
	if err != nil || !slices.Equal(plan.Siblings, []string{"two"}) || !strings.Contains(strings.Join(plan.Effects, " "), "every client of this project") {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestAHeldCredentialIsNotRevokedHere(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.change(t, a.ID, func(s *store.Account) { s.Holder = "file:f1" })
	plan, err := r.RemovalPlan(t.Context(), a.ID)
	if err != nil || plan.CanRevoke || plan.Holder != "file:f1" {
		t.Errorf("%+v, %v", plan, err)
	}
	if _, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true}); !errors.As(err, new(*accounts.HeldError)) {
		t.Errorf("revoking: %v", err)
	}
	if a := r.look(t, a.ID); a.ToRevoke {
		t.Error("it was marked")
	}
}

// Some providers want a live access token for a revocation: a new one is got for it, and used for nothing else.
func TestRevokingAsTheUser(t *testing.T) {
	t.Parallel()
	var bearer string
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { bearer = q.Header.Get("Authorization") }))
	t.Cleanup(api.Close)
	r := newRig(t, sandbox.Options{}, `revoke = { url = "`+api.URL+`/revoke", auth = "bearer" }`, `api_origins = ["`+api.URL+`"]`)
	a := r.authorized(t, "sales")
	stored, _ := r.secrets(t, a.ID)
	r.clock.pass(2 * time.Hour)
	result, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})
	if err != nil || !result.Revoked {
		t.Fatalf("%+v, %v", result, err)
	}
	if !strings.HasPrefix(bearer, "Bearer "+sandbox.AccessTokenPrefix) || strings.HasSuffix(bearer, stored.Access.Reveal()) || r.refreshes() != 1 {
		t.Errorf("revoked with the expired token, %d refreshes", r.refreshes())
	}
}
