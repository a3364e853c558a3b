package tui_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
	"fettle/tui"
)

// world is the product on real parts: an authorization server, a store, a vault, a book, password files.
type world struct {
	server  *sandbox.Server
	book    *accounts.Book
	keeper  *pwfile.Keeper
	vault   *openVault
	entries []provider.Provider
	dir     string
}

func newWorld(t *testing.T, opts sandbox.Options) *world {
	t.Helper()
	ctx := t.Context()
	server, err := sandbox.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	dir := t.TempDir()
	records, err := store.Open(ctx, filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	keys, err := vault.Init(ctx, vault.Settings{Dir: filepath.Join(dir, "data"), Holder: vault.HolderFile}, vault.InitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := builtin.With("config.toml", []byte(server.ProviderTOML("acme")))
	if err != nil {
		t.Fatal(err)
	}
	entry, _ := catalogue.Get("acme")
	book := accounts.New(accounts.Config{Store: records, Vault: keys, Catalogue: catalogue, Actor: "ops"})
	keeper := pwfile.New(pwfile.Config{Book: book, Store: records, Dir: filepath.Join(dir, "data"), Actor: "ops"})
	if _, _, err := pwfile.InitServer(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	return &world{server: server, book: book, keeper: keeper, vault: &openVault{keys}, entries: []provider.Provider{entry}, dir: dir}
}

// openVault is a vault that nobody has to open.
type openVault struct{ *vault.Vault }

func (v *openVault) State() tui.VaultState {
	return tui.VaultState{Exists: true, Locked: v.Locked(), Holder: string(v.Holder())}
}
func (v *openVault) Unlock(ctx context.Context, phrase secret.Text) error {
	return v.Vault.Unlock(ctx, func(context.Context) (secret.Text, error) { return phrase, nil })
}
func (v *openVault) ProbeKeyring(context.Context) error               { return vault.ErrNoVault }
func (v *openVault) Setup(context.Context, string, secret.Text) error { return nil }

// authorize makes an account the way a person would, with the given consent.
func (w *world) authorize(t *testing.T, name string, services []string, consent sandbox.Consent) accounts.Account {
	t.Helper()
	ctx := t.Context()
	flow, err := w.book.StartFlow(ctx, accounts.AuthorizeRequest{Name: name, Provider: "acme", Services: services, Kind: provider.Browser, OverSSH: true})
	if err != nil {
		t.Fatal(err)
	}
	pasted := make(chan string, 1)
	_, err = w.book.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: pasted, Report: func(e accounts.FlowEvent) {
		if e.Kind != accounts.FlowPrompt {
			return
		}
		redirect, err := w.server.Approve(e.Prompt.AuthorizationURL, consent)
		if err != nil {
			t.Error(err)
		}
		pasted <- redirect
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.book.Account(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// canvas adds a canvas that uses the accounts and writes its password file.
func (w *world) canvas(t *testing.T, name string, accountNames ...string) string {
	t.Helper()
	path := filepath.Join(w.dir, name+".acc")
	if err := os.WriteFile(path, []byte("canvas"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.keeper.Add(t.Context(), pwfile.NewCanvas{Name: name, Path: path, AccountNames: accountNames}); err != nil {
		t.Fatal(err)
	}
	plan, err := w.keeper.Plan(t.Context(), pwfile.Selection{Stale: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.keeper.Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(w.dir, name+".pwfile.age")
}

func (w *world) services() tui.Services {
	return tui.Services{Accounts: w.book, Files: w.keeper, Vault: w.vault, Browser: noBrowser{}, Clock: time.Now}
}

type noBrowser struct{}

func (noBrowser) Open(string) error { return os.ErrNotExist }

// revoke takes the access back at the provider, and lets the book find out.
func (w *world) revoke(t *testing.T, name string) {
	t.Helper()
	w.server.RevokeEverything("")
	a, err := w.book.Account(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.book.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
		t.Fatal("a revoked account was refreshed")
	}
}
