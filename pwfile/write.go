package pwfile

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// write brings one canvas's password file to all its places. The canvas is looked at again under its lock: another
// run may have done the work meanwhile.
func (g *generator) write(ctx context.Context, j job) outcome {
	o := outcome{canvasID: j.Canvas.ID, unlock: func() {}}
	unlock, err := g.cfg.Store.Lock(ctx, "canvas-"+j.Canvas.ID)
	// The end of the run is no failure of the canvas: its lines keep waiting, and the next run continues with them.
	if ctx.Err() != nil {
		o.left = true
		if err == nil {
			o.unlock = unlock
		}
		return o
	}
	if err != nil {
		o.problem = err
		return o
	}
	o.unlock = unlock
	c, err := g.again(ctx, j.Canvas.ID)
	if err != nil {
		o.problem = err
		return o
	}
	if refusals := c.refusals(j.Force); len(refusals) > 0 {
		o.problem = refusedError{refusals[0]}
		return o
	}
	found := g.survey(ctx, c, c.Places)
	if content := g.standing(c, j, found); content != nil {
		o.places = g.deliver(ctx, c, j.wanted(c.Places), content, found)
		return o
	}
	content, written, err := g.compose(ctx, &c, j)
	if ctx.Err() != nil {
		o.left = true
		return o
	}
	if err != nil {
		o.problem = err
		return o
	}
	// A new file goes to every place, also where only some were asked for: the others would hold an older one.
	o.serial, o.loans = c.Serial, c.loans(written)
	o.places = g.deliver(ctx, c, c.Places, content, nil)
	if o.delivered() {
		o.written = &written
	}
	return o
}

// again reads the canvas and its places once more. Accounts and packages matter only where a credential would be handed
// over, and are read only then: a run of thousands of canvases would read them all for each.
func (g *generator) again(ctx context.Context, id string) (Canvas, error) {
	var (
		record store.Canvas
		places []store.Place
		c      Canvas
	)
	err := g.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if record, err = r.Canvas(id); err != nil {
			return err
		}
		if places, err = r.Places(id); err != nil {
			return err
		}
		c = g.look.canvas(record, places, false)
		if !c.handsOver() {
			return nil
		}
		all, err := r.Packages()
		c.Packages = namesByCanvas(all)[id]
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return c, errors.New("the canvas was removed meanwhile")
	}
	if err != nil || !c.handsOver() {
		return c, err
	}
	// Another run may have handed the credential over while this one waited for the lock.
	now, err := g.withAccounts(ctx, g.look)
	if err != nil {
		return c, err
	}
	now.packages = map[string][]string{id: c.Packages}
	return now.canvas(record, places, false), nil
}

// handsOver reports whether the canvas's file carries a credential that it becomes the only holder of.
func (c Canvas) handsOver() bool {
	return slices.ContainsFunc(c.Accounts, func(a AccountRef) bool { return a.Dedicated != "" })
}

// survey reads what lies at places, by place ID; what cannot be read is as good as missing.
func (g *generator) survey(ctx context.Context, c Canvas, places []store.Place) map[string]sighting {
	var mu sync.Mutex
	found := map[string]sighting{}
	g.each(places, func(_ int, p store.Place) {
		if s, ok, err := g.carriers.to(p).seen(ctx, p.Target, c.Group); ok && err == nil {
			mu.Lock()
			defer mu.Unlock()
			found[p.ID] = s
		}
	})
	return found
}

// each does something for every place: for those on other machines at the same time, since it is the line to them that
// takes long, and for those here one after the other meanwhile.
func (g *generator) each(places []store.Place, do func(i int, p store.Place)) {
	var away errgroup.Group
	for i, p := range places {
		if p.Kind != store.PlaceLocal {
			away.Go(func() error { do(i, p); return nil })
		}
	}
	for i, p := range places {
		if p.Kind == store.PlaceLocal {
			do(i, p)
		}
	}
	_ = away.Wait() // its functions return nil
}

// standing returns the file that was last written, if it is what would be written now and still lies at some place.
// Then the other places need no new file but this one, and no secret is opened.
func (g *generator) standing(c Canvas, j job, found map[string]sighting) []byte {
	if c.Written == nil || len(c.staleContent(g.look.recipients(c.Canvas))) > 0 {
		return nil
	}
	// Force asks for a new file, unless another run has just made one.
	if j.Force && (j.Canvas.Written == nil || c.Written.At.Equal(j.Canvas.Written.At)) {
		return nil
	}
	for _, s := range found {
		if hashOf(s.Content) == c.Written.SHA256 {
			return s.Content
		}
	}
	return nil
}

// compose exports the canvas's accounts and seals them into a new file, with a serial that was never used.
func (g *generator) compose(ctx context.Context, c *Canvas, j job) (content []byte, written store.Written, err error) {
	if err := g.serial(ctx, c, j); err != nil {
		return nil, written, err
	}
	names := recipientsOf(c.Canvas, g.look.server)
	p := Payload{
		Book: g.book, FileID: c.FileID, Serial: c.Serial, Recipients: names, Canvas: c.Name,
		GeneratedAt: g.cfg.Now().UTC().Truncate(time.Second),
	}
	written = store.Written{At: g.cfg.Now().UTC(), Generations: map[string]int64{}, Names: map[string]string{}, Recipients: names}
	for _, a := range c.Accounts {
		e, err := g.credential(ctx, *c, a)
		if err != nil {
			return nil, written, err
		}
		p.Accounts = append(p.Accounts, credentialOf(e))
		written.Generations[a.ID], written.Names[a.ID] = e.Generation, e.Name
	}
	content, err = g.seal(ctx, *c, p)
	written.SHA256 = hashOf(content)
	return content, written, err
}

// serial uses the reserved one, unless somebody took a later one meanwhile.
func (g *generator) serial(ctx context.Context, c *Canvas, j job) error {
	if j.Serial != 0 && j.Serial == c.Serial {
		return nil
	}
	return g.cfg.Store.Update(ctx, func(w store.Writer) (err error) {
		c.Serial, err = g.reserve(w, c.ID)
		return err
	})
}

// seal encrypts a payload and makes sure that it can be opened again before anything is replaced by it.
func (g *generator) seal(ctx context.Context, c Canvas, p Payload) ([]byte, error) {
	if c.Passphrase { // until it is sealed: scrypt takes its memory while it encrypts, not while it is asked for
		g.asking.Lock()
		defer g.asking.Unlock()
	}
	to, err := g.recipients(ctx, c, p.Recipients)
	if err != nil {
		return nil, err
	}
	made, err := seal(p, g.key, to)
	if err != nil {
		return nil, err
	}
	// Only what is for this server can be opened here.
	var reader age.Identity
	if slices.Contains(p.Recipients, g.look.server) {
		reader = g.server
	}
	return made.file, made.prove(reader, len(to))
}

// recipients are whom a canvas's file is encrypted to: the passphrase that is asked for, or the keys by their names.
func (g *generator) recipients(ctx context.Context, c Canvas, names []string) ([]age.Recipient, error) {
	if c.Passphrase {
		if g.opts.Passphrase == nil {
			return nil, errNobodyToAsk
		}
		passphrase, err := g.opts.Passphrase(ctx, c)
		if err != nil {
			return nil, err
		}
		r, err := passphraseRecipient(passphrase)
		return []age.Recipient{r}, err
	}
	to := make([]age.Recipient, 0, len(names))
	for _, name := range names {
		r, _, err := ParseRecipient(name)
		if err != nil {
			return nil, err
		}
		to = append(to, r)
	}
	return to, nil
}

// errNobodyToAsk is why an unattended run leaves out a file that is encrypted to a passphrase.
var errNobodyToAsk = errors.New("it is encrypted to a passphrase, for which somebody has to be asked: regenerate it in a terminal")

// deliver brings content to every one of the places that does not have it yet; have is what was found there.
func (g *generator) deliver(ctx context.Context, c Canvas, places []store.Place, content []byte, have map[string]sighting) []delivered {
	hash, newest := hashOf(content), c.Serial
	if have != nil { // a file that stands has the serial of the place it lies at
		newest = 0
		for _, p := range c.Places {
			newest = max(newest, p.Serial)
		}
	}
	all := make([]delivered, len(places))
	g.each(places, func(i int, p store.Place) {
		lies, ok := have[p.ID]
		stands := ok && lies.Misfit == "" && hashOf(lies.Content) == hash
		all[i] = g.deliverTo(ctx, c, p, content, stands)
		if all[i].err == nil {
			all[i].place.SHA256, all[i].place.Serial = hash, newest
		}
	})
	return all
}

// deliverTo brings content to one place, unless it stands there.
func (g *generator) deliverTo(ctx context.Context, c Canvas, p store.Place, content []byte, stands bool) delivered {
	d := delivered{place: p, state: store.LineUnchanged}
	if !stands {
		d.state = store.LineDone
		g.underway(c, p)
		d.err = g.carriers.to(p).put(ctx, dispatch{Target: p.Target, Content: content, Group: c.Group, First: p.Serial == 0, Tag: p.ID})
	}
	// Cut by the end of the run it has not failed: the line waits for whoever goes on, and nothing new is known of the place.
	if d.err != nil && errors.Is(d.err, ctx.Err()) {
		d.state = store.LineWaiting
		return d
	}
	if unreachable(d.err) { // what was last seen there is all that is known
		d.place.UnreachedAt = g.cfg.Now().UTC()
		d.state, d.place.Problem = store.LineFailed, safetext.Line(d.err.Error())
		return d
	}
	d.place.CheckedAt, d.place.UnreachedAt, d.place.Problem = g.cfg.Now().UTC(), time.Time{}, ""
	if d.err == nil {
		return d
	}
	d.state, d.place.Problem = store.LineFailed, safetext.Line(d.err.Error())
	// It may have failed before the file was replaced or after: what lies there says which.
	if s, ok, err := g.carriers.to(p).seen(ctx, p.Target, c.Group); err == nil {
		d.place.SHA256 = ""
		if ok {
			d.place.SHA256 = hashOf(s.Content)
		}
	}
	return d
}

// underway tells that the delivery to a place begins.
func (g *generator) underway(c Canvas, p store.Place) {
	if g.opts.Underway != nil {
		g.opts.Underway(store.RunLine{CanvasID: c.ID, Canvas: c.Name, PlaceID: p.ID, Target: p.Target, State: store.LineWaiting})
	}
}
