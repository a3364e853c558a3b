package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"fettle/internal/atomicfile"
	"fettle/internal/secret"
)

// InitOptions complete the settings of a new vault.
type InitOptions struct {
	// Passphrase protects the key, for that holder.
	Passphrase secret.Text
	// Recovery are age public keys (age1…) that can open vault.age besides the holder.
	Recovery []string
}

// Init makes a new vault, with the holder that s names, and opens it. It overwrites nothing: a vault that is
// there is ErrExists, and a key that already lies with the holder is used. Whatever interrupts it, calling it again continues.
func Init(ctx context.Context, s Settings, opts InitOptions) (*Vault, error) {
	// Before anything is made: a typing mistake must leave nothing behind.
	if _, err := parseRecipients(opts.Recovery); err != nil {
		return nil, fmt.Errorf("recovery %w", err)
	}
	if err := atomicfile.EnsureDir(s.Dir); err != nil {
		return nil, err
	}
	unlock, err := lockFiles(ctx, s)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if there, err := anyExists(s.file(ageName), s.file(ageName)+atomicfile.BackupSuffix); err != nil {
		return nil, err
	} else if there {
		return nil, fmt.Errorf("%w in %s; to change who holds its key run: fettle vault rewrap", ErrExists, s.Dir)
	}

	// The id of an interrupted Init is kept: the keyring may hold a key under it.
	rec, err := readRecord(s)
	if errors.Is(err, ErrNoVault) {
		rec, err = record{Format: format, ID: strings.ToLower(rand.Text())}, nil
	}
	if err != nil {
		return nil, err
	}
	v := &Vault{given: s, rec: rec}
	if err := v.create(ctx, s, rec, opts); err != nil {
		return nil, err
	}
	return v, nil
}

// create writes vault.toml first, so that another attempt finds the key again, and vault.age last, which is the moment the vault exists.
func (v *Vault) create(ctx context.Context, s Settings, rec record, opts InitOptions) error {
	h, err := s.holder(rec.ID)
	if err != nil {
		return err
	}
	id, kept, err := identityOf(ctx, h, opts.Passphrase)
	if err != nil {
		return err
	}
	rec = record{Format: format, ID: rec.ID, Holder: s.Holder, Path: s.Path, Command: s.Command,
		Recipient: id.Recipient().String(), Recovery: unique(opts.Recovery)}
	if err := rec.save(s, true); err != nil {
		return err
	}
	// Read back from where it will be sought, before anything depends on it.
	if !kept {
		if err := keepAndReread(ctx, h, id, opts.Passphrase); err != nil {
			return fmt.Errorf("cannot store the vault's key: %w", err)
		}
	}
	keys, err := newKeyset()
	if err != nil {
		return err
	}
	if err := saveKeyset(s, keys, rec.recipients(), id, false); err != nil {
		return err
	}
	return v.opened(rec, keys)
}

// lockFiles keeps other processes from changing the vault's files at the same time, and clears away what killed
// ones left. Readers need no lock.
func lockFiles(ctx context.Context, s Settings) (unlock func(), err error) {
	lock := flock.New(s.file("vault.lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("cannot lock the vault's files in %s: %w", s.Dir, err)
	}
	unlock = func() { _ = lock.Unlock() } // the system releases it at the latest when the process ends
	if err := atomicfile.Sweep(s.Dir); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}
