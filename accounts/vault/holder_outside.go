package vault

import (
	"context"
	"errors"
	"strings"
	"time"

	"filippo.io/age"

	"fettle/internal/childproc"
	"fettle/internal/keyringhelper"
	"fettle/internal/secret"
)

// keyringHolder is an item of the system's keyring.
type keyringHolder struct {
	item    string
	keyring Keyring
}

func (h *keyringHolder) location() string { return "keyring:" + h.item }

func (h *keyringHolder) identity(ctx context.Context, _ Prompt) (*age.X25519Identity, error) {
	if h.keyring == nil {
		return nil, h.unavailable(keyringhelper.ErrUnavailable)
	}
	// In a process of its own, with a time limit: see internal/keyringhelper.
	value, err := h.keyring.Get(ctx, h.item)
	switch {
	// The caller gave up; the helper's error would only say that it was killed.
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, keyringhelper.ErrNotFound):
		return nil, &LockedError{Holder: HolderKeyring, Reason: KeyMissing, Err: errors.New("no item " + h.item),
			Remedy: "log in as the user, and to the desktop, that has it; a recovery key opens vault.age with: age -d"}
	case err != nil:
		return nil, h.unavailable(err)
	}
	id, err := parseKey(value.Reveal())
	if err != nil {
		return nil, &LockedError{Holder: HolderKeyring, Reason: KeyDamaged, Err: errors.New("item " + h.item + ": " + err.Error()),
			Remedy: "put the item back from a backup of the keyring"}
	}
	return id, nil
}

func (h *keyringHolder) keep(ctx context.Context, id *age.X25519Identity, _ secret.Text) error {
	if h.keyring == nil {
		return h.unavailable(keyringhelper.ErrUnavailable)
	}
	if err := h.keyring.Set(ctx, h.item, secret.New(id.String())); err != nil {
		return h.unavailable(err)
	}
	return nil
}

func (h *keyringHolder) unavailable(err error) error {
	return &LockedError{Holder: HolderKeyring, Reason: KeyringUnavailable, Err: err,
		Remedy: "log in where the keyring is open, or there run: fettle vault rewrap"}
}

// commandLimit leaves time to touch a hardware key.
const commandLimit = 30 * time.Second

// commandHolder is a program that prints the identity.
type commandHolder struct{ argv []string }

func (h *commandHolder) location() string { return "command:" + strings.Join(h.argv, "\x00") }

func (h *commandHolder) identity(ctx context.Context, _ Prompt) (*age.X25519Identity, error) {
	// No shell in between: an argument is an argument, whatever is in it.
	out, err := childproc.Run(ctx, commandLimit, secret.Text{}, h.argv...)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var id *age.X25519Identity
	if err == nil {
		id, err = parseKey(string(out))
	}
	if err != nil {
		return nil, &LockedError{Holder: HolderCommand, Reason: CommandFailed, Err: err,
			Remedy: "run it by hand, it must print one AGE-SECRET-KEY-1… line: " + h.argv[0]}
	}
	return id, nil
}

// keep is never reached in order: a command's key exists or the command failed.
func (h *commandHolder) keep(context.Context, *age.X25519Identity, secret.Text) error {
	return errors.New("a command cannot be given a key to keep")
}
