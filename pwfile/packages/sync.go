package packages

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"time"

	"fettle/accounts/store"
)

// Result is what a sync did.
type Result struct {
	Package Package
	Serial  int64 // of the manifest that lies there now
	Items   []Item

	Uploaded int   // objects that travelled
	Present  int   // objects that were needed and lay there already
	Bytes    int64 // that travelled
	Removed  int   // objects that nobody needs any more
	Notes    []string
}

// Sync brings a package to its destination: what is new travels, is read back, and then the manifest is replaced in one
// step. Whatever ends it before that leaves the former package in place, and what travelled already does not travel
// again. A package whose parts are not all here is a *BlockedError, anything else an *Error or the context's. report is
// called from several goroutines, one at a time; nil reports nothing.
func (k *Keeper) Sync(ctx context.Context, id string, opts Options, report func(Progress)) (Result, error) {
	unlock, err := k.cfg.Store.Lock(ctx, lockName(id))
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	r, err := k.sync(ctx, id, opts, report)
	// How it went is noted even if ctx ended.
	if noting := k.note(context.WithoutCancel(ctx), id, r, err); err == nil {
		err = noting
	}
	return r.Result, err
}

// outcome is a result with what the record keeps of it.
type outcome struct {
	Result
	synced *store.Synced // nil: nothing was established
}

func (k *Keeper) sync(ctx context.Context, id string, opts Options, report func(Progress)) (outcome, error) {
	t := newTeller(report)
	t.begin(StepLook, 0, 0)
	s, err := k.begin(ctx, id, opts)
	if err != nil {
		return outcome{}, err
	}
	defer s.close()
	plan := s.plan()
	o := outcome{Result: Result{Package: s.pkg, Items: plan.Items, Serial: plan.Serial, Notes: []string{}}}
	if len(plan.Problems) > 0 {
		return o, &BlockedError{Package: s.pkg.Name, Problems: plan.Problems}
	}
	for _, name := range plan.Stale() {
		o.Notes = append(o.Notes, fmt.Sprintf("the password file of %s is stale: write it again (fettle pwfile generate %s), then sync again", name, name))
	}
	if !plan.Work() {
		if opts.Verify { // and mends what is not whole
			if err := s.bring(ctx, &o.Result, t); err != nil {
				return o, err
			}
		}
		o.synced = s.record(s.there)
		s.clean(ctx, s.there, &o.Result, t)
		return o, nil
	}
	if opts.Unlock != nil {
		if err := opts.Unlock(ctx); err != nil {
			return o, err
		}
	}
	key, err := k.cfg.Book.SigningKey(ctx)
	if err != nil {
		return o, err
	}
	if err := s.claim(ctx, key); err != nil {
		return o, err
	}
	if err := s.bring(ctx, &o.Result, t); err != nil {
		return o, err
	}
	t.begin(StepSwitch, 1, 0)
	former := s.there
	if s.there, err = s.publish(ctx, key, s.next()); err != nil {
		return o, err
	}
	t.ended(manifestName)
	o.Serial, o.synced = s.there.Serial, s.record(s.there)
	s.clean(ctx, s.there, &o.Result, t)
	s.cleanPlain(ctx, former, &o.Result)
	return o, nil
}

// claim takes a destination that holds nothing of this package, before anything else is put there: with a manifest that
// names no files. Two packages that are pointed at one place by mistake meet here, and a first sync that is cut off
// finds its own again.
func (s *session) claim(ctx context.Context, key ed25519.PrivateKey) error {
	if s.ours {
		return nil
	}
	m := s.manifest()
	m.Entries, m.Dropped = []Entry{}, []Dropped{}
	claimed, err := s.publish(ctx, key, m)
	if err == nil {
		s.there, s.ours = claimed, true
	}
	return err
}

func (s *session) manifest() *Manifest {
	return &Manifest{Format: Format, Book: s.book, Package: s.pkg.ID, Name: s.pkg.Name, Layout: s.pkg.Layout, CreatedAt: s.cfg.Now().UTC().Truncate(time.Second)}
}

// next is the manifest of what is here now.
func (s *session) next() *Manifest {
	m := s.manifest()
	m.Entries, m.Dropped = make([]Entry, 0, len(s.parts)), []Dropped{}
	named := map[string]bool{}
	for _, one := range s.parts {
		m.Entries = append(m.Entries, one.Entry)
		named[one.SHA256] = true
	}
	for _, d := range s.there.Dropped {
		if !named[d.SHA256] && !d.over(s.there.Serial+1, s.cfg.Now()) {
			m.Dropped = append(m.Dropped, d)
			named[d.SHA256] = true
		}
	}
	for _, e := range s.there.Entries {
		if !named[e.SHA256] {
			m.Dropped = append(m.Dropped, Dropped{SHA256: e.SHA256, Serial: s.there.Serial, Since: m.CreatedAt})
			named[e.SHA256] = true
		}
	}
	return m
}

// publish signs a manifest with a serial that was never used, puts it in place of the one that was looked at, and reads
// it back.
func (s *session) publish(ctx context.Context, key ed25519.PrivateKey, m *Manifest) (*Manifest, error) {
	var err error
	if m.Serial, err = s.reserve(ctx); err != nil {
		return nil, err
	}
	content, err := m.encode(key)
	if err != nil {
		return nil, err
	}
	swapping := s.depot.swap(ctx, manifestName, content, s.tag)
	if swapping != nil && !isCode(swapping, Conflict) {
		return nil, swapping
	}
	// A conflict can be with ourselves: an answer was lost, and the request was repeated.
	there, tag, err := s.depot.read(ctx, manifestName)
	if err != nil {
		return nil, err
	}
	if hashOf(there) != hashOf(content) {
		return nil, cmp.Or[error](swapping, conflict(s.target.name(manifestName)))
	}
	s.tag = tag
	return decodeManifest(content)
}

// reserve raises the package's serial before it is used, above the one that lies there.
func (s *session) reserve(ctx context.Context) (serial int64, err error) {
	err = s.cfg.Store.Update(ctx, func(w store.Writer) error {
		p, err := w.Package(s.pkg.ID)
		if err != nil {
			return err
		}
		if s.there != nil {
			p.Serial = max(p.Serial, s.there.Serial)
		}
		p.Serial++
		serial = p.Serial
		return w.PutPackage(&p)
	})
	return serial, err
}

// record is what the store keeps of a manifest that lies there.
func (s *session) record(m *Manifest) *store.Synced {
	r := &store.Synced{At: s.cfg.Now().UTC(), Serial: m.Serial, Manifest: m.hash, Writer: m.Writer(), Canvases: map[string]string{}, Files: len(m.Entries)}
	for _, one := range s.parts {
		r.Bytes += one.Size
		if one.Kind == KindPasswordFile {
			r.Canvases[one.canvasID] = one.SHA256
		}
	}
	return r
}

// note keeps how a sync went. A package that was pointed elsewhere meanwhile is not at its new destination.
func (k *Keeper) note(ctx context.Context, id string, o outcome, failed error) error {
	if o.Package.ID == "" && interrupted(failed) {
		return nil
	}
	err := k.cfg.Store.Update(ctx, func(w store.Writer) error {
		p, err := w.Package(id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p.TriedAt, p.Problem = k.cfg.Now().UTC(), ""
		if failed != nil {
			p.Problem = firstLine(failed)
		}
		moved := o.synced != nil && (p.Synced == nil || p.Synced.Serial != o.synced.Serial || !maps.Equal(p.Synced.Canvases, o.synced.Canvases))
		if o.synced != nil && p.Target == o.Package.Target {
			p.Synced = o.synced
		}
		if err := w.PutPackage(&p); err != nil {
			return err
		}
		if failed == nil && !moved {
			return nil // every quarter of an hour nothing happens: that is no history
		}
		return w.AddEvent(k.event("package synced", p, failed))
	})
	if err != nil && o.synced != nil {
		err = fmt.Errorf("the package was synced, and that could not be recorded; sync it again: %w", err)
	}
	return err
}
