package packages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/pwfile"
)

// Problem keeps a package from being synced: what would lie at the destination would not run.
type Problem struct {
	Path   string // in the package, "" if it is about no single file
	Canvas string // "" if it is about none
	Text   string // one sentence
	Remedy string
}

// part is an entry with where its content comes from here.
type part struct {
	Entry
	source   source
	canvasID string
	stale    []string // why its password file should be written again first
}

// gather looks at everything that belongs to a package on this machine. It opens no secret.
func (k *Keeper) gather(ctx context.Context, p store.Package) ([]part, []Problem, error) {
	// What lies at the places now, not a minute ago: the plan says which password files are stale.
	if err := k.cfg.Canvases.Check(ctx, true); err != nil {
		return nil, nil, err
	}
	all, err := k.cfg.Canvases.Canvases(ctx)
	if err != nil {
		return nil, nil, err
	}
	g := gatherer{keeper: k, seen: newClashes(), parts: []part{}, problems: []Problem{}}
	byID := canvasesByID(all)
	for _, packed := range p.Canvases {
		c, here := byID[packed.CanvasID]
		if !here {
			g.refuse(Problem{Canvas: packed.Name, Text: fmt.Sprintf("canvas %s is no longer here", packed.Name),
				Remedy: "take it out: fettle package edit " + p.Name + " --canvas …"})
			continue
		}
		g.canvas(ctx, *c, packed)
	}
	for _, f := range p.Files {
		g.file(ctx, f.Source, Entry{Path: f.Path, Kind: KindFile}, "")
	}
	// In one order, so that the same package makes the same manifest.
	slices.SortFunc(g.parts, func(a, b part) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return g.parts, g.problems, ctx.Err()
}

func canvasesByID(all []pwfile.Canvas) map[string]*pwfile.Canvas {
	byID := make(map[string]*pwfile.Canvas, len(all))
	for i := range all {
		byID[all[i].ID] = &all[i]
	}
	return byID
}

type gatherer struct {
	keeper   *Keeper
	seen     *clashes
	parts    []part
	problems []Problem
}

func (g *gatherer) refuse(p Problem) { g.problems = append(g.problems, p) }

func (g *gatherer) canvas(ctx context.Context, c pwfile.Canvas, packed store.PackedCanvas) {
	if problem, ok := errors.AsType[*Error](singleUse(c)); ok {
		g.refuse(Problem{Canvas: c.Name, Text: c.Name + ": " + problem.Text, Remedy: problem.Remedy})
		return
	}
	paths := canvasPaths(c, packed)
	g.file(ctx, c.Path, Entry{Path: paths[0], Kind: KindCanvas, Canvas: c.Name}, c.ID)
	content, err := g.keeper.cfg.Canvases.Content(ctx, c, g.keeper.cfg.Connection.Ask)
	if err != nil {
		g.refuse(Problem{Path: paths[1], Canvas: c.Name, Text: fmt.Sprintf("the password file of %s is missing, or not what was written", c.Name),
			Remedy: "write it first: fettle pwfile generate " + c.Name})
		return
	}
	one := part{
		Entry:    Entry{Path: paths[1], SHA256: hashOf(content), Size: int64(len(content)), Kind: KindPasswordFile, Canvas: c.Name},
		canvasID: c.ID,
		source: source{size: int64(len(content)), sha256: hashOf(content), path: "the password file of " + c.Name,
			open: func() (io.ReadSeekCloser, error) { return nopCloser{bytes.NewReader(content)}, nil }},
	}
	for _, r := range c.Stale {
		if !r.Code.Information() {
			one.stale = append(one.stale, r.Text)
		}
	}
	g.add(one)
}

// file takes a file of this machine in. It never waits for a pipe, and follows links: the operator named the file.
func (g *gatherer) file(ctx context.Context, at string, e Entry, canvasID string) {
	f, err := openPlain(at)
	if err != nil {
		g.refuse(Problem{Path: e.Path, Canvas: e.Canvas, Text: fmt.Sprintf("%s cannot be read: %s", safetext.Line(at), reason(err)), Remedy: "put it back, or take it out of the package"})
		return
	}
	defer func() { _ = f.Close() }() // nothing was written
	sum := sha256.New()
	e.Size, err = io.Copy(sum, cancelReader{ctx, f})
	if err != nil {
		g.refuse(Problem{Path: e.Path, Canvas: e.Canvas, Text: fmt.Sprintf("%s cannot be read: %s", safetext.Line(at), reason(err))})
		return
	}
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	g.add(part{Entry: e, canvasID: canvasID, source: source{
		size: e.Size, sha256: e.SHA256, path: safetext.Line(at),
		open: func() (io.ReadSeekCloser, error) { return openPlain(at) },
	}})
}

func (g *gatherer) add(one part) {
	if err := checkPath(one.Path); err != nil {
		g.refuse(Problem{Path: one.Path, Canvas: one.Canvas, Text: err.Error()})
		return
	}
	if with, ok := g.seen.add(one.Path); !ok {
		g.refuse(Problem{Path: one.Path, Canvas: one.Canvas, Text: fmt.Sprintf("%s and %s cannot lie beside each other", one.Path, with),
			Remedy: "put one in a folder: fettle package edit … --canvas NAME=FOLDER or --file PATH=FOLDER/NAME"})
		return
	}
	g.parts = append(g.parts, one)
}

// openPlain opens a plain file. O_NONBLOCK: opening a named pipe would wait for somebody to write to it.
func openPlain(at string) (*os.File, error) {
	f, err := os.OpenFile(at, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator named the file
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close() // nothing was written
		return nil, errors.Join(err, errors.New("it is not a plain file"))
	}
	return f, nil
}

// nopCloser is a reader of memory as a file.
type nopCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

func firstLine(err error) string { return safetext.Line(err.Error()) }
