package tui_test

import (
	"context"
	"errors"
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
	"fettle/pwfile/packages"
	"fettle/tui"
)

// world is the product on real parts: an authorization server, a store, a vault, a book, password files.
type world struct {
	server  *sandbox.Server
	book    *accounts.Book
	keeper  *pwfile.Keeper
	records store.Store
	door    *door
	asker   *tui.Asker

	catalogue *provider.Catalogue
	entries   []provider.Provider
	dir       string
}

// newWorld has a vault that opens by itself.
func newWorld(t *testing.T, opts sandbox.Options) *world {
	t.Helper()
	return newWorldOf(t, opts)
}

// newWorldOf adds lines to the provider's entry in the catalogue.
func newWorldOf(t *testing.T, opts sandbox.Options, extra ...string) *world {
	t.Helper()
	w := emptyWorld(t, opts, extra...)
	if err := w.door.Setup(t.Context(), string(vault.HolderFile), secret.Text{}); err != nil {
		t.Fatal(err)
	}
	return w
}

// emptyWorld has no vault yet.
func emptyWorld(t *testing.T, opts sandbox.Options, extra ...string) *world {
	t.Helper()
	server, err := sandbox.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	w := assembled(t, "acme", server.ProviderTOML("acme", extra...))
	w.server = server
	return w
}

// assembled is everything but a server: config.toml has the text, the screens know the one provider.
func assembled(t *testing.T, providerID, config string) *world {
	t.Helper()
	dir := t.TempDir()
	records, err := store.Open(t.Context(), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	settings := vault.Settings{Dir: filepath.Join(dir, "data")}
	keys := vault.Expect(settings)
	builtin, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := builtin.With("config.toml", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	entry, _ := catalogue.Get(providerID)
	book := accounts.New(accounts.Config{Store: records, Vault: keys, Catalogue: catalogue, Actor: "ops"})
	keeper := pwfile.New(pwfile.Config{Book: book, Store: records, Dir: filepath.Join(dir, "data"), Actor: "ops"})
	if _, _, err := pwfile.InitServer(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	return &world{book: book, keeper: keeper, records: records, door: &door{Vault: keys, settings: settings}, catalogue: catalogue, entries: []provider.Provider{entry}, dir: dir}
}

// door is the vault as the program is given it.
type door struct {
	*vault.Vault
	settings vault.Settings
	probed   chan struct{} // closed to let the probe of the keyring end; nil: it ends at once
}

func (v *door) State() tui.VaultState {
	_, err := vault.Load(v.settings)
	return tui.VaultState{Exists: !errors.Is(err, vault.ErrNoVault), Locked: v.Locked(), Holder: string(v.Holder())}
}

func (v *door) Unlock(ctx context.Context, phrase secret.Text) error {
	return v.Vault.Unlock(ctx, func(context.Context) (secret.Text, error) { return phrase, nil })
}

func (v *door) ProbeKeyring(ctx context.Context) error {
	if v.probed != nil {
		select {
		case <-v.probed:
		case <-ctx.Done():
		}
	}
	return errors.New("no keyring answers")
}

func (v *door) Setup(ctx context.Context, holder string, phrase secret.Text) error {
	s := v.settings
	s.Holder = vault.Holder(holder)
	if _, err := vault.Init(ctx, s, vault.InitOptions{Passphrase: phrase}); err != nil {
		return err
	}
	return v.Unlock(ctx, phrase)
}

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
	packs := packages.New(packages.Config{Book: w.book, Store: w.records, Canvases: w.keeper, Actor: "ops"})
	return tui.Services{Accounts: w.book, Files: w.keeper, Packages: packs, Vault: w.door, Browser: noBrowser{}, Asker: w.asker, Clock: time.Now}
}

// another is a second process over the same book: its own store, vault and caches.
func (w *world) another(t *testing.T) *world { return w.reopened(t, time.Now) }

// later is another process, a quarter of an hour on: no outcome of before is adopted any more.
func (w *world) later(t *testing.T) *world {
	return w.reopened(t, func() time.Time { return time.Now().Add(15 * time.Minute) })
}

func (w *world) reopened(t *testing.T, now func() time.Time) *world {
	t.Helper()
	records, err := store.Open(t.Context(), filepath.Join(w.dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() })
	keys, err := vault.Load(w.door.settings)
	if err != nil {
		t.Fatal(err)
	}
	book := accounts.New(accounts.Config{Store: records, Vault: keys, Catalogue: w.catalogue, Actor: "eve", Now: now})
	other := *w
	other.records, other.book, other.door = records, book, &door{Vault: keys, settings: w.door.settings}
	other.keeper = pwfile.New(pwfile.Config{Book: book, Store: records, Dir: filepath.Join(w.dir, "data"), Actor: "eve"})
	return &other
}

type noBrowser struct{}

func (noBrowser) Open(string) error { return os.ErrNotExist }

// fault lets requests at the provider go wrong.
func (w *world) fault(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if err := w.server.Faults.Add(f); err != nil {
		t.Fatal(err)
	}
}

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
