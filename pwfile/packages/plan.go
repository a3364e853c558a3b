package packages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fettle/internal/safetext"
)

// State says what a sync would do with one file.
type State string

// States of files.
const (
	StateNew       State = "new"
	StateChanged   State = "changed"
	StateUnchanged State = "unchanged"
	StateGone      State = "gone" // it lies there and is no longer in the package
)

// Item is one file of a plan.
type Item struct {
	Entry
	State State
	Stale []string // of a password file: why it should be written again first
}

// Plan is what a sync would do. It holds no secret and needs none.
type Plan struct {
	Package  Package
	Items    []Item    // by path; never nil
	Problems []Problem // while there are any, Sync refuses
	First    bool      // nothing of this package lies there yet
	Serial   int64     // of the manifest that lies there, 0: none
}

// Work reports whether a sync would bring anything.
func (p Plan) Work() bool {
	return p.First || slices.ContainsFunc(p.Items, func(i Item) bool { return i.State != StateUnchanged })
}

// Stale returns the names of the canvases whose password files should be written again first.
func (p Plan) Stale() []string {
	names := []string{}
	for _, i := range p.Items {
		if len(i.Stale) > 0 && !slices.Contains(names, i.Canvas) {
			names = append(names, i.Canvas)
		}
	}
	return names
}

// Options are what an operator can decide about a sync.
type Options struct {
	// Replace takes the destination over, whatever lies there: another package, a later sync of a copy of this book, files
	// of somebody else.
	Replace bool
	// Verify reads everything back, not only what was brought now.
	Verify bool
	// Unlock is called before the manifest has to be signed; it is not if nothing changed. nil: the vault is open.
	Unlock func(ctx context.Context) error
}

// Plan compares a package with its destination. Nothing is changed there, except that the folder is made if its parent
// is there: a misspelled destination comes out before anything travels.
func (k *Keeper) Plan(ctx context.Context, id string, opts Options) (Plan, error) {
	s, err := k.begin(ctx, id, opts)
	if err != nil {
		return Plan{}, err
	}
	defer s.close()
	return s.plan(), nil
}

// session is one look at a package and its destination, and what is done from there.
type session struct {
	*Keeper
	opts    Options
	pkg     Package
	target  target
	book    string
	depot   depot
	parts   []part
	problem []Problem

	there *Manifest // nil: none
	tag   string    // of the manifest that lies there
	ours  bool      // there is of this package
}

// begin looks at the package here and at its destination, and refuses a destination that is not its own.
func (k *Keeper) begin(ctx context.Context, id string, opts Options) (*session, error) {
	p, err := k.byID(ctx, id)
	if err != nil {
		return nil, err
	}
	s := &session{Keeper: k, opts: opts, pkg: p}
	if s.target, err = parseTarget(p.Target); err != nil {
		return nil, err
	}
	if s.book, err = k.cfg.Book.BookID(ctx); err != nil {
		return nil, err
	}
	if s.parts, s.problem, err = k.gather(ctx, p.Package); err != nil {
		return nil, err
	}
	if s.depot, err = s.target.open(ctx, k.cfg.Connection, true); err != nil {
		return nil, err
	}
	if err := s.look(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() { _ = s.depot.close() } // what was written is durable already

// look reads the manifest that lies there and judges whose it is.
func (s *session) look(ctx context.Context) error {
	content, tag, err := s.depot.read(ctx, manifestName)
	switch {
	case isCode(err, notThere):
		return s.empty(ctx)
	case err != nil:
		return err
	}
	s.tag = tag
	// Only now: a sync that ended since the package was read has left what lies there, and a later serial here.
	now, err := s.byID(ctx, s.pkg.ID)
	if err != nil {
		return err
	}
	s.pkg.Serial, s.pkg.Synced = now.Serial, now.Synced
	m, err := decodeManifest(content)
	if err == nil {
		s.there, s.ours = m, m.Book == s.book && m.Package == s.pkg.ID
		err = s.belongs(m)
	} else {
		err = s.foreign("the manifest that lies there cannot be used: " + firstLine(err))
	}
	if s.opts.Replace {
		return nil
	}
	return err
}

func (s *session) foreign(text string) error {
	return &Error{Code: Foreign, Target: place(s.pkg.Target), Text: text, Remedy: "name another destination, or take it over: fettle package sync " + s.pkg.Name + " --replace"}
}

// belongs refuses a manifest that is not the one this book left there.
func (s *session) belongs(m *Manifest) error {
	last := s.pkg.Synced
	switch {
	case m.Book != s.book:
		return s.foreign(fmt.Sprintf("package %q of another book lies there", safetext.Cut(m.Name, 63)))
	case m.Package != s.pkg.ID:
		return s.foreign(fmt.Sprintf("another package lies there, %q", safetext.Cut(m.Name, 63)))
	case m.Serial > s.pkg.Serial:
		return s.foreign(fmt.Sprintf("a later sync lies there (number %d), by another copy of this book", m.Serial))
	case last != nil && last.Writer != m.Writer():
		return s.foreign("the manifest that lies there is signed by another key")
	case last != nil && last.Serial == m.Serial && last.Manifest != m.hash:
		return s.foreign("the manifest that lies there is not the one that was left there")
	}
	return nil
}

// empty makes sure that a destination without a manifest holds nothing of somebody else.
func (s *session) empty(ctx context.Context) error {
	if s.opts.Replace {
		return nil
	}
	found := errors.New("something is there")
	name := ""
	err := s.depot.list(ctx, "", func(o object) error {
		if strings.HasPrefix(o.Name, tempPrefix) {
			return nil // left by a first sync that was cut off
		}
		name = o.Name
		return found
	})
	if errors.Is(err, found) {
		return s.foreign(fmt.Sprintf("it is not empty, and no package lies there (there is %s)", safetext.Cut(name, 80)))
	}
	return err
}

func (s *session) plan() Plan {
	p := Plan{Package: s.pkg, Items: []Item{}, Problems: s.problem, First: !s.ours || len(s.there.Entries) == 0}
	if s.there != nil {
		p.Serial = s.there.Serial
	}
	former := map[string]Entry{}
	if s.ours {
		former = s.there.byPath()
	}
	for _, one := range s.parts {
		item := Item{Entry: one.Entry, State: StateNew, Stale: one.stale}
		if was, ok := former[one.Path]; ok {
			item.State = StateChanged
			if was == one.Entry {
				item.State = StateUnchanged
			}
			delete(former, one.Path)
		}
		p.Items = append(p.Items, item)
	}
	for _, was := range former {
		p.Items = append(p.Items, Item{Entry: was, State: StateGone})
	}
	slices.SortFunc(p.Items, func(a, b Item) int { return strings.Compare(a.Path, b.Path) })
	return p
}
