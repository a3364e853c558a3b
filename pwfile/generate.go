package pwfile

import (
	"context"
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"slices"
	"sync"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/atomicfile"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
)

// parallel is how many canvases are written at once. Most of the time goes into waiting for the disk.
const parallel = 8

// GenerateOptions is what Generate may have to ask.
type GenerateOptions struct {
	// Passphrase is asked once for each canvas that is encrypted to one, from another goroutine but never for two at a
	// time; nil: nobody can be asked.
	Passphrase func(ctx context.Context, canvas Canvas) (secret.Text, error)
	// Unlock is asked when ssh wants a key unlocked, once for each key, from another goroutine; nil: nobody can be asked.
	Unlock func(ctx context.Context, q sshconn.Question) (secret.Text, error)
	// Underway is told, from other goroutines, as each delivery begins: a place on another machine may take long.
	Underway func(line store.RunLine)
}

// Progress is reported as each line of a run is recorded.
type Progress struct {
	Line  store.RunLine
	Done  int // lines that have ended, this one included
	Total int
}

// Generate carries out a plan: it writes each password file to each of its places, reads it back, and records the
// outcome as it goes. A line that fails does not stop the others; its cause is in the run. The error is about the run
// as a whole: the vault is locked, the record cannot be written, ctx ended. An interrupted run of the same canvases is
// continued. report is called from this goroutine; nil reports nothing.
func (k *Keeper) Generate(ctx context.Context, p Plan, opts GenerateOptions, report func(Progress)) (store.Run, error) {
	g, err := k.prepare(ctx, p, opts)
	if err != nil {
		return store.Run{}, err
	}
	g.carriers = k.carriers(ctx, opts.Unlock)
	r, err := k.beginRun(ctx, p, g.look)
	if err != nil {
		return store.Run{}, err
	}
	defer r.unlock()
	defer g.carriers.close()
	r.report = report
	r.announce()

	todo := r.todo(p)
	var places []store.Place
	for _, job := range todo {
		places = append(places, job.wanted(job.Canvas.Places)...)
	}
	g.carriers.remote.dial(places)
	outcomes := make(chan outcome, batchSize)
	var feeding errgroup.Group
	feeding.Go(func() error {
		var writers errgroup.Group
		writers.SetLimit(parallel)
		for _, job := range todo {
			writers.Go(func() error {
				outcomes <- g.write(ctx, job)
				return nil
			})
		}
		return writers.Wait()
	})
	// What was written is recorded even if ctx ends: the record is what a later run continues from.
	recordErr := r.record(context.WithoutCancel(ctx), outcomes, len(todo))
	_ = feeding.Wait() // its functions return nil
	tidy(places)
	if r.waiting() {
		return r.run, errors.Join(ctx.Err(), recordErr)
	}
	return r.run, errors.Join(recordErr, r.end(context.WithoutCancel(ctx)))
}

// tidy removes what killed runs have left in the folders of this machine's places: once a run, since a folder may hold a
// thousand files. Elsewhere the connection does it. It is best effort: the files are in place.
func tidy(places []store.Place) {
	folders := map[string]bool{}
	for _, p := range places {
		if dir := filepath.Dir(p.Target); p.Kind == store.PlaceLocal && !folders[dir] {
			folders[dir] = true
			_ = atomicfile.Sweep(dir)
		}
	}
}

// generator is what all canvases of one run share.
type generator struct {
	*Keeper
	opts   GenerateOptions
	look   look
	key    ed25519.PrivateKey
	book   string
	server *age.X25519Identity

	carriers *carriers

	asking   sync.Mutex // one passphrase at a time; it also keeps scrypt's memory to one canvas
	exports  sync.Mutex
	exported map[string]accounts.Exported
}

// prepare opens what every canvas needs, so that a locked vault stops the run before it begins.
func (k *Keeper) prepare(ctx context.Context, p Plan, opts GenerateOptions) (*generator, error) {
	g := &generator{Keeper: k, opts: opts, exported: map[string]accounts.Exported{}}
	var err error
	if g.key, err = k.cfg.Book.SigningKey(ctx); err != nil {
		return nil, err
	}
	if g.book, err = k.cfg.Book.BookID(ctx); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(p.Items, PlanItem.forServer) {
		if _, _, err = InitServer(k.cfg.Dir); err != nil {
			return nil, err
		}
	}
	if g.server, err = ServerIdentity(k.cfg.Dir); err != nil && !errors.Is(err, ErrNoServer) {
		return nil, err
	}
	g.look, err = k.look(ctx)
	return g, err
}

// forServer reports whether the canvas's file is for this server by default.
func (i PlanItem) forServer() bool { return recipientsOf(i.Canvas.Canvas, "") == nil }

// export opens one account's credential, once for all canvases of the run.
func (g *generator) export(ctx context.Context, accountID string) (accounts.Exported, error) {
	g.exports.Lock()
	defer g.exports.Unlock()
	if e, ok := g.exported[accountID]; ok {
		return e, nil
	}
	e, err := g.cfg.Book.Export(ctx, accountID)
	if err == nil {
		g.exported[accountID] = e
	}
	return e, err
}
