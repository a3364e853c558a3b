package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store is the contract of the book's memory. It is safe for use by many goroutines and many processes.
//
//   - A View sees one consistent state; an Update is one transaction: all of it durable when Update
//     returns nil, none of it otherwise. fn may be called again after a busy database, so it has no other effects.
//   - Every changing record carries a revision (or a grant its seq); writing one that moved meanwhile
//     fails with *ConflictError and changes nothing.
//   - Lock is held across processes until unlock, or until the process dies: never by age.
//   - An Update that fails for lack of space releases the reserve (a ballast file) and tries once more.
//   - "Not found" is ErrNotFound. Any other error says nothing about what exists: a read error is never "no accounts".
type Store interface {
	View(ctx context.Context, fn func(Reader) error) error
	Update(ctx context.Context, fn func(Writer) error) error

	// Lock waits for the named lock until ctx ends; names are like "account-ID" and "flow-ID".
	Lock(ctx context.Context, name string) (unlock func(), err error)
	// TryLock takes the lock or fails at once with ErrLocked.
	TryLock(name string) (unlock func(), err error)

	// Revision rises with every committed Update by any process: an open screen re-reads when it moved.
	Revision(ctx context.Context) (int64, error)
	Close() error
}

// LockKeeper is a Store whose locks leave something behind: files in a folder. Locks names those with a prefix;
// RemoveLock clears one away unless it is held. It is only for a name that nothing refers to any more, because
// for a moment two could hold it.
type LockKeeper interface {
	Locks(prefix string) ([]string, error)
	RemoveLock(name string) error
}

// Reader reads records. Lists are ordered by name or time and never nil on success.
type Reader interface {
	Revision() (int64, error) // of the state that is seen; two views of one revision see the same
	Meta(key string) (string, error)

	Accounts() ([]Account, error)
	Account(id string) (Account, error)
	AccountByName(name string) (Account, error)
	Grant(accountID string, role Role) (Grant, error)
	Grants(role Role) ([]Grant, error)
	Intents() ([]Intent, error)
	Intent(accountID string) (Intent, error)
	Observations(accountID string) ([]Observation, error) // "" = of all accounts
	Resources(accountID string) ([]Resource, error)       // those that are gone included
	Listings(accountID string) ([]Listing, error)
	Clients() ([]Client, error)
	Client(id string) (Client, error)
	Flows() ([]Flow, error)
	Flow(id string) (Flow, error)
	Events(filter EventFilter) ([]Event, error) // newest first

	Canvases() ([]Canvas, error)
	Canvas(id string) (Canvas, error)
	CanvasByName(name string) (Canvas, error)
	Places(canvasID string) ([]Place, error) // "" = of all canvases
	Runs(limit int) ([]Run, error)           // newest first
	Run(id string) (Run, error)

	Packages() ([]Package, error)
	Package(id string) (Package, error)
	PackageByName(name string) (Package, error)
}

// Writer changes records inside one transaction. Put inserts a record whose Revision (Seq for a grant)
// is 0 and otherwise replaces the one that still has that revision; the new revision is set in the record.
type Writer interface {
	Reader

	SetMeta(key, value string) error

	PutAccount(a *Account) error
	DeleteAccount(id string) error // with its grants, intents, observations, resources and listings
	PutGrant(g *Grant, formerSeq int64) error
	DeleteGrant(accountID string, role Role) error
	PutIntent(i Intent) error
	DeleteIntent(accountID string) error
	PutObservation(o Observation) error // one per account and kind
	PutResources(accountID string, r []Resource) error
	PutListing(l Listing) error // one per account and service
	PutClient(c *Client) error
	DeleteClient(id string) error
	PutFlow(f *Flow) error
	DeleteFlow(id string) error
	AddEvent(e Event) error

	PutCanvas(c *Canvas) error
	DeleteCanvas(id string) error // with its places
	PutPlace(p *Place) error
	DeletePlace(id string) error
	PutRun(r *Run) error

	PutPackage(p *Package) error
	DeletePackage(id string) error // what lies at its destination stays
}

// ErrNotFound says that the store was read and has no such record.
var ErrNotFound = errors.New("not found")

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("held by another process")

// ConflictError says that a record changed between reading and writing it; nothing was written.
type ConflictError struct {
	Table string
	ID    string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s %s: changed meanwhile; look again and repeat", e.Table, e.ID)
}

// NameTakenError says that another record of that table has this name already.
type NameTakenError struct {
	Table string
	Name  string
}

func (e *NameTakenError) Error() string { return fmt.Sprintf("%s %q exists already", e.Table, e.Name) }

// SchemaError says that a newer fettle made this store.
type SchemaError struct {
	Path       string
	Has, Knows int
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s has schema %d and this fettle knows up to %d: use the newer fettle that wrote it", e.Path, e.Has, e.Knows)
}

// EventFilter narrows a list of events; zero fields do not narrow.
type EventFilter struct {
	AccountID string
	CanvasID  string
	Since     time.Time
	Limit     int
}
