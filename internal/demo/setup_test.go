package demo_test

import (
	"context"
	"os"
	"testing"

	"go.uber.org/goleak"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/demo"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// build makes a world that the test ends.
func build(t testing.TB) *demo.World {
	t.Helper()
	dir, err := demo.NewFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	w, err := demo.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// enter opens a world's book and keeper as the commands do: from its files alone, on the present's clock.
func enter(t testing.TB, w *demo.World) (*accounts.Book, *pwfile.Keeper) {
	t.Helper()
	text, err := os.ReadFile(w.Config)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := provider.Builtin()
	if err == nil {
		catalogue, err = catalogue.With(w.Config, text)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), w.Data)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Load(vault.Settings{Dir: w.Data})
	if err == nil {
		err = v.Unlock(t.Context(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	book := accounts.New(accounts.Config{Store: s, Vault: v, Catalogue: catalogue, Actor: "tester"})
	t.Cleanup(func() {
		if err := book.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return book, pwfile.New(pwfile.Config{Book: book, Store: s, Dir: w.Data, Actor: "tester"})
}

// TestMain makes sure that a world leaves nothing running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
