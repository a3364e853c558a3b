package accounts_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/sandbox"
)

func TestAdoption(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		pass      time.Duration // since the last refresh
		want      func(r *rig, t *testing.T, id string) accounts.Want
		requested bool
	}{
		{"fresh enough", time.Minute, func(*rig, *testing.T, string) accounts.Want { return accounts.Fresh(time.Minute) }, false},
		{"not fresh enough", 59 * time.Minute, func(*rig, *testing.T, string) accounts.Want { return accounts.Fresh(5 * time.Minute) }, true},
		{"longer than tokens live, just refreshed", 10 * time.Second, func(*rig, *testing.T, string) accounts.Want { return accounts.Fresh(9 * time.Hour) }, false},
		{"longer than tokens live", time.Minute, func(*rig, *testing.T, string) accounts.Want { return accounts.Fresh(9 * time.Hour) }, true},
		{"now, just refreshed", 29 * time.Second, func(*rig, *testing.T, string) accounts.Want { return accounts.Now(false) }, false},
		{"now, a while ago", 31 * time.Second, func(*rig, *testing.T, string) accounts.Want { return accounts.Now(false) }, true},
		{"forced", time.Second, func(*rig, *testing.T, string) accounts.Want { return accounts.Now(true) }, true},
		{"the stored one was refused", time.Second, func(r *rig, t *testing.T, id string) accounts.Want {
			token, _ := r.secrets(t, id)
			return accounts.Not(token.Access.Hash())
		}, true},
		{"a former one was refused", time.Second, func(*rig, *testing.T, string) accounts.Want { return accounts.Not("another") }, false},
		{"a former one was refused and the stored one has expired", 2 * time.Hour, func(*rig, *testing.T, string) accounts.Want { return accounts.Not("another") }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
			id := r.plant(t, 1)[0]
			r.clock.pass(tt.pass)
			o := r.must(t, id, tt.want(r, t, id))
			if o.Requested != tt.requested || o.Adopted == tt.requested || r.refreshes() != map[bool]int{true: 1}[tt.requested] {
				t.Errorf("outcome %+v after %d requests, want a request: %v", o, r.refreshes(), tt.requested)
			}
		})
	}
}

// Whoever waits for the lock while another refreshes adopts the other's answer, even when forced.
func TestWaitersAdopt(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	r.clock.pass(time.Hour)
	unlock, err := r.store.Lock(t.Context(), "account-"+id)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	outcomes := make(chan accounts.Outcome, 16)
	for range cap(outcomes) {
		wg.Go(func() {
			o, err := r.Refresh(t.Context(), id, accounts.Now(true))
			if err != nil {
				t.Error(err)
			}
			outcomes <- o
		})
	}
	r.waitForFlights(t, cap(outcomes))
	unlock()
	wg.Wait()
	requested := 0
	for range cap(outcomes) {
		if o := <-outcomes; o.Requested {
			requested++
		}
	}
	if requested != 1 || r.refreshes() != 1 || r.server.Stats().RevokedFamilies != 0 {
		t.Errorf("%d requested, provider saw %d, revoked %d", requested, r.refreshes(), r.server.Stats().RevokedFamilies)
	}
}

func TestRefusalDeletesNothingAndIsAdopted(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	before, _ := r.secrets(t, id)
	r.clock.pass(2 * time.Hour)
	r.server.RevokeEverything("")
	for i := range 3 {
		_, err := r.Refresh(t.Context(), id, accounts.Fresh(0))
		failed, ok := errors.AsType[*accounts.RefreshError](err)
		if !ok || failed.Transient || failed.Diagnosis.Remedy == "" {
			t.Fatalf("refresh %d: %v", i, err)
		}
	}
	if r.refreshes() != 1 {
		t.Errorf("%d requests: the refusal was not adopted", r.refreshes())
	}
	if after, seq := r.secrets(t, id); after.Refresh != before.Refresh || seq != 1 {
		t.Error("the refused grant was touched")
	}
	if a := r.look(t, id); a.Health.State != accounts.NeedsSignIn || a.Health.Cause == "" || !a.OpenSince.IsZero() {
		t.Errorf("health %+v, open since %v", a.Health, a.OpenSince)
	}
	if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); err == nil || r.refreshes() != 2 {
		t.Errorf("forced: %v after %d requests", err, r.refreshes())
	}
	r.clock.pass(time.Minute)
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil || r.refreshes() != 3 {
		t.Errorf("a minute later: %v after %d requests", err, r.refreshes())
	}
}
