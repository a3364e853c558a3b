package accounts_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
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

// The nastiest case: the provider rotates and its answer never arrives.
func TestLostAnswerIsNamed(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]sandbox.Quirks{"invalid_grant": {}, "invalid_request": {RotatedInvalidRequest: true}} {
		t.Run("a used token answers "+name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse, Quirks: quirks})
			id := r.plant(t, 1)[0]
			if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDropAfter, On: sandbox.TargetToken, Times: 1}); err != nil {
				t.Fatal(err)
			}
			r.clock.pass(2 * time.Hour)
			cut := r.clock.now()
			if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil {
				t.Fatal("an answer that was cut off was taken")
			}
			open := r.look(t, id)
			if !open.OpenSince.Equal(cut) || open.Health.State == accounts.NeedsSignIn {
				t.Fatalf("open since %v, health %+v", open.OpenSince, open.Health)
			}
			r.clock.pass(10 * time.Minute)
			if due, err := r.Due(t.Context()); err != nil || len(due) != 1 {
				t.Errorf("due: %v, %v", due, err)
			}
			o, err := r.Refresh(t.Context(), id, accounts.Fresh(0))
			failed, ok := errors.AsType[*accounts.RefreshError](err)
			named := "interrupted at " + cut.Local().Format("15:04")
			if !ok || failed.Diagnosis.Cause != "interrupted" || !strings.Contains(err.Error(), named) || !strings.Contains(o.Settled, named) {
				t.Fatalf("error %v, outcome %+v", err, o)
			}
			h := r.look(t, id).Health
			if h.State != accounts.NeedsSignIn || h.Cause != "interrupted" || !strings.Contains(h.Title, named) || len(r.intents(t)) != 0 {
				t.Errorf("health %+v, intents %v", h, r.intents(t))
			}
		})
	}
}

// A request that was cut before the provider saw it is repeated, even for a caller that a stored token would satisfy.
func TestInterruptedRefreshIsRecovered(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	r.clock.pass(time.Minute)
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil || len(r.intents(t)) != 1 {
		t.Fatalf("%v, intents %v", err, r.intents(t))
	}
	o := r.must(t, id, accounts.Fresh(0))
	if !o.Requested || o.Settled == "" || len(r.intents(t)) != 0 || r.look(t, id).Health.State != accounts.Healthy {
		t.Errorf("outcome %+v", o)
	}
}

// Where using a token does not use it up, an interruption does no harm and needs no request.
func TestInterruptionWithoutRotationIsCleared(t *testing.T) {
	t.Parallel()
	for _, rotation := range []sandbox.Rotation{sandbox.RotationNone, sandbox.RotationReplace} {
		r := newRig(t, sandbox.Options{Rotation: rotation})
		id := r.plant(t, 1)[0]
		token, _ := r.secrets(t, id)
		r.leave(t, store.Intent{AccountID: id, Seq: 1, TokenHash: token.Refresh.Hash(), At: r.clock.now(), PID: 1})
		if o := r.must(t, id, accounts.Fresh(0)); !o.Adopted || o.Settled == "" || len(r.intents(t)) != 0 {
			t.Errorf("%s: outcome %+v, intents %v", rotation, o, r.intents(t))
		}
	}
}

// The stored token is another than the one that was about to be sent: the answer, or a new grant, was stored.
func TestStaleIntentIsCleared(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	r.leave(t, store.Intent{AccountID: id, Seq: 1, TokenHash: "another", At: r.clock.now(), PID: 1})
	if o := r.must(t, id, accounts.Fresh(0)); !o.Adopted || o.Settled == "" || len(r.intents(t)) != 0 || r.refreshes() != 0 {
		t.Errorf("outcome %+v, intents %v", o, r.intents(t))
	}
}

// A client that is refused while settling settles nothing: the grant was not looked at.
func TestRefusedClientDoesNotSettle(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	token, _ := r.secrets(t, id)
	cut := r.clock.now()
	r.leave(t, store.Intent{AccountID: id, Seq: 1, TokenHash: token.Refresh.Hash(), At: cut, PID: 1})
	r.clock.pass(time.Hour)
	if err := r.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultOAuthError, Code: "invalid_client", Status: 401, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Refresh(t.Context(), id, accounts.Now(false)); err == nil {
		t.Fatal("refreshed")
	}
	if open := r.intents(t); len(open) != 1 || !open[0].At.Equal(cut) {
		t.Errorf("intents %+v, want the first one with its time", open)
	}
	if h := r.look(t, id).Health; h.State != accounts.Blocked || h.Remedy != "fix_client" {
		t.Errorf("health %+v", h)
	}
	r.must(t, id, accounts.Now(false))
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

// A caller that gives up does not cut what was sent.
func TestCancelledCallerDrains(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	gate := r.server.Faults.HoldAnswers(sandbox.TargetToken)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.Refresh(ctx, id, accounts.Now(true))
		done <- err
	}()
	<-gate.Arrived()
	cancel()
	drained := make(chan error, 1)
	go func() { drained <- r.Drain(t.Context()) }()
	gate.Open()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if _, seq := r.secrets(t, id); seq != 2 || len(r.intents(t)) != 0 {
		t.Errorf("seq %d, intents %v", seq, r.intents(t))
	}
}

// A drain that takes too long says so and goes on behind.
func TestDrainEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.plant(t, 1)[0]
	gate := r.server.Faults.HoldAnswers(sandbox.TargetToken)
	done := make(chan error, 1)
	go func() {
		_, err := r.Refresh(context.Background(), id, accounts.Now(true))
		done <- err
	}()
	<-gate.Arrived()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drain: %v", err)
	}
	gate.Open()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRefreshManyGoesOnPastFailures(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	ids := r.plant(t, 6)
	r.change(t, ids[2], func(a *store.Account) { a.Holder = "file:f1" })
	reported := map[string]error{}
	err := r.RefreshMany(t.Context(), ids, accounts.Now(true), func(id string, _ accounts.Outcome, err error) { reported[id] = err })
	many, ok := errors.AsType[*accounts.ManyError](err)
	if !ok || many.Failed != 1 || many.Total != 6 || !isA[*accounts.HeldError](err) {
		t.Errorf("error %v", err)
	}
	if len(reported) != 6 || r.refreshes() != 5 {
		t.Errorf("reported %v, %d requests", reported, r.refreshes())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.RefreshMany(ctx, ids, accounts.Now(true), nil); err == nil || r.refreshes() != 5 {
		t.Errorf("after its end: %v, %d requests", err, r.refreshes())
	}
}

// At one strict provider only a few requests are in flight, because they are the most a crash can lose.
func TestStrictProvidersAreAskedAFewAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	r.config.Parallel, r.config.StrictParallel = 8, 2
	counter := &inFlight{next: http.DefaultTransport}
	r.config.HTTP = &http.Client{Transport: counter}
	r.Book = accounts.New(r.config)
	if err := r.RefreshMany(t.Context(), r.plant(t, 20), accounts.Now(true), nil); err != nil {
		t.Fatal(err)
	}
	if counter.most != 2 {
		t.Errorf("%d requests at once, want 2", counter.most)
	}
}

// inFlight counts requests under way; each waits until another joins it or a moment has passed.
type inFlight struct {
	next      http.RoundTripper
	mu        sync.Mutex
	now, most int
}

func (c *inFlight) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	defer func() { c.mu.Lock(); c.now--; c.mu.Unlock() }()
	return c.next.RoundTrip(req)
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

// leave is the trace of a process that died.
func (r *rig) leave(t testing.TB, i store.Intent) {
	t.Helper()
	if err := r.store.Update(t.Context(), func(w store.Writer) error { return w.PutIntent(i) }); err != nil {
		t.Fatal(err)
	}
}
