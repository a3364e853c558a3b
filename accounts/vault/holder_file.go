package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"filippo.io/age"

	"fettle/internal/atomicfile"
	"fettle/internal/secret"
)

// fileHolder is a plain file, protected by its mode alone.
type fileHolder struct {
	path  string
	write writeFunc
}

func (h *fileHolder) location() string { return h.path }

func (h *fileHolder) identity(context.Context, Prompt) (*age.X25519Identity, error) {
	content, err := readKey(HolderFile, h.path)
	if err != nil {
		return nil, err
	}
	id, err := parseKey(string(content))
	if err != nil {
		return nil, damagedKey(HolderFile, h.path, err)
	}
	return id, nil
}

func (h *fileHolder) keep(_ context.Context, id *age.X25519Identity, _ secret.Text) error {
	return h.write(h.path, []byte(keyText(id)), atomicfile.Options{Backup: true})
}

// passphraseHolder is a file encrypted under a passphrase by age's scrypt recipient.
type passphraseHolder struct {
	path       string
	write      writeFunc
	workFactor int
}

func (h *passphraseHolder) location() string { return h.path }

func (h *passphraseHolder) identity(ctx context.Context, prompt Prompt) (*age.X25519Identity, error) {
	content, err := readKey(HolderPassphrase, h.path)
	if err != nil {
		return nil, err
	}
	// After the file was read: that it is missing or damaged matters more than that nobody can be asked.
	if prompt == nil {
		return nil, &LockedError{Holder: HolderPassphrase, Reason: NoTerminal,
			Remedy: "run this in a terminal, or give unattended jobs a password file: fettle exec --pwfile FILE"}
	}
	passphrase, err := prompt(ctx)
	if err != nil {
		return nil, err
	}
	wrong := &LockedError{Holder: HolderPassphrase, Reason: WrongPassphrase, Remedy: "try again"}
	if passphrase.Empty() {
		return nil, wrong
	}
	key, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, wrong
	}
	r, err := age.Decrypt(bytes.NewReader(content), key)
	// age says the same of a wrong passphrase as of a file for another key.
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return nil, wrong
	}
	if err != nil {
		return nil, damagedKey(HolderPassphrase, h.path, errors.New("its header does not verify"))
	}
	// age verifies in pieces as it is read, so that an error can still come here; what was read before it is not used.
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, damagedKey(HolderPassphrase, h.path, errors.New("its content does not verify"))
	}
	id, err := parseKey(string(plain))
	if err != nil {
		return nil, damagedKey(HolderPassphrase, h.path, err)
	}
	return id, nil
}

func (h *passphraseHolder) keep(_ context.Context, id *age.X25519Identity, passphrase secret.Text) error {
	if passphrase.Empty() {
		return errors.New("the vault's key needs a passphrase")
	}
	to, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return err
	}
	// Only tests lower it: the usual one takes a second by design.
	if h.workFactor != 0 {
		to.SetWorkFactor(h.workFactor)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, keyText(id)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return h.write(h.path, sealed.Bytes(), atomicfile.Options{Backup: true})
}

// readKey reads a key file that nobody else may read.
func readKey(holder Holder, path string) ([]byte, error) {
	content, err := atomicfile.ReadSecret(path)
	var refused *atomicfile.Refused
	switch {
	case err == nil:
		return content, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &LockedError{Holder: holder, Reason: KeyMissing, Err: errors.New(path),
			Remedy: "put it back from a backup" + backupHint(path) + "; a recovery key opens vault.age with: age -d"}
	case errors.As(err, &refused):
		return nil, &LockedError{Holder: holder, Reason: KeyNotPrivate, Remedy: refused.Remedy, Err: fmt.Errorf("%s: %s", path, refused.Reason)}
	default:
		return nil, &LockedError{Holder: holder, Reason: KeyUnreadable, Remedy: "make it readable for this user", Err: err}
	}
}

// damagedKey is told apart from a missing one: making a new key would not open what the old one sealed.
func damagedKey(holder Holder, path string, cause error) error {
	return &LockedError{Holder: holder, Reason: KeyDamaged, Err: fmt.Errorf("%s: %w", path, cause),
		Remedy: "put it back from a backup" + backupHint(path)}
}
