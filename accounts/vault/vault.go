package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"filippo.io/age"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"fettle/internal/atomicfile"
)

// Vault seals and opens records. It starts locked; Unlock opens it. It is safe for concurrent use.
type Vault struct {
	// opening is held while the key is sought or the files change, which may take a person's time. mu is held
	// for moments only, so that Seal, Open and the getters never wait for a prompt.
	opening sync.Mutex
	mu      sync.RWMutex
	given   Settings // as the caller gave them; after Rewrap, with vault.toml's holder
	rec     record
	keys    *keyset.Handle // nil while locked, as is primitive
	aead    tink.AEAD
}

// Load finds the vault in the data folder and opens nothing secret. Errors are ErrNoVault, *DamagedError or
// *atomicfile.Refused.
func Load(s Settings) (*Vault, error) {
	rec, err := find(s)
	if err != nil {
		return nil, err
	}
	if _, err := s.effective(rec).holder(rec.ID); err != nil {
		return nil, err
	}
	return &Vault{given: s, rec: rec}, nil
}

// find reads vault.toml and makes sure that vault.age is there.
func find(s Settings) (record, error) {
	rec, err := readRecord(s)
	if err != nil {
		return record{}, err
	}
	if err := atomicfile.CheckPrivate(s.Dir); err != nil {
		return record{}, err
	}
	there, err := anyExists(s.file(ageName))
	if err != nil {
		return record{}, err
	}
	if !there {
		return record{}, missingKeyset(s)
	}
	return rec, nil
}

// ID identifies the vault; it never changes.
func (v *Vault) ID() string {
	_, rec := v.state()
	return rec.ID
}

// Holder says who holds the key, by the settings or else by vault.toml.
func (v *Vault) Holder() Holder {
	s, rec := v.state()
	return s.effective(rec).Holder
}

// Recipients are the public keys that can open vault.age, the holder's first.
func (v *Vault) Recipients() []string {
	_, rec := v.state()
	return rec.recipients()
}

// Recovery are the recipients besides the holder's.
func (v *Vault) Recovery() []string {
	_, rec := v.state()
	return slices.Clone(rec.Recovery)
}

// Interrupted reports whether a change of holder or recipients did not come to its end: vault.age may still have
// recipients besides those listed. The vault opens; SetRecipients with Recovery() settles it.
func (v *Vault) Interrupted() bool {
	_, rec := v.state()
	return len(rec.Changing) > 0
}

// Locked reports whether Seal and Open would fail for want of the key.
func (v *Vault) Locked() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.keys == nil
}

// Lock forgets the key.
func (v *Vault) Lock() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys, v.aead = nil, nil
}

// Unlock gets the key from its holder, asking prompt for a passphrase if that is what it takes. It does nothing
// if the vault is open. Errors are *LockedError, *DamagedError, *atomicfile.Refused, or the context's or prompt's own.
func (v *Vault) Unlock(ctx context.Context, prompt Prompt) error {
	v.opening.Lock()
	defer v.opening.Unlock()
	if !v.Locked() {
		return nil
	}
	s, _ := v.state()
	rec, err := find(s) // another process may have changed the holder since
	if err != nil {
		return err
	}
	_, keys, err := openWithHolder(ctx, s.effective(rec), rec, prompt)
	if err != nil {
		return err
	}
	return v.opened(rec, keys)
}

// openWithHolder gets the identity and opens vault.age with it.
func openWithHolder(ctx context.Context, s Settings, rec record, prompt Prompt) (*age.X25519Identity, *keyset.Handle, error) {
	h, err := s.holder(rec.ID)
	if err != nil {
		return nil, nil, err
	}
	id, err := h.identity(ctx, prompt)
	if err != nil {
		return nil, nil, explainOverride(err, s, rec)
	}
	keys, err := loadKeyset(s, rec, id)
	return id, keys, explainOverride(err, s, rec)
}

// explainOverride points at config.toml when that names another holder than the vault has, as after a Rewrap.
func explainOverride(err error, s Settings, rec record) error {
	var locked *LockedError
	if errors.As(err, &locked) && s.Holder != rec.Holder && (locked.Reason == KeyMissing || locked.Reason == WrongKey) {
		locked.Remedy = fmt.Sprintf("config.toml says [vault] key = %q, the vault's key is held by %q: correct config.toml", s.Holder, rec.Holder)
	}
	return err
}

// opened notes what the vault's files say and takes the keys into use.
func (v *Vault) opened(rec record, keys *keyset.Handle) error {
	primitive, err := aead.New(keys)
	if err != nil {
		return fmt.Errorf("the vault's keyset cannot be used: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rec, v.keys, v.aead = rec, keys, primitive
	return nil
}

func (v *Vault) state() (Settings, record) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.given, v.rec
}

func (v *Vault) setState(s Settings, rec record) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.given, v.rec = s, rec
}

// open returns the vault's id and the keys in use, or the error for their absence.
func (v *Vault) open() (string, *keyset.Handle, tink.AEAD, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.keys == nil {
		return "", nil, nil, &LockedError{Holder: v.given.effective(v.rec).Holder, Reason: NotOpened,
			Remedy: "open it first: run fettle in a terminal"}
	}
	return v.rec.ID, v.keys, v.aead, nil
}
