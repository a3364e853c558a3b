package pwfile_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

func TestContentIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("ana")
	copied := t.TempDir() + "/copy.age"
	c := b.canvas("sales", func(n *pwfile.NewCanvas) { n.Copies = []string{copied} }, "ana")
	if _, err := b.Content(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), "fettle pwfile generate sales") {
		t.Errorf("nothing was written yet: %v", err)
	}
	b.generate(pwfile.Selection{})
	c = b.now("sales")
	want := readFile(t, c.Places[0].Target)
	for range 2 { // the second time the main place holds something else, and the copy serves
		if got, err := b.Content(t.Context(), c, nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		writeFile(t, c.Places[0].Target, []byte("somebody else's"))
	}
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Content(t.Context(), c, nil); err == nil {
		t.Error("a file that somebody else wrote was taken for ours")
	}
}

func TestSingleUseIsNamed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("ana")
	once, held := b.book.add("once"), b.book.add("held")
	b.canvas("sales", nil, "ana", "once", "held")
	if got := b.now("sales").SingleUse(); len(got) != 0 {
		t.Errorf("named: %v", got)
	}
	b.book.change(once, func(a *accounts.Account, _ *accounts.Exported) { a.Rotation = provider.RotationSingleUse })
	b.book.change(held, func(a *accounts.Account, _ *accounts.Exported) { a.Holder = "file:abc" })
	if got := fmt.Sprint(b.now("sales").SingleUse()); got != "[once held]" {
		t.Errorf("named: %s", got)
	}
}

// packing is a store in which somebody packs a canvas in the moment before its password file is written.
type packing struct {
	store.Store
	pack func(store.Writer) error
}

func (s packing) Lock(ctx context.Context, name string) (func(), error) {
	if strings.HasPrefix(name, "canvas-") {
		if err := s.Update(ctx, s.pack); err != nil {
			return nil, err
		}
	}
	return s.Store.Lock(ctx, name)
}

// A credential that works once does not go into a file that a package copies, whenever the package came.
func TestAHandOverToAPackagedCanvasIsRefused(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]bool{"before the plan": true, "after the plan": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, path := strictBook(t)
			own := r.authorize(t, "strict@nightly")
			c, err := r.ByName(t.Context(), "nightly")
			if err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(t.Context(), r.data)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // what counts is read through the other
			pack := func(w store.Writer) error {
				return w.PutPackage(&store.Package{ID: "p1", Name: "evening", Layout: store.LayoutObjects, Target: "/srv/evening",
					Canvases: []store.PackedCanvas{{CanvasID: c.ID, Name: c.Name}}, Files: []store.PackedFile{}})
			}
			k := pwfile.New(pwfile.Config{Book: r.Book, Store: packing{s, pack}, Dir: r.data, Actor: "tester"})
			if before {
				if err := s.Update(t.Context(), pack); err != nil {
					t.Fatal(err)
				}
				k = r.Keeper
			}
			p, err := k.Plan(t.Context(), pwfile.Selection{})
			if err != nil || (p.Items[0].Refused != nil) != before {
				t.Fatalf("%+v, %v", p.Items, err)
			}
			run, err := k.Generate(t.Context(), p, pwfile.GenerateOptions{}, nil)
			if err != nil || states(run) != "failed" || run.Lines[0].Code != "account_refused" || !strings.Contains(run.Lines[0].Cause, "package evening copies this file; take the canvas out of the package") {
				t.Errorf("%+v, %v", run.Lines, err)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("the file was written")
			}
			if a := r.account(t, "strict@nightly"); a.ID != own || a.HeldBy() != "" || !a.HasRefresh {
				t.Errorf("the credential was lent: %+v", a.Account)
			}
		})
	}
}

// What is behind is told from records alone.
func TestPackageLag(t *testing.T) {
	t.Parallel()
	canvas := func(id, hash string) store.Canvas {
		c := store.Canvas{ID: id, Name: "canvas-" + id, AccountIDs: []string{"account-" + id}}
		if hash != "" {
			c.Written = &store.Written{SHA256: hash}
		}
		return c
	}
	p := store.Package{Canvases: []store.PackedCanvas{{CanvasID: "a", Name: "canvas-a"}, {CanvasID: "b", Name: "canvas-b"}}}
	synced := &store.Synced{Canvases: map[string]string{"a": "1", "b": "2"}}
	for _, c := range []struct {
		synced   *store.Synced
		canvases []store.Canvas
		want     string
	}{
		{nil, nil, "it was never synced"},
		{synced, []store.Canvas{canvas("a", "1"), canvas("b", "2")}, ""},
		{synced, []store.Canvas{canvas("a", "9"), canvas("b", "2")}, "the password file of canvas-a was written again since"},
		{synced, []store.Canvas{canvas("b", "2")}, "canvas canvas-a is no longer here"},
		{&store.Synced{Canvases: map[string]string{"b": "2", "c": "3"}}, []store.Canvas{canvas("a", "1"), canvas("b", "2")},
			"a canvas that was taken out is still at the destination, canvas canvas-a is not at the destination yet"},
	} {
		p.Synced = c.synced
		var texts []string
		for _, l := range pwfile.PackageLag(p, c.canvases) {
			texts = append(texts, l.Text)
		}
		if got := strings.Join(texts, ", "); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	all := []store.Canvas{canvas("a", "1"), canvas("b", "2")}
	if held := pwfile.Holding([]store.Package{p, {}}, all, "account-b"); len(held) != 1 {
		t.Errorf("%d packages hold the account", len(held))
	}
	if held := pwfile.Holding([]store.Package{p}, all, "account-c"); held == nil || len(held) != 0 {
		t.Errorf("held: %v", held)
	}
}

func TestKnownWriter(t *testing.T) {
	t.Parallel()
	key := func(n byte) ed25519.PublicKey {
		return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)).Public().(ed25519.PublicKey)
	}
	dir := t.TempDir()
	if pinned, err := pwfile.KnownWriter(dir, "book-1", key(1)); pinned || err != nil {
		t.Errorf("without any pin: %t, %v", pinned, err)
	}
	if got := pwfile.WriterKey(key(1)); got != base64.StdEncoding.EncodeToString(key(1)) {
		t.Errorf("spelled %s", got)
	}
	if err := pwfile.Trust(dir, pwfile.WriterKey(key(1))); err != nil {
		t.Fatal(err)
	}
	if pinned, err := pwfile.KnownWriter(dir, "book-1", key(1)); !pinned || err != nil {
		t.Errorf("trusted: %t, %v", pinned, err)
	}
	if _, err := pwfile.KnownWriter(dir, "book-1", key(2)); err == nil || !strings.Contains(err.Error(), "fettle server trust "+pwfile.WriterKey(key(2))) {
		t.Errorf("another key: %v", err)
	}
	writeFile(t, dir+"/known_writers.toml", []byte("damaged ["))
	if _, err := pwfile.KnownWriter(dir, "book-1", key(1)); err == nil {
		t.Error("a file that cannot be read was taken for a first use")
	}
}
