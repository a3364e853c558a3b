package pwfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// checkEvery is how long a look at the local places counts.
const checkEvery = time.Minute

// Check looks at every local place and remembers what lies there. Unless forced it does nothing within a minute of
// the last time. What it finds does not make it fail: that is in the canvases' reasons.
func (k *Keeper) Check(ctx context.Context, force bool) error {
	k.mu.Lock()
	due := force || k.cfg.Now().Sub(k.checkedAt) >= checkEvery
	k.mu.Unlock()
	if !due {
		return nil
	}
	var (
		canvases []store.Canvas
		places   []store.Place
	)
	err := k.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if canvases, err = r.Canvases(); err == nil {
			places, err = r.Places("")
		}
		return err
	})
	if err != nil {
		return err
	}
	byID := map[string]store.Canvas{}
	gone := map[string]bool{}
	for _, c := range canvases {
		byID[c.ID] = c
		_, err := os.Stat(c.Path)
		gone[c.ID] = errors.Is(err, fs.ErrNotExist)
	}
	var moved []store.Place
	for _, p := range places {
		if p.Kind == store.PlaceLocal && k.inspect(ctx, &p, byID[p.CanvasID]) {
			moved = append(moved, p)
		}
	}
	if err := k.remember(ctx, moved); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.checkedAt, k.gone = k.cfg.Now(), gone
	return nil
}

// inspect brings a place's record up to what lies there, and reports whether there is news.
func (k *Keeper) inspect(ctx context.Context, p *store.Place, c store.Canvas) bool {
	former := *p
	s, found, err := k.places[p.Kind].seen(ctx, p.Target, c.Group)
	switch {
	case err != nil:
		p.Problem = safetext.Line(err.Error())
	case !found:
		p.SHA256, p.Problem = "", ""
	default:
		p.SHA256 = hashOf(s.Content)
		right := c.Written != nil && p.SHA256 == c.Written.SHA256
		switch {
		case right:
			p.Problem = s.Misfit
		case p.SHA256 != former.SHA256:
			p.Problem = ""
		}
		// Otherwise a delivery that failed stays a problem: this is the file that it failed to replace.
	}
	if p.SHA256 == former.SHA256 && p.Problem == former.Problem && !former.CheckedAt.IsZero() {
		return false
	}
	p.CheckedAt = k.cfg.Now().UTC()
	return true
}

// remember records what was seen, except where somebody has written meanwhile and knows better.
func (k *Keeper) remember(ctx context.Context, seen []store.Place) error {
	if len(seen) == 0 {
		return nil
	}
	return k.cfg.Store.Update(ctx, func(w store.Writer) error {
		now, err := w.Places("")
		if err != nil {
			return err
		}
		revisions := make(map[string]int64, len(now))
		for _, p := range now {
			revisions[p.ID] = p.Revision
		}
		for _, p := range seen {
			if revisions[p.ID] != p.Revision {
				continue
			}
			if err := w.PutPlace(&p); err != nil {
				return err
			}
		}
		return nil
	})
}
