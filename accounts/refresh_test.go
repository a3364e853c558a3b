package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
)

const long = 30 * time.Second

func TestRefreshStoresTheAnswer(t *testing.T) {
	t.Parallel()
	for _, rotation := range []sandbox.Rotation{sandbox.RotationNone, sandbox.RotationReplace, sandbox.RotationSingleUse} {
		t.Run(string(rotation), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: rotation})
			id := r.plant(t, 1)[0]
			before, _ := r.secrets(t, id)
			r.clock.pass(2 * time.Hour)
			o := r.must(t, id, accounts.Now(false))
			after, seq := r.secrets(t, id)
			rotates := rotation != sandbox.RotationNone
			if !o.Requested || o.Adopted || o.Rotated != rotates || o.Seq != 2 || seq != 2 {
				t.Errorf("outcome %+v, seq %d", o, seq)
			}
			if after.Access.Hash() == before.Access.Hash() || (after.Refresh.Hash() != before.Refresh.Hash()) != rotates || after.Refresh.Empty() {
				t.Error("the stored tokens are not those of the answer")
			}
			a := r.look(t, id)
			if a.Generation != 1 || !a.RefreshedAt.Equal(r.clock.now()) || !a.ProvenAt.Equal(r.clock.now()) || !a.AccessExpiresAt.After(r.clock.now()) {
				t.Errorf("account after refresh: %+v", a.Account)
			}
			if a.Health.State != accounts.Healthy || len(r.intents(t)) != 0 {
				t.Errorf("health %+v, intents %v", a.Health, r.intents(t))
			}
			events, err := r.Events(t.Context(), store.EventFilter{AccountID: id})
			if err != nil || len(events) != 1 || !events[0].OK || events[0].Action != "refresh" || events[0].Actor != "tester" {
				t.Errorf("history %+v, %v", events, err)
			}
		})
	}
}

func TestOutagesNeverMarkAnAccountDead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault sandbox.Fault
	}{
		{"500", sandbox.Fault{Kind: sandbox.FaultServerError}},
		{"503", sandbox.Fault{Kind: sandbox.FaultServerError, Status: 503}},
		{"a proxy's page", sandbox.Fault{Kind: sandbox.FaultHTML, Status: 502}},
		{"429", sandbox.Fault{Kind: sandbox.FaultRateLimit}},
		{"500 that says invalid_grant", sandbox.Fault{Kind: sandbox.FaultOAuthError, Status: 500, Code: "invalid_grant"}},
		{"connection cut", sandbox.Fault{Kind: sandbox.FaultDrop}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
			id := r.plant(t, 1)[0]
			tt.fault.On, tt.fault.Times = sandbox.TargetToken, 1
			if err := r.server.Faults.Add(tt.fault); err != nil {
				t.Fatal(err)
			}
			r.clock.pass(2 * time.Hour)
			_, err := r.Refresh(t.Context(), id, accounts.Now(false))
			failed, ok := errors.AsType[*accounts.RefreshError](err)
			if !ok || !failed.Transient {
				t.Fatalf("error %#v", err)
			}
			h := r.look(t, id).Health
			if h.State != accounts.Unreachable || h.Severity != accounts.SeverityWarning || !strings.Contains(h.Detail, "last worked") && h.LastGoodAt.IsZero() {
				t.Errorf("health %+v", h)
			}
			if o := r.must(t, id, accounts.Now(false)); !o.Requested {
				t.Error("an outage was adopted as an outcome")
			}
			if a := r.look(t, id); a.Health.State != accounts.Healthy || len(r.intents(t)) != 0 {
				t.Errorf("afterwards: %+v", a.Health)
			}
		})
	}
}

// No name resolves and nobody listens: nothing can have arrived, so nothing is left open.
func TestUnreachableProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	r.server.Close()
	r.clock.pass(2 * time.Hour)
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil {
		t.Fatal("refreshed with nobody there")
	}
	if a := r.look(t, id); a.Health.State != accounts.Unreachable || len(r.intents(t)) != 0 {
		t.Errorf("health %+v, intents %v", a.Health, r.intents(t))
	}
	r.clock.pass(25 * time.Hour)
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil {
		t.Fatal("refreshed with nobody there")
	}
	if h := r.look(t, id).Health; h.Severity != accounts.SeverityCritical {
		t.Errorf("after a day: %+v", h)
	}
}

// A provider said to keep its refresh tokens gives another one: from then on it counts as strict.
func TestUnexpectedRotationIsNoticed(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	r.configure(t, strings.Replace(r.server.ProviderTOML("demo"), `rotation = "single-use"`, `rotation = "none"`, 1))
	id := r.plant(t, 1)[0]
	r.must(t, id, accounts.Now(true))
	if a := r.look(t, id); a.Rotation != provider.RotationSingleUse {
		t.Errorf("rotation %q", a.Rotation)
	}
	events, err := r.Events(t.Context(), store.EventFilter{AccountID: id})
	if err != nil || len(events) != 2 || !strings.Contains(events[0].Detail+events[1].Detail, "single-use") {
		t.Errorf("history %+v, %v", events, err)
	}
}

func TestNothingIsSentWithoutRight(t *testing.T) {
	t.Parallel()
	change := func(fn func(*store.Account)) func(*testing.T, *rig, string) {
		return func(t *testing.T, r *rig, id string) { r.change(t, id, fn) }
	}
	tests := []struct {
		name    string
		prepare func(t *testing.T, r *rig, id string)
		refused func(err error) bool
	}{
		{"a file holds it", change(func(a *store.Account) { a.Holder = "file:f1" }), isA[*accounts.HeldError]},
		{"it was removed", change(func(a *store.Account) { a.ToRevoke = true }), isA[*accounts.RemovedError]},
		{"its provider is gone", change(func(a *store.Account) { a.Provider = "elsewhere" }), isA[*accounts.BlockedError]},
		{"the vault is locked", func(_ *testing.T, r *rig, _ string) { r.vault.Lock() }, isA[*vault.LockedError]},
		{"another token endpoint", func(t *testing.T, r *rig, _ string) {
			r.configure(t, r.server.ProviderTOML("demo", `token_endpoint = "https://elsewhere.example/token"`))
		}, isA[*accounts.BlockedError]},
		{"another client", func(t *testing.T, r *rig, _ string) {
			r.configure(t, r.server.ProviderTOMLFor("demo", sandbox.BasicClient))
		}, isA[*accounts.BlockedError]},
		{"no such account", func(t *testing.T, r *rig, id string) {
			if err := r.store.Update(t.Context(), func(w store.Writer) error { return w.DeleteAccount(id) }); err != nil {
				t.Fatal(err)
			}
		}, isA[*accounts.UnknownAccountError]},
		{"shutting down", func(t *testing.T, r *rig, _ string) {
			if err := r.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, func(err error) bool { return errors.Is(err, accounts.ErrDraining) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
			id := r.plant(t, 1)[0]
			r.clock.pass(2 * time.Hour)
			tt.prepare(t, r, id)
			if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); !tt.refused(err) {
				t.Errorf("error %v", err)
			}
			if r.refreshes() != 0 || len(r.intents(t)) != 0 {
				t.Errorf("%d requests, intents %v", r.refreshes(), r.intents(t))
			}
		})
	}
}

// isA reports whether an error of that type is in the chain.
func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// change edits an account's record.
func (r *rig) change(t testing.TB, id string, fn func(*store.Account)) {
	t.Helper()
	err := r.store.Update(t.Context(), func(w store.Writer) error {
		a, err := w.Account(id)
		if err != nil {
			return err
		}
		fn(&a)
		return w.PutAccount(&a)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A row of failures remembers when it began and what worked before it; a success ends it.
func TestFailuresInARow(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	r.must(t, id, accounts.Now(true))
	good := r.clock.now()
	if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetToken, Times: 3}); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Hour)
	began := r.clock.now()
	for range 3 {
		if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); err == nil {
			t.Fatal("refreshed during an outage")
		}
		r.clock.pass(time.Hour)
	}
	h := r.look(t, id).Health
	if h.State != accounts.Unreachable || !h.Since.Equal(began) || !h.LastGoodAt.Equal(good) || !strings.Contains(h.Detail, good.Format("15:04")) {
		t.Errorf("health %+v, want failures since %v and the last success at %v", h, began, good)
	}
	r.must(t, id, accounts.Now(true))
	if h := r.look(t, id).Health; h.State != accounts.Healthy || !h.LastGoodAt.Equal(r.clock.now()) {
		t.Errorf("afterwards %+v", h)
	}
}
