package accounts

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/oplog"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Config is what a Book needs. Store, Vault and Catalogue are required; the rest has defaults.
type Config struct {
	Store     store.Store
	Vault     Sealer // *vault.Vault, or Unsealed
	Catalogue *provider.Catalogue
	HTTP      *http.Client // default: oauthflow.NewHTTPClient
	Log       *oplog.Log   // nil logs nothing
	Policy    Policy
	Actor     string           // who acts, for the history
	Now       func() time.Time // default: time.Now

	Parallel       int // refreshes at once, default 8
	StrictParallel int // refreshes at once at one single-use provider, default 2

	// Alarm is called when an answer could not be stored at once and is held in memory, and with a nil
	// error when it is stored after all. It may be called from any goroutine. nil: Unstored tells.
	Alarm func(u Unstored, err error)
}

// Sealer keeps a record's secrets closed while they lie in the store.
type Sealer interface {
	// Seal closes plaintext as record id of table at seq; Open opens exactly that, and nothing that was moved or swapped.
	Seal(table, id string, seq int64, plaintext []byte) ([]byte, error)
	Open(table, id string, seq int64, blob []byte) ([]byte, error)
	// Locked reports whether a person, or a key's holder, has to be asked before either works.
	Locked() bool
}

var _ Sealer = (*vault.Vault)(nil)

// Book keeps the accounts. It is safe for concurrent use, within a process and across processes.
type Book struct {
	cfg     Config
	flights flights
	secrets secretCache
}

// New returns the book over what cfg names.
func New(cfg Config) *Book {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HTTP == nil {
		cfg.HTTP = oauthflow.NewHTTPClient(oauthflow.HTTPOptions{})
	}
	cfg.Policy.Soon = cmp.Or(cfg.Policy.Soon, DefaultPolicy.Soon)
	cfg.Policy.Fresh = cmp.Or(cfg.Policy.Fresh, DefaultPolicy.Fresh)
	cfg.Parallel = cmp.Or(max(cfg.Parallel, 0), 8)
	cfg.StrictParallel = cmp.Or(max(cfg.StrictParallel, 0), 2)
	return &Book{cfg: cfg}
}

// now is the book's clock, in UTC.
func (b *Book) now() time.Time { return b.cfg.Now().UTC() }

// Revision rises whenever any process changed the book.
func (b *Book) Revision(ctx context.Context) (int64, error) { return b.cfg.Store.Revision(ctx) }

// Events reads the history, newest first.
func (b *Book) Events(ctx context.Context, filter store.EventFilter) ([]store.Event, error) {
	var events []store.Event
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		events, err = r.Events(filter)
		return err
	})
	return events, err
}

// Account finds one account by its reference name, or fails with *UnknownAccountError.
func (b *Book) Account(ctx context.Context, name string) (Account, error) {
	var account Account
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		a, err := r.AccountByName(name)
		if errors.Is(err, store.ErrNotFound) {
			return unknownAccount(r, name)
		}
		if err != nil {
			return err
		}
		account, err = b.lookAt(r, a)
		return err
	})
	return account, err
}

// accountLock is the name of the lock that a refresh, a promotion and a removal of an account hold.
func accountLock(accountID string) string { return "account-" + accountID }
