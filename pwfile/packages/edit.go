package packages

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
	"fettle/pwfile"
)

// Member is a canvas or a file as an operator names it for a package.
type Member struct {
	Name string // of the canvas, or the path of the file
	As   string // of a canvas: the folder in the package; of a file: its path there; "" = its own name, at the top
}

// Change is what an edit changes; nil leaves things as they are.
type Change struct {
	Revision int64 // of the package that the change is based on; 0: whatever it is now

	Name     *string
	Canvases *[]Member
	Files    *[]Member
	Target   *string
}

// NewPackage is a package to be added.
type NewPackage struct {
	Name     string
	Canvases []Member
	Files    []Member
	Target   string
	Layout   store.PackageLayout // "" = objects
}

var packageName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// Add takes a package into the book. Nothing travels yet.
func (k *Keeper) Add(ctx context.Context, n NewPackage) (Package, error) {
	if n.Layout == "" {
		n.Layout = store.LayoutObjects
	}
	if n.Layout != store.LayoutObjects && n.Layout != store.LayoutPlain {
		return Package{}, errors.New("a package's layout is objects or plain")
	}
	p := store.Package{ID: strings.ToLower(rand.Text()), Layout: n.Layout, Files: []store.PackedFile{}, CreatedAt: k.cfg.Now().UTC()}
	change := Change{Name: &n.Name, Canvases: &n.Canvases, Files: &n.Files, Target: &n.Target}
	return k.write(ctx, "package added", change, func(store.Reader) (store.Package, error) { return p, nil })
}

// Edit changes a package. What lies at a former destination stays there.
func (k *Keeper) Edit(ctx context.Context, id string, change Change) (Package, error) {
	return k.write(ctx, "package changed", change, func(r store.Reader) (store.Package, error) {
		p, err := r.Package(id)
		if err == nil && change.Revision != 0 && change.Revision != p.Revision {
			err = &store.ConflictError{Table: "package", ID: p.Name}
		}
		return p, err
	})
}

// write applies a change to the package that read finds, in one transaction. Canvases are looked at before: that is a
// transaction of its own.
func (k *Keeper) write(ctx context.Context, action string, change Change, read func(store.Reader) (store.Package, error)) (Package, error) {
	all, err := k.cfg.Canvases.Canvases(ctx)
	if err != nil {
		return Package{}, err
	}
	id := ""
	err = k.cfg.Store.Update(ctx, func(w store.Writer) error {
		p, err := read(w)
		if err != nil {
			return err
		}
		id = p.ID
		if err := change.apply(&p, all); err != nil {
			return err
		}
		if err := ownTarget(w, p); err != nil {
			return err
		}
		if err := w.PutPackage(&p); err != nil {
			return err
		}
		return w.AddEvent(k.event(action, p, nil))
	})
	if err != nil {
		return Package{}, err
	}
	return k.byID(ctx, id)
}

func (c Change) apply(p *store.Package, all []pwfile.Canvas) error {
	if c.Name != nil {
		if p.Name = *c.Name; !packageName().MatchString(p.Name) {
			return errors.New("a package's name has 1 to 63 letters, digits, dots, dashes and underscores, and begins with a letter or digit")
		}
	}
	if c.Canvases != nil {
		packed, err := packCanvases(*c.Canvases, all)
		if err != nil {
			return err
		}
		p.Canvases = packed
	}
	if c.Files != nil {
		packed, err := packFiles(*c.Files)
		if err != nil {
			return err
		}
		p.Files = packed
	}
	if c.Target != nil {
		t, err := parseTarget(*c.Target)
		if err != nil {
			return err
		}
		if t.spelled != p.Target { // what was synced is elsewhere now
			p.Target, p.Synced, p.Problem = t.spelled, nil, ""
		}
	}
	return checkMembers(*p, all)
}

// packCanvases finds canvases by their names, and refuses those that must not be copied.
func packCanvases(members []Member, all []pwfile.Canvas) ([]store.PackedCanvas, error) {
	packed := []store.PackedCanvas{}
	for _, m := range members {
		i := slices.IndexFunc(all, func(c pwfile.Canvas) bool { return c.Name == m.Name })
		if i < 0 {
			return nil, fmt.Errorf("there is no canvas %q; `fettle canvas list` lists the canvases", safetext.Cut(m.Name, 63))
		}
		if problem := singleUse(all[i]); problem != nil {
			return nil, problem
		}
		folder := strings.Trim(m.As, "/")
		if folder != "" {
			if err := checkPath(folder); err != nil {
				return nil, err
			}
		}
		if slices.ContainsFunc(packed, func(c store.PackedCanvas) bool { return c.CanvasID == all[i].ID }) {
			return nil, fmt.Errorf("canvas %q is named twice", m.Name)
		}
		packed = append(packed, store.PackedCanvas{CanvasID: all[i].ID, Name: all[i].Name, Folder: folder})
	}
	if len(packed) == 0 {
		return nil, errors.New("a package has at least one canvas: name it with --canvas")
	}
	return packed, nil
}

// singleUse refuses a canvas whose credential has to have one holder: each who fetches the package would be another.
func singleUse(c pwfile.Canvas) error {
	names := c.SingleUse()
	if len(names) == 0 {
		return nil
	}
	return &Error{Code: "single_use", Target: "canvas " + c.Name,
		Text:   fmt.Sprintf("%s uses each of its refresh tokens once, so that its password file may lie in one place only", strings.Join(names, ", ")),
		Remedy: "leave this canvas out of the package, and run it where its password file lies"}
}

func packFiles(members []Member) ([]store.PackedFile, error) {
	packed := []store.PackedFile{}
	for _, m := range members {
		if m.Name == "" || strings.ContainsFunc(m.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, errors.New("a file of the package has no path, or one with control characters in it")
		}
		at, err := filepath.Abs(m.Name)
		if err != nil {
			return nil, err
		}
		as := m.As
		if as == "" {
			as = filepath.Base(at)
		}
		packed = append(packed, store.PackedFile{Source: at, Path: as})
	}
	return packed, nil
}

// checkMembers makes sure that everything can lie beside each other.
func checkMembers(p store.Package, all []pwfile.Canvas) error {
	seen := newClashes()
	add := func(at string) error {
		if err := checkPath(at); err != nil {
			return err
		}
		if with, ok := seen.add(at); !ok {
			return fmt.Errorf("%s and %s cannot lie beside each other in the package; put one in a folder, as in --canvas NAME=FOLDER or --file PATH=FOLDER/NAME", at, with)
		}
		return nil
	}
	byID := canvasesByID(all)
	for _, packed := range p.Canvases {
		c, here := byID[packed.CanvasID]
		if !here { // a sync says so; an edit of something else must not be stopped by it
			continue
		}
		for _, at := range canvasPaths(*c, packed) {
			if err := add(at); err != nil {
				return err
			}
		}
	}
	for _, f := range p.Files {
		if err := add(f.Path); err != nil {
			return err
		}
	}
	return nil
}

// canvasPaths are where the canvas file and its password file lie in the package: beside each other, under the names
// they have here, because the canvas may refer to them.
func canvasPaths(c pwfile.Canvas, packed store.PackedCanvas) [2]string {
	password := c.Name + ".pwfile.age"
	if len(c.Places) > 0 {
		password = path.Base(filepath.ToSlash(c.Places[0].Target))
	}
	return [2]string{path.Join(packed.Folder, filepath.Base(c.Path)), path.Join(packed.Folder, password)}
}

// ownTarget refuses a destination that another package of this book goes to: each sync would take the other's manifest
// for a stranger's.
func ownTarget(r store.Reader, p store.Package) error {
	all, err := r.Packages()
	if err != nil {
		return err
	}
	mine, err := parseTarget(p.Target)
	if err != nil {
		return err
	}
	for _, other := range all {
		theirs, err := parseTarget(other.Target)
		if err == nil && other.ID != p.ID && theirs.same(mine) {
			return &Error{Code: Foreign, Target: p.Target, Text: fmt.Sprintf("package %q goes there", other.Name), Remedy: "name another destination"}
		}
	}
	return nil
}

// same reports whether two targets are one destination, however they are reached: region, profile and path style may
// differ. Another endpoint is another bucket of that name.
func (t target) same(other target) bool {
	return place(t.spelled) == place(other.spelled) && t.endpoint == other.endpoint
}

// place is a destination without how it is reached.
func place(target string) string {
	base, _, _ := strings.Cut(target, "?")
	return base
}
