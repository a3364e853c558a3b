package store_test

import (
	"testing"

	"fettle/accounts/store"
)

// open opens the store in dir for the length of the test.
func open(tb testing.TB, dir string, opts ...store.Option) *store.SQLite {
	tb.Helper()
	s, err := store.Open(tb.Context(), dir, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func update(tb testing.TB, s store.Store, fn func(store.Writer) error) {
	tb.Helper()
	if err := s.Update(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

func view(tb testing.TB, s store.Store, fn func(store.Reader) error) {
	tb.Helper()
	if err := s.View(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}
