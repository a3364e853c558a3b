package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"fettle/internal/atomicfile"
	"fettle/internal/secret"
)

// Rewrap gives the vault's key to another holder, or changes the key or passphrase of the same one. The vault
// must be open. If to names a key file or a command that has a key already, that key is used. The former files
// stay with ".bak" appended and still open what they opened: see Former.
//
// At each step vault.age opens for every key that vault.toml could lead to:
//
//	vault.toml  notes the new recipient as changing
//	vault.age   for the old recipients and the new
//	            the key goes to its new holder
//	vault.toml  names the new holder
//	vault.age   for the new recipients only
//	vault.toml  notes no change any more
func (v *Vault) Rewrap(ctx context.Context, to Settings, passphrase secret.Text) error {
	v.opening.Lock()
	defer v.opening.Unlock()
	_, keys, _, err := v.open()
	if err != nil {
		return err
	}
	s, _ := v.state()
	to.Dir, to.write, to.workFactor, to.Keyring = s.Dir, s.write, s.workFactor, s.Keyring
	unlock, err := lockFiles(ctx, s)
	if err != nil {
		return err
	}
	defer unlock()
	from, err := v.findAgain(s)
	if err != nil {
		return err
	}
	former, next, err := holders(s.effective(from), to, from.ID)
	if err != nil {
		return err
	}
	id, kept, err := newKey(ctx, former, next, passphrase)
	if err != nil {
		return err
	}

	rec := from
	rec.Changing = unique(append(from.Changing, id.Recipient().String()))
	if err := rec.save(s, true); err != nil {
		return err
	}
	v.setState(s, rec)
	if err := saveKeyset(s, keys, rec.everybody(), id, true); err != nil {
		return err
	}
	if !kept {
		if err := keepAndReread(ctx, next, id, passphrase); err != nil {
			return fmt.Errorf("cannot store the vault's new key: %w", err)
		}
	}
	rec.Holder, rec.Path, rec.Command = to.Holder, to.Path, to.Command
	rec.Recipient, rec.Changing = id.Recipient().String(), from.everybody()
	s.Holder, s.Path, s.Command = "", "", nil // from here on vault.toml says it
	if err := v.settle(s, rec, keys, id, false); err != nil {
		return err
	}
	return retire(s, former, next)
}

// findAgain reads vault.toml once its lock is held. Another vault than this one may have taken its place, and its files
// must not get this one's keys.
func (v *Vault) findAgain(s Settings) (record, error) {
	rec, err := find(s)
	if mine := v.ID(); err == nil && mine != "" && rec.ID != mine {
		return record{}, fmt.Errorf("another vault has taken the place of this one in %s; start fettle again", s.Dir)
	}
	return rec, err
}

// holders makes both holders. Two kinds of key in one file would leave a moment in which vault.toml is wrong about it.
func holders(from, to Settings, id string) (former, next holder, err error) {
	if former, err = from.holder(id); err != nil {
		return nil, nil, err
	}
	if next, err = to.holder(id); err != nil {
		return nil, nil, err
	}
	if from.Holder != to.Holder && former.location() == next.location() {
		return nil, nil, fmt.Errorf("the new key needs another file than the present one, %s; name one with --path", former.location())
	}
	return former, next, nil
}

// newKey finds the key that the new holder has, or makes one; it always makes one where the present key lies,
// unless a command is to print it.
func newKey(ctx context.Context, former, next holder, passphrase secret.Text) (*age.X25519Identity, bool, error) {
	if _, command := next.(*commandHolder); command || former.location() != next.location() {
		id, kept, err := identityOf(ctx, next, passphrase)
		if err != nil {
			err = fmt.Errorf("the new holder's key: %w", err)
		}
		return id, kept, err
	}
	id, err := age.GenerateX25519Identity()
	return id, false, err
}

// SetRecipients replaces the recovery recipients, and settles a change that was interrupted. It gets the key from
// its holder again, so prompt may be asked. Who is removed keeps what earlier copies of vault.age gave them.
func (v *Vault) SetRecipients(ctx context.Context, recovery []string, prompt Prompt) error {
	if _, err := parseRecipients(recovery); err != nil {
		return fmt.Errorf("recovery %w", err)
	}
	v.opening.Lock()
	defer v.opening.Unlock()
	s, _ := v.state()
	unlock, err := lockFiles(ctx, s)
	if err != nil {
		return err
	}
	defer unlock()
	from, err := v.findAgain(s)
	if err != nil {
		return err
	}
	id, keys, err := openWithHolder(ctx, s.effective(from), from, prompt)
	if err != nil {
		return err
	}
	rec, err := recordFor(s.effective(from), from, id)
	if err != nil {
		return err
	}
	rec.Recovery, rec.Changing = unique(recovery), from.everybody()
	if !slices.Contains(rec.recipients(), id.Recipient().String()) {
		return errors.New("the recovery key that opened the vault cannot be taken off the list with itself; open it with its own holder first")
	}
	return v.settle(s, rec, keys, id, true)
}

// recordFor decides whose recipient stays the holder's when the key at hand is id's. It is another than vault.toml
// says after an interrupted Rewrap, or if config.toml names, say, a recovery key.
func recordFor(s Settings, from record, id *age.X25519Identity) (record, error) {
	mine := id.Recipient().String()
	switch {
	case mine == from.Recipient:
	case slices.Contains(from.Changing, mine):
		from.Holder, from.Path, from.Command, from.Recipient = s.Holder, s.Path, s.Command, mine
	case len(from.Changing) > 0:
		return record{}, errors.New("a change of the vault was interrupted; settle it with the holder that vault.toml names: remove [vault] from config.toml, then run: fettle vault recipients")
	}
	return from, nil
}

// settle writes a record with its Changing, then vault.age for its recipients only, then the record without.
func (v *Vault) settle(s Settings, rec record, keys *keyset.Handle, id *age.X25519Identity, backup bool) error {
	if err := rec.save(s, backup); err != nil {
		return err
	}
	v.setState(s, rec)
	if err := saveKeyset(s, keys, rec.recipients(), id, backup); err != nil {
		return err
	}
	rec.Changing = nil
	if err := rec.save(s, false); err != nil {
		return err
	}
	v.setState(s, rec)
	return nil
}

// retire keeps the former key file as ".bak", so that it is not taken for a key in use. A file outside the data folder is its owner's business.
func retire(s Settings, former, next holder) error {
	path := former.location()
	if path == next.location() || filepath.Dir(path) != filepath.Clean(s.Dir) {
		return nil
	}
	if err := os.Rename(path, path+atomicfile.BackupSuffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the vault has its new holder, but the former key stays at %s: %w", path, err)
	}
	return nil
}

// Former lists the files that earlier changes left in the data folder. Together they may still open the vault
// without its present key: delete them once the present one is known to work.
func (v *Vault) Former() ([]string, error) {
	s, _ := v.state()
	var found []string
	for _, name := range []string{tomlName, ageName, "vault.key", "vault.key.age"} {
		path := s.file(name) + atomicfile.BackupSuffix
		there, err := anyExists(path)
		if err != nil {
			return nil, err
		}
		if there {
			found = append(found, path)
		}
	}
	return found, nil
}
