package pwfile_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

func TestEveryKindOfStalenessIsFoundAndMended(t *testing.T) {
	t.Parallel()
	const a, b2 = "id-a", "id-b"
	for name, c := range map[string]struct {
		cause func(t *testing.T, b *bench, c pwfile.Canvas)
		want  string
		mend  string // what a regeneration does about it
	}{
		"nothing":    {func(*testing.T, *bench, pwfile.Canvas) {}, "", "unchanged unchanged"},
		"generation": {func(_ *testing.T, b *bench, _ pwfile.Canvas) { b.book.renew(a) }, "generation", "done done"},
		"an older book": {func(_ *testing.T, b *bench, _ pwfile.Canvas) {
			b.book.change(a, func(a *accounts.Account, e *accounts.Exported) { a.Generation, e.Generation = 0, 0 })
		}, "generation", "done done"},
		"account added": {func(t *testing.T, b *bench, c pwfile.Canvas) {
			edit(t, b, c, pwfile.Change{AccountNames: &[]string{"a", "b"}})
		}, "generation", "done done"},
		"account exchanged": {func(t *testing.T, b *bench, c pwfile.Canvas) {
			edit(t, b, c, pwfile.Change{AccountNames: &[]string{"b"}})
		}, "generation generation", "done done"},
		"account removed from the book": {func(_ *testing.T, b *bench, _ pwfile.Canvas) { b.book.remove(a) }, "generation", "failed failed"},
		"account renamed": {func(_ *testing.T, b *bench, _ pwfile.Canvas) {
			b.book.change(a, func(a *accounts.Account, e *accounts.Exported) { a.Name, e.Name = "new", "new" })
		}, "renamed", "done done"},
		"young for a provider that replaces": {func(_ *testing.T, b *bench, _ pwfile.Canvas) {
			b.book.rotate(a, provider.RotationReplace)
			b.clock.advance(45*24*time.Hour - time.Minute)
		}, "", "unchanged unchanged"},
		"ageing": {func(_ *testing.T, b *bench, _ pwfile.Canvas) {
			b.book.rotate(a, provider.RotationReplace)
			b.clock.advance(45*24*time.Hour + time.Minute)
		}, "ageing", "done done"},
		"old where nothing rotates": {func(_ *testing.T, b *bench, _ pwfile.Canvas) { b.clock.advance(365 * 24 * time.Hour) }, "", "unchanged unchanged"},
		"recipients": {func(t *testing.T, b *bench, c pwfile.Canvas) {
			edit(t, b, c, pwfile.Change{Recipients: &[]string{newIdentity(t).Recipient().String()}})
		}, "recipients", "done done"},
		"the server's identity is another one": {func(t *testing.T, b *bench, _ pwfile.Canvas) {
			if err := os.Remove(filepath.Join(b.data, "server.key")); err != nil {
				t.Fatal(err)
			}
		}, "recipients", "done done"},
		"the server's identity is open to others": {func(t *testing.T, b *bench, _ pwfile.Canvas) {
			if err := os.Chmod(filepath.Join(b.data, "server.key"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "recipients", ""},
		"missing": {func(t *testing.T, _ *bench, c pwfile.Canvas) { unlink(t, c.Places[0].Target) }, "missing", "done unchanged"},
		"both missing": {func(t *testing.T, _ *bench, c pwfile.Canvas) {
			unlink(t, c.Places[0].Target)
			unlink(t, c.Places[1].Target)
		}, "missing missing", "done done"},
		"changed":       {func(t *testing.T, _ *bench, c pwfile.Canvas) { writeFile(t, c.Places[0].Target, []byte("x")) }, "changed", "done unchanged"},
		"place differs": {func(t *testing.T, _ *bench, c pwfile.Canvas) { writeFile(t, c.Places[1].Target, []byte("x")) }, "place_differs", "unchanged done"},
		"a new place": {func(t *testing.T, b *bench, c pwfile.Canvas) {
			edit(t, b, c, pwfile.Change{Copies: &[]string{filepath.Join(b.home, "new.age")}})
		}, "missing", "unchanged done"},
		"the canvas file is gone": {func(t *testing.T, _ *bench, c pwfile.Canvas) { unlink(t, c.Path) }, "canvas_missing", "unchanged unchanged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if b.book.add("a") != a || b.book.add("b") != b2 {
				t.Fatal("the accounts have other IDs")
			}
			b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Copies = []string{filepath.Join(b.home, "copy.age")} }, "a")
			if got := codes(b.now("nightly")); got != "never_written" {
				t.Errorf("before the first file: %s", got)
			}
			b.generate(pwfile.Selection{})
			c.cause(t, b, b.now("nightly"))
			got := b.now("nightly")
			if codes(got) != c.want || got.NeedsWriting() != (c.want != "" && c.want != "canvas_missing") {
				t.Fatalf("stale: %q, want %q (%+v)", codes(got), c.want, got.Stale)
			}
			if c.mend == "" {
				if _, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{}, nil); err == nil {
					t.Error("what stands in the way was overlooked")
				}
				return
			}
			if mended := states(b.generate(pwfile.Selection{})); mended != c.mend {
				t.Errorf("regenerated: %s, want %s", mended, c.mend)
			}
			if after := b.now("nightly"); after.NeedsWriting() != (c.mend == "failed failed") {
				t.Errorf("still stale: %+v", after.Stale)
			}
		})
	}
}

func (b *book) rotate(id string, r provider.Rotation) {
	b.change(id, func(a *accounts.Account, e *accounts.Exported) { a.Rotation, e.Rotation = r, r })
}

func edit(t *testing.T, b *bench, c pwfile.Canvas, change pwfile.Change) {
	t.Helper()
	if _, err := b.Edit(t.Context(), c.ID, change); err != nil {
		t.Fatal(err)
	}
}

func unlink(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestPlacesAreLookedAtOnceAMinute(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("nightly", nil, "a")
	b.generate(pwfile.Selection{})
	revision := func() int64 {
		n, err := b.store.Revision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	b.now("nightly")
	quiet := revision()
	b.now("nightly")
	if revision() != quiet {
		t.Error("looking without news changes the store, and every open screen reads it again")
	}
	unlink(t, filepath.Join(b.home, "nightly.pwfile.age"))
	stale := func() string {
		if err := b.Check(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		c, err := b.ByName(t.Context(), "nightly")
		if err != nil {
			t.Fatal(err)
		}
		return codes(c)
	}
	b.clock.advance(59 * time.Second)
	if got := stale(); got != "" {
		t.Errorf("after 59 s: %q", got)
	}
	b.clock.advance(time.Second)
	if got := stale(); got != "missing" {
		t.Errorf("after 60 s: %q", got)
	}
}

func TestTheBlastRadiusOfAnAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	shared, other := b.book.add("shared"), b.book.add("other")
	b.canvas("one", nil, "shared")
	b.canvas("two", nil, "shared", "other")
	three := b.canvas("three", nil, "other")
	err := b.store.Update(t.Context(), func(w store.Writer) error {
		return w.PutPackage(&store.Package{ID: "p", Name: "cloud", Canvases: []store.PackedCanvas{{CanvasID: three.ID, Name: "three"}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	b.generate(pwfile.Selection{})
	b.book.renew(other)
	unlink(t, filepath.Join(b.home, "one.pwfile.age"))
	if err := b.Check(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]pwfile.Blast{
		shared: {Canvases: []string{"one", "two"}, Places: 2, Packages: []string{}, StaleFiles: 1},
		other:  {Canvases: []string{"three", "two"}, Places: 2, Packages: []string{"cloud"}, StaleFiles: 2},
		"none": {Canvases: []string{}, Packages: []string{}},
	} {
		got, err := b.BlastRadius(t.Context(), id)
		if err != nil || compactAny(t, got) != compactAny(t, want) {
			t.Errorf("%s: %+v, %v, want %+v", id, got, err, want)
		}
	}
	all, err := b.Canvases(t.Context())
	if got, want := pwfile.StaleByAccount(all), map[string]int{shared: 1, other: 2}; err != nil || !maps.Equal(got, want) {
		t.Errorf("by account: %v, %v, want %v", got, err, want)
	}
	for n, ids := range map[int][]string{0: {"none"}, 1: {shared}, 2: {other}, 3: {shared, other}} {
		if got := pwfile.StaleFilesOf(all, ids); got != n {
			t.Errorf("%d are the concern of %v, want %d", got, ids, n)
		}
	}
}

func TestACheckDoesNotUndoWhatWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("nightly", nil, "a")
	b.generate(pwfile.Selection{})
	unlink(t, filepath.Join(b.home, "nightly.pwfile.age"))
	// The file comes back between the look and the record of it.
	late := &interposed{Store: b.store}
	late.before = func() {
		late.before = nil
		b.generate(pwfile.Selection{})
	}
	if err := b.keeper(late).Check(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	c, err := b.ByName(t.Context(), "nightly")
	if err != nil || codes(c) != "" {
		t.Errorf("stale: %q, %v", codes(c), err)
	}
}

// interposed is a store that lets something happen before an update.
type interposed struct {
	store.Store
	before func()
}

func (i *interposed) Update(ctx context.Context, fn func(store.Writer) error) error {
	if i.before != nil {
		i.before()
	}
	return i.Store.Update(ctx, fn)
}
