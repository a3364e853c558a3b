package store_test

import (
	"errors"
	"sync"
	"testing"

	"fettle/accounts/store"
)

// TestReadersOfOneTransactionDoNotDisturbEachOther asks the same questions from many goroutines inside one view,
// while each of them is still reading the answers.
func TestReadersOfOneTransactionDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	const many = 100
	update(t, s, func(w store.Writer) error {
		for n := range many {
			a := sampleAccount(n)
			must(t, w.PutAccount(&a))
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				for range 3 {
					list, err := r.Accounts()
					if err != nil || len(list) != many || list[many-1].ID != sampleAccount(many-1).ID {
						t.Errorf("%d accounts, %v", len(list), err)
					}
					want := sampleAccount(n).ID
					if a, err := r.Account(want); err != nil || a.ID != want {
						t.Errorf("account %q instead of %q, %v", a.ID, want, err)
					}
				}
			})
		}
		wg.Wait()
		return nil
	})
}

// TestStatementsOutliveTheirFailures repeats a statement that was refused, in the same and in later transactions.
func TestStatementsOutliveTheirFailures(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	first, other := sampleAccount(1), sampleAccount(2)
	update(t, s, func(w store.Writer) error {
		must(t, w.PutAccount(&first))
		for range 3 {
			if same := sampleAccount(1); !conflict(w.PutAccount(&same)) {
				t.Error("an account was put in twice")
			}
		}
		return w.PutAccount(&other)
	})
	for range 3 {
		orphan := store.Intent{AccountID: "nobody"}
		if err := s.Update(t.Context(), func(w store.Writer) error { return w.PutIntent(orphan) }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an intent of nobody: %v", err)
		}
		update(t, s, func(w store.Writer) error { return w.PutIntent(store.Intent{AccountID: first.ID}) })
	}
	view(t, s, func(r store.Reader) error {
		expect(t, "accounts", []store.Account{first, other})(r.Accounts())
		expect(t, "intents", []store.Intent{{AccountID: first.ID}})(r.Intents())
		return nil
	})
}
