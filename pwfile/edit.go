package pwfile

import (
	"context"
	"errors"
)

// NewCanvas describes a canvas to add.
type NewCanvas struct {
	Name         string
	Path         string // of the canvas file
	AccountNames []string
	PasswordFile string   // default: NAME.pwfile.age beside the canvas file
	Copies       []string // further places
	Recipients   []string // age or SSH public keys; none: this server's
	Passphrase   bool     // encrypt to a passphrase instead
	Group        string   // files are 0640 and belong to this group
}

// Change says what to change in a canvas; nil fields stay as they are.
type Change struct {
	Revision int64 // of the canvas that the change is based on; 0: whatever it is now

	Name         *string
	Path         *string
	AccountNames *[]string
	PasswordFile *string
	Copies       *[]string
	Recipients   *[]string
	Passphrase   *bool
	Group        *string
}

// Edited is a changed canvas and what the operator has to know about the change.
type Edited struct {
	Canvas Canvas
	Notes  []string // such as: what a removed recipient can still open; never nil
}

// Add takes a canvas into the book. Nothing is written to its places yet.
func (k *Keeper) Add(ctx context.Context, n NewCanvas) (Canvas, error) {
	return Canvas{}, errors.ErrUnsupported
}

// Edit changes a canvas.
func (k *Keeper) Edit(ctx context.Context, id string, c Change) (Edited, error) {
	return Edited{}, errors.ErrUnsupported
}

// Remove forgets a canvas. Its password files stay where they are; their targets are returned.
func (k *Keeper) Remove(ctx context.Context, id string) (left []string, err error) {
	return nil, errors.ErrUnsupported
}

// ByName finds a canvas by its name; store.ErrNotFound if there is none.
func (k *Keeper) ByName(ctx context.Context, name string) (Canvas, error) {
	return Canvas{}, errors.ErrUnsupported
}
