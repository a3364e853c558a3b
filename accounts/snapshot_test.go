package accounts_test

import (
	"context"
	"sync"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// interrupting is a store in which somebody writes between the first view and the second.
type interrupting struct {
	store.Store
	between func()

	mu    sync.Mutex
	views int
}

// View implements store.Store.
func (s *interrupting) View(ctx context.Context, fn func(store.Reader) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.views++; s.views == 2 {
		s.between()
	}
	return s.Store.View(ctx, fn)
}

// A snapshot reads in two views. They must not show two states of the book.
func TestSnapshotShowsOneState(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	id := r.plant(t, 1)[0]
	s := &interrupting{Store: r.store, between: func() {
		r.change(t, id, func(a *store.Account) { a.Name = "renamed" })
		err := r.store.Update(t.Context(), func(w store.Writer) error {
			return w.PutObservation(store.Observation{AccountID: id, Kind: store.ObservedProbe, At: r.clock.now(), OK: true})
		})
		if err != nil {
			t.Error(err)
		}
	}}
	r.config.Store = s
	got, err := accounts.New(r.config).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Accounts) != 1 || got.Accounts[0].Name != "renamed" || len(got.Accounts[0].Observations) != 1 {
		t.Errorf("%+v", got.Accounts)
	}
	if now, err := r.store.Revision(t.Context()); err != nil || got.Revision != now {
		t.Errorf("revision %d, the book has %d (%v)", got.Revision, now, err)
	}
	if s.views != 3 {
		t.Errorf("%d views, want the two and one of everything", s.views)
	}
}
