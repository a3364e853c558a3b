package pwfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
)

// checkEvery is how long a look at the local places counts.
const checkEvery = time.Minute

// Check looks at every local place and remembers what lies there. Unless forced it does nothing within a minute of
// the last time. What it finds does not make it fail: that is in the canvases' reasons. It needs no secret.
func (k *Keeper) Check(ctx context.Context, force bool) error {
	k.mu.Lock()
	due := force || k.cfg.Now().Sub(k.checkedAt) >= checkEvery
	k.mu.Unlock()
	if !due {
		return nil
	}
	canvases, places, err := k.records(ctx)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, c := range canvases {
		// Gone only where that is certain: a file that may not be looked at, or a disk that fails, is no news of it.
		_, err := os.Stat(c.Path)
		gone[c.ID] = errors.Is(err, fs.ErrNotExist)
	}
	var moved []store.Place
	for _, p := range places {
		if p.Kind == store.PlaceLocal && k.inspect(ctx, local{}, &p, canvases[p.CanvasID]) {
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

// RemoteOptions says how CheckRemote looks.
type RemoteOptions struct {
	CanvasIDs []string // none: all canvases
	// Unlock is asked when ssh wants a key unlocked; nil: nobody can be asked.
	Unlock func(ctx context.Context, q sshconn.Question) (secret.Text, error)
}

// Seen is a place on another machine that was looked at.
type Seen struct {
	Canvas  string
	Place   store.Place // as now known
	Reached bool
	Done    int // places looked at, this one included
	Total   int
}

// CheckRemote looks at the places on other machines, all hosts at the same time, and remembers what lies there and when
// it was seen. A place that cannot be reached keeps what was seen before, with its age; what is found does not make
// CheckRemote fail. report is told of each place as it is known, never of two at a time; nil reports nothing.
func (k *Keeper) CheckRemote(ctx context.Context, opts RemoteOptions, report func(Seen)) error {
	canvases, places, err := k.records(ctx)
	if err != nil {
		return err
	}
	places = slices.DeleteFunc(places, func(p store.Place) bool {
		return p.Kind == store.PlaceLocal || len(opts.CanvasIDs) > 0 && !slices.Contains(opts.CanvasIDs, p.CanvasID)
	})
	carriers := k.carriers(ctx, opts.Unlock)
	defer carriers.close()
	carriers.remote.dial(places)
	var (
		looks errgroup.Group
		mu    sync.Mutex
		done  int
	)
	looks.SetLimit(parallelLooks)
	for i := range places {
		p := &places[i]
		looks.Go(func() error {
			c := canvases[p.CanvasID]
			k.inspect(ctx, carriers.to(*p), p, c)
			mu.Lock()
			defer mu.Unlock()
			done++
			if report != nil && ctx.Err() == nil {
				report(Seen{Canvas: c.Name, Place: *p, Reached: p.UnreachedAt.IsZero(), Done: done, Total: len(places)})
			}
			return nil
		})
	}
	_ = looks.Wait() // its functions return nil
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.remember(ctx, places)
}

// parallelLooks is how many remote places are looked at at once. They wait for the line, and share one for each host.
const parallelLooks = 32

// records reads what the store says.
func (k *Keeper) records(ctx context.Context) (map[string]store.Canvas, []store.Place, error) {
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
	byID := make(map[string]store.Canvas, len(canvases))
	for _, c := range canvases {
		byID[c.ID] = c
	}
	return byID, places, err
}

// inspect brings a place's record up to what lies there, and reports whether there is news.
func (k *Keeper) inspect(ctx context.Context, by delivery, p *store.Place, c store.Canvas) bool {
	former := *p
	s, found, err := by.seen(ctx, p.Target, c.Group)
	// What was seen before stays, with its age: a host that is down says nothing of the file there.
	if unreachable(err) {
		p.Problem, p.UnreachedAt = safetext.Line(err.Error()), k.cfg.Now().UTC()
		return true
	}
	p.UnreachedAt = time.Time{}
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
		case p.SHA256 != former.SHA256, !former.UnreachedAt.IsZero():
			p.Problem = ""
		}
		// Otherwise a delivery that failed stays a problem: this is the file that it failed to replace.
	}
	// A look at this machine that finds what was there is no news, or every open screen would read all again each minute.
	if p.Kind == store.PlaceLocal && p.SHA256 == former.SHA256 && p.Problem == former.Problem && !former.CheckedAt.IsZero() {
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
