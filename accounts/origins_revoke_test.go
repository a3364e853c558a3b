package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

// A provider may take revocations on another server than its tokens come from. That server is the account's as much
// as the token endpoint is: the refresh token and the client's secret go there.
func TestAMovedRevokeAddressGetsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	apart, thief := startServer(t), startServer(t)
	revokeAt := func(url string) { r.configure(t, r.server.ProviderTOML("demo", `revoke = { url = "`+url+`/revoke" }`)) }

	revokeAt(apart.URL())
	a := r.authorized(t, "sales")
	if a.Health.State == accounts.Blocked || a.Server.Revoke != apart.URL()+"/revoke" {
		t.Fatalf("server %+v, health %+v", a.Server, a.Health)
	}
	r.must(t, a.ID, accounts.Now(true))

	revokeAt(thief.URL())
	_, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})
	want := accounts.Drift{What: "revocation address", Old: apart.URL() + "/revoke", New: thief.URL() + "/revoke"}
	if blocked, ok := errors.AsType[*accounts.BlockedError](err); !ok || !slices.Equal(blocked.Drift, []accounts.Drift{want}) {
		t.Fatalf("error %v", err)
	}
	if _, err := r.Refresh(t.Context(), a.ID, accounts.Now(true)); !isA[*accounts.BlockedError](err) {
		t.Errorf("refresh: %v", err)
	}
	if sent := thief.Requests(); len(sent) != 0 {
		t.Fatalf("sent %+v", sent)
	}

	names, err := r.AcceptProvider(t.Context(), "demo")
	if err != nil || !slices.Equal(names, []string{"sales"}) {
		t.Fatalf("accepted %v, %v", names, err)
	}
	// No password file carries that address, so none goes stale.
	if now := r.look(t, a.ID); now.Generation != a.Generation || now.Server.Revoke != want.New {
		t.Errorf("generation %d → %d, server %+v", a.Generation, now.Generation, now.Server)
	}
	if _, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true}); err != nil || len(thief.Requests()) == 0 {
		t.Errorf("after it was accepted: %v, %d requests", err, len(thief.Requests()))
	}
}

// What was removed and is still valid has only its revocation left, so that has to follow the configuration too.
func TestAnAccountThatWaitsForItsRevocationCanBeAccepted(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.change(t, a.ID, func(a *store.Account) { a.ToRevoke = true })
	moved := startServer(t)
	r.configure(t, r.server.ProviderTOML("demo", `revoke = { url = "`+moved.URL()+`/revoke" }`))
	remove := func() error {
		_, err := r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})
		return err
	}
	if err := remove(); !isA[*accounts.BlockedError](err) || len(moved.Requests()) != 0 {
		t.Fatalf("%v, %d requests", err, len(moved.Requests()))
	}
	if names, err := r.AcceptProvider(t.Context(), "demo"); err != nil || !slices.Equal(names, []string{"sales"}) {
		t.Fatalf("accepted %v, %v", names, err)
	}
	if err := remove(); err != nil || len(moved.Requests()) == 0 {
		t.Errorf("%v, %d requests", err, len(moved.Requests()))
	}
}

// An account that was stored before its revoke address was: what fettle itself ships is taken, as long as nobody changed it.
func TestAnAccountWithoutARevokeAddressTakesTheShippedOne(t *testing.T) {
	t.Parallel()
	const client = "[providers.github.client]\nid = \"Iv1\"\nsecret = \"s\"\n"
	for _, tt := range []struct{ name, toml, blocked string }{
		{"the built-in one", client, ""},
		{"another path there", client + "[providers.github.revoke]\nurl = \"https://api.github.com/applications/{client_id}/grant\"\n", ""},
		{"where the tokens come from", client + "[providers.github.revoke]\nurl = \"https://github.com/revoke\"\n", ""},
		{"another server", client + "[providers.github.revoke]\nurl = \"https://elsewhere.example/{client_id}\"\n", "github.com/login/oauth/access_token → https://elsewhere.example/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			id := r.plant(t, 1)[0]
			r.change(t, id, func(a *store.Account) {
				a.Provider, a.Services, a.OAuthClientID = "github", []string{"repositories"}, "Iv1"
				a.Server = oauthflow.Server{}
				a.Server.Token = "https://github.com/login/oauth/access_token"
			})
			r.configure(t, tt.toml)
			h := r.look(t, id).Health
			if (h.State == accounts.Blocked) != (tt.blocked != "") || !strings.Contains(h.Title, tt.blocked) {
				t.Errorf("health %+v", h)
			}
		})
	}
}

// startServer starts one more server, which knows none of the book's tokens.
func startServer(t *testing.T) *sandbox.Server {
	t.Helper()
	s, err := sandbox.Start(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
