package accounts_test

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

func TestExportCarriesWhatAJobNeeds(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	secrets, _ := r.secrets(t, a.ID)
	e, err := r.Export(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if e.Refresh != secrets.Refresh || !e.Access.Empty() || e.ClientID != sandbox.PublicClient || e.TokenEndpoint != r.server.URL()+"/oauth/token" ||
		e.Generation != 1 || e.Identity.Email != "ana@example.org" || e.Name != "sales" || len(e.Scopes) == 0 || e.Holder != store.HolderBook {
		t.Errorf("%+v", e)
	}
	r.server.DropScope("offline_access")
	only := r.authorize(t, request("access-only"), sandbox.Consent{All: true})
	if e, err = r.Export(t.Context(), only.AccountID); err != nil || e.Access.Empty() || !e.Refresh.Empty() || e.AccessExpiresAt.IsZero() {
		t.Errorf("without refresh token: %+v, %v", e, err)
	}
	r.clock.pass(2 * time.Hour)
	if _, err = r.Export(t.Context(), only.AccountID); !errors.As(err, new(*accounts.DeadAccountError)) {
		t.Errorf("an expired access token: %v", err)
	}
}

func TestExportRefusesWhatNoJobCanUse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rotation sandbox.Rotation
		wreck    func(*testing.T, *rig, string)
		want     any
	}{
		"revoked": {sandbox.RotationNone, func(t *testing.T, r *rig, id string) {
			r.server.RevokeEverything("")
			if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); err == nil {
				t.Fatal("refreshed")
			}
		}, new(*accounts.DeadAccountError)},
		"somebody else's": {sandbox.RotationNone, func(t *testing.T, r *rig, id string) {
			r.change(t, id, func(a *store.Account) { a.Identity.Subject = "1002" })
			if _, err := r.Verify(t.Context(), id, nil); err != nil {
				t.Fatal(err)
			}
		}, new(*accounts.DeadAccountError)},
		"moved config": {sandbox.RotationNone, func(t *testing.T, r *rig, _ string) {
			r.configure(t, r.server.ProviderTOML("demo", `token_endpoint = "https://evil.example/token"`))
		}, new(*accounts.DeadAccountError)},
		"held by a file": {sandbox.RotationNone, func(t *testing.T, r *rig, id string) {
			r.change(t, id, func(a *store.Account) { a.Holder = "file:f1" })
		}, new(*accounts.HeldError)},
		"single use": {sandbox.RotationSingleUse, func(*testing.T, *rig, string) {}, new(*accounts.HeldError)},
		"unknown":    {sandbox.RotationNone, func(t *testing.T, r *rig, id string) { r.Remove(t.Context(), id, accounts.RemoveOptions{}) }, new(*accounts.UnknownAccountError)}, //nolint:errcheck // seen below
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: c.rotation})
			a := r.authorized(t, "sales")
			c.wreck(t, r, a.ID)
			_, err := r.Export(t.Context(), a.ID)
			if err == nil || !errors.As(err, c.want) || strings.Contains(err.Error(), sandbox.RefreshTokenPrefix) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTheBooksKeyNeverChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	var mu sync.Mutex
	keys, ids := map[string]bool{}, map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b := accounts.New(r.config)
			key, err := b.SigningKey(t.Context())
			id, err2 := b.BookID(t.Context())
			if err != nil || err2 != nil {
				t.Error(err, err2)
				return
			}
			message := []byte("x")
			if !ed25519.Verify(key.Public().(ed25519.PublicKey), message, ed25519.Sign(key, message)) {
				t.Error("the key does not sign")
			}
			mu.Lock()
			defer mu.Unlock()
			keys[string(key)], ids[id] = true, true
		})
	}
	wg.Wait()
	if len(keys) != 1 || len(ids) != 1 || ids[""] {
		t.Errorf("%d keys and %d ids", len(keys), len(ids))
	}
	for key := range keys {
		if found := leaks(t, r.dir, key[:ed25519.SeedSize]); len(found) > 0 {
			t.Errorf("the key lies open in %v", found)
		}
	}
}
