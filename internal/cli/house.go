package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/config"
	"fettle/internal/keyringhelper"
	"fettle/internal/oplog"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// drainLimit is how long ending waits for work in flight: a token request may take 30 s.
const drainLimit = 35 * time.Second

// house is the book with everything around it, open.
type house struct {
	app       *app
	paths     config.Paths
	config    config.Config
	catalogue *provider.Catalogue
	store     *store.SQLite
	settings  vault.Settings
	vault     *vault.Vault
	broken    error // why the vault's files cannot be used; a locked book lists all the same
	log       *oplog.Log
	book      *accounts.Book
	files     *pwfile.Keeper
	packages  *packages.Keeper
}

// open opens the book. It opens no secret: see unlock.
func (a *app) open(ctx context.Context) (_ *house, err error) {
	h := &house{app: a}
	if h.paths, err = config.Where(a.configFile, a.dataDir); err != nil {
		return nil, err
	}
	// The book first: its error for another user's book names what to run instead.
	if h.store, err = store.Open(ctx, h.paths.Data); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = h.store.Close() // nothing was written
		}
	}()
	if h.config, h.catalogue, err = a.configuration(h.paths); err != nil {
		return nil, err
	}
	// A vault that cannot be used is no reason to stop: health, canvases and history need none.
	h.findVault()
	if h.log, err = oplog.Open(h.paths.State); err != nil {
		a.progress("fettle: %s; going on without a log", oneLine(err))
	}
	h.book = accounts.New(accounts.Config{
		Store: h.store, Vault: h.vault, Catalogue: h.catalogue, Log: h.log, Actor: actor(), Alarm: h.alarm,
		Policy: accounts.Policy{Soon: time.Duration(h.config.Health.Soon), Fresh: time.Duration(h.config.Health.Fresh)},
	})
	h.files = pwfile.New(pwfile.Config{
		Book: h.book, Store: h.store, Dir: h.paths.Data, Actor: actor(), Remote: pwfile.Remote{Config: h.config.SSH.Config}, IdleTerm: h.idleTerm,
	})
	h.packages = h.packagesBy(a.unlockKey())
	a.atHome = true
	return h, nil
}

// idleTerm is after how long without use a provider ends a grant; 0: never, or it is not known.
func (h *house) idleTerm(providerID string) time.Duration {
	p, _ := h.catalogue.Get(providerID) // one that is not in the catalogue has no term
	return p.IdleTerm()
}

// configuration reads config.toml and lays it over the catalogue.
func (a *app) configuration(paths config.Paths) (config.Config, *provider.Catalogue, error) {
	c, err := config.Load(paths.Config, a.configFile != "")
	if err != nil {
		return c, nil, err
	}
	catalogue, err := provider.Builtin()
	if err != nil || c.Text == nil {
		return c, catalogue, err
	}
	catalogue, err = catalogue.With(c.Path, c.Text)
	if err != nil {
		return c, nil, &failure{Code: "config", Message: oneLine(err), Remedy: "correct " + c.Path, exit: exitFailed}
	}
	return c, catalogue, nil
}

// findVault loads what is public of the vault, or remembers why it cannot.
func (h *house) findVault() {
	v := h.config.Vault
	executable, err := os.Executable()
	if err != nil {
		executable = "" // the keyring then says that it cannot be reached
	}
	h.settings = vault.Settings{
		Dir: h.paths.Data, Holder: vault.Holder(v.Key), Path: v.Path, Command: v.Command,
		Keyring: keyringhelper.Client{Executable: executable},
	}
	found, err := vault.Load(h.settings)
	if err != nil {
		// One that may be made later in this run, as the screens do on the first start.
		found = vault.Expect(h.settings)
		if !errors.Is(err, vault.ErrNoVault) {
			h.broken = err
		}
	}
	h.vault = found
}

// exists reports whether there is a vault.
func (h *house) exists() bool {
	_, err := vault.Load(h.settings)
	return !errors.Is(err, vault.ErrNoVault)
}

// alarm says loudly that an answer could not be stored.
func (h *house) alarm(u accounts.Unstored, err error) { h.app.alarm(u.Account, err) }

// alarm is for whoever watches: a token in memory is lost with the process.
func (a *app) alarm(account string, err error) {
	if err == nil {
		a.progress("fettle: the new token of %s is stored after all", account)
		return
	}
	a.progress("fettle: THE NEW TOKEN OF %s CANNOT BE STORED and is held in memory (%s)", strings.ToUpper(account), oneLine(err))
	a.progress("  → %s and leave this program running", accounts.Unstored{Account: account, Err: err}.Remedy())
}

// close waits for work in flight and closes the book.
func (h *house) close() error {
	// Not the command's context: that has ended if a signal came, and draining is what it came for.
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	return errors.Join(h.book.Drain(ctx), h.store.Close())
}

// within opens the book, runs work in it until a signal comes, and closes it.
func (a *app) within(work func(ctx context.Context, h *house) error) (err error) {
	ctx, stop := a.untilSignal()
	defer stop()
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closing := h.close(); err == nil {
			err = closing
		}
	}()
	return work(ctx, h)
}

// onAccount does work on the account of a name, with the vault open. The name comes first: nobody shall unlock a vault, or
// make one, for an account that is not there.
func (a *app) onAccount(name string, work func(context.Context, *house, accounts.Account) error) error {
	return a.within(func(ctx context.Context, h *house) error {
		account, err := h.book.Account(ctx, name)
		if err != nil {
			return err
		}
		if err := h.unlock(ctx); err != nil {
			return err
		}
		return work(ctx, h, account)
	})
}
