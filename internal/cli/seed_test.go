package cli_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/config"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
)

// seed authorizes n accounts at a provider, named by number, as the commands would, without a process for each.
func (w *world) seed(t testing.TB, id string, n int) []string {
	t.Helper()
	book, done := w.book(t)
	defer done()
	names := make([]string, n)
	var all errgroup.Group
	all.SetLimit(8)
	for i := range n {
		names[i] = fmt.Sprintf("%s-%03d", id, i)
		all.Go(func() error { return w.authorizeIn(book, id, names[i]) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return names
}

// newAccount is a book with one account in it.
func newAccount(t testing.TB) (w *world, name string) {
	t.Helper()
	w = newBook(t)
	if _, err := w.start("demo", sandbox.Options{}, sandbox.PublicClient); err != nil {
		t.Fatal(err)
	}
	return w, w.seed(t, "demo", 1)[0]
}

func (w *world) authorizeIn(book *accounts.Book, id, name string) error {
	ctx := context.Background()
	flow, err := book.StartFlow(ctx, accounts.AuthorizeRequest{Name: name, Provider: id, Services: []string{"reports"}, Kind: provider.Browser})
	if err != nil {
		return err
	}
	pasted := make(chan string, 1)
	var approving error
	result, err := book.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: pasted, Report: func(e accounts.FlowEvent) {
		if e.Kind == accounts.FlowPrompt {
			var redirect string
			redirect, approving = w.servers[id].Approve(e.Prompt.AuthorizationURL, sandbox.Consent{All: true})
			pasted <- redirect
		}
	}})
	if err == nil && (approving != nil || result.End != accounts.EndAuthorized) {
		err = fmt.Errorf("%s: %s: %w", name, result.End, approving)
	}
	return err
}

// book opens this world's book in the test itself.
func (w *world) book(t testing.TB) (*accounts.Book, func()) {
	t.Helper()
	dir := filepath.Join(w.dir, "data", "fettle")
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Load(vault.Settings{Dir: dir})
	if err == nil {
		err = v.Unlock(t.Context(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(filepath.Join(w.dir, "config", "fettle", "config.toml"), true)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := provider.Builtin()
	if err == nil {
		catalogue, err = catalogue.With(c.Path, c.Text)
	}
	if err != nil {
		t.Fatal(err)
	}
	book := accounts.New(accounts.Config{Store: s, Vault: v, Catalogue: catalogue, Actor: "the test"})
	return book, func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
