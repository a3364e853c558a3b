package cli

import (
	"context"
	"errors"

	"fettle/accounts/vault"
	"fettle/internal/secret"
)

// attempts is how often a passphrase may be mistyped.
const attempts = 3

// unlock opens the vault, making it first if there is none and something says, or a person does, who holds its key.
func (h *house) unlock(ctx context.Context) error {
	if h.broken != nil {
		return h.broken
	}
	if !h.exists() {
		if err := h.firstVault(ctx); err != nil {
			return err
		}
	}
	if !h.app.hasTerminal() {
		return h.vault.Unlock(ctx, nil)
	}
	var err error
	for range attempts {
		err = h.vault.Unlock(ctx, func(ctx context.Context) (secret.Text, error) {
			return h.app.askSecret(ctx, "Passphrase of the vault:")
		})
		var locked *vault.LockedError
		if !errors.As(err, &locked) || locked.Reason != vault.WrongPassphrase {
			return err
		}
		h.app.progress("This is not its passphrase.")
	}
	return err
}

// firstVault makes the vault where the settings say who holds the key; else with the keyring if there is one
// that works; else as the person chooses.
func (h *house) firstVault(ctx context.Context) error {
	s := h.settings
	if s.Holder == "" {
		var err error
		if s.Holder, err = h.chooseHolder(ctx); err != nil {
			return err
		}
	}
	opts := vault.InitOptions{}
	if s.Holder == vault.HolderPassphrase {
		if !h.app.hasTerminal() {
			return noVault("its key is to be held by a passphrase, and there is no terminal to ask at")
		}
		var err error
		if opts.Passphrase, err = h.app.newPassphrase(ctx, "Passphrase for the new vault"); err != nil {
			return err
		}
	}
	// Another first run may have made it a moment ago: then that one is opened.
	if _, err := vault.Init(ctx, s, opts); err != nil && !errors.Is(err, vault.ErrExists) {
		return err
	}
	h.app.progress("A vault was made in %s; its key is held by: %s. Add a recovery key: fettle vault recipients --add age1…", s.Dir, s.Holder)
	// Otherwise the person would be asked a third time for what was just typed twice.
	if opts.Passphrase.Empty() {
		return nil
	}
	return h.vault.Unlock(ctx, func(context.Context) (secret.Text, error) { return opts.Passphrase, nil })
}

// chooseHolder takes a keyring that works; the probe ends after three seconds, because a bus may be silent.
func (h *house) chooseHolder(ctx context.Context) (vault.Holder, error) {
	if vault.ProbeKeyring(ctx, h.settings.Keyring) == nil {
		return vault.HolderKeyring, nil
	}
	// A signal during the probe is no answer about the keyring.
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if !h.app.hasTerminal() {
		return "", noVault("there is no vault yet, and no keyring to hold its key")
	}
	h.app.progress("There is no vault yet. Its key can be held by a passphrase, asked whenever fettle needs a secret,")
	h.app.progress("or by a file that only this user can read, with which unattended jobs can refresh.")
	for {
		line, err := h.app.ask(ctx, "passphrase or file?")
		if err != nil {
			return "", err
		}
		switch line {
		case "passphrase", "p":
			return vault.HolderPassphrase, nil
		case "file", "f":
			return vault.HolderFile, nil
		}
	}
}

// noVault says the one line that fixes it.
func noVault(why string) *failure {
	return &failure{Code: "no_vault", Message: why, Remedy: "fettle vault init --holder file   (or passphrase, keyring, command)", exit: exitLocked}
}
