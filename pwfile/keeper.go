package pwfile

import (
	"context"
	"errors"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
)

// Config is what a Keeper needs.
type Config struct {
	Book  Book
	Store store.Store
	Dir   string           // the data folder, for the server's identity
	Actor string           // who acts, for the history
	Now   func() time.Time // default: time.Now
}

// Keeper keeps the canvases of a book and their password files. It is safe for concurrent use, within a process and
// across processes.
type Keeper struct {
	cfg Config
}

// New returns the keeper over what cfg names.
func New(cfg Config) *Keeper {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Keeper{cfg: cfg}
}

// Canvas is what is known about one canvas now.
type Canvas struct {
	store.Canvas
	Places   []store.Place // the first is the main one
	Accounts []AccountRef  // in the order of AccountIDs
	Stale    []Reason      // why its password file should be written again, and information; may be empty
}

// NeedsWriting reports whether the password file is stale at some place.
func (c Canvas) NeedsWriting() bool {
	for _, r := range c.Stale {
		if !r.Code.Information() {
			return true
		}
	}
	return false
}

// AccountRef is an account as a canvas sees it.
type AccountRef struct {
	ID         string
	Name       string // "" if the account is no longer in the book
	Provider   string
	State      accounts.State
	Generation int64
}

// Canvases returns all canvases by name, with the reasons for which their files are stale. It touches no place: what
// lies there is as of the last Check.
func (k *Keeper) Canvases(ctx context.Context) ([]Canvas, error) { return nil, errors.ErrUnsupported }

// Blast is what hangs on one account.
type Blast struct {
	Canvases   []string // names of the canvases that use it
	StaleFiles int      // how many of their password files are stale because of it, or altogether
}

// BlastRadius says what hangs on one account.
func (k *Keeper) BlastRadius(ctx context.Context, accountID string) (Blast, error) {
	return Blast{}, errors.ErrUnsupported
}

// Radius is BlastRadius over canvases already at hand.
func Radius(canvases []Canvas, accountID string) Blast { return Blast{} }

// Check looks at every local place and remembers what lies there. Unless forced it does nothing within a minute of
// the last time.
func (k *Keeper) Check(ctx context.Context, force bool) error { return errors.ErrUnsupported }
