package accounts_test

import (
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
)

// Without a refresh token the access token itself is exchanged, and password files, which carry it, are stale each time.
func TestExchangeRaisesTheGeneration(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{}, exchange)
	p, _ := r.config.Catalogue.Get("demo")
	token := r.signIn(t, sandbox.PublicClient, "")
	first := token.Refresh
	token.Access, token.Refresh = first, secret.Text{}
	a := r.accountFor(p, 0)
	if err := r.Plant(t.Context(), []store.Account{a}, []*oauthflow.Token{token}); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(50 * time.Minute)
	o := r.must(t, a.ID, accounts.Fresh(30*time.Minute))
	after, seq := r.secrets(t, a.ID)
	if !o.Requested || after.Access == first || !after.Refresh.Empty() || seq != 2 {
		t.Errorf("outcome %+v, seq %d", o, seq)
	}
	if a := r.look(t, a.ID); a.Generation != 2 || a.HasRefresh {
		t.Errorf("account %+v", a.Account)
	}
}

func TestNothingToRenewWith(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	p, _ := r.config.Catalogue.Get("demo")
	token := r.signIn(t, sandbox.PublicClient, "")
	token.Refresh = secret.Text{}
	a := r.accountFor(p, 0)
	if err := r.Plant(t.Context(), []store.Account{a}, []*oauthflow.Token{token}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Token(t.Context(), a.ID, 10*time.Minute); err != nil {
		t.Error(err)
	}
	r.clock.pass(2 * time.Hour)
	if _, err := r.Token(t.Context(), a.ID, 10*time.Minute); !isA[*accounts.NotRenewableError](err) || r.refreshes() != 0 {
		t.Errorf("error %v, %d requests", err, r.refreshes())
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	stored, _ := r.secrets(t, id)
	token, err := r.Token(t.Context(), id, time.Minute)
	if err != nil || token.Token != stored.Access || token.Type != "Bearer" || r.refreshes() != 0 {
		t.Errorf("token %+v, %v, %d requests", token, err, r.refreshes())
	}
	r.clock.pass(2 * time.Hour)
	newer, err := r.Token(t.Context(), id, time.Minute)
	if err != nil || newer.Token == stored.Access || !newer.ExpiresAt.After(r.clock.now()) || r.refreshes() != 1 {
		t.Errorf("token %+v, %v, %d requests", newer, err, r.refreshes())
	}
	// A provider whose tokens never last that long gives the newest there is.
	if again, err := r.Token(t.Context(), id, 24*time.Hour); err != nil || again.Token != newer.Token || r.refreshes() != 1 {
		t.Errorf("token %+v, %v, %d requests", again, err, r.refreshes())
	}
}
