package pwfile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fettle/accounts"
	"fettle/accounts/store"
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

// newID makes a random ID for a canvas, a file or a place.
func newID() string { return strings.ToLower(rand.Text()) }

// Add takes a canvas into the book. Nothing is written to its places yet.
func (k *Keeper) Add(ctx context.Context, n NewCanvas) (Canvas, error) {
	c := store.Canvas{ID: newID(), FileID: newID(), CreatedAt: k.cfg.Now().UTC()}
	change := n.change()
	ids, err := k.accountIDs(ctx, change.AccountNames)
	if err != nil {
		return Canvas{}, err
	}
	err = k.cfg.Store.Update(ctx, func(w store.Writer) error {
		fresh := c // an Update may run again
		taken, err := targetsOf(w)
		if err != nil {
			return err
		}
		_, err = k.apply(w, taken, &fresh, nil, change, ids, "canvas added")
		return err
	})
	if err != nil {
		return Canvas{}, err
	}
	return k.byID(ctx, c.ID)
}

// Edit changes a canvas. Files at places that are no longer its own stay there; the notes name them.
func (k *Keeper) Edit(ctx context.Context, id string, change Change) (Edited, error) {
	ids, err := k.accountIDs(ctx, change.AccountNames)
	if err != nil {
		return Edited{}, err
	}
	edited := Edited{}
	err = k.cfg.Store.Update(ctx, func(w store.Writer) error {
		c, err := w.Canvas(id)
		if err != nil {
			return err
		}
		if change.Revision != 0 && change.Revision != c.Revision {
			return &store.ConflictError{Table: "canvas", ID: c.Name}
		}
		former, err := w.Places(id)
		if err != nil {
			return err
		}
		taken, err := targetsOf(w)
		if err != nil {
			return err
		}
		edited.Notes, err = k.apply(w, taken, &c, former, change, ids, "canvas changed")
		return err
	})
	if err != nil {
		return Edited{}, err
	}
	edited.Canvas, err = k.byID(ctx, id)
	return edited, err
}

// Remove forgets a canvas. Its password files stay where they are, still good for who can open them; their targets
// are returned.
func (k *Keeper) Remove(ctx context.Context, id string) (left []string, err error) {
	err = k.cfg.Store.Update(ctx, func(w store.Writer) error {
		left = []string{}
		c, err := w.Canvas(id)
		if err != nil {
			return err
		}
		places, err := w.Places(id)
		if err != nil {
			return err
		}
		for _, p := range places {
			if p.Serial > 0 {
				left = append(left, p.Target)
			}
		}
		if err := w.DeleteCanvas(id); err != nil {
			return err
		}
		return w.AddEvent(k.event("canvas removed", c, true, ""))
	})
	return left, err
}

// apply writes a changed canvas with its places and returns what the operator has to know.
func (k *Keeper) apply(w store.Writer, taken targets, c *store.Canvas, former []store.Place, change Change, ids []string, action string) ([]string, error) {
	before := *c
	if err := change.fields(c, ids); err != nil {
		return nil, err
	}
	places, err := placesOf(*c, former, change.destinations(*c, former))
	if err != nil {
		return nil, err
	}
	if err := taken.own(w, *c, places); err != nil {
		return nil, err
	}
	// A group of another machine's is looked for there, when the file is written.
	here := slices.ContainsFunc(places, func(p store.Place) bool { return p.Kind == store.PlaceLocal })
	if here && c.Group != "" && change.Group != nil {
		if _, err := groupID(c.Group); err != nil {
			return nil, err
		}
	}
	if err := w.PutCanvas(c); err != nil {
		return nil, err
	}
	// Their names are made of the canvas's; left behind they would belong to nothing.
	if before.Name != "" && before.Name != c.Name {
		if err := renameOwn(w, before.Name, c.Name); err != nil {
			return nil, err
		}
	}
	notes, err := k.notes(before, *c)
	if err != nil {
		return nil, err
	}
	for _, f := range former {
		if slices.ContainsFunc(places, func(p store.Place) bool { return p.ID == f.ID }) {
			continue
		}
		if err := w.DeletePlace(f.ID); err != nil {
			return nil, err
		}
		if f.Serial > 0 {
			notes = append(notes, fmt.Sprintf("the password file at %s stays there and still opens: remove it if no job reads it", f.Target))
		}
	}
	for i := range places {
		if before.Group != c.Group {
			regroup(&places[i])
		}
		if err := w.PutPlace(&places[i]); err != nil {
			return nil, err
		}
	}
	return notes, w.AddEvent(k.event(action, *c, true, ""))
}

// regroup notes that the file at a place elsewhere has the access it was written with, which no look here can tell.
func regroup(p *store.Place) {
	if p.Kind != store.PlaceLocal && p.SHA256 != "" && p.Problem == "" {
		p.Problem = fmt.Sprintf("%s was written for another group", p.Target)
	}
}

// fields applies the change to the canvas's own record.
func (change Change) fields(c *store.Canvas, ids []string) (err error) {
	if change.Name != nil {
		if err := checkName(*change.Name); err != nil {
			return err
		}
		c.Name = *change.Name
	}
	if change.Path != nil {
		if c.Path, err = absolute(*change.Path); err != nil {
			return fmt.Errorf("the canvas file of %q: %w", c.Name, err)
		}
	}
	if change.AccountNames != nil {
		c.AccountIDs = ids
	}
	if change.Passphrase != nil {
		c.Passphrase = *change.Passphrase
	}
	if change.Recipients != nil {
		c.Recipients = []string{}
		for _, text := range *change.Recipients {
			_, canonical, err := ParseRecipient(text)
			if err != nil {
				return err
			}
			if !slices.Contains(c.Recipients, canonical) {
				c.Recipients = append(c.Recipients, canonical)
			}
		}
	}
	// age itself refuses the mixture: a passphrase's stanza stands alone in a file's header.
	if c.Passphrase && len(c.Recipients) > 0 {
		return errors.New("a password file is encrypted either to recipients or to a passphrase: choose one of them")
	}
	if change.Group != nil {
		c.Group = *change.Group
	}
	return nil
}

// destinations lists where the canvas's password file has to lie, the main place first.
func (change Change) destinations(c store.Canvas, former []store.Place) []string {
	main, copies := "", []string{}
	for i, f := range former { // by position
		if i == 0 {
			main = f.Target
		} else {
			copies = append(copies, f.Target)
		}
	}
	if change.PasswordFile != nil {
		main = *change.PasswordFile
	}
	if main == "" {
		main = filepath.Join(filepath.Dir(c.Path), c.Name+fileSuffix)
	}
	if change.Copies != nil {
		copies = *change.Copies
	}
	return append([]string{main}, copies...)
}

// notes says what a change of recipients does not do by itself.
func (k *Keeper) notes(before, after store.Canvas) ([]string, error) {
	if before.Written == nil {
		return []string{}, nil
	}
	server, err := ServerRecipient(k.cfg.Dir)
	if err != nil && !errors.Is(err, ErrNoServer) {
		return nil, err
	}
	stay := recipientsOf(after, server)
	if slices.ContainsFunc(before.Written.Recipients, func(r string) bool { return !slices.Contains(stay, r) }) {
		return []string{"a removed recipient can still open the copies it has: authorize the accounts again to cut it off"}, nil
	}
	return []string{}, nil
}

// accountIDs finds accounts by their reference names, in that order, each once.
func (k *Keeper) accountIDs(ctx context.Context, names *[]string) ([]string, error) {
	if names == nil {
		return nil, nil
	}
	ids := []string{}
	for _, name := range *names {
		if base, _, ok := accounts.SplitDedicated(name); ok {
			return nil, fmt.Errorf("%s is the account of one password file: name %s, and the file gets its credential", name, base)
		}
		a, err := k.cfg.Book.Account(ctx, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, a.ID) {
			ids = append(ids, a.ID)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("a canvas uses at least one account: name it with --account")
	}
	return ids, nil
}

func (k *Keeper) event(action string, c store.Canvas, ok bool, detail string) store.Event {
	return store.Event{At: k.cfg.Now().UTC(), Actor: k.cfg.Actor, Action: action, CanvasID: c.ID, Subject: c.Name, OK: ok, Detail: detail}
}
