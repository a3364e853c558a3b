package packages

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/pwfile"
)

// Book is what packages need of the book of accounts; *accounts.Book is one.
type Book interface {
	// SigningKey is the key that says which book wrote a manifest.
	SigningKey(ctx context.Context) (ed25519.PrivateKey, error)
	// BookID names the book for readers that pin its key.
	BookID(ctx context.Context) (string, error)
}

// Config is what a Keeper needs.
type Config struct {
	Book       Book
	Store      store.Store
	Canvases   *pwfile.Keeper
	Connection Connection
	Actor      string           // who acts, for the history
	Now        func() time.Time // default: time.Now
}

// Keeper keeps the packages of a book. It is safe for concurrent use, within a process and across processes.
type Keeper struct{ cfg Config }

// New returns the keeper over what cfg names.
func New(cfg Config) *Keeper {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Keeper{cfg}
}

// Package is what is known about one package without a look at its destination.
type Package struct {
	store.Package
	Behind []pwfile.Lag // in what the last sync is behind; may be empty
}

// Packages returns all packages by name. It touches neither files nor destinations.
func (k *Keeper) Packages(ctx context.Context) ([]Package, error) {
	var (
		records  []store.Package
		canvases []store.Canvas
	)
	err := k.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if records, err = r.Packages(); err == nil {
			canvases, err = r.Canvases()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]Package, 0, len(records))
	for _, p := range records {
		all = append(all, Package{Package: p, Behind: pwfile.PackageLag(p, canvases)})
	}
	return all, nil
}

// ByName finds a package by its name; store.ErrNotFound if there is none.
func (k *Keeper) ByName(ctx context.Context, name string) (Package, error) {
	return k.find(ctx, name, func(p Package) bool { return p.Name == name })
}

func (k *Keeper) byID(ctx context.Context, id string) (Package, error) {
	return k.find(ctx, id, func(p Package) bool { return p.ID == id })
}

func (k *Keeper) find(ctx context.Context, what string, is func(Package) bool) (Package, error) {
	all, err := k.Packages(ctx)
	if err != nil {
		return Package{}, err
	}
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i], nil
	}
	return Package{}, fmt.Errorf("package %q: %w", what, store.ErrNotFound)
}

// Remove forgets a package. What lies at its destination stays, for those who fetch it.
func (k *Keeper) Remove(ctx context.Context, id string) error {
	return k.cfg.Store.Update(ctx, func(w store.Writer) error {
		p, err := w.Package(id)
		if err != nil {
			return err
		}
		if err := w.DeletePackage(id); err != nil {
			return err
		}
		return w.AddEvent(k.event("package removed", p, nil))
	})
}

func (k *Keeper) event(action string, p store.Package, failed error) store.Event {
	e := store.Event{At: k.cfg.Now().UTC(), Actor: k.cfg.Actor, Action: action, Subject: p.Name, OK: failed == nil}
	if failed != nil {
		e.Detail = firstLine(failed)
	}
	return e
}

// lockName is the lock that serialises the syncs of one package on this machine.
func lockName(id string) string { return "package-" + id }

// interrupted reports whether an error says that the caller gave up.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
