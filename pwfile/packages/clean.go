package packages

import (
	"context"
	"path"
	"strings"
	"time"

	"fettle/accounts/store"
)

// keepFor is how long an object stays that no manifest names any more: a reader may be at work with a former one.
const keepFor = 24 * time.Hour

// over reports whether a dropped object may be removed once the manifest with that serial lies there: neither it nor
// the one before names it, and it was dropped a day ago.
func (d Dropped) over(serial int64, now time.Time) bool {
	return d.Serial < serial-1 && now.Sub(d.Since) >= keepFor
}

// clean removes objects that nobody needs any more. The sync is done by then: what cannot be removed is a note.
func (s *session) clean(ctx context.Context, m *Manifest, r *Result, t *teller) {
	t.begin(StepClean, 0, 0)
	if err := s.sweep(ctx, m); err != nil {
		r.Notes = append(r.Notes, "what a killed sync has left could not be removed: "+firstLine(err))
	}
	if s.pkg.Layout != store.LayoutObjects {
		return
	}
	named := map[string]bool{}
	for _, e := range m.Entries {
		named[e.SHA256] = true
	}
	dropped := map[string]Dropped{}
	for _, d := range m.Dropped {
		dropped[d.SHA256] = d
	}
	now := s.cfg.Now()
	over := []string{}
	// Collected first: a listing that is changed while its pages come may leave something out.
	err := s.depot.list(ctx, objectsDir+"/", func(o object) error {
		base := o.Name[strings.LastIndex(o.Name, "/")+1:]
		ours := o.Name == objectsDir+"/"+base && (hexHash().MatchString(base) || strings.HasPrefix(base, tempPrefix))
		d, known := dropped[base]
		switch {
		case !ours || named[base]: // what somebody else keeps there is not ours to remove
		// What no manifest ever named is a sync's that was cut off; that may go on now, so it has its day, too.
		case known && d.over(m.Serial, now), !known && now.Sub(o.ModTime) >= keepFor:
			over = append(over, o.Name)
		}
		return nil
	})
	if len(over) > 0 {
		t.begin(StepClean, len(over), 0)
	}
	for _, name := range over {
		if err != nil {
			break
		}
		if err = s.depot.remove(ctx, name); err == nil {
			r.Removed++
			t.ended(name)
		}
	}
	if err != nil {
		r.Notes = append(r.Notes, "what nobody needs any more could not be removed: "+firstLine(err))
	}
}

// sweep removes what killed syncs have left half written, once no sync can still be at it. Object storage keeps no halves.
func (s *session) sweep(ctx context.Context, m *Manifest) error {
	if _, whole := s.depot.(*bucket); whole {
		return nil
	}
	folders := map[string]bool{".": true}
	if m.Layout == store.LayoutPlain {
		for _, e := range m.Entries {
			folders[path.Dir(e.Path)] = true
		}
	}
	left := []string{}
	for dir := range folders {
		err := s.depot.list(ctx, path.Join(dir, tempPrefix), func(o object) error {
			if s.cfg.Now().Sub(o.ModTime) >= keepFor {
				left = append(left, o.Name)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, name := range left {
		if err := s.depot.remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// cleanPlain removes plain files that the former manifest named and the new one does not. Plain files go at once:
// whoever reads with the former manifest notices, because every file is checked.
func (s *session) cleanPlain(ctx context.Context, former *Manifest, r *Result) {
	if s.pkg.Layout != store.LayoutPlain || former == nil {
		return
	}
	now := s.there.byPath()
	for _, e := range former.Entries {
		if _, stays := now[e.Path]; stays {
			continue
		}
		if err := s.depot.remove(ctx, e.Path); err != nil {
			r.Notes = append(r.Notes, "what is no longer in the package could not be removed: "+firstLine(err))
			return
		}
		r.Removed++
	}
}
