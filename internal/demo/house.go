package demo

import (
	"context"
	"errors"
	"os"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// house is the world's book and keeper while its past is being made.
type house struct {
	book   *accounts.Book
	keeper *pwfile.Keeper
	store  *store.SQLite
}

// newHouse makes the vault and the store and opens them on the world's clock.
func (w *World) newHouse(ctx context.Context) (_ *house, err error) {
	catalogue, err := w.catalogue()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, w.Data)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	v, err := vault.Init(ctx, vault.Settings{Dir: w.Data, Holder: vault.HolderFile}, vault.InitOptions{})
	if err != nil {
		return nil, err
	}
	if _, _, err := pwfile.InitServer(w.Data); err != nil {
		return nil, err
	}
	const actor = "mira" // who looked after the accounts until now
	book := accounts.New(accounts.Config{Store: s, Vault: v, Catalogue: catalogue, Actor: actor, Now: w.clock.Now})
	keeper := pwfile.New(pwfile.Config{Book: book, Store: s, Dir: w.Data, Actor: actor, Now: w.clock.Now})
	return &house{book: book, keeper: keeper, store: s}, nil
}

func (h *house) close(ctx context.Context) error {
	return errors.Join(h.book.Drain(ctx), h.store.Close())
}

func (w *World) catalogue() (*provider.Catalogue, error) {
	builtin, err := provider.Builtin()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(w.Config)
	if err != nil {
		return nil, err
	}
	return builtin.With(w.Config, text)
}
