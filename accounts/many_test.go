package accounts_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

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
	counter := &inFlight{next: http.DefaultTransport, joined: make(chan struct{})}
	r.config.HTTP = &http.Client{Transport: counter}
	r.Book = accounts.New(r.config)
	if err := r.RefreshMany(t.Context(), r.plant(t, 20), accounts.Now(true), nil); err != nil {
		t.Fatal(err)
	}
	if counter.most != 2 {
		t.Errorf("%d requests at once, want 2", counter.most)
	}
}

// inFlight counts requests under way; the first waits until a second has joined it.
type inFlight struct {
	next      http.RoundTripper
	joined    chan struct{}
	mu        sync.Mutex
	now, most int
}

func (c *inFlight) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.now++
	if c.now == 2 && c.most < 2 {
		close(c.joined)
	}
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	select {
	case <-c.joined:
	case <-req.Context().Done():
	}
	defer func() { c.mu.Lock(); c.now--; c.mu.Unlock() }()
	return c.next.RoundTrip(req)
}
